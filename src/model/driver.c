#include "model/driver.h"

#include <string.h>

ns_code ns_model_make_tensors(ns_model *model, int input_count, int output_count, ns_error *error)
{
    model->inputs = NS_ARENA_ARRAY(model->arena, (size_t)input_count, ns_model_tensor);
    model->outputs = NS_ARENA_ARRAY(model->arena, (size_t)output_count, ns_model_tensor);
    if (!model->inputs || !model->outputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the model's inputs and outputs");
    model->input_count = input_count;
    model->output_count = output_count;
    return NS_OK;
}

/* "in0" or "out1": by where the description stands. */
static const char *numbered(const ns_model *model, const ns_model_tensor *tensor)
{
    const bool is_input = tensor >= model->inputs && tensor < model->inputs + model->input_count;
    return ns_arena_format(model->arena, is_input ? "in%d" : "out%d",
                           (int)(tensor - (is_input ? model->inputs : model->outputs)));
}

ns_code ns_model_describe(ns_model *model, ns_model_tensor *out, const char *name, ns_scalar scalar, int rank,
                          const int64_t *shape, ns_error *error)
{
    size_t count = 0;
    out->name = name && *name ? ns_arena_string(model->arena, name) : numbered(model, out);
    if (!out->name)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
    if (rank > NS_MAX_RANK)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: a tensor of rank %d (at most %d)", out->name, rank,
                       NS_MAX_RANK);
    NS_TRY(ns_shape_count(rank, shape, &count, error));
    out->is_tensor = true;
    out->scalar = scalar;
    out->rank = rank;
    memcpy(out->shape, shape, (size_t)rank * sizeof shape[0]);
    out->bytes = count * (size_t)ns_scalar_bytes(scalar);
    return NS_OK;
}

ns_tensor ns_model_tensor_over(const ns_model_tensor *described, ns_dtype dtype, const void *data)
{
    ns_tensor tensor = {.dtype = dtype, .rank = described->rank, .data = (void *)(uintptr_t)data};
    memcpy(tensor.shape, described->shape, (size_t)described->rank * sizeof tensor.shape[0]);
    return tensor;
}

bool ns_model_scalar_of(ns_dtype dtype, ns_scalar *out)
{
    static const struct {
        ns_dtype dtype;
        ns_scalar scalar;
    } rows[] = {
        {NS_DTYPE_BOOL, NS_SCALAR_BOOL},    {NS_DTYPE_INT4, NS_SCALAR_INT8},
        {NS_DTYPE_INT8, NS_SCALAR_INT8},    {NS_DTYPE_INT16, NS_SCALAR_INT16},
        {NS_DTYPE_INT32, NS_SCALAR_INT32},  {NS_DTYPE_INT48, NS_SCALAR_INT64},
        {NS_DTYPE_INT64, NS_SCALAR_INT64},  {NS_DTYPE_SHAPE, NS_SCALAR_INT64},
        {NS_DTYPE_FP16, NS_SCALAR_FLOAT16}, {NS_DTYPE_BF16, NS_SCALAR_BFLOAT16},
        {NS_DTYPE_FP32, NS_SCALAR_FLOAT32},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].dtype == dtype) {
            *out = rows[i].scalar;
            return true;
        }
    }
    return false;
}
