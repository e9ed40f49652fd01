/* The element of the graph's tensor behind each element of an OFM. Vela's tensors are row-major in NHWC, and
 * in NHCWB16 rows of bricks of 16 channels; an operation may write a part (a stripe, a slice of the depth, a
 * part of a CONCAT, one batch), so that addresses, not shapes, tell where its elements belong. */
#include <string.h>

#include "diagnose/compile_parts.h"

#define BRICK 16

static int64_t round_up(int64_t value, int64_t step)
{
    return (value + step - 1) / step * step;
}

/* The placement of the tensor `name` that holds `address`; NULL: none, or none of the whole tensor. */
static const ns_vela_debug_tensor *placement(const ns_vela_debug *debug, const char *name, uint64_t address,
                                             uint64_t bytes)
{
    for (int i = 0; i < debug->tensor_count; i++) {
        const ns_vela_debug_tensor *tensor = &debug->tensors[i];
        if (strcmp(tensor->name, name) == 0 && address >= tensor->address &&
            address < tensor->address + tensor->size && tensor->size >= bytes)
            return tensor;
    }
    return NULL;
}

/* Flat index of the element at `offset` bytes in a whole tensor; -1: not an element. */
static int64_t index_at(const ns_npu_layout *layout, const int64_t *shape, int64_t offset)
{
    const int64_t bytes = layout->element_bytes, width = shape[2], depth = shape[3];
    if (offset < 0)
        return -1;
    if (!layout->brick)
        return offset % bytes ? -1 : offset / bytes;
    const int64_t pitch = width * round_up(depth, BRICK) * bytes, slab = width * BRICK * bytes;
    const int64_t row = offset / pitch, brick = offset % pitch / slab, x = offset % slab / (BRICK * bytes);
    const int64_t c = brick * BRICK + offset % (BRICK * bytes) / bytes;
    return c >= depth || offset % bytes ? -1 : (row * width + x) * depth + c;
}

static bool locate_by_address(const ns_npu_tap *tap, const ns_vela_debug *debug,
                              const ns_vela_debug_operation *op, size_t count, size_t *index)
{
    const ns_npu_layout *layout = tap->layout;
    const int64_t *shape = op->shape, *extent = tap->data->shape;
    const int64_t depth = layout->brick ? round_up(shape[3], BRICK) : shape[3];
    if (layout->chained || shape[0] * shape[1] * shape[2] * shape[3] != (int64_t)count)
        return false;
    const ns_vela_debug_tensor *placed =
        placement(debug, op->output, tap->address,
                  (uint64_t)(shape[0] * shape[1] * shape[2] * depth * layout->element_bytes));
    if (!placed)
        return false;
    for (int64_t y = 0, i = 0; y < extent[0]; y++)
        for (int64_t x = 0; x < extent[1]; x++)
            for (int64_t c = 0; c < extent[2]; c++, i++) {
                const int64_t at = index_at(
                    layout, shape, ns_npu_layout_address(layout, y, x, c) - (int64_t)placed->address);
                if (at < 0 || at >= (int64_t)count)
                    return false;
                index[i] = (size_t)at;
            }
    return true;
}

bool ns_compile_locate(const ns_npu_tap *tap, const ns_vela_debug *debug,
                       const ns_vela_debug_operation *debug_op, const ns_tensor *tensor, size_t *progress,
                       size_t *index)
{
    const size_t count = ns_tensor_count(tensor), part = ns_tensor_count(tap->data);
    if (ns_dtype_bytes(tensor->dtype) != tap->layout->element_bytes || part > count)
        return false;
    if (debug && debug_op && locate_by_address(tap, debug, debug_op, count, index))
        return true;
    /* A whole tensor, in order; or whole rows of it that follow each other through a rolling buffer. */
    const bool rows =
        debug_op && tap->data->shape[1] == debug_op->shape[2] && tap->data->shape[2] == debug_op->shape[3];
    if (part != count && (!rows || *progress + part > count))
        return false;
    for (size_t i = 0; i < part; i++)
        index[i] = (part == count ? 0 : *progress) + i;
    *progress = part == count ? 0 : *progress + part;
    return true;
}
