#include "tosa/internal.h"

/* Low bits first: element i of `width` bits begins at bit i * width of the byte stream. `width` is below
 * 8, so an element lies in at most two bytes. */
static uint8_t get_bits(const uint8_t *data, size_t index, int width)
{
    const size_t bit = index * (size_t)width;
    const int shift = (int)(bit % 8);
    unsigned value = data[bit / 8];
    if (shift + width > 8)
        value |= (unsigned)data[bit / 8 + 1] << 8;
    return (uint8_t)(value >> shift & ((1u << width) - 1));
}

static void add_bits(uint8_t *data, size_t index, int width, uint8_t value)
{
    const size_t bit = index * (size_t)width;
    const int shift = (int)(bit % 8);
    const unsigned placed = (unsigned)(value & ((1u << width) - 1)) << shift;
    data[bit / 8] |= (uint8_t)placed;
    if (shift + width > 8)
        data[bit / 8 + 1] |= (uint8_t)(placed >> 8);
}

size_t ns_constant_size(ns_dtype dtype, size_t count)
{
    return (count * (size_t)ns_dtype_bits(dtype) + 7) / 8;
}

ns_code ns_constant_unpack(ns_arena *arena, ns_bytes bytes, ns_tensor *tensor, ns_error *error)
{
    const size_t count = ns_tensor_count(tensor);
    const size_t needed = ns_constant_size(tensor->dtype, count);
    const int bits = ns_dtype_bits(tensor->dtype);
    const size_t width = (size_t)ns_dtype_bytes(tensor->dtype);
    if (!width)
        return ns_fail(error, NS_ERROR_INPUT, "constant of type %s", ns_dtype_text(tensor->dtype));
    if (bytes.size < needed)
        return ns_fail(error, NS_ERROR_INPUT, "%zu bytes of data where %zu elements of type %s need %zu",
                       bytes.size, count, ns_dtype_text(tensor->dtype), needed);
    uint8_t *data = ns_arena_alloc(arena, count, width);
    if (!data)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a constant of %zu elements", count);
    if (tensor->dtype == NS_DTYPE_BOOL) {
        for (size_t i = 0; i < count; i++)
            data[i] = bytes.data[i] != 0;
    } else if (tensor->dtype == NS_DTYPE_INT48) {
        for (size_t i = 0; i < count; i++) {
            const uint8_t *p = bytes.data + i * 6;
            const uint64_t low = ns_load_u32(p) | (uint64_t)ns_load_u16(p + 4) << 32;
            ((int64_t *)data)[i] = (int64_t)(low << 16) >> 16;
        }
    } else if (bits < 8) {
        for (size_t i = 0; i < count; i++)
            data[i] = get_bits(bytes.data, i, bits);
        /* Sign-extend from bit 3. */
        for (size_t i = 0; i < count && tensor->dtype == NS_DTYPE_INT4; i++)
            data[i] = (uint8_t)((data[i] ^ 8) - 8);
    } else if (needed) {
        memcpy(data, bytes.data, needed);
    }
    tensor->data = data;
    return NS_OK;
}

ns_code ns_constant_pack(ns_arena *arena, const ns_tensor *tensor, ns_bytes *bytes, ns_error *error)
{
    const size_t count = ns_tensor_count(tensor);
    const size_t size = ns_constant_size(tensor->dtype, count);
    const int bits = ns_dtype_bits(tensor->dtype);
    if (bits == ns_dtype_bytes(tensor->dtype) * 8) {
        *bytes = (ns_bytes){tensor->data, size};
        return NS_OK;
    }
    uint8_t *data = ns_arena_alloc(arena, size, 1);
    if (!data)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a constant of %zu elements", count);
    for (size_t i = 0; i < count; i++) {
        if (tensor->dtype == NS_DTYPE_INT48) {
            const uint64_t value = (uint64_t)((const int64_t *)tensor->data)[i];
            ns_store_u32(data + i * 6, (uint32_t)value);
            ns_store_u16(data + i * 6 + 4, (uint16_t)(value >> 32));
        } else {
            add_bits(data, i, bits, ((const uint8_t *)tensor->data)[i]);
        }
    }
    *bytes = (ns_bytes){data, size};
    return NS_OK;
}
