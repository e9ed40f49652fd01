/* Known defects of elementwise operators. */
#include "defects/match.h"

bool ns_defect_met_cast_down(const ns_pattern *p, ns_op_ref op)
{
    return op->op == NS_OP_CAST && ns_pattern_input(p, op, 0)->dtype == NS_DTYPE_INT16 &&
           ns_pattern_output(p, op)->dtype == NS_DTYPE_INT8;
}

bool ns_defect_met_scalar_first(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_ADD && op->op != NS_OP_SUB && op->op != NS_OP_MUL && op->op != NS_OP_MAXIMUM &&
        op->op != NS_OP_MINIMUM)
        return false;
    const ns_tensor *a = ns_pattern_input(p, op, 0), *b = ns_pattern_input(p, op, 1);
    return b->rank >= 5 && ns_tensor_count(a) == 1 && ns_tensor_count(b) > 1;
}

/* Another reader of the same constant through a RESHAPE. */
static bool is_reshaped_elsewhere(const ns_pattern *p, int tensor)
{
    const ns_block *b = p->block;
    for (int i = 0; i < b->operator_count; i++)
        if (b->operators[i].op == NS_OP_RESHAPE && b->operators[i].inputs[0] == tensor)
            return true;
    return false;
}

bool ns_defect_met_select_constant(const ns_pattern *p, ns_op_ref op)
{
    for (int k = 1; op->op == NS_OP_SELECT && k < 3; k++)
        if (ns_pattern_input(p, op, k)->data && is_reshaped_elsewhere(p, op->inputs[k]))
            return true;
    return false;
}

static bool is_chained(ns_op op)
{
    return op == NS_OP_RESCALE || op == NS_OP_ADD || op == NS_OP_SUB || op == NS_OP_MUL ||
           op == NS_OP_TRANSPOSE || op == NS_OP_MAXIMUM || op == NS_OP_MINIMUM || op == NS_OP_ABS ||
           op == NS_OP_CLAMP;
}

/* The TABLE of int16 tables is 2 KiB, of int8 256 bytes; two of a chain lie at one address. */
bool ns_defect_met_two_tables(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_TABLE)
        return false;
    ns_op_ref from = ns_pattern_from(p, op, 0);
    while (from && is_chained(from->op) && ns_pattern_only_reader(p, from)) {
        ns_op_ref next = ns_pattern_from(p, from, 0);
        if (from->op == NS_OP_ADD || from->op == NS_OP_SUB || from->op == NS_OP_MUL) {
            ns_op_ref other = ns_pattern_from(p, from, 1);
            next = other && (other->op == NS_OP_TABLE || other->op == NS_OP_RESCALE) ? other : next;
        }
        from = next;
    }
    return from && from->op == NS_OP_TABLE && from->inputs[1] != op->inputs[1];
}
