/* Mends that are written into a graph. A blamed TABLE whose inputs use less than half of its range gets
 * knots over the codes in use, with a finer scale of its input or a RESCALE by a power of two in front (what
 * lies beyond saturates then). A stored tensor gets a wider or finer scale, which its readers take back
 * (apply_scale.c). A constant 1/N gets all bits that int16 has. */
#include <math.h>
#include <string.h>

#include "base/interface.h"
#include "diagnose/findings.h"
#include "diagnose/internal.h"
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

/* New constants stand before all operators. */
static ns_code move_constants(ns_dg_mending *m, int first)
{
    ns_block *block = &m->graph->regions[0].blocks[0];
    return first < block->operator_count ? move_before(block, first, 0, m->error) : NS_OK;
}

/* The operator that is to store another scale: the last one, but where a wider range is asked for and a
 * TABLE's knots are clamped, the TABLE. Only what moves may stand between the two. */
static int writer_of(const ns_dg_plan *plan, const ns_dg_node *node, double factor)
{
    if (factor <= 1 || node->table < 0)
        return node->final;
    int tensor = ns_dg_operator(plan, node->final)->inputs[0];
    while (plan->producers[tensor] >= 0 && ns_dg_moves(ns_dg_operator(plan, plan->producers[tensor])->op))
        tensor = ns_dg_operator(plan, plan->producers[tensor])->inputs[0];
    return plan->producers[tensor] == node->table ? node->table : node->final;
}

/* What the stage stores is 1 / factor of what it was, and its readers take it back. */
static ns_code give_scale(ns_dg_mending *m, const ns_dg_node *node, double factor, bool *can)
{
    const ns_dg_rescaling change = {m->graph, m->plan};
    const int first = m->plan->block->operator_count;
    NS_TRY(ns_dg_can_rescale(m->plan, node, can, m->error));
    if (!*can)
        return NS_OK;
    NS_TRY(ns_dg_rescale_readers(&change, node->tensor, factor, can, m->error));
    NS_TRY(ns_dg_rescale_writer(&change, writer_of(m->plan, node, factor), 1 / factor, can, m->error));
    return move_constants(m, first);
}

static bool is_scaled(const ns_dg_mending *m, const char *name)
{
    for (int i = 0; i < m->before->count; i++)
        if (strcmp(m->before->names[i], name) == 0)
            return true;
    return false;
}

/* Codes, from the zero point, that a tensor needs once it is stored finely: what its integers stand for, and
 * what it holds where nothing before it is rounded or clipped. */
static double codes_needed(const ns_diagnose_stage *stage)
{
    return fmax(stage->largest_code + 0.5, stage->largest_real);
}

static double codes_needed_by(const ns_dg_mending *m, const char *name)
{
    for (int i = 0; i < m->precision->stage_count; i++)
        if (strcmp(m->precision->stages[i].output, name) == 0)
            return codes_needed(&m->precision->stages[i]);
    return 0;
}

static ns_code mend_range(ns_dg_mending *m, const ns_dg_node *node, double factor)
{
    bool can = false;
    if (is_scaled(m, m->stage->output))
        return NS_OK;
    NS_TRY(give_scale(m, node, factor, &can));
    m->scales = can ? m->stage->output : NULL;
    if (can)
        m->done = ns_arena_format(m->arena, "range of '%s' %.3g times %s", m->stage->output,
                                  factor > 1 ? factor : 1 / factor, factor > 1 ? "wider" : "narrower");
    return NS_OK;
}

static ns_code mend_table(ns_dg_mending *m, const ns_dg_node *node)
{
    const ns_diagnose_curve *curve = m->blame->curve;
    const ns_dg_table *table = m->plan->tables[ns_dg_operator(m->plan, node->table)->inputs[1]];
    const double most = curve ? fmax(fabs(curve->codes[0]), fabs(curve->codes[curve->count - 1])) : INFINITY;
    const int source = node->source_count == 1 ? node->sources[0] : -1;
    bool can = false;
    if (table->knots != NS_DG_KNOTS || !(most >= 1) || most >= 16384)
        return NS_OK;
    /* A finer scale of the input wins more than a RESCALE of what is rounded already. */
    const char *name = source < 0 ? "" : ns_dg_name(m->plan, m->plan->nodes[source].tensor);
    const double needed = fmax(most, codes_needed_by(m, name));
    if (is_scaled(m, name))
        return NS_OK;
    if (source >= m->plan->input_count && needed < 16384)
        NS_TRY(give_scale(m, &m->plan->nodes[source], needed / 32766, &can));
    if (can) {
        m->scales = ns_arena_string(m->arena, name);
        m->done = ns_arena_format(m->arena, "scale of the input of '%s' %.0f times finer", m->stage->output,
                                  32766 / needed);
        return m->scales ? NS_OK : ns_fail(m->error, NS_ERROR_MEMORY, "no memory for a mend");
    }
    NS_TRY(apply_table(m->graph, node->table, table, most, m->error));
    m->done = ns_arena_format(m->arena, "knots of '%s' over the codes in use", m->stage->output);
    return NS_OK;
}

static ns_code mend_constant(ns_dg_mending *m, const ns_dg_node *node)
{
    const int index = ns_dg_mean_in(m->plan, node);
    if (index < 0)
        return NS_OK;
    const ns_dg_mean *mean = &m->plan->means[index];
    const int bits = (int)floor(log2(32767 / mean->ideal)), first = m->plan->block->operator_count;
    const ns_dg_rescaling ask = {NULL, m->plan}, change = {m->graph, m->plan};
    int16_t *code = ns_arena_alloc(m->graph->arena, 1, sizeof *code);
    bool can = false;
    if (!code)
        return ns_fail(m->error, NS_ERROR_MEMORY, "no memory for a constant");
    NS_TRY(ns_dg_rescale_readers(&ask, mean->tensor, ldexp(1, -bits), &can, m->error));
    if (!can)
        return NS_OK;
    NS_TRY(ns_dg_rescale_readers(&change, mean->tensor, ldexp(1, -bits), &can, m->error));
    *code = (int16_t)rint(ldexp(mean->ideal, bits));
    m->graph->regions[0].blocks[0].tensors[mean->tensor].tensor.data = code;
    m->done = ns_arena_format(m->arena, "constant '%s' at a scale 2^%d times finer",
                              ns_dg_name(m->plan, mean->tensor), bits);
    return move_constants(m, first);
}

ns_code ns_dg_write_mend(ns_dg_mending *m)
{
    const ns_dg_node *node = NULL;
    for (int i = m->plan->input_count; i < m->plan->node_count && !node; i++)
        if (strcmp(ns_dg_name(m->plan, m->plan->nodes[i].tensor), m->stage->output) == 0)
            node = &m->plan->nodes[i];
    if (!node)
        return NS_OK;
    if (m->constant)
        return mend_constant(m, node);
    switch (m->blame->cause) {
    case NS_DIAGNOSE_CAUSE_TABLE:
        return node->table >= 0 ? mend_table(m, node) : NS_OK;
    case NS_DIAGNOSE_CAUSE_SATURATION:
        return mend_range(m, node, 1.0001 * fmax(m->stage->peak, m->stage->largest_real / 32767));
    case NS_DIAGNOSE_CAUSE_STEP:
        return codes_needed(m->stage) < 16384 ? mend_range(m, node, codes_needed(m->stage) / 32766) : NS_OK;
    case NS_DIAGNOSE_CAUSE_CONSTANT:
        return mend_constant(m, node);
    default:
        return NS_OK;
    }
}
