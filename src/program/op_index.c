/* Kernels that read elements by a tensor of indices (kernels/portable/cpu/op_index_select.cpp and
 * op_index.cpp, ExecuTorch 1.5.0). */
#include "program/element.h"

static ns_code get_index(ns_call *call, const ns_program_tensor *indices, int64_t offset, int64_t length,
                         int64_t *out, ns_error *error)
{
    int64_t index = ns_element_load(indices, offset, NS_COMPUTE_INTEGER).integer;
    if (index < -length || index >= length)
        return ns_fail(error, NS_ERROR_INPUT, "%s: index %lld is outside a dim of %lld", call->name,
                       (long long)index, (long long)length);
    *out = index < 0 ? index + length : index;
    return NS_OK;
}

static bool is_index_type(ns_scalar scalar)
{
    return scalar == NS_SCALAR_INT64 || scalar == NS_SCALAR_INT32;
}

/* index_select (self, dim, index, out) */
ns_code ns_kernel_index_select(ns_call *call, ns_error *error)
{
    ns_program_tensor *in = NULL, *indices = NULL, *out = NULL;
    int dim = 0;
    int64_t shape[NS_PROGRAM_MAX_RANK];
    NS_TRY(ns_call_tensor(call, 0, &in, error));
    NS_TRY(ns_call_dim(call, 1, in->rank, &dim, error));
    NS_TRY(ns_call_tensor(call, 2, &indices, error));
    if (in->rank == 0 || indices->rank > 1 || !is_index_type(indices->scalar))
        return ns_fail(error, NS_ERROR_INPUT, "%s: indices of rank %d and type %s into rank %d", call->name,
                       indices->rank, ns_scalar_text(indices->scalar), in->rank);
    memcpy(shape, in->shape, sizeof shape);
    shape[dim] = (int64_t)indices->count;
    NS_TRY(ns_call_result(call, 3, in->rank, shape, &out, error));
    ns_view to = ns_view_of(out), from = ns_view_of(in);
    shape[dim] = 1;
    for (int64_t i = 0; i < (int64_t)indices->count; i++) {
        int64_t index = 0;
        NS_TRY(get_index(call, indices, i, in->shape[dim], &index, error));
        to.offset = i * to.strides[dim];
        from.offset = index * from.strides[dim];
        ns_view_copy(&to, &from, in->rank, shape);
    }
    return NS_OK;
}

typedef struct indexing {
    ns_view indices[NS_PROGRAM_MAX_RANK]; /* per dim of the input; tensor NULL: the dim is kept */
    int rank;                             /* of the broadcast indices */
    int64_t shape[NS_PROGRAM_MAX_RANK];
    int first;     /* dim of the result where they go */
    int kept_rank; /* of the other dims */
} indexing;

/* Broadcasts the index tensors. They stand where the first was when they are adjacent, else in front. */
static ns_code plan_indices(ns_call *call, const ns_program_tensor *in, const ns_value *list, indexing *plan,
                            ns_error *error)
{
    ns_program_tensor *tensors[NS_PROGRAM_MAX_RANK] = {0};
    int blocks = 0, leading = 0;
    for (int d = 0; d < NS_PROGRAM_MAX_RANK; d++)
        plan->shape[d] = 1;
    for (int d = 0; d < list->as.list.count; d++) {
        if (list->as.list.indices[d] < 0)
            continue;
        const ns_value *item = &call->values[list->as.list.indices[d]];
        if (item->kind == NS_VALUE_NONE)
            continue;
        NS_TRY(ns_call_value_tensor(call, list->as.list.indices[d], 1, &tensors[d], error));
        if (!is_index_type(tensors[d]->scalar))
            return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: index %d is a tensor of %s", call->name, d,
                           ns_scalar_text(tensors[d]->scalar));
        if (!blocks)
            leading = d;
        if (d == 0 || !tensors[d - 1])
            blocks++;
        plan->rank = tensors[d]->rank > plan->rank ? tensors[d]->rank : plan->rank;
    }
    for (int d = 0; d < in->rank; d++)
        for (int k = 0; tensors[d] && k < tensors[d]->rank; k++)
            if (tensors[d]->shape[k] != 1)
                plan->shape[k + plan->rank - tensors[d]->rank] = tensors[d]->shape[k];
    for (int d = 0; d < in->rank; d++) {
        if (tensors[d])
            NS_TRY(ns_view_broadcast(call, tensors[d], plan->rank, plan->shape, &plan->indices[d], error));
        else
            plan->kept_rank++;
    }
    plan->first = blocks == 1 ? leading : 0;
    return NS_OK;
}

/* index (self, indices, out): dims with an index tensor are replaced by the indices' broadcast shape */
ns_code ns_kernel_index(ns_call *call, ns_error *error)
{
    ns_program_tensor *in = NULL, *out = NULL;
    const ns_value *list = &call->values[call->arguments[1]];
    indexing plan = {0};
    NS_TRY(ns_call_tensor(call, 0, &in, error));
    if (list->kind != NS_VALUE_OPTIONAL_TENSOR_LIST || list->as.list.count > in->rank)
        return ns_fail(error, NS_ERROR_INPUT, "%s: argument 1 is no list of at most %d tensors", call->name,
                       in->rank);
    NS_TRY(plan_indices(call, in, list, &plan, error));
    if (plan.rank + plan.kept_rank > NS_PROGRAM_MAX_RANK)
        return ns_fail(error, NS_ERROR_INPUT, "%s: the result has rank %d", call->name,
                       plan.rank + plan.kept_rank);
    /* The result's shape, and how the kept dims lie in the input and the result. */
    int64_t shape[NS_PROGRAM_MAX_RANK] = {0}, kept[NS_PROGRAM_MAX_RANK] = {0};
    const ns_view order = ns_view_of(in);
    ns_view from = {.tensor = in}, to = {0};
    int kept_at[NS_PROGRAM_MAX_RANK], k = 0;
    for (int d = 0; d < in->rank; d++) {
        if (plan.indices[d].tensor)
            continue;
        kept_at[k] = k < plan.first ? k : k + plan.rank;
        shape[kept_at[k]] = kept[k] = in->shape[d];
        from.strides[k++] = order.strides[d];
    }
    memcpy(shape + plan.first, plan.shape, (size_t)plan.rank * sizeof shape[0]);
    NS_TRY(ns_call_result(call, 2, plan.rank + plan.kept_rank, shape, &out, error));
    const ns_view out_order = ns_view_of(out);
    to.tensor = out;
    for (int i = 0; i < plan.kept_rank; i++)
        to.strides[i] = out_order.strides[kept_at[i]];
    /* One block of the kept dims for each position of the indices. */
    int64_t position[NS_PROGRAM_MAX_RANK] = {0};
    int64_t count = out->count ? 1 : 0;
    for (int d = 0; d < plan.rank; d++)
        count *= plan.shape[d];
    for (int64_t i = 0; i < count; i++) {
        from.offset = to.offset = 0;
        for (int d = 0; d < plan.rank; d++)
            to.offset += position[d] * out_order.strides[plan.first + d];
        for (int d = 0; d < in->rank; d++) {
            int64_t offset = 0, index = 0;
            if (!plan.indices[d].tensor)
                continue;
            for (int p = 0; p < plan.rank; p++)
                offset += position[p] * plan.indices[d].strides[p];
            NS_TRY(get_index(call, plan.indices[d].tensor, offset, in->shape[d], &index, error));
            from.offset += index * order.strides[d];
        }
        ns_view_copy(&to, &from, plan.kept_rank, kept);
        for (int d = plan.rank - 1; d >= 0 && ++position[d] == plan.shape[d]; d--)
            position[d] = 0;
    }
    return NS_OK;
}
