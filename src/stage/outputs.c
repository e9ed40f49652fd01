/* The outputs of a program, one after the other. */
#include "stage/interface.h"

ns_code ns_outputs_collect(const ns_ladder *ladder, const ns_aten_program *program, double *const *values,
                           double **out, ns_error *error)
{
    *out = NS_ARENA_ARRAY(ladder->arena, ladder->count, double);
    if (!*out)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the outputs");
    double *to = *out;
    for (int o = 0; o < ladder->output_count; o++)
        for (size_t i = 0; i < ladder->outputs[o].count; i++)
            *to++ = values[program->outputs[o]][i];
    return NS_OK;
}

ns_code ns_outputs_dequantise(const ns_ladder *ladder, const char *who, const ns_tensor *integers,
                              double **out, ns_error *error)
{
    *out = NS_ARENA_ARRAY(ladder->arena, ladder->count, double);
    if (!*out)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the outputs");
    double *to = *out;
    for (int o = 0; o < ladder->output_count; o++) {
        const size_t count = ladder->outputs[o].count;
        /* Integers and truth values stand for themselves. */
        const double scale = ladder->outputs[o].scale > 0 ? ladder->outputs[o].scale : 1;
        if (ns_tensor_count(&integers[o]) != count)
            return ns_fail(error, NS_ERROR_INPUT, "%s gives %zu elements for output %d, the program %zu", who,
                           ns_tensor_count(&integers[o]), o, count);
        for (size_t i = 0; i < count; i++)
            *to++ = (double)ns_tensor_get(&integers[o], i) * scale;
    }
    return NS_OK;
}
