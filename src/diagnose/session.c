#include "diagnose/session.h"
#include "base/system.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

double ns_dg_db(double energy)
{
    return energy > 0 ? -10 * log10(energy) : INFINITY;
}

/* ---- values in Q and R ---- */

static ns_dg_value load(ns_dg_worker *worker, const ns_dg_stored *stored, size_t count, bool integer)
{
    if (stored->real)
        return (ns_dg_value){.data = stored->real, .scale = 1, .integer = integer};
    ns_dg_array *array = ns_dg_take(&worker->pool, count);
    if (!array)
        return (ns_dg_value){0};
    for (size_t i = 0; i < count; i++)
        array->data[i] = ns_dg_stored_at(stored, i);
    return (ns_dg_value){.data = array->data, .array = array, .scale = 1, .integer = integer};
}

ns_dg_value ns_dg_read_base(void *context, int node)
{
    const ns_dg_base *b = context;
    return load(b->worker, &b->stored[node], b->worker->plan->nodes[node].count, b->integer);
}

ns_code ns_dg_session_open(ns_dg_session *session, const ns_dg_plan *plan, const ns_diagnose_options *options,
                           ns_arena *arena, ns_error *error)
{
    *session = (ns_dg_session){.plan = plan, .options = options, .arena = arena, .samples = options->samples};
    session->threads = options->threads > 0 ? options->threads : ns_system_processors();
    session->q = NS_ARENA_ARRAY(arena, (size_t)session->samples, ns_dg_stored *);
    session->r = NS_ARENA_ARRAY(arena, (size_t)session->samples, ns_dg_stored *);
    session->signal = NS_ARENA_ARRAY(arena, (size_t)plan->output_count, double);
    session->reference = NS_ARENA_ARRAY(arena, (size_t)plan->output_count, const double *);
    session->workers = NS_ARENA_ARRAY(arena, (size_t)session->threads, ns_dg_worker);
    if (!session->q || !session->r || !session->signal || !session->reference || !session->workers)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the diagnosis");
    for (int i = 0; i < session->threads; i++)
        NS_TRY(ns_dg_worker_open(&session->workers[i], plan, error));
    return NS_OK;
}

void ns_dg_session_close(ns_dg_session *session)
{
    ns_arena_free(session->eval_arena);
    for (int i = 0; session->workers && i < session->threads; i++)
        if (session->workers[i].plan)
            ns_dg_worker_close(&session->workers[i]);
}

/* ---- reruns ---- */

typedef struct rerun {
    ns_dg_worker *worker;
    const ns_dg_stored *stored;
    bool integer;
    ns_dg_value *changed; /* of each node; data NULL: as in Q or R */
} rerun;

static ns_dg_value read_rerun(void *context, int node)
{
    const rerun *r = context;
    if (!r->changed[node].data)
        return load(r->worker, &r->stored[node], r->worker->plan->nodes[node].count, r->integer);
    ns_dg_value value = r->changed[node];
    value.array = NULL; /* lent */
    return value;
}

static bool is_same(const ns_dg_stored *stored, const ns_dg_value *value, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const double v = value->data[i] * value->scale;
        if (ns_dg_stored_at(stored, i) != (stored->single ? (float)v : v))
            return false;
    }
    return true;
}

static unsigned mode_of(const ns_dg_change *change, int node)
{
    return change->modes && change->modes[node] != NS_DG_SAME ? change->modes[node] : change->rest;
}

static bool is_affected(const ns_dg_plan *plan, const ns_dg_change *change, const rerun *r, int node)
{
    if ((change->modes && change->modes[node] != NS_DG_SAME) || (change->touched && change->touched[node]))
        return true;
    for (int k = 0; k < plan->nodes[node].source_count; k++)
        if (r->changed[plan->nodes[node].sources[k]].data)
            return true;
    return false;
}

static ns_code run_changed(ns_dg_session *session, const ns_dg_change *change, rerun *r, ns_error *error)
{
    const ns_dg_plan *plan = session->plan;
    for (int i = 0; i < plan->input_count; i++)
        if (change->inputs && change->inputs[i])
            r->changed[i] = (ns_dg_value){.data = change->inputs[i], .scale = 1};
    for (int i = plan->input_count; i < plan->node_count; i++) {
        const ns_dg_node *node = &plan->nodes[i];
        if (is_affected(plan, change, r, i)) {
            ns_dg_value value;
            r->worker->fine_step = change->fine_steps ? change->fine_steps[i] : 0;
            NS_TRY(ns_dg_evaluate_stage(r->worker, i, mode_of(change, i), read_rerun, r, &value, error));
            if (is_same(&r->stored[i], &value, node->count))
                ns_dg_give(&r->worker->pool, value.array);
            else
                r->changed[i] = value;
        }
        for (int k = 0; k < node->source_count; k++) {
            const ns_dg_node *source = &plan->nodes[node->sources[k]];
            if (source->last_user == i && source->output < 0) {
                ns_dg_give(&r->worker->pool, r->changed[node->sources[k]].array);
                r->changed[node->sources[k]] = (ns_dg_value){0};
            }
        }
    }
    return NS_OK;
}

/* What the errors of an output are from; the reference is NULL where another is meant. */
typedef struct target {
    const ns_dg_stored *stored;
    const double *reference;
} target;

static target target_of(const ns_dg_session *session, const ns_dg_change *change, int output, int sample)
{
    const int node = session->plan->outputs[output];
    const double *reference = change->against == NS_DG_AGAINST_REFERENCE ? session->reference[output] : NULL;
    return (target){
        .stored = change->against == NS_DG_AGAINST_Q ? &session->q[sample][node] : &session->r[sample][node],
        .reference = reference ? reference + (size_t)sample * session->plan->nodes[node].count : NULL};
}

/* Of an output: its error's energy; or, for any scale, its own energy, the product with what is wanted, and
 * the energy of that. */
typedef struct sums {
    double noise, own, product, wanted;
} sums;

static double energy_of(const sums *s, double signal, bool any_scale)
{
    if (!any_scale)
        return s->noise / signal;
    return s->own > 0 && s->product > 0 ? fmax(1 - s->product * s->product / (s->own * s->wanted), 0) : 1;
}

static void add_errors(const ns_dg_session *session, const ns_dg_change *change, const rerun *r, int sample,
                       sums *of)
{
    for (int o = 0; o < session->plan->output_count; o++) {
        const int node = session->plan->outputs[o];
        const target wanted = target_of(session, change, o, sample);
        const ns_dg_stored *own = &r->stored[node];
        const double zero = session->plan->nodes[node].zero;
        const ns_dg_value *changed = &r->changed[node];
        if (!changed->data && own == wanted.stored && !wanted.reference)
            continue;
        for (size_t i = 0; i < session->plan->nodes[node].count; i++) {
            const double got = changed->data ? changed->data[i] * changed->scale : ns_dg_stored_at(own, i);
            const double want = wanted.reference ? wanted.reference[i] : ns_dg_stored_at(wanted.stored, i);
            of[o].noise += (got - want) * (got - want);
            if (!change->any_scale)
                continue;
            of[o].own += (got - zero) * (got - zero);
            of[o].product += (got - zero) * (want - zero);
            of[o].wanted += (want - zero) * (want - zero);
        }
    }
}

static ns_code measure_sample(ns_dg_session *session, ns_dg_worker *worker, const ns_dg_change *change,
                              int sample, sums *of, ns_error *error)
{
    const bool tosa = change->rest == NS_DG_TOSA;
    const size_t nodes = (size_t)session->plan->node_count;
    rerun r = {worker, tosa ? session->q[sample] : session->r[sample], tosa,
               calloc(nodes, sizeof *r.changed)};
    if (!r.changed)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a run");
    worker->overrides = change->overrides;
    worker->only_inner = change->only_inner;
    worker->rough = !tosa && change->against == NS_DG_AGAINST_R;
    const ns_code code = run_changed(session, change, &r, error);
    worker->overrides = NULL;
    worker->only_inner = 0;
    worker->rough = false;
    if (code == NS_OK)
        add_errors(session, change, &r, sample, of);
    for (size_t i = 0; i < nodes; i++)
        ns_dg_give(&worker->pool, r.changed[i].array);
    free(r.changed);
    return code;
}

ns_code ns_dg_measure(ns_dg_session *session, ns_dg_worker *worker, const ns_dg_change *change,
                      double *energy, ns_error *error)
{
    const int outputs = session->plan->output_count;
    sums *of = calloc((size_t)outputs, sizeof *of);
    if (!of)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a run");
    ns_code code = NS_OK;
    for (int s = 0; s < session->samples && code == NS_OK; s++)
        code = measure_sample(session, worker, change, s, of, error);
    *energy = 0;
    for (int o = 0; o < outputs; o++)
        *energy += energy_of(&of[o], session->signal[o], change->any_scale) / outputs;
    free(of);
    return code;
}

ns_code ns_dg_measure_nodes(ns_dg_session *session, ns_dg_worker *worker, const int *list, int count,
                            unsigned mode, unsigned rest, double *energy, ns_error *error)
{
    unsigned *modes = malloc((size_t)session->plan->node_count * sizeof *modes);
    if (!modes)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a run");
    for (int i = 0; i < session->plan->node_count; i++)
        modes[i] = NS_DG_SAME;
    for (int i = 0; i < count; i++)
        modes[list[i]] = mode;
    const ns_dg_change change = {.rest = rest, .modes = modes};
    const ns_code code = ns_dg_measure(session, worker, &change, energy, error);
    free(modes);
    return code;
}

ns_code ns_dg_stage_on(ns_dg_session *session, ns_dg_worker *worker, int sample, bool on_q, int node,
                       unsigned mode, ns_dg_value *out, ns_error *error)
{
    ns_dg_base b = {worker, on_q ? session->q[sample] : session->r[sample], on_q};
    return ns_dg_evaluate_stage(worker, node, mode, ns_dg_read_base, &b, out, error);
}

ns_code ns_dg_inside(ns_dg_session *session, ns_dg_worker *worker, int sample, int node, int tensor,
                     ns_dg_value *out, ns_error *error)
{
    ns_dg_base b = {worker, session->q[sample], true};
    return ns_dg_evaluate_inside(worker, node, tensor, NS_DG_TOSA, ns_dg_read_base, &b, out, error);
}

/* ---- jobs in threads ---- */

typedef struct shared {
    ns_dg_session *session;
    ns_dg_job job;
    void *context;
    int count;
    atomic_int next;
    atomic_bool failed;
} shared;

typedef struct thread {
    pthread_t id;
    shared *shared;
    ns_dg_worker *worker;
    ns_code code;
    ns_error error;
} thread;

static void *work(void *context)
{
    thread *t = context;
    shared *s = t->shared;
    for (;;) {
        const int index = atomic_fetch_add(&s->next, 1);
        if (index >= s->count || atomic_load(&s->failed))
            return NULL;
        t->code = s->job(s->session, t->worker, index, s->context, &t->error);
        if (t->code != NS_OK) {
            atomic_store(&s->failed, true);
            return NULL;
        }
    }
}

ns_code ns_dg_parallel(ns_dg_session *session, int count, ns_dg_job job, void *context, ns_error *error)
{
    shared s = {.session = session, .job = job, .context = context, .count = count};
    const int wanted = session->threads < count ? session->threads : count;
    thread *threads = NS_ARENA_ARRAY(session->arena, (size_t)wanted + 1, thread);
    if (!threads)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for threads");
    int started = 1;
    for (int i = 0; i < wanted; i++)
        threads[i] = (thread){.shared = &s, .worker = &session->workers[i]};
    while (started < wanted && pthread_create(&threads[started].id, NULL, work, &threads[started]) == 0)
        started++;
    if (wanted > 0)
        work(&threads[0]);
    for (int i = 1; i < started; i++)
        pthread_join(threads[i].id, NULL);
    for (int i = 0; i < started && i < wanted; i++)
        if (threads[i].code != NS_OK) {
            if (error)
                *error = threads[i].error;
            return threads[i].code;
        }
    return NS_OK;
}
