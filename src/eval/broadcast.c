#include "eval/interface.h"

ns_code ns_broadcast_begin(ns_broadcast *walk, const ns_tensor *result, int input_count,
                           const ns_tensor *const *inputs, ns_error *error)
{
    *walk = (ns_broadcast){.input_count = input_count, .row_length = 1, .row_count = 1};
    for (int k = 0; k < input_count; k++) {
        bool fits = inputs[k]->rank == result->rank;
        for (int d = 0; fits && d < result->rank; d++)
            fits = inputs[k]->shape[d] == result->shape[d] || inputs[k]->shape[d] == 1;
        char from[128], to[128];
        if (!fits)
            return ns_fail(error, NS_ERROR_INPUT, "operand %d, %s, does not broadcast to %s", k,
                           ns_tensor_describe(inputs[k], from, sizeof from),
                           ns_tensor_describe(result, to, sizeof to));
    }
    /* From the last dim outwards; group 0 becomes the row. */
    int64_t dims[NS_MAX_RANK + 1], moves[NS_BROADCAST_INPUTS][NS_MAX_RANK + 1];
    int64_t elements[NS_BROADCAST_INPUTS] = {1, 1, 1};
    int groups = 0;
    bool last_same[NS_BROADCAST_INPUTS] = {false};
    for (int d = result->rank - 1; d >= 0; d--) {
        int64_t dim = result->shape[d];
        if (dim == 1)
            continue;
        bool alike = groups > 0;
        for (int k = 0; k < input_count; k++)
            alike = alike && last_same[k] == (inputs[k]->shape[d] == dim);
        if (alike) {
            dims[groups - 1] *= dim;
        } else {
            dims[groups] = dim;
            for (int k = 0; k < input_count; k++) {
                last_same[k] = inputs[k]->shape[d] == dim;
                moves[k][groups] = last_same[k] ? elements[k] : 0;
            }
            groups++;
        }
        for (int k = 0; k < input_count; k++)
            elements[k] *= inputs[k]->shape[d];
    }
    if (groups == 0) {
        for (int k = 0; k < input_count; k++)
            walk->row_step[k] = 1;
        return NS_OK;
    }
    walk->row_length = (size_t)dims[0];
    for (int k = 0; k < input_count; k++)
        walk->row_step[k] = moves[k][0] != 0;
    walk->rank = groups - 1;
    for (int g = 1; g < groups; g++) {
        int d = walk->rank - g;
        walk->dims[d] = dims[g];
        walk->row_count *= (size_t)dims[g];
        for (int k = 0; k < input_count; k++)
            walk->steps[k][d] = moves[k][g];
    }
    return NS_OK;
}

void ns_broadcast_next(ns_broadcast *walk)
{
    walk->row++;
    for (int d = walk->rank - 1; d >= 0; d--) {
        bool more = ++walk->index[d] < walk->dims[d];
        for (int k = 0; k < walk->input_count; k++)
            walk->offset[k] += (size_t)(more ? walk->steps[k][d] : -walk->steps[k][d] * (walk->dims[d] - 1));
        if (more)
            return;
        walk->index[d] = 0;
    }
}
