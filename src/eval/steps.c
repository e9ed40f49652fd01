#include "eval/internal.h"

static const ns_step_kind kinds[NS_OP_COUNT] = {
    [NS_OP_RESHAPE] = {NS_STEP_SAME, 1, NULL},
    [NS_OP_IDENTITY] = {NS_STEP_SAME, 1, NULL},
#define NS_EVAL_STEP(op, form, operands, function) \
    [NS_OP_##op] = {NS_STEP_##form, operands, ns_step_##function},
#include "eval/steps.def"
#undef NS_EVAL_STEP
};

const ns_step_kind *ns_step_kind_of(ns_op op)
{
    return &kinds[op];
}
