#include "program/interface.h"

#include <string.h>

/* Elements that a step along each dim moves by in memory. */
static void strides_of(const ns_program_tensor *tensor, int64_t *strides)
{
    int64_t step = 1;
    for (int i = tensor->rank - 1; i >= 0; i--) {
        strides[tensor->dim_order[i]] = step;
        step *= tensor->shape[tensor->dim_order[i]];
    }
}

/* Visits the elements in row-major order; `memory` or `row_major` is written. */
static void copy(const ns_program_tensor *tensor, uint8_t *memory, uint8_t *row_major, bool to_memory)
{
    const size_t size = (size_t)ns_scalar_bytes(tensor->scalar);
    int64_t index[NS_PROGRAM_MAX_RANK] = {0}, strides[NS_PROGRAM_MAX_RANK] = {0};
    strides_of(tensor, strides);
    for (size_t k = 0; k < tensor->count; k++) {
        size_t offset = 0;
        for (int d = 0; d < tensor->rank; d++)
            offset += (size_t)(index[d] * strides[d]);
        if (to_memory)
            memcpy(memory + offset * size, row_major + k * size, size);
        else
            memcpy(row_major + k * size, memory + offset * size, size);
        for (int d = tensor->rank - 1; d >= 0 && ++index[d] == tensor->shape[d]; d--)
            index[d] = 0;
    }
}

void ns_program_to_memory_order(const ns_program_tensor *tensor, const void *row_major, void *memory)
{
    copy(tensor, memory, (uint8_t *)(uintptr_t)row_major, true);
}

void ns_program_from_memory_order(const ns_program_tensor *tensor, void *row_major)
{
    copy(tensor, tensor->data, row_major, false);
}
