/* Mends that can be written into the graph: a blamed TABLE whose inputs use less than half of its range gets
 * a RESCALE by a power of two in front, and knots over the codes in use. What lies beyond them saturates
 * then. */
#include <math.h>
#include <string.h>

#include "diagnose/findings.h"
#include "diagnose/plan.h"

typedef struct insertion {
    ns_graph *graph;
    ns_block *block;
    const char *name; /* of the table's output: what is added is named after it */
    ns_error *error;
} insertion;

static ns_code add_const(const insertion *in, const char *what, const ns_tensor *value, int *tensor)
{
    const char *name = ns_arena_format(in->graph->arena, "%s_%s", in->name, what);
    if (!name)
        return ns_fail(in->error, NS_ERROR_MEMORY, "no memory for a constant");
    return ns_block_add_const(in->graph, in->block, name, value, tensor, in->error);
}

static ns_code add_scalar(const insertion *in, const char *what, ns_dtype dtype, int64_t number, int *tensor)
{
    ns_tensor value;
    const int64_t one = 1;
    NS_TRY(ns_tensor_new(in->graph->arena, dtype, 1, &one, &value, in->error));
    ns_tensor_set(&value, 0, number);
    return add_const(in, what, &value, tensor);
}

/* A knot at a real code. Where the function has no value, at 0, it is the clamp that ExecuTorch's table
 * holds. */
static int64_t knot_at(const ns_dg_table *table, double code)
{
    double v = ns_dg_table_ideal(table, code);
    if (table->fit.function >= 0 && code == 0 && !isfinite(ns_dg_fit_at(table, &table->fit, code)))
        v = ns_dg_table_ideal(table, 1e-9);
    return (int64_t)fmin(fmax(rint(v), -32767), 32767);
}

/* The table with knots `factor` times nearer. NS_ERROR_UNSUPPORTED where neighbours differ by more than a
 * TABLE's slope may. */
static ns_code fine_table(const insertion *in, const ns_dg_table *table, double factor, int *tensor)
{
    ns_tensor values;
    const int64_t count = NS_DG_KNOTS;
    NS_TRY(ns_tensor_new(in->graph->arena, NS_DTYPE_INT16, 1, &count, &values, in->error));
    for (int i = 0; i < NS_DG_KNOTS; i++)
        ns_tensor_set(&values, (size_t)i, knot_at(table, ns_dg_knot_code(table, i) / factor));
    for (size_t i = 1; i < NS_DG_KNOTS; i++) {
        const int64_t slope = ns_tensor_get(&values, i) - ns_tensor_get(&values, i - 1);
        if (slope < INT16_MIN || slope > INT16_MAX)
            return ns_fail(in->error, NS_ERROR_UNSUPPORTED, "table '%s' would be too steep", in->name);
    }
    return add_const(in, "fine_table", &values, tensor);
}

static ns_code add_rescale(const insertion *in, int from, int bits, int *out)
{
    const ns_tensor *shape = &in->block->tensors[from].tensor;
    const ns_attributes attributes = {.scale32 = true, .rounding_mode = NS_SINGLE_ROUND};
    int operands[5] = {from};
    NS_TRY(add_scalar(in, "fine_multiplier", NS_DTYPE_INT32, 1 << 30, &operands[1]));
    NS_TRY(add_scalar(in, "fine_shift", NS_DTYPE_INT8, 30 - bits, &operands[2]));
    NS_TRY(add_scalar(in, "fine_input_zp", NS_DTYPE_INT16, 0, &operands[3]));
    NS_TRY(add_scalar(in, "fine_output_zp", NS_DTYPE_INT16, 0, &operands[4]));
    const char *name = ns_arena_format(in->graph->arena, "%s_fine", in->name);
    if (!name)
        return ns_fail(in->error, NS_ERROR_MEMORY, "no memory for a tensor");
    NS_TRY(ns_block_add_tensor(in->graph, in->block, name, NS_DTYPE_INT16, shape->rank, shape->shape, out,
                               in->error));
    return ns_block_add_operator(in->graph, in->block,
                                 &(ns_operator_parts){NS_OP_RESCALE, &attributes, 5, operands, 1, out},
                                 in->error);
}

/* Operators stand in the order in which they run: those from `first` on move before `place`. */
static ns_code move_before(ns_block *block, int first, int place, ns_error *error)
{
    const size_t moved = (size_t)(block->operator_count - first), size = sizeof *block->operators;
    ns_arena *scratch = ns_arena_new();
    ns_operator *copy = scratch ? ns_arena_copy(scratch, block->operators + first, moved * size) : NULL;
    if (copy) {
        memmove(block->operators + place + moved, block->operators + place, (size_t)(first - place) * size);
        memcpy(block->operators + place, copy, moved * size);
    }
    ns_arena_free(scratch);
    return copy ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for the operators");
}

static ns_code apply_table(ns_graph *graph, int index, const ns_dg_table *table, double most, ns_error *error)
{
    ns_block *block = &graph->regions[0].blocks[0];
    const int bits = (int)floor(log2(32767 / most)), first = block->operator_count;
    const insertion in = {graph, block, block->tensors[block->operators[index].outputs[0]].name, error};
    int rescaled = -1, knots = -1;
    NS_TRY(fine_table(&in, table, ldexp(1, bits), &knots));
    NS_TRY(add_rescale(&in, block->operators[index].inputs[0], bits, &rescaled));
    block->operators[index].inputs[0] = rescaled;
    block->operators[index].inputs[1] = knots;
    return move_before(block, first, index, error);
}

/* The plan's operators lose their places with each insertion: the last is mended first. */
static ns_code apply_all(ns_graph *graph, const ns_dg_plan *plan, const ns_diagnose_precision *precision,
                         int *applied, ns_error *error)
{
    for (int last = plan->block->operator_count - 1; last >= 0; last--)
        for (int i = 0; i < precision->blame_count; i++) {
            const ns_diagnose_blame *blame = &precision->blame[i];
            const ns_dg_node *node = &plan->nodes[blame->stage + plan->input_count];
            const ns_diagnose_curve *curve = blame->curve;
            if (node->table != last || blame->cause != NS_DIAGNOSE_CAUSE_TABLE || !curve)
                continue;
            const ns_dg_table *table = plan->tables[ns_dg_operator(plan, last)->inputs[1]];
            const double most = fmax(fabs(curve->codes[0]), fabs(curve->codes[curve->count - 1]));
            if (table->knots != NS_DG_KNOTS || !(most >= 1) || most >= 16384)
                continue;
            NS_TRY(apply_table(graph, last, table, most, error));
            (*applied)++;
            break;
        }
    return NS_OK;
}

ns_code ns_diagnose_apply(ns_graph *graph, const ns_diagnose_options *options,
                          const ns_diagnose_precision *precision, int *applied, ns_error *error)
{
    ns_arena *arena = ns_arena_new_like(graph->arena);
    ns_dg_plan *plan = NULL;
    ns_dg_session session = {0};
    *applied = 0;
    ns_code code = arena ? ns_dg_plan_new(graph, options->cpu_mask, arena, &plan, error)
                         : ns_fail(error, NS_ERROR_MEMORY, "no memory for the mends");
    if (code == NS_OK)
        code = ns_dg_session_open(&session, plan, options, arena, error);
    if (code == NS_OK)
        code = ns_dg_identify(&session, plan, error);
    if (code == NS_OK)
        code = apply_all(graph, plan, precision, applied, error);
    if (code == NS_OK)
        code = ns_graph_validate(graph, error);
    ns_dg_session_close(&session);
    ns_dg_plan_close(plan);
    ns_arena_free(arena);
    return code;
}
