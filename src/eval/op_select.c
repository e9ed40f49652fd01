/* output = input1 ? input2 : input3, with broadcasting. */
#include "eval/interface.h"
#include "eval/step.h"
#include "num/interface.h"

static ns_code check(const ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 3, 3, 1, error));
    const ns_tensor *in = call->inputs[1], *out = call->outputs[0];
    if (!ns_dtype_is_integer(in->dtype) && in->dtype != NS_DTYPE_BOOL && !ns_real_is(in->dtype))
        return ns_eval_unsupported_type(in, error);
    if (call->inputs[0]->dtype != NS_DTYPE_BOOL || call->inputs[2]->dtype != in->dtype ||
        out->dtype != in->dtype)
        return ns_fail(error, NS_ERROR_INPUT, "its operands are of types that do not go together");
    return NS_OK;
}

static void select_row(int bytes, const void *const in[3], const size_t first[3], const size_t within[3],
                       void *out, size_t at, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const int which = ((const int8_t *)in[0])[first[0] + i * within[0]] ? 1 : 2;
        ns_eval_set(out, bytes, at + i, ns_eval_get(in[which], bytes, first[which] + i * within[which]));
    }
}

ns_code ns_eval_select(ns_eval_call *call, ns_error *error)
{
    NS_TRY(check(call, error));
    ns_tensor *out = call->outputs[0];
    ns_broadcast walk;
    NS_TRY(ns_broadcast_begin(&walk, out, 3, call->inputs, error));
    const void *const in[3] = {call->inputs[0]->data, call->inputs[1]->data, call->inputs[2]->data};
    for (; walk.row < walk.row_count; ns_broadcast_next(&walk)) {
        const size_t within[3] = {(size_t)walk.row_step[0], (size_t)walk.row_step[1],
                                  (size_t)walk.row_step[2]};
        select_row(ns_dtype_bytes(out->dtype), in, walk.offset, within, out->data, walk.row * walk.row_length,
                   walk.row_length);
    }
    return NS_OK;
}

static bool run_step(const ns_step *step, const ns_slab *slab)
{
    size_t within[3], between[3];
    for (int k = 0; k < 3; k++)
        ns_step_steps(step->spans[k], slab->columns, &within[k], &between[k]);
    for (size_t r = 0; r < slab->rows; r++) {
        const size_t first[3] = {r * between[0], r * between[1], r * between[2]};
        select_row(*(const int *)step->data, slab->in, first, within, slab->out, r * slab->columns,
                   slab->columns);
    }
    return false;
}

ns_code ns_step_select(ns_eval_call *call, ns_step *step, ns_error *error)
{
    NS_TRY(check(call, error));
    int *bytes = NS_ARENA_NEW(call->scratch, int);
    if (!bytes)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a step");
    *bytes = ns_dtype_bytes(call->outputs[0]->dtype);
    step->run = run_step;
    step->data = bytes;
    return NS_OK;
}
