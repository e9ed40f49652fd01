#include "eval/step.h"

bool ns_step_run_binary(ns_binary_row kernel, const ns_step *step, const ns_slab *slab, int in_bytes,
                        int out_bytes)
{
    const bool flat = ns_step_is_flat(step->spans[0]) && ns_step_is_flat(step->spans[1]);
    const size_t rows = flat ? 1 : slab->rows;
    const size_t columns = flat ? slab->rows * slab->columns : slab->columns;
    const size_t in_size = (size_t)in_bytes, out_size = (size_t)out_bytes;
    size_t within[2], between[2];
    for (int k = 0; k < 2; k++)
        ns_step_steps(step->spans[k], columns, &within[k], &between[k]);
    bool fault = false;
    for (size_t r = 0; r < rows; r++)
        fault |= kernel((const char *)slab->in[0] + r * between[0] * in_size, (int)within[0],
                        (const char *)slab->in[1] + r * between[1] * in_size, (int)within[1],
                        (char *)slab->out + r * columns * out_size, columns);
    return fault;
}
