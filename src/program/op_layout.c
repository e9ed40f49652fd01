/* Kernels that move elements and compute nothing: each is a copy between two views of memory
 * (kernels/portable/cpu/op_permute_copy.cpp and so on, ExecuTorch 1.5.0). */
#include "program/element.h"

static ns_code get_dim_list(ns_call *call, int index, int limit, int *count, int64_t **dims, ns_error *error)
{
    NS_TRY(ns_call_integers(call, index, count, dims, error));
    if (*count > limit)
        return ns_fail(error, NS_ERROR_INPUT, "%s: argument %d has %d entries, at most %d are possible",
                       call->name, index, *count, limit);
    return NS_OK;
}

static int64_t wrap_dim(int64_t dim, int rank)
{
    return dim < 0 ? dim + rank : dim;
}

/* The same elements in the same logical order, with another shape, type or dim order. */
static ns_code copy_elements(ns_program_tensor *to, ns_program_tensor *from, ns_call *call, ns_error *error)
{
    if (to->count != from->count)
        return ns_fail(error, NS_ERROR_INPUT, "%s: %zu elements into %zu", call->name, from->count,
                       to->count);
    if (to->rank == from->rank &&
        memcmp(to->shape, from->shape, (size_t)to->rank * sizeof to->shape[0]) == 0) {
        const ns_view target = ns_view_of(to), source = ns_view_of(from);
        ns_view_copy(&target, &source, to->rank, to->shape);
        return NS_OK;
    }
    /* Different shapes: row-major order must be the order in memory. */
    if (!ns_program_tensor_is_contiguous(to) || !ns_program_tensor_is_contiguous(from))
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s changes the shape of a tensor that is not contiguous",
                       call->name);
    const ns_view target = {.tensor = to, .strides = {1}}, source = {.tensor = from, .strides = {1}};
    const int64_t count = (int64_t)to->count;
    ns_view_copy(&target, &source, 1, &count);
    return NS_OK;
}

/* _to_dim_order_copy, _clone_dim_order (self, non_blocking, dim_order, out); the out tensor has the type and
 * the dim order that are wanted. */
ns_code ns_kernel_copy_dim_order(ns_call *call, ns_error *error)
{
    ns_program_tensor *in = NULL, *out = NULL;
    NS_TRY(ns_call_tensor(call, 0, &in, error));
    NS_TRY(ns_call_result(call, 3, in->rank, in->shape, &out, error));
    return copy_elements(out, in, call, error);
}

/* copy_ (self, src, non_blocking): src, broadcast, into self */
ns_code ns_kernel_copy_in_place(ns_call *call, ns_error *error)
{
    ns_program_tensor *self = NULL, *source = NULL;
    ns_view from;
    NS_TRY(ns_call_output(call, 0, &self, error));
    NS_TRY(ns_call_tensor(call, 1, &source, error));
    NS_TRY(ns_view_broadcast(call, source, self->rank, self->shape, &from, error));
    const ns_view to = ns_view_of(self);
    ns_view_copy(&to, &from, self->rank, self->shape);
    return NS_OK;
}

/* copy (self, src, non_blocking, out): src, broadcast to self's shape */
ns_code ns_kernel_copy(ns_call *call, ns_error *error)
{
    ns_program_tensor *self = NULL, *source = NULL, *out = NULL;
    ns_view from;
    NS_TRY(ns_call_tensor(call, 0, &self, error));
    NS_TRY(ns_call_tensor(call, 1, &source, error));
    NS_TRY(ns_call_result(call, 3, self->rank, self->shape, &out, error));
    NS_TRY(ns_view_broadcast(call, source, out->rank, out->shape, &from, error));
    const ns_view to = ns_view_of(out);
    ns_view_copy(&to, &from, out->rank, out->shape);
    return NS_OK;
}

/* permute_copy (self, dims, out): dim i of the result is dim dims[i] of self */
ns_code ns_kernel_permute_copy(ns_call *call, ns_error *error)
{
    ns_program_tensor *in = NULL, *out = NULL;
    int count = 0;
    int64_t *dims = NULL, shape[NS_PROGRAM_MAX_RANK] = {0};
    NS_TRY(ns_call_tensor(call, 0, &in, error));
    NS_TRY(get_dim_list(call, 1, in->rank, &count, &dims, error));
    const ns_view in_order = ns_view_of(in);
    ns_view from = {.tensor = in};
    unsigned seen = 0;
    if (count != in->rank)
        return ns_fail(error, NS_ERROR_INPUT, "%s: %d dims for rank %d", call->name, count, in->rank);
    for (int i = 0; i < count; i++) {
        const int64_t dim = wrap_dim(dims[i], in->rank);
        if (dim < 0 || dim >= in->rank || (seen >> dim & 1))
            return ns_fail(error, NS_ERROR_INPUT, "%s: dims are no permutation of 0 to %d", call->name,
                           in->rank - 1);
        seen |= 1u << dim;
        shape[i] = in->shape[dim];
        from.strides[i] = in_order.strides[dim];
    }
    NS_TRY(ns_call_result(call, 2, count, shape, &out, error));
    const ns_view to = ns_view_of(out);
    ns_view_copy(&to, &from, out->rank, out->shape);
    return NS_OK;
}

/* expand_copy (self, size, implicit, out); -1 keeps a dim */
ns_code ns_kernel_expand_copy(ns_call *call, ns_error *error)
{
    ns_program_tensor *in = NULL, *out = NULL;
    int count = 0;
    int64_t *size = NULL;
    ns_view from;
    NS_TRY(ns_call_tensor(call, 0, &in, error));
    NS_TRY(get_dim_list(call, 1, NS_PROGRAM_MAX_RANK, &count, &size, error));
    for (int i = 0; i < count; i++)
        if (size[i] == -1 && i >= count - in->rank)
            size[i] = in->shape[i - (count - in->rank)];
    NS_TRY(ns_call_result(call, 3, count, size, &out, error));
    NS_TRY(ns_view_broadcast(call, in, count, size, &from, error));
    const ns_view to = ns_view_of(out);
    ns_view_copy(&to, &from, out->rank, out->shape);
    return NS_OK;
}

/* as_strided_copy (self, size, stride, storage_offset, out): strides over self's memory */
ns_code ns_kernel_as_strided_copy(ns_call *call, ns_error *error)
{
    ns_program_tensor *in = NULL, *out = NULL;
    int count = 0, stride_count = 0;
    int64_t *size = NULL, *stride = NULL, offset = 0;
    NS_TRY(ns_call_tensor(call, 0, &in, error));
    NS_TRY(get_dim_list(call, 1, NS_PROGRAM_MAX_RANK, &count, &size, error));
    NS_TRY(get_dim_list(call, 2, NS_PROGRAM_MAX_RANK, &stride_count, &stride, error));
    if (!ns_call_is_none(call, 3))
        NS_TRY(ns_call_integer(call, 3, &offset, error));
    if (count != stride_count)
        return ns_fail(error, NS_ERROR_INPUT, "%s: %d sizes and %d strides", call->name, count, stride_count);
    NS_TRY(ns_call_result(call, 4, count, size, &out, error));
    ns_view from = {.tensor = in, .offset = offset};
    int64_t last = offset;
    bool inside = offset >= 0;
    for (int i = 0; i < count && out->count; i++) {
        from.strides[i] = stride[i];
        /* Bounded before it is multiplied: in->count is below 2^41. */
        if (stride[i] < 0 || (size[i] > 1 && stride[i] > (int64_t)in->count / (size[i] - 1)))
            inside = false;
        else
            last += (size[i] - 1) * stride[i];
        inside = inside && last < (int64_t)in->count;
    }
    if (out->count && (!inside || last >= (int64_t)in->count))
        return ns_fail(error, NS_ERROR_INPUT, "%s: sizes and strides reach past the %zu elements", call->name,
                       in->count);
    const ns_view to = ns_view_of(out);
    ns_view_copy(&to, &from, out->rank, out->shape);
    return NS_OK;
}

/* view_copy (self, size, out), one size may be -1 */
ns_code ns_kernel_view_copy(ns_call *call, ns_error *error)
{
    ns_program_tensor *in = NULL, *out = NULL;
    int count = 0, open = -1;
    int64_t *size = NULL, known = 1;
    NS_TRY(ns_call_tensor(call, 0, &in, error));
    NS_TRY(ns_call_integers(call, 1, &count, &size, error));
    for (int i = 0; i < count; i++)
        if (size[i] == -1)
            open = i;
        else if (size[i] < 0 || __builtin_mul_overflow(known, size[i], &known))
            return ns_fail(error, NS_ERROR_INPUT, "%s: a size of %lld", call->name, (long long)size[i]);
    if (open >= 0)
        size[open] = known > 0 ? (int64_t)in->count / known : 0;
    NS_TRY(ns_call_result(call, 2, count, size, &out, error));
    return copy_elements(out, in, call, error);
}

/* unsqueeze_copy (self, dim, out) */
ns_code ns_kernel_unsqueeze_copy(ns_call *call, ns_error *error)
{
    ns_program_tensor *in = NULL, *out = NULL;
    int dim = 0;
    int64_t shape[NS_PROGRAM_MAX_RANK];
    NS_TRY(ns_call_tensor(call, 0, &in, error));
    if (in->rank + 1 > NS_PROGRAM_MAX_RANK)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s of rank %d", call->name, in->rank);
    NS_TRY(ns_call_dim(call, 1, in->rank + 1, &dim, error));
    for (int d = 0; d < in->rank; d++)
        shape[d + (d >= dim)] = in->shape[d];
    shape[dim] = 1;
    NS_TRY(ns_call_result(call, 2, in->rank + 1, shape, &out, error));
    return copy_elements(out, in, call, error);
}

/* squeeze_copy (self, dims, out): the shape of the out tensor, which the program's memory plan gives, holds
 * the same elements. */
ns_code ns_kernel_reshape_copy(ns_call *call, ns_error *error)
{
    ns_program_tensor *in = NULL, *out = NULL;
    NS_TRY(ns_call_tensor(call, 0, &in, error));
    NS_TRY(ns_call_output(call, 2, &out, error));
    return copy_elements(out, in, call, error);
}

/* slice_copy (self, dim, start, end, step, out); start and end count from the end when negative */
ns_code ns_kernel_slice_copy(ns_call *call, ns_error *error)
{
    ns_program_tensor *in = NULL, *out = NULL;
    int dim = 0;
    int64_t start = 0, end = INT64_MAX, step = 1, shape[NS_PROGRAM_MAX_RANK];
    NS_TRY(ns_call_tensor(call, 0, &in, error));
    NS_TRY(ns_call_dim(call, 1, in->rank, &dim, error));
    if (!ns_call_is_none(call, 2))
        NS_TRY(ns_call_integer(call, 2, &start, error));
    if (!ns_call_is_none(call, 3))
        NS_TRY(ns_call_integer(call, 3, &end, error));
    NS_TRY(ns_call_integer(call, 4, &step, error));
    if (step <= 0 || in->rank == 0)
        return ns_fail(error, NS_ERROR_INPUT, "%s: step %lld of rank %d", call->name, (long long)step,
                       in->rank);
    const int64_t length = in->shape[dim];
    start = start < -length ? 0 : start < 0 ? start + length : start > length ? length : start;
    end = end < -length ? 0 : end < 0 ? end + length : end > length ? length : end;
    memcpy(shape, in->shape, sizeof shape);
    shape[dim] = end > start ? (end - start - 1) / step + 1 : 0;
    NS_TRY(ns_call_result(call, 5, in->rank, shape, &out, error));
    ns_view from = ns_view_of(in);
    from.offset = start * from.strides[dim];
    from.strides[dim] *= shape[dim] > 1 ? step : 1; /* a step over the end multiplies nothing */
    const ns_view to = ns_view_of(out);
    ns_view_copy(&to, &from, out->rank, out->shape);
    return NS_OK;
}

/* select_copy (self, dim, index, out) */
ns_code ns_kernel_select_copy(ns_call *call, ns_error *error)
{
    ns_program_tensor *in = NULL, *out = NULL;
    int dim = 0;
    int64_t index = 0, shape[NS_PROGRAM_MAX_RANK] = {0};
    NS_TRY(ns_call_tensor(call, 0, &in, error));
    NS_TRY(ns_call_dim(call, 1, in->rank, &dim, error));
    NS_TRY(ns_call_integer(call, 2, &index, error));
    if (in->rank == 0 || index < -in->shape[dim] || index >= in->shape[dim])
        return ns_fail(error, NS_ERROR_INPUT, "%s: index %lld is outside dim %d", call->name,
                       (long long)index, dim);
    const ns_view order = ns_view_of(in);
    ns_view from = {.tensor = in,
                    .offset = (index < 0 ? index + in->shape[dim] : index) * order.strides[dim]};
    for (int i = 0, k = 0; i < in->rank; i++)
        if (i != dim) {
            shape[k] = in->shape[i];
            from.strides[k++] = order.strides[i];
        }
    NS_TRY(ns_call_result(call, 3, in->rank - 1, shape, &out, error));
    const ns_view to = ns_view_of(out);
    ns_view_copy(&to, &from, out->rank, out->shape);
    return NS_OK;
}

/* Gives the result of cat its shape: the items' along `dim` together. */
static ns_code join(ns_call *call, const ns_value *list, int dim, ns_program_tensor *out, ns_error *error)
{
    int64_t shape[NS_PROGRAM_MAX_RANK], joined = 0;
    memcpy(shape, out->shape, sizeof shape);
    for (int i = 0; i < list->as.list.count; i++) {
        ns_program_tensor *in = NULL;
        NS_TRY(ns_call_value_tensor(call, list->as.list.indices[i], 0, &in, error));
        if (in->rank != out->rank || __builtin_add_overflow(joined, in->shape[dim], &joined))
            continue;
        for (int d = 0; d < out->rank; d++)
            shape[d] = in->shape[d];
    }
    shape[dim] = joined;
    return ns_program_tensor_resize(out, shape, error);
}

/* cat (tensors, dim, out); an empty tensor of rank 1 is left out */
ns_code ns_kernel_cat(ns_call *call, ns_error *error)
{
    const ns_value *list = &call->values[call->arguments[0]];
    ns_program_tensor *out = NULL;
    int dim = 0;
    NS_TRY(ns_call_output(call, 2, &out, error));
    NS_TRY(ns_call_dim(call, 1, out->rank, &dim, error));
    if (list->kind != NS_VALUE_TENSOR_LIST || out->rank == 0)
        return ns_fail(error, NS_ERROR_INPUT, "%s: argument 0 is %s, expected a list of tensors", call->name,
                       ns_value_kind_text(list->kind));
    if (out->dynamic)
        NS_TRY(join(call, list, dim, out, error));
    ns_view to = ns_view_of(out);
    int64_t at = 0;
    for (int i = 0; i < list->as.list.count; i++) {
        ns_program_tensor *in = NULL;
        NS_TRY(ns_call_value_tensor(call, list->as.list.indices[i], 0, &in, error));
        if (in->rank == 1 && in->count == 0)
            continue;
        bool fits = in->rank == out->rank;
        for (int d = 0; fits && d < out->rank; d++)
            fits = d == dim ? in->shape[d] <= out->shape[d] - at : in->shape[d] == out->shape[d];
        if (!fits)
            return ns_fail(error, NS_ERROR_INPUT, "%s: the shape of item %d does not fit the result",
                           call->name, i);
        const ns_view from = ns_view_of(in);
        to.offset = at * to.strides[dim];
        ns_view_copy(&to, &from, in->rank, in->shape);
        at += in->shape[dim];
    }
    if (at != out->shape[dim])
        return ns_fail(error, NS_ERROR_INPUT, "%s: the parts add up to %lld, the result has %lld", call->name,
                       (long long)at, (long long)out->shape[dim]);
    return NS_OK;
}

static ns_code fill(ns_call *call, int number, ns_program_tensor *out, ns_error *error)
{
    const ns_compute compute = ns_compute_of(out->scalar);
    ns_number value;
    NS_TRY(ns_call_number(call, number, compute, &value, error));
    for (size_t i = 0; i < out->count; i++)
        ns_element_store(out, (int64_t)i, compute, value);
    return NS_OK;
}

/* full_like (self, fill_value, memory_format, out) */
ns_code ns_kernel_full_like(ns_call *call, ns_error *error)
{
    ns_program_tensor *in = NULL, *out = NULL;
    NS_TRY(ns_call_tensor(call, 0, &in, error));
    NS_TRY(ns_call_result(call, 3, in->rank, in->shape, &out, error));
    return fill(call, 1, out, error);
}

/* full (size, fill_value, out) */
ns_code ns_kernel_full(ns_call *call, ns_error *error)
{
    ns_program_tensor *out = NULL;
    int count = 0;
    int64_t *size = NULL;
    NS_TRY(get_dim_list(call, 0, NS_PROGRAM_MAX_RANK, &count, &size, error));
    NS_TRY(ns_call_result(call, 2, count, size, &out, error));
    return fill(call, 1, out, error);
}

/* scalar_tensor (number, out) */
ns_code ns_kernel_scalar_tensor(ns_call *call, ns_error *error)
{
    ns_program_tensor *out = NULL;
    NS_TRY(ns_call_result(call, 1, 0, NULL, &out, error));
    return fill(call, 0, out, error);
}
