#include "program/value.h"

#include "npuscope/tensor.h"
#include "program/interface.h"

static const struct {
    const char *text;
    int bytes;
} scalars[NS_SCALAR_COUNT] = {
#define NS_SCALAR(name, text, code, bytes) [NS_SCALAR_##name] = {text, bytes},
#include "npuscope/scalars.def"
#undef NS_SCALAR
};

const char *ns_scalar_text(ns_scalar scalar)
{
    return (unsigned)scalar < NS_SCALAR_COUNT ? scalars[scalar].text : "?";
}

int ns_scalar_bytes(ns_scalar scalar)
{
    return (unsigned)scalar < NS_SCALAR_COUNT ? scalars[scalar].bytes : 0;
}

ns_dtype ns_scalar_dtype(ns_scalar scalar)
{
    switch (scalar) {
    case NS_SCALAR_INT8:
        return NS_DTYPE_INT8;
    case NS_SCALAR_INT16:
        return NS_DTYPE_INT16;
    case NS_SCALAR_INT32:
        return NS_DTYPE_INT32;
    case NS_SCALAR_INT64:
        return NS_DTYPE_INT64;
    case NS_SCALAR_BOOL:
        return NS_DTYPE_BOOL;
    case NS_SCALAR_FLOAT32:
        return NS_DTYPE_FP32;
    default:
        return NS_DTYPE_UNKNOWN;
    }
}

const char *ns_value_kind_text(ns_value_kind kind)
{
    switch (kind) {
#define NS_VALUE_KIND(name, code, text) \
    case NS_VALUE_##name:               \
        return text;
        NS_VALUE_KINDS(NS_VALUE_KIND)
#undef NS_VALUE_KIND
    }
    return "?";
}

ns_code ns_program_tensor_count(ns_program_tensor *tensor, ns_error *error)
{
    const int64_t limit = (int64_t)1 << 40;
    int64_t product = 1;
    bool empty = false;
    for (int i = 0; i < tensor->rank; i++) {
        if (tensor->shape[i] < 0)
            return ns_fail(error, NS_ERROR_INPUT, "dim %d of a tensor is negative (%lld)", i,
                           (long long)tensor->shape[i]);
        if (tensor->shape[i] == 0)
            empty = true;
        else if (tensor->shape[i] > limit / product)
            return ns_fail(error, NS_ERROR_INPUT, "a tensor has more than 2^40 elements");
        else
            product *= tensor->shape[i];
    }
    tensor->count = empty ? 0 : (size_t)product;
    return NS_OK;
}

void ns_program_tensor_strides(const ns_program_tensor *tensor, int64_t *strides)
{
    int64_t stride = 1;
    for (int i = tensor->rank - 1; i >= 0; i--) {
        strides[tensor->dim_order[i]] = stride;
        stride *= tensor->shape[tensor->dim_order[i]];
    }
}

bool ns_program_tensor_is_contiguous(const ns_program_tensor *tensor)
{
    for (int i = 0; i < tensor->rank; i++)
        if (tensor->dim_order[i] != i)
            return false;
    return true;
}

ns_code ns_program_tensor_resize(ns_program_tensor *tensor, const int64_t *shape, ns_error *error)
{
    ns_program_tensor resized = *tensor;
    for (int i = 0; i < tensor->rank; i++)
        resized.shape[i] = shape[i];
    NS_TRY(ns_program_tensor_count(&resized, error));
    if (resized.count * (size_t)ns_scalar_bytes(resized.scalar) > resized.capacity)
        return ns_fail(error, NS_ERROR_INPUT,
                       "a result of %zu elements does not fit the %zu bytes planned for it", resized.count,
                       resized.capacity);
    *tensor = resized;
    return NS_OK;
}

const char *ns_program_tensor_describe(const ns_program_tensor *tensor, char *text, size_t size)
{
    return ns_shape_describe(tensor->rank, tensor->shape, ns_scalar_text(tensor->scalar), text, size);
}
