/* Bases: what everything else departs from. The functions of the tables, with the zero points of the tensors
 * beside them; then Q and R of all samples. */
#include <math.h>

#include "diagnose/findings.h"
#include "npuscope/eval.h"

/* ---- the functions of tables ---- */

/* The zero point of a stored tensor: what its producer puts in, or else what a reader takes off; NAN: nobody
 * does. */
static double zero_of(const ns_dg_plan *plan, int tensor)
{
    const ns_block *block = plan->block;
    for (int t = tensor; plan->producers[t] >= 0;) {
        const ns_operator *op = ns_dg_operator(plan, plan->producers[t]);
        if (op->op == NS_OP_RESCALE)
            return plan->values[op->inputs[4]] ? plan->values[op->inputs[4]][0] : 0;
        if (!ns_dg_moves(op->op))
            break;
        t = op->inputs[0];
    }
    for (int i = 0; i < block->operator_count; i++) {
        const ns_operator *op = &block->operators[i];
        const int zero = op->op == NS_OP_RESCALE || op->op == NS_OP_CONV2D || op->op == NS_OP_DEPTHWISE_CONV2D
                             ? 3
                         : op->op == NS_OP_NEGATE || op->op == NS_OP_AVG_POOL2D ? 1
                                                                                : -1;
        if (zero > 0 && op->input_count > zero && op->inputs[0] == tensor && plan->values[op->inputs[zero]])
            return plan->values[op->inputs[zero]][0];
    }
    return NAN;
}

/* Behind a table come moves, then who takes the zero point off. */
static double zero_behind(const ns_dg_plan *plan, int tensor)
{
    const ns_block *block = plan->block;
    enum { STEPS = 16 };
    for (int step = 0; step < STEPS; step++) {
        const double zero = zero_of(plan, tensor);
        if (!isnan(zero))
            return zero;
        int next = -1;
        for (int i = 0; i < block->operator_count && next < 0; i++)
            if (ns_dg_moves(block->operators[i].op) && block->operators[i].inputs[0] == tensor)
                next = block->operators[i].outputs[0];
        if (next < 0)
            return NAN;
        tensor = next;
    }
    return NAN;
}

/* The TABLE whose result a node stores, looking through what only moves it; NULL: none. */
static const ns_dg_table *table_behind(const ns_dg_plan *plan, const ns_dg_node *node)
{
    for (int t = node->tensor; plan->producers[t] >= 0;
         t = ns_dg_operator(plan, plan->producers[t])->inputs[0]) {
        const ns_operator *op = ns_dg_operator(plan, plan->producers[t]);
        if (op->op == NS_OP_TABLE)
            return plan->tables[op->inputs[1]];
        if (!ns_dg_moves(op->op))
            break;
    }
    return NULL;
}

/* What a table stores has the zero point that its knots were made with. */
static void take_zero_points(ns_dg_plan *plan)
{
    for (int i = plan->input_count; i < plan->node_count; i++) {
        const ns_dg_table *table = table_behind(plan, &plan->nodes[i]);
        if (!table || table->knots == NS_DG_KNOTS)
            continue;
        plan->nodes[i].zero = table->zero_out;
        plan->nodes[i].zero_unknown = !table->zero_known;
    }
}

typedef struct identify {
    ns_dg_plan *plan;
    int *operators;
    ns_arena **arenas;
} identify;

static ns_code fit_table(ns_dg_session *session, ns_dg_worker *worker, int index, void *context,
                         ns_error *error)
{
    (void)session;
    (void)worker;
    identify *job = context;
    ns_dg_plan *plan = job->plan;
    const ns_operator *op = ns_dg_operator(plan, job->operators[index]);
    const bool wide = ns_dg_tensor(plan, op->inputs[1])->dtype == NS_DTYPE_INT16;
    const double zero_in = wide ? 0 : zero_of(plan, op->inputs[0]);
    return ns_dg_table_new(ns_dg_tensor(plan, op->inputs[1]), ns_dg_name(plan, op->inputs[1]),
                           isnan(zero_in) ? 0 : zero_in, wide ? 0 : zero_behind(plan, op->outputs[0]),
                           job->arenas[index], &plan->tables[op->inputs[1]], error);
}

ns_code ns_dg_identify(ns_dg_session *session, ns_dg_plan *plan, ns_error *error)
{
    const size_t operators = (size_t)plan->block->operator_count;
    identify job = {plan, NS_ARENA_ARRAY(plan->arena, operators, int),
                    NS_ARENA_ARRAY(plan->arena, operators, ns_arena *)};
    bool *seen = NS_ARENA_ARRAY(plan->arena, (size_t)plan->block->tensor_count, bool);
    int count = 0;
    if (!job.operators || !job.arenas || !seen)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the tables");
    for (int i = 0; i < plan->block->operator_count; i++) {
        const ns_operator *op = ns_dg_operator(plan, i);
        if (op->op != NS_OP_TABLE || seen[op->inputs[1]] || !ns_dg_tensor(plan, op->inputs[1])->data)
            continue;
        seen[op->inputs[1]] = true;
        /* Each thread allocates: an arena is not shared. The plan's own keeps room for all of them. */
        job.arenas[count] = ns_arena_new_like(plan->arena);
        job.operators[count++] = i;
        if (!job.arenas[count - 1])
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for the tables");
    }
    plan->table_arenas = job.arenas;
    plan->table_arena_count = count;
    NS_TRY(ns_dg_parallel(session, count, fit_table, &job, error));
    take_zero_points(plan);
    return NS_OK;
}

/* ---- Q and R ---- */

/* Room for a stage's result; Q's codes take a quarter of it. */
static ns_code make_room(ns_dg_session *session, int node, bool codes, ns_dg_stored *stored, ns_error *error)
{
    const size_t count = session->plan->nodes[node].count;
    const ns_dtype dtype = ns_dg_tensor(session->plan, session->plan->nodes[node].tensor)->dtype;
    if (codes && (dtype == NS_DTYPE_INT8 || dtype == NS_DTYPE_INT16))
        stored->codes = ns_arena_alloc(session->arena, count, sizeof(int16_t));
    else if (!codes)
        stored->single = NS_ARENA_ARRAY(session->arena, count, float);
    else
        stored->real = NS_ARENA_ARRAY(session->arena, count + 8, double);
    return stored->codes || stored->single || stored->real
               ? NS_OK
               : ns_fail(error, NS_ERROR_MEMORY, "no memory for a stage's result");
}

static void keep(const ns_dg_value *value, size_t count, ns_dg_stored *stored)
{
    for (size_t i = 0; i < count; i++) {
        const double v = value->data[i] * value->scale;
        if (stored->codes)
            stored->codes[i] = (int16_t)v;
        else if (stored->single)
            stored->single[i] = (float)v;
        else
            stored->real[i] = v;
    }
}

ns_tensor ns_dg_sample(const ns_diagnose_options *options, int input, int sample)
{
    ns_tensor of = options->inputs[input];
    const size_t bytes = ns_tensor_count(&of) * (size_t)ns_dtype_bytes(of.dtype);
    of.data = (uint8_t *)of.data + (size_t)sample * bytes;
    return of;
}

static ns_code evaluate(const ns_dg_session *session, int sample, ns_arena *arena, ns_tensor **outputs,
                        ns_error *error)
{
    const ns_block *block = session->plan->block;
    const ns_eval_options options = {.cpu_mask = session->options->cpu_mask};
    ns_tensor *inputs = arena ? NS_ARENA_ARRAY(arena, (size_t)block->input_count, ns_tensor) : NULL;
    *outputs = arena ? NS_ARENA_ARRAY(arena, (size_t)block->output_count, ns_tensor) : NULL;
    if (!inputs || !*outputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for eval");
    for (int i = 0; i < block->input_count; i++)
        inputs[i] = ns_dg_sample(session->options, i, sample);
    return ns_eval(session->plan->graph, &options, inputs, block->input_count, arena, *outputs, error);
}

/* What diagnose takes for TOSA must be TOSA: eval's outputs of the first sample, to compare with. The others
 * are evaluated for what TOSA leaves undefined. */
static ns_code run_eval(ns_dg_session *session, int sample, ns_error *error)
{
    ns_arena *arena = ns_arena_new_like(session->arena);
    ns_tensor *outputs = NULL;
    const ns_code code = evaluate(session, sample, arena, &outputs, error);
    if (sample == 0) {
        session->eval_arena = arena;
        session->evaluated = outputs;
    } else {
        ns_arena_free(arena);
    }
    return code;
}

/* Job 2k: Q of sample k; job 2k + 1: R; behind those, eval of each sample. None needs another. */
static ns_code run_base(ns_dg_session *session, ns_dg_worker *worker, int index, void *context,
                        ns_error *error)
{
    (void)context;
    if (index >= 2 * session->samples)
        return run_eval(session, index - 2 * session->samples, error);
    const bool tosa = index % 2 == 0;
    ns_dg_stored *stored = tosa ? session->q[index / 2] : session->r[index / 2];
    ns_dg_base b = {worker, stored, tosa};
    for (int i = session->plan->input_count; i < session->plan->node_count; i++) {
        ns_dg_value value;
        NS_TRY(ns_dg_evaluate_stage(worker, i, tosa ? NS_DG_TOSA : NS_DG_IDEAL, ns_dg_read_base, &b, &value,
                                    error));
        keep(&value, session->plan->nodes[i].count, &stored[i]);
        ns_dg_give(&worker->pool, value.array);
    }
    return NS_OK;
}

/* An input's codes in Q, and its reals (the codes themselves where nothing else is known) in R. */
static ns_code take_input(ns_dg_session *session, int sample, int node, ns_error *error)
{
    const size_t count = session->plan->nodes[node].count, first = (size_t)sample * count;
    const ns_tensor *input = &session->options->inputs[node];
    const double *real = session->options->real_inputs ? session->options->real_inputs[node] : NULL;
    double *codes = NS_ARENA_ARRAY(session->arena, count + 8, double);
    if (!codes)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for an input");
    for (size_t i = 0; i < count; i++)
        codes[i] = (double)ns_tensor_get(input, first + i);
    session->q[sample][node].real = codes;
    session->r[sample][node].real = real ? (double *)(uintptr_t)(real + first) : codes;
    return NS_OK;
}

static ns_code run_bases(ns_dg_session *session, ns_error *error)
{
    for (int s = 0; s < session->samples; s++) {
        const size_t nodes = (size_t)session->plan->node_count;
        session->q[s] = NS_ARENA_ARRAY(session->arena, nodes, ns_dg_stored);
        session->r[s] = NS_ARENA_ARRAY(session->arena, nodes, ns_dg_stored);
        if (!session->q[s] || !session->r[s])
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a sample");
        for (int i = 0; i < session->plan->input_count; i++)
            NS_TRY(take_input(session, s, i, error));
        for (int i = session->plan->input_count; i < session->plan->node_count; i++) {
            NS_TRY(make_room(session, i, true, &session->q[s][i], error));
            NS_TRY(make_room(session, i, false, &session->r[s][i], error));
        }
    }
    return ns_dg_parallel(session, 3 * session->samples, run_base, NULL, error);
}

static void measure_signal(ns_dg_session *session)
{
    for (int o = 0; o < session->plan->output_count; o++) {
        const ns_dg_node *node = &session->plan->nodes[session->plan->outputs[o]];
        for (int s = 0; s < session->samples; s++) {
            const ns_dg_stored *r = &session->r[s][session->plan->outputs[o]];
            for (size_t i = 0; i < node->count; i++) {
                const double v = ns_dg_stored_at(r, i) - node->zero;
                session->signal[o] += v * v;
            }
        }
        session->signal[o] = fmax(session->signal[o], 1e-30);
    }
}

ns_code ns_dg_session_run(ns_dg_session *session, ns_error *error)
{
    NS_TRY(run_bases(session, error));
    measure_signal(session);
    return NS_OK;
}
