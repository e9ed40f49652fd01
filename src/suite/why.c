/* Why a lowered operator departs: TABLE holds its function at every 128th code and goes straight in between,
 * so that a jump, a pole or a bend inside of one segment is lost. */
#include "suite/internal.h"

#include <math.h>

#include "ir/operator.h"

enum { SEGMENT = 128 }; /* codes between two knots (insert_table_ops.py) */

static bool has_table(const ns_graph *graph)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    for (int i = 0; i < block->operator_count; i++)
        if (block->operators[i].op == NS_OP_TABLE)
            return true;
    return false;
}

void ns_why_look(const ns_ladder *ladder, const ns_graph *graph, bool *tabled)
{
    *tabled = ladder->row->operator&& ns_sweep_fits(ladder->decomposed) && has_table(graph);
}

/* The one call of a program that can be swept. */
static const ns_aten_node *call_of(const ns_aten_program *program)
{
    for (int i = 0; i < program->node_count; i++)
        if (program->nodes[i].kind == NS_ATEN_CALL)
            return &program->nodes[i];
    return NULL;
}

ns_code ns_why_table(const ns_ladder *ladder, ns_arena *arena, ns_stage_result *result, ns_error *error)
{
    const ns_aten_program *program = ladder->decomposed;
    const ns_aten_node *call = call_of(program);
    const double scale = (double)program->nodes[program->inputs[0]].quantisation.scales[0];
    const double x = (double)((const float *)ladder->inputs[0].data)[result->worst_element];
    const double first = floor(nearbyint(x / scale) / SEGMENT) * SEGMENT;
    const double knots[2] = {first * scale, (first + SEGMENT) * scale}, *values[] = {knots};
    const ns_aten_node *nodes[] = {ns_aten_operand(program, call, 0)};
    double at[2] = {0, 0};
    ns_aten_node two = *call;
    two.rank = 1;
    two.shape[0] = 2;
    NS_TRY(call->op->exact(&two, &(ns_aten_operands){program, nodes, values}, at, error));
    result->reason =
        ns_arena_format(arena,
                        "%s; its table is a straight line from %.6g at %.6g to %.6g at %.6g there: a "
                        "jump, a pole or a bend between two knots is lost",
                        result->reason, at[0], knots[0], at[1], knots[1]);
    return result->reason ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a reason");
}
