#include "suite/internal.h"

#include <math.h>

#include "ir/operator.h"

/* ---- scales ---- */

static void count_scales(const ns_ladder *ladder, ns_case_result *result)
{
    const ns_aten_program *program = ladder->decomposed;
    const float least = (float)ladder->row->settings.epsilon;
    for (int i = 0; program && i < program->node_count; i++) {
        const ns_aten_node *node = &program->nodes[i];
        if (node->kind == NS_ATEN_PARAMETER || !node->quantisation.present || node->quantisation.axis >= 0)
            continue;
        result->scale_count++;
        result->floor_count += node->quantisation.scales[0] == least;
    }
}

/* ---- codes ---- */

/* Codes of 16 bits that were met. */
typedef struct code_set {
    uint64_t bits[(1 << 16) / 64];
} code_set;

static void add_code(code_set *set, int64_t code, ns_suite_codes *out)
{
    const size_t index = (size_t)(code - INT16_MIN);
    const uint64_t bit = (uint64_t)1 << (index % 64);
    if (out->distinct == 0 || code < out->minimum)
        out->minimum = code;
    if (out->distinct == 0 || code > out->maximum)
        out->maximum = code;
    out->distinct += !(set->bits[index / 64] & bit);
    set->bits[index / 64] |= bit;
}

/* Integers of 8 and 16 bits: those are codes of reals. */
static ns_suite_codes count_codes(const ns_tensor *tensors, int count)
{
    ns_suite_codes codes = {0};
    code_set set = {{0}};
    for (int t = 0; tensors && t < count; t++)
        if (tensors[t].data && (tensors[t].dtype == NS_DTYPE_INT16 || tensors[t].dtype == NS_DTYPE_INT8))
            for (size_t i = 0; i < ns_tensor_count(&tensors[t]); i++)
                add_code(&set, ns_tensor_get(&tensors[t], i), &codes);
    return codes;
}

void ns_subject_describe(const ns_ladder *ladder, ns_case_result *result)
{
    count_scales(ladder, result);
    result->input_codes = count_codes(ladder->integers, ladder->input_count);
    result->output_codes = count_codes(ladder->evaluated, ladder->output_count);
}

/* ---- why a lowered operator departs ---- */

/* TABLE holds its function at every 128th code and goes straight in between, so that a jump, a pole or a bend
 * inside of one segment is lost. */
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
