/* Mends that can be written into the graph. A blamed TABLE whose inputs use less than half of its range gets
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

/* A mend at work: on a copy of the graph, with the copy's own plan. */
typedef struct mending {
    ns_graph *graph;
    const ns_dg_plan *plan;
    const ns_diagnose_stage *stage; /* of the graph that was diagnosed */
    const ns_diagnose_blame *blame;
    ns_arena *arena;
    const char *done; /* what was written; NULL: nothing */
    ns_error *error;
} mending;

/* New constants stand before all operators. */
static ns_code move_constants(mending *m, int first)
{
    ns_block *block = &m->graph->regions[0].blocks[0];
    return first < block->operator_count ? move_before(block, first, 0, m->error) : NS_OK;
}

/* What the stage stores is 1 / factor of what it was, and its readers take it back. */
static ns_code give_scale(mending *m, const ns_dg_node *node, double factor, bool *can)
{
    const ns_dg_rescaling change = {m->graph, m->plan};
    const int first = m->plan->block->operator_count;
    NS_TRY(ns_dg_can_rescale(m->plan, node, can, m->error));
    if (!*can)
        return NS_OK;
    NS_TRY(ns_dg_rescale_readers(&change, node->tensor, factor, can, m->error));
    NS_TRY(ns_dg_rescale_writer(&change, node->final, 1 / factor, can, m->error));
    return move_constants(m, first);
}

static ns_code mend_range(mending *m, const ns_dg_node *node, double factor)
{
    bool can = false;
    NS_TRY(give_scale(m, node, factor, &can));
    if (can)
        m->done = ns_arena_format(m->arena, "range of '%s' %.3g times %s", m->stage->output,
                                  factor > 1 ? factor : 1 / factor, factor > 1 ? "wider" : "narrower");
    return NS_OK;
}

static ns_code mend_table(mending *m, const ns_dg_node *node)
{
    const ns_diagnose_curve *curve = m->blame->curve;
    const ns_dg_table *table = m->plan->tables[ns_dg_operator(m->plan, node->table)->inputs[1]];
    const double most = curve ? fmax(fabs(curve->codes[0]), fabs(curve->codes[curve->count - 1])) : INFINITY;
    const int source = node->source_count == 1 ? node->sources[0] : -1;
    bool can = false;
    if (table->knots != NS_DG_KNOTS || !(most >= 1) || most >= 16384)
        return NS_OK;
    /* A finer scale of the input wins more than a RESCALE of what is rounded already. */
    if (source >= m->plan->input_count)
        NS_TRY(give_scale(m, &m->plan->nodes[source], most / 32766, &can));
    if (!can)
        NS_TRY(apply_table(m->graph, node->table, table, most, m->error));
    m->done = can ? ns_arena_format(m->arena, "scale of the input of '%s' %.0f times finer", m->stage->output,
                                    32766 / most)
                  : ns_arena_format(m->arena, "knots of '%s' over the codes in use", m->stage->output);
    return NS_OK;
}

/* The constant of a mean or an epsilon that the stage reads; -1: none. */
static int constant_of(const mending *m, const ns_dg_node *node)
{
    for (int i = 0; i < node->operator_count; i++) {
        const ns_operator *op = ns_dg_operator(m->plan, node->operators[i]);
        for (int k = 0; k < op->input_count; k++)
            if (m->plan->mean_of[op->inputs[k]] >= 0)
                return m->plan->mean_of[op->inputs[k]];
    }
    return -1;
}

static ns_code mend_constant(mending *m, const ns_dg_node *node)
{
    const int index = constant_of(m, node);
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

static ns_code write_mend(mending *m)
{
    const ns_dg_node *node = NULL;
    for (int i = m->plan->input_count; i < m->plan->node_count && !node; i++)
        if (strcmp(ns_dg_name(m->plan, m->plan->nodes[i].tensor), m->stage->output) == 0)
            node = &m->plan->nodes[i];
    if (!node)
        return NS_OK;
    switch (m->blame->cause) {
    case NS_DIAGNOSE_CAUSE_TABLE:
        return node->table >= 0 ? mend_table(m, node) : NS_OK;
    case NS_DIAGNOSE_CAUSE_SATURATION:
        return mend_range(m, node, 1.0001 * m->stage->peak);
    case NS_DIAGNOSE_CAUSE_STEP:
        return m->stage->largest_code < 16384 ? mend_range(m, node, fmax(m->stage->largest_code, 0.5) / 32766)
                                              : NS_OK;
    case NS_DIAGNOSE_CAUSE_CONSTANT:
        return mend_constant(m, node);
    default:
        return NS_OK;
    }
}

static ns_code copy_graph(const ns_graph *graph, ns_graph **copy, ns_error *error)
{
    ns_arena *arena = ns_arena_new_like(graph->arena);
    const void *data = NULL;
    size_t size = 0;
    ns_code code = arena ? ns_graph_write(graph, arena, &data, &size, error)
                         : ns_fail(error, NS_ERROR_MEMORY, "no memory for a copy of the graph");
    if (code == NS_OK)
        code = ns_graph_read_within(ns_arena_budget(graph->arena), data, size, copy, error);
    ns_arena_free(arena);
    return code;
}

/* Writes one mend into `graph`, which has its own plan while that lasts. */
static ns_code mend_one(ns_graph *graph, const ns_diagnose_options *options, mending *m, ns_error *error)
{
    ns_arena *arena = ns_arena_new_like(graph->arena);
    ns_dg_plan *plan = NULL;
    ns_dg_session session = {0};
    ns_code code = arena ? ns_dg_plan_new(graph, options->cpu_mask, arena, &plan, error)
                         : ns_fail(error, NS_ERROR_MEMORY, "no memory for the mends");
    if (code == NS_OK)
        code = ns_dg_session_open(&session, plan, options, arena, error);
    if (code == NS_OK)
        code = ns_dg_identify(&session, plan, error);
    m->graph = graph;
    m->plan = plan;
    m->error = error;
    if (code == NS_OK)
        code = write_mend(m);
    if (code == NS_OK && m->done)
        code = ns_graph_validate(graph, error);
    ns_dg_session_close(&session);
    ns_dg_plan_close(plan);
    ns_arena_free(arena);
    return code;
}

/* What the graph as it was gives in real values: the truth that a mended graph is held against, for by itself
 * a graph that computes something else would look as good. */
typedef struct ideal {
    ns_diagnose_options options; /* those of the caller with the ideal as reference, if there was none */
    double hidden;               /* what is to be added to an error from it; 0: the reference is float */
} ideal;

static ns_code take_ideal(const ns_dg_session *session, ideal *out, ns_arena *arena, ns_error *error)
{
    const ns_dg_plan *plan = session->plan;
    const size_t outputs = (size_t)plan->block->output_count;
    const double **references = NS_ARENA_ARRAY(arena, outputs, const double *);
    double *scales = NS_ARENA_ARRAY(arena, outputs, double);
    if (!references || !scales)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the mends");
    for (size_t o = 0; o < outputs; o++) {
        const int node = plan->node_of[plan->block->outputs[o]];
        if (node < 0 || plan->nodes[node].output < 0)
            continue;
        const size_t count = plan->nodes[node].count;
        double *values = NS_ARENA_ARRAY(arena, count * (size_t)session->samples, double);
        if (!values)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for the mends");
        for (int s = 0; s < session->samples; s++)
            for (size_t i = 0; i < count; i++)
                values[(size_t)s * count + i] =
                    ns_dg_stored_at(&session->r[s][node], i) - plan->nodes[node].zero;
        references[o] = values;
        scales[o] = 1;
    }
    out->options.references = references;
    out->options.reference_scales = scales;
    return NS_OK;
}

static ns_code run_ideal(const ns_graph *graph, const ns_diagnose_options *options,
                         const ns_diagnose_precision *precision, ideal *out, ns_arena *arena, ns_error *error)
{
    ns_dg_plan *plan = NULL;
    ns_dg_session session = {0};
    *out = (ideal){.options = *options};
    if (precision->measured)
        return NS_OK;
    out->hidden = pow(10, -precision->limit_db / 10);
    ns_code code = ns_dg_plan_new(graph, options->cpu_mask, arena, &plan, error);
    if (code == NS_OK)
        code = ns_dg_session_open(&session, plan, options, arena, error);
    if (code == NS_OK)
        code = ns_dg_identify(&session, plan, error);
    if (code == NS_OK)
        code = ns_dg_session_run(&session, error);
    if (code == NS_OK)
        code = take_ideal(&session, out, arena, error);
    ns_dg_session_close(&session);
    ns_dg_plan_close(plan);
    return code;
}

/* Keeps the mend where the output gains; of faults that hide each other, where it loses nothing. */
static ns_code try_mend(const ideal *truth, mending *m, ns_diagnose_applied *out, ns_error *error)
{
    ns_graph *trial = NULL;
    ns_diagnose_precision after;
    ns_error why = {0};
    const double least = m->blame->joint_db - m->blame->knocked_out_db > 0.5 ? -0.05 : 0.1;
    NS_TRY(copy_graph(out->graph, &trial, error));
    ns_code code = mend_one(trial, &truth->options, m, &why);
    if (code == NS_OK && m->done)
        code = ns_diagnose_precision_run(trial, &truth->options, m->arena, &after, &why);
    const double db = code == NS_OK && m->done
                          ? ns_dg_db(pow(10, -after.against_float_db / 10) + truth->hidden)
                          : -INFINITY;
    if (db >= out->against_float_db + least) {
        out->mends[out->count++] = ns_arena_format(m->arena, "%s: %.1f dB against float, was %.1f", m->done,
                                                   db, out->against_float_db);
        ns_graph *old = out->graph;
        out->graph = trial;
        out->against_float_db = db;
        trial = old;
    }
    ns_graph_free(trial);
    return code == NS_ERROR_MEMORY ? ns_fail(error, code, "%s", why.message) : NS_OK;
}

ns_code ns_diagnose_apply(const ns_graph *graph, const ns_diagnose_options *given,
                          const ns_diagnose_precision *precision, ns_arena *arena, ns_diagnose_applied *out,
                          ns_error *error)
{
    ideal truth;
    ns_diagnose_options taken, *options = &taken;
    NS_TRY(NS_OPTIONS_TAKE(&taken, given, error));
    *out = (ns_diagnose_applied){.against_float_db = precision->against_float_db};
    out->mends = NS_ARENA_ARRAY(arena, (size_t)precision->blame_count + 1, const char *);
    if (!out->mends)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the mends");
    NS_TRY(run_ideal(graph, options, precision, &truth, arena, error));
    ns_code code = copy_graph(graph, &out->graph, error);
    for (int i = 0; code == NS_OK && i < precision->blame_count; i++) {
        mending m = {.stage = &precision->stages[precision->blame[i].stage],
                     .blame = &precision->blame[i],
                     .arena = arena};
        code = try_mend(&truth, &m, out, error);
    }
    if (code == NS_OK && (!out->count || !(out->against_float_db >= precision->against_float_db + 0.5)))
        code = ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "none of the mends can be written into the graph, or none of them helps there");
    if (code == NS_OK)
        code = ns_diagnose_precision_run(out->graph, options, arena, &out->after, error);
    if (code != NS_OK) {
        ns_graph_free(out->graph);
        out->graph = NULL;
    }
    return code;
}
