#include "program/call.h"

#include "npuscope/program.h"

ns_code ns_call_work(ns_call *call, int count, const int64_t *factors, ns_error *error)
{
    uint64_t steps = 1;
    for (int i = 0; i < count; i++)
        if (__builtin_mul_overflow(steps, (uint64_t)(factors[i] ? factors[i] : 1), &steps))
            steps = UINT64_MAX;
    const ns_code code = ns_budget_spend(call->budget, steps, error);
    if (code != NS_OK && error)
        ns_add_context(error, "%s", call->name);
    return code;
}

/* The reader has checked every argument index against the value table. */
static ns_value *argument(const ns_call *call, int index)
{
    return &call->values[call->arguments[index]];
}

static ns_code wrong_kind(const ns_call *call, int index, const char *expected, ns_error *error)
{
    return ns_fail(error, NS_ERROR_INPUT, "%s: argument %d is %s, expected %s", call->name, index,
                   ns_value_kind_text(argument(call, index)->kind), expected);
}

static ns_code find_tensor(ns_call *call, int number, int index, ns_program_tensor **out, ns_error *error)
{
    ns_value *value = &call->values[number];
    if (value->kind != NS_VALUE_TENSOR)
        return ns_fail(error, NS_ERROR_INPUT, "%s: argument %d is %s, expected a tensor", call->name, index,
                       ns_value_kind_text(value->kind));
    ns_program_tensor *tensor = &value->as.tensor;
    if (!tensor->data && tensor->count)
        return ns_fail(error, NS_ERROR_INPUT, "%s: argument %d is a tensor without memory", call->name,
                       index);
    if ((uintptr_t)tensor->data % (size_t)ns_scalar_bytes(tensor->scalar))
        return ns_fail(error, NS_ERROR_INPUT, "%s: argument %d lies at an address not aligned for %s",
                       call->name, index, ns_scalar_text(tensor->scalar));
    *out = tensor;
    return NS_OK;
}

ns_code ns_call_value_tensor(ns_call *call, int number, int index, ns_program_tensor **out, ns_error *error)
{
    ns_program_tensor *tensor;
    NS_TRY(find_tensor(call, number, index, &tensor, error));
    *out = ns_arena_copy(call->arena, tensor, sizeof *tensor);
    return *out ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for its arguments", call->name);
}

ns_code ns_call_output(ns_call *call, int index, ns_program_tensor **out, ns_error *error)
{
    NS_TRY(find_tensor(call, call->arguments[index], index, out, error));
    if ((*out)->constant)
        return ns_fail(error, NS_ERROR_INPUT, "%s: argument %d is a result and a constant of the program",
                       call->name, index);
    return NS_OK;
}

ns_code ns_call_tensor(ns_call *call, int index, ns_program_tensor **out, ns_error *error)
{
    return ns_call_value_tensor(call, call->arguments[index], index, out, error);
}

ns_code ns_call_optional_tensor(ns_call *call, int index, ns_program_tensor **out, ns_error *error)
{
    *out = NULL;
    return ns_call_is_none(call, index) ? NS_OK : ns_call_tensor(call, index, out, error);
}

ns_code ns_call_integer(ns_call *call, int index, int64_t *out, ns_error *error)
{
    const ns_value *value = argument(call, index);
    if (value->kind != NS_VALUE_INT)
        return wrong_kind(call, index, "an integer", error);
    *out = value->as.integer;
    return NS_OK;
}

ns_code ns_call_real(ns_call *call, int index, double *out, ns_error *error)
{
    const ns_value *value = argument(call, index);
    if (value->kind == NS_VALUE_DOUBLE)
        *out = value->as.real;
    else if (value->kind == NS_VALUE_INT)
        *out = (double)value->as.integer;
    else
        return wrong_kind(call, index, "a number", error);
    return NS_OK;
}

ns_code ns_call_boolean(ns_call *call, int index, bool *out, ns_error *error)
{
    const ns_value *value = argument(call, index);
    if (value->kind != NS_VALUE_BOOL)
        return wrong_kind(call, index, "a bool", error);
    *out = value->as.boolean;
    return NS_OK;
}

bool ns_call_is_none(const ns_call *call, int index)
{
    return argument(call, index)->kind == NS_VALUE_NONE;
}

ns_code ns_call_integers(ns_call *call, int index, int *count, int64_t **out, ns_error *error)
{
    const ns_value *value = argument(call, index);
    if (value->kind != NS_VALUE_INT_LIST)
        return wrong_kind(call, index, "a list of integers", error);
    *count = value->as.list.count;
    *out = NS_ARENA_ARRAY(call->arena, (size_t)*count, int64_t);
    if (!*out)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for a list", call->name);
    for (int i = 0; i < *count; i++) {
        const ns_value *item = &call->values[value->as.list.indices[i]];
        if (item->kind != NS_VALUE_INT)
            return ns_fail(error, NS_ERROR_INPUT, "%s: item %d of argument %d is %s, expected an integer",
                           call->name, i, index, ns_value_kind_text(item->kind));
        (*out)[i] = item->as.integer;
    }
    return NS_OK;
}
