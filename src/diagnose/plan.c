#include "diagnose/plan.h"

const char *ns_dg_name(const ns_dg_plan *plan, int tensor)
{
    return plan->names[tensor];
}

double ns_dg_constant(const ns_dg_plan *plan, int tensor, size_t i)
{
    return (double)ns_tensor_get(ns_dg_tensor(plan, tensor), i);
}

bool ns_dg_moves(ns_op op)
{
    switch (op) {
    case NS_OP_RESHAPE:
    case NS_OP_TRANSPOSE:
    case NS_OP_SLICE:
    case NS_OP_CONCAT:
    case NS_OP_PAD:
    case NS_OP_TILE:
    case NS_OP_IDENTITY:
    case NS_OP_REVERSE:
    case NS_OP_GATHER:
    case NS_OP_SCATTER:
    case NS_OP_REDUCE_MAX:
    case NS_OP_REDUCE_MIN:
    case NS_OP_MAX_POOL2D:
    case NS_OP_CLAMP:
        return true;
    default:
        return false;
    }
}
