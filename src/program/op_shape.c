/* Numbers that shapes are made of, and views, as ExecuTorch's runtime itself computes them in programs whose
 * shapes are dynamic (kernels/prim_ops/register_prim_ops.cpp and et_view.cpp, ExecuTorch at cff6f4dd32e6). */
#include "program/element.h"

/* Argument `index`, where a number is to be stored. */
static ns_value *result_of(ns_call *call, int index)
{
    return &call->values[call->arguments[index]];
}

static ns_code store_integer(ns_call *call, int index, int64_t integer)
{
    *result_of(call, index) = (ns_value){.kind = NS_VALUE_INT, .as.integer = integer};
    return NS_OK;
}

static ns_code store_boolean(ns_call *call, int index, bool boolean)
{
    *result_of(call, index) = (ns_value){.kind = NS_VALUE_BOOL, .as.boolean = boolean};
    return NS_OK;
}

/* sym_size (self, dim, out) */
ns_code ns_kernel_sym_size(ns_call *call, ns_error *error)
{
    ns_program_tensor *tensor;
    int dim = 0;
    NS_TRY(ns_call_tensor(call, 0, &tensor, error));
    NS_TRY(ns_call_dim(call, 1, tensor->rank, &dim, error));
    return store_integer(call, 2, tensor->shape[dim]);
}

/* sym_numel (self, out) */
ns_code ns_kernel_sym_numel(ns_call *call, ns_error *error)
{
    ns_program_tensor *tensor;
    NS_TRY(ns_call_tensor(call, 0, &tensor, error));
    return store_integer(call, 1, (int64_t)tensor->count);
}

static ns_code get_two(ns_call *call, int64_t *a, int64_t *b, ns_error *error)
{
    NS_TRY(ns_call_integer(call, 0, a, error));
    return ns_call_integer(call, 1, b, error);
}

static ns_code beyond(const ns_call *call, ns_error *error)
{
    return ns_fail(error, NS_ERROR_INPUT, "%s: the result is no 64-bit number", call->name);
}

ns_code ns_kernel_prim_add(ns_call *call, ns_error *error)
{
    int64_t a, b;
    NS_TRY(get_two(call, &a, &b, error));
    return __builtin_add_overflow(a, b, &a) ? beyond(call, error) : store_integer(call, 2, a);
}

ns_code ns_kernel_prim_sub(ns_call *call, ns_error *error)
{
    int64_t a, b;
    NS_TRY(get_two(call, &a, &b, error));
    return __builtin_sub_overflow(a, b, &a) ? beyond(call, error) : store_integer(call, 2, a);
}

ns_code ns_kernel_prim_mul(ns_call *call, ns_error *error)
{
    int64_t a, b;
    NS_TRY(get_two(call, &a, &b, error));
    return __builtin_mul_overflow(a, b, &a) ? beyond(call, error) : store_integer(call, 2, a);
}

/* Towards the lower number, as Python divides. */
ns_code ns_kernel_prim_floordiv(ns_call *call, ns_error *error)
{
    int64_t a, b;
    NS_TRY(get_two(call, &a, &b, error));
    if (b == 0 || (a == INT64_MIN && b == -1))
        return beyond(call, error);
    return store_integer(call, 2, a / b - (a % b != 0 && (a < 0) != (b < 0)));
}

/* The sign is the first operand's, as C's. */
ns_code ns_kernel_prim_mod(ns_call *call, ns_error *error)
{
    int64_t a, b;
    NS_TRY(get_two(call, &a, &b, error));
    return b == 0 || (a == INT64_MIN && b == -1) ? beyond(call, error) : store_integer(call, 2, a % b);
}

ns_code ns_kernel_prim_max(ns_call *call, ns_error *error)
{
    int64_t a, b;
    NS_TRY(get_two(call, &a, &b, error));
    return store_integer(call, 2, a > b ? a : b);
}

ns_code ns_kernel_prim_min(ns_call *call, ns_error *error)
{
    int64_t a, b;
    NS_TRY(get_two(call, &a, &b, error));
    return store_integer(call, 2, a < b ? a : b);
}

ns_code ns_kernel_prim_eq(ns_call *call, ns_error *error)
{
    int64_t a, b;
    NS_TRY(get_two(call, &a, &b, error));
    return store_boolean(call, 2, a == b);
}

ns_code ns_kernel_prim_gt(ns_call *call, ns_error *error)
{
    int64_t a, b;
    NS_TRY(get_two(call, &a, &b, error));
    return store_boolean(call, 2, a > b);
}

ns_code ns_kernel_prim_lt(ns_call *call, ns_error *error)
{
    int64_t a, b;
    NS_TRY(get_two(call, &a, &b, error));
    return store_boolean(call, 2, a < b);
}

ns_code ns_kernel_prim_ge(ns_call *call, ns_error *error)
{
    int64_t a, b;
    NS_TRY(get_two(call, &a, &b, error));
    return store_boolean(call, 2, a >= b);
}

ns_code ns_kernel_prim_le(ns_call *call, ns_error *error)
{
    int64_t a, b;
    NS_TRY(get_two(call, &a, &b, error));
    return store_boolean(call, 2, a <= b);
}

/* et_view (self, size, out): the same memory with another shape; one size may be -1. */
ns_code ns_kernel_et_view(ns_call *call, ns_error *error)
{
    ns_program_tensor *self;
    ns_value *value = result_of(call, 2);
    int count = 0, open = -1;
    int64_t *sizes = NULL, known = 1;
    NS_TRY(ns_call_tensor(call, 0, &self, error));
    NS_TRY(ns_call_integers(call, 1, &count, &sizes, error));
    if (value->kind != NS_VALUE_TENSOR || value->as.tensor.rank != count ||
        value->as.tensor.scalar != self->scalar)
        return ns_fail(error, NS_ERROR_INPUT, "%s: the result is no tensor of its type and rank", call->name);
    for (int i = 0; i < count; i++)
        if (sizes[i] == -1 && open < 0)
            open = i;
        else if (sizes[i] < 0 || __builtin_mul_overflow(known, sizes[i], &known))
            return ns_fail(error, NS_ERROR_INPUT, "%s: a size of %lld", call->name, (long long)sizes[i]);
    if (open >= 0)
        sizes[open] = known > 0 ? (int64_t)self->count / known : 0;
    ns_program_tensor *out = &value->as.tensor;
    NS_TRY(ns_program_tensor_resize(out, sizes, error));
    if (out->count != self->count)
        return ns_fail(error, NS_ERROR_INPUT, "%s: %zu elements as %zu", call->name, self->count, out->count);
    out->data = self->data;
    out->constant = self->constant;
    out->capacity = self->capacity; /* what is written there later ends where self's memory does */
    return NS_OK;
}
