/* Why a stage loses precision: the largest of what it does alone when only its clamp, only its rounding, only
 * its table, only its constants or only what rounds within it are as in the file. */
#include <math.h>
#include <stdlib.h>

#include "diagnose/findings.h"

static const struct {
    unsigned mode;
    ns_diagnose_cause cause;
} trials[] = {
    {NS_DG_CLAMP, NS_DIAGNOSE_CAUSE_SATURATION}, {NS_DG_ROUND, NS_DIAGNOSE_CAUSE_STEP},
    {NS_DG_TABLE, NS_DIAGNOSE_CAUSE_TABLE},      {NS_DG_CONSTANT, NS_DIAGNOSE_CAUSE_CONSTANT},
    {NS_DG_INNER, NS_DIAGNOSE_CAUSE_RESCALE},    {NS_DG_TWICE, NS_DIAGNOSE_CAUSE_DOUBLE_ROUNDING},
};
enum { TRIALS = sizeof trials / sizeof trials[0] };

typedef struct attempts {
    const int *nodes;
    double *energies; /* TRIALS of each */
} attempts;

static ns_code try_one(ns_dg_session *session, ns_dg_worker *worker, int index, void *context,
                       ns_error *error)
{
    const attempts *a = context;
    return ns_dg_measure_nodes(session, worker, &a->nodes[index / TRIALS], 1, trials[index % TRIALS].mode,
                               NS_DG_IDEAL, &a->energies[index], error);
}

/* A table of 8 bits has an entry for each code: what it loses is its output's step or range. */
static bool has_segments(const ns_dg_plan *plan, int node)
{
    const int table = plan->nodes[node].table;
    return table >= 0 && plan->tables[ns_dg_operator(plan, table)->inputs[1]]->knots == NS_DG_KNOTS;
}

static ns_diagnose_cause worst_of(const ns_dg_findings *f, int node, const double *energies)
{
    double worst = -1, clamp = 0;
    ns_diagnose_cause cause = trials[0].cause;
    for (int i = 0; i < TRIALS; i++) {
        const bool possible = trials[i].mode != NS_DG_TABLE || has_segments(f->plan, node);
        clamp = trials[i].mode == NS_DG_CLAMP ? energies[i] : clamp;
        if (possible && energies[i] > worst) {
            worst = energies[i];
            cause = trials[i].cause;
        }
    }
    /* Knots that are clamped because the output's range ends are its saturation: a finer table has them too.
     */
    return cause == NS_DIAGNOSE_CAUSE_TABLE && clamp > worst / 2 ? NS_DIAGNOSE_CAUSE_SATURATION : cause;
}

ns_code ns_dg_find_causes(ns_dg_findings *f, const int *nodes, int count, ns_diagnose_blame *blames,
                          ns_error *error)
{
    attempts a = {nodes, NS_ARENA_ARRAY(f->arena, (size_t)count * TRIALS + 1, double)};
    if (!a.energies)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the causes");
    NS_TRY(ns_dg_parallel(f->session, count * TRIALS, try_one, &a, error));
    for (int i = 0; i < count; i++) {
        blames[i].cause = worst_of(f, nodes[i], a.energies + (size_t)i * TRIALS);
        NS_TRY(ns_dg_tell_why(f, nodes[i], &blames[i], error));
    }
    return NS_OK;
}

/* ---- the curve of a table ---- */

enum { POINTS = 240 };

static int in_order(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* All codes that the table is given, in order. */
static ns_code collect(ns_dg_findings *f, int node, double **codes, size_t *total, ns_error *error)
{
    const ns_operator *op = ns_dg_operator(f->plan, f->plan->nodes[node].table);
    const size_t count = ns_tensor_count(ns_dg_tensor(f->plan, op->inputs[0]));
    *total = 0;
    *codes = NS_ARENA_ARRAY(f->arena, count * (size_t)f->session->samples, double);
    if (!*codes)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a curve");
    for (int s = 0; s < f->session->samples; s++) {
        ns_dg_worker *worker = &f->session->workers[0];
        ns_dg_value value;
        NS_TRY(ns_dg_inside(f->session, worker, s, node, op->inputs[0], &value, error));
        for (size_t i = 0; i < count; i++)
            (*codes)[(*total)++] = value.data[i] * value.scale;
        ns_dg_give(&worker->pool, value.array);
    }
    qsort(*codes, *total, sizeof **codes, in_order);
    return NS_OK;
}

ns_code ns_dg_draw_curve(ns_dg_findings *f, int node, const ns_diagnose_curve **out, ns_error *error)
{
    const ns_dg_table *table =
        f->plan->tables[ns_dg_operator(f->plan, f->plan->nodes[node].table)->inputs[1]];
    double *met = NULL;
    size_t total = 0;
    NS_TRY(collect(f, node, &met, &total, error));
    ns_diagnose_curve *curve = NS_ARENA_NEW(f->arena, ns_diagnose_curve);
    if (!curve || !ns_dg_table_name(table) || !total)
        return NS_OK;
    curve->codes = NS_ARENA_ARRAY(f->arena, POINTS, double);
    curve->straight = NS_ARENA_ARRAY(f->arena, POINTS, double);
    curve->ideal = NS_ARENA_ARRAY(f->arena, POINTS, double);
    if (!curve->codes || !curve->straight || !curve->ideal)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a curve");
    curve->count = POINTS;
    for (int i = 0; i < POINTS; i++) {
        curve->codes[i] = met[(size_t)i * (total - 1) / (POINTS - 1)];
        curve->straight[i] = ns_dg_table_straight(table, curve->codes[i]);
        curve->ideal[i] = fmin(fmax(ns_dg_table_ideal(table, curve->codes[i]), -65536), 65536);
    }
    *out = curve;
    return NS_OK;
}
