/* A table and its function on the codes in use: for the page. */
#include <math.h>
#include <stdlib.h>

#include "diagnose/findings.h"

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
