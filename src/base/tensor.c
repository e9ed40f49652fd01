#include "npuscope/tensor.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *text;
    int bits;
    int bytes;
} dtypes[NS_DTYPE_COUNT] = {
#define NS_DTYPE(name, text, code, bits, bytes) [NS_DTYPE_##name] = {text, bits, bytes},
#include "npuscope/dtypes.def"
#undef NS_DTYPE
};

const char *ns_dtype_text(ns_dtype dtype)
{
    return (unsigned)dtype < NS_DTYPE_COUNT ? dtypes[dtype].text : "?";
}

ns_dtype ns_dtype_of_size(int bytes)
{
    return bytes == 1   ? NS_DTYPE_INT8
           : bytes == 2 ? NS_DTYPE_INT16
           : bytes == 4 ? NS_DTYPE_INT32
           : bytes == 8 ? NS_DTYPE_INT64
                        : NS_DTYPE_UNKNOWN;
}

int ns_dtype_bytes(ns_dtype dtype)
{
    return (unsigned)dtype < NS_DTYPE_COUNT ? dtypes[dtype].bytes : 0;
}

int ns_dtype_bits(ns_dtype dtype)
{
    return (unsigned)dtype < NS_DTYPE_COUNT ? dtypes[dtype].bits : 0;
}

bool ns_dtype_is_integer(ns_dtype dtype)
{
    switch (dtype) {
    case NS_DTYPE_INT4:
    case NS_DTYPE_INT8:
    case NS_DTYPE_INT16:
    case NS_DTYPE_INT32:
    case NS_DTYPE_INT48:
    case NS_DTYPE_INT64:
        return true;
    default:
        return false;
    }
}

int64_t ns_dtype_min(ns_dtype dtype)
{
    return ns_dtype_is_integer(dtype) ? -ns_dtype_max(dtype) - 1 : 0;
}

int64_t ns_dtype_max(ns_dtype dtype)
{
    return ns_dtype_is_integer(dtype) ? (int64_t)(UINT64_MAX >> (65 - dtypes[dtype].bits)) : 0;
}

ns_code ns_shape_count(int rank, const int64_t *shape, size_t *count, ns_error *error)
{
    const int64_t limit = (int64_t)1 << 40;
    if (rank < 0 || rank > NS_MAX_RANK)
        return ns_fail(error, NS_ERROR_INPUT, "rank %d is outside 0 to %d", rank, NS_MAX_RANK);
    int64_t product = 1;
    bool empty = false;
    for (int i = 0; i < rank; i++) {
        if (shape[i] < 0)
            return ns_fail(error, NS_ERROR_INPUT, "dim %d of the shape is negative (%lld)", i,
                           (long long)shape[i]);
        if (shape[i] == 0)
            empty = true;
        else if (shape[i] > limit / product)
            return ns_fail(error, NS_ERROR_INPUT, "the shape has more than 2^40 elements");
        else
            product *= shape[i];
    }
    *count = empty ? 0 : (size_t)product;
    return NS_OK;
}

size_t ns_tensor_count(const ns_tensor *tensor)
{
    size_t count = 1;
    for (int i = 0; i < tensor->rank; i++)
        count *= (size_t)tensor->shape[i];
    return count;
}

ns_code ns_tensor_new(ns_arena *arena, ns_dtype dtype, int rank, const int64_t *shape, ns_tensor *out,
                      ns_error *error)
{
    size_t count = 0;
    NS_TRY(ns_shape_count(rank, shape, &count, error));
    if (!ns_dtype_bytes(dtype))
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "tensors of type %s", ns_dtype_text(dtype));
    *out = (ns_tensor){.dtype = dtype, .rank = rank};
    for (int i = 0; i < rank; i++)
        out->shape[i] = shape[i];
    out->data = ns_arena_alloc(arena, count, (size_t)ns_dtype_bytes(dtype));
    if (!out->data)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a tensor of %zu elements", count);
    return NS_OK;
}

bool ns_shape_equal(const ns_tensor *a, const ns_tensor *b)
{
    return a->rank == b->rank && memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape) == 0;
}

const char *ns_shape_describe(int rank, const int64_t *shape, const char *type, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "[");
    for (int i = 0; i < rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%lld", i ? ", " : "", (long long)shape[i]);
    if (used < size)
        snprintf(text + used, size - used, "] %s", type);
    return text;
}

const char *ns_tensor_describe(const ns_tensor *tensor, char *text, size_t size)
{
    return ns_shape_describe(tensor->rank, tensor->shape, ns_dtype_text(tensor->dtype), text, size);
}

int64_t ns_tensor_get(const ns_tensor *tensor, size_t index)
{
    switch (ns_dtype_bytes(tensor->dtype)) {
    case 1:
        return ((const int8_t *)tensor->data)[index];
    case 2:
        return ((const int16_t *)tensor->data)[index];
    case 4:
        return ((const int32_t *)tensor->data)[index];
    default:
        return ((const int64_t *)tensor->data)[index];
    }
}

void ns_tensor_set(ns_tensor *tensor, size_t index, int64_t value)
{
    switch (ns_dtype_bytes(tensor->dtype)) {
    case 1:
        ((int8_t *)tensor->data)[index] = (int8_t)value;
        break;
    case 2:
        ((int16_t *)tensor->data)[index] = (int16_t)value;
        break;
    case 4:
        ((int32_t *)tensor->data)[index] = (int32_t)value;
        break;
    default:
        ((int64_t *)tensor->data)[index] = value;
        break;
    }
}
