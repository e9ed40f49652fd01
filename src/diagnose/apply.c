/* Mends that can be written into the graph: which of them stay, judged by runs. */
#include <math.h>
#include <string.h>

#include "base/interface.h"
#include "diagnose/findings.h"
#include "diagnose/internal.h"
#include "diagnose/plan.h"

/* Writes one mend into `graph`, which has its own plan while that lasts. */
static ns_code mend_one(ns_graph *graph, const ns_diagnose_options *options, ns_dg_mending *m,
                        ns_error *error)
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
        code = ns_dg_write_mend(m);
    m->plan = NULL; /* what ends here */
    m->error = NULL;
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

/* Keeps the mend where the output gains; of faults that hide each other, where it loses nothing; or at any
 * rate, where they are judged together. *kept: it does. */
static ns_code try_once(const ideal *truth, ns_dg_mending *m, ns_dg_scaled *before, ns_diagnose_applied *out,
                        bool *kept, ns_error *error)
{
    ns_graph *trial = NULL;
    ns_diagnose_precision after;
    ns_error why = {0};
    const bool hidden = m->blame->joint_db - m->blame->knocked_out_db > 0.5 && m->what == NS_DG_MEND_CAUSE;
    const double gain = m->what == NS_DG_MEND_ORDER ? 0.5 : 0.1; /* an order is the model's matter */
    const double least = before->together ? -INFINITY : hidden ? -0.05 : gain;
    NS_TRY(ns_dg_copy_graph(out->graph, &trial, error));
    ns_code code = mend_one(trial, &truth->options, m, &why);
    if (code == NS_OK && m->done)
        code = ns_diagnose_precision_run(trial, &truth->options, m->arena, &after, &why);
    const double db = code == NS_OK && m->done
                          ? ns_dg_db(pow(10, -after.against_float_db / 10) + truth->hidden)
                          : -INFINITY;
    *kept = isfinite(db) && db >= out->against_float_db + least;
    if (*kept) {
        out->mends[out->count++] = ns_arena_format(m->arena, "%s: %.1f dB against float, was %.1f", m->done,
                                                   db, out->against_float_db);
        ns_graph *old = out->graph;
        out->graph = trial;
        out->against_float_db = db;
        trial = old;
        if (m->scales)
            before->names[before->count++] = m->scales;
    }
    ns_graph_free(trial);
    return code == NS_ERROR_MEMORY ? ns_fail(error, code, "%s", why.message) : NS_OK;
}

static ns_code try_mend(const ideal *truth, const ns_dg_mending *mending, ns_dg_scaled *before,
                        ns_diagnose_applied *out, ns_error *error)
{
    bool kept = false, more = true;
    for (int attempt = 0; more && !kept; attempt++) {
        ns_dg_mending m = *mending;
        m.attempt = attempt;
        NS_TRY(try_once(truth, &m, before, out, &kept, error));
        more = m.more;
    }
    return NS_OK;
}

/* Writes what can be written: first what each stage is blamed for; then the constants that those stages read,
 * whose bits count only once the rest has room for them; then, of what
 * is stored too coarsely, what can be kept in 32 bits, and
 * what another order of the operators spares. */
enum { WAYS = NS_DG_MEND_ORDER + 1 };
static ns_code apply_all(const ns_graph *graph, const ns_diagnose_precision *precision, const ideal *truth,
                         bool together, ns_arena *arena, ns_diagnose_applied *out, ns_error *error)
{
    const size_t most = WAYS * (size_t)precision->blame_count + 1;
    ns_dg_scaled before = {NS_ARENA_ARRAY(arena, most, const char *), 0, together};
    *out = (ns_diagnose_applied){.against_float_db = precision->against_float_db,
                                 .mends = NS_ARENA_ARRAY(arena, most, const char *)};
    if (!out->mends || !before.names)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the mends");
    NS_TRY(ns_dg_copy_graph(graph, &out->graph, error));
    for (int i = 0; i < WAYS * precision->blame_count; i++) {
        const ns_diagnose_blame *blame = &precision->blame[i % precision->blame_count];
        ns_dg_mending m = {.stage = &precision->stages[blame->stage],
                           .blame = blame,
                           .precision = precision,
                           .before = &before,
                           .arena = arena,
                           .options = &truth->options,
                           .what = i / precision->blame_count};
        const ns_diagnose_cause family = ns_diagnose_cause_family(blame->cause);
        const bool stored = family == NS_DIAGNOSE_CAUSE_STEP || family == NS_DIAGNOSE_CAUSE_SATURATION;
        if (m.what == NS_DG_MEND_CAUSE || (m.what == NS_DG_MEND_KEEP && stored) ||
            (m.what == NS_DG_MEND_ORDER && stored && !together) ||
            (m.what == NS_DG_MEND_CONSTANT && family != NS_DIAGNOSE_CAUSE_CONSTANT))
            NS_TRY(try_mend(truth, &m, &before, out, error));
    }
    return NS_OK;
}

/* One by one, each kept where it helps; and all of them, for where two errors cancel each mend alone looks
 * worse. The better graph stays, of equals the one with fewer mends. */
static ns_code apply_better(const ns_graph *graph, const ns_diagnose_precision *precision, const ideal *truth,
                            ns_arena *arena, ns_diagnose_applied *out, ns_error *error)
{
    ns_diagnose_applied all = {0};
    NS_TRY(apply_all(graph, precision, truth, false, arena, out, error));
    const ns_code code = apply_all(graph, precision, truth, true, arena, &all, error);
    if (code == NS_OK && all.count && all.against_float_db > out->against_float_db + 0.1) {
        const ns_diagnose_applied worse = *out;
        *out = all;
        all = worse;
    }
    ns_graph_free(all.graph);
    return code;
}

ns_code ns_diagnose_apply(const ns_graph *graph, const ns_diagnose_options *given,
                          const ns_diagnose_precision *precision, ns_arena *arena, ns_diagnose_applied *out,
                          ns_error *error)
{
    ideal truth;
    ns_diagnose_options taken, *options = &taken;
    NS_TRY(NS_OPTIONS_TAKE(&taken, given, error));
    *out = (ns_diagnose_applied){.against_float_db = precision->against_float_db};
    if (ns_dg_is_undefined(precision))
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "the graph's result is not defined: no mend can be written");
    NS_TRY(run_ideal(graph, options, precision, &truth, arena, error));
    ns_code code = apply_better(graph, precision, &truth, arena, out, error);
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
