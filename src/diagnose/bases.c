/* Q and R of all samples: the runs that everything else departs from. */
#include <math.h>

#include "diagnose/session.h"
#include "npuscope/eval.h"

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

/* What diagnose takes for TOSA must be TOSA: eval's outputs of the first sample, to compare with. */
static ns_code run_eval(ns_dg_session *session, ns_error *error)
{
    const ns_block *block = session->plan->block;
    const ns_eval_options options = {.cpu_mask = session->options->cpu_mask};
    ns_arena *arena = ns_arena_new_like(session->arena);
    ns_tensor *inputs = arena ? NS_ARENA_ARRAY(arena, (size_t)block->input_count, ns_tensor) : NULL;
    session->eval_arena = arena;
    session->evaluated = arena ? NS_ARENA_ARRAY(arena, (size_t)block->output_count, ns_tensor) : NULL;
    if (!inputs || !session->evaluated)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for eval");
    for (int i = 0; i < block->input_count; i++)
        inputs[i] = session->options->inputs[i];
    return ns_eval(session->plan->graph, &options, inputs, block->input_count, arena, session->evaluated,
                   error);
}

/* Job 2k: Q of sample k; job 2k + 1: R; the last: eval. None needs another. */
static ns_code run_base(ns_dg_session *session, ns_dg_worker *worker, int index, void *context,
                        ns_error *error)
{
    (void)context;
    if (index == 2 * session->samples)
        return run_eval(session, error);
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
    return ns_dg_parallel(session, 2 * session->samples + 1, run_base, NULL, error);
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
