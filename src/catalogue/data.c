#include "catalogue/catalogue.h"

double ns_case_normal(ns_random *random)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += ns_random_unit(random);
    return sum;
}

void ns_case_fill(ns_case_data data, ns_random *random, size_t count, float *values)
{
    for (size_t i = 0; i < count; i++) {
        double value = data.offset;
        switch (data.distribution) {
        case NS_UNIFORM:
            value += data.gain * ns_random_unit(random);
            break;
        case NS_NORMAL:
            value += data.gain * ns_case_normal(random);
            break;
        case NS_CONSTANT:
            break;
        case NS_RAMP:
            value += data.gain * (double)i;
            break;
        }
        values[i] = (float)value;
    }
}

ns_code ns_case_input(ns_aten_program *program, const char *name, int rank, const int64_t *shape,
                      ns_case_data data, ns_random *random, ns_tensor *input, int *node, ns_error *error)
{
    NS_TRY(ns_aten_add_input(program, name, rank, shape, node, error));
    NS_TRY(ns_tensor_new(program->arena, NS_DTYPE_FP32, rank, shape, input, error));
    ns_case_fill(data, random, ns_tensor_count(input), input->data);
    return NS_OK;
}

ns_code ns_case_parameter(ns_aten_program *program, const char *name, int rank, const int64_t *shape,
                          ns_case_data data, ns_random *random, int *node, ns_error *error)
{
    ns_tensor values;
    NS_TRY(ns_tensor_new(program->arena, NS_DTYPE_FP32, rank, shape, &values, error));
    ns_case_fill(data, random, ns_tensor_count(&values), values.data);
    return ns_aten_add_parameter(program, name, rank, shape, values.data, node, error);
}
