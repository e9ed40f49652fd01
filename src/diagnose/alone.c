/* What each stage does to the output alone: R with only this stage as TOSA says.
 *
 * One run for each stage costs the square of the graph's length. Where that is much, neighbours run together
 * first, and only groups that matter are divided: errors of different stages add up. */
#include <math.h>
#include <stdlib.h>

#include "diagnose/findings.h"

/* Operations on elements that all runs of single stages together may cost: about half a second. */
#define WORK_LIMIT 2e8
/* A group whose share of the error at the output is below this holds nobody to blame: it takes a fifth of all
 * energy to gain a decibel. */
#define SHARE 0.01
enum { FIRST_GROUPS = 32 };

typedef struct group {
    int first, count; /* nodes */
    double energy;
} group;

typedef struct groups {
    ns_dg_findings *f;
    group *list;
} groups;

static ns_code measure_group(ns_dg_session *session, ns_dg_worker *worker, int index, void *context,
                             ns_error *error)
{
    const groups *job = context;
    group *g = &job->list[index];
    unsigned *modes = malloc((size_t)session->plan->node_count * sizeof *modes);
    if (!modes)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a run");
    for (int i = 0; i < session->plan->node_count; i++)
        modes[i] = i >= g->first && i < g->first + g->count ? NS_DG_TOSA : NS_DG_SAME;
    const ns_dg_change change = {.rest = NS_DG_IDEAL, .modes = modes};
    const ns_code code = ns_dg_measure(session, worker, &change, &g->energy, error);
    free(modes);
    return code;
}

static double work_of_singles(const ns_dg_plan *plan, int samples)
{
    double behind = 0, total = 0;
    for (int i = plan->node_count - 1; i >= plan->input_count; i--) {
        behind += plan->nodes[i].work;
        total += behind;
    }
    return total * samples;
}

/* Halves the groups that matter; returns how many there are then. Single stages are noted. */
static int divide(ns_dg_findings *f, const group *from, int count, double least, group *to)
{
    int n = 0;
    for (int i = 0; i < count; i++) {
        if (from[i].count == 1) {
            f->alone[from[i].first] = from[i].energy;
        } else if (from[i].energy >= least) {
            const int half = from[i].count / 2;
            to[n++] = (group){from[i].first, half, NAN};
            to[n++] = (group){from[i].first + half, from[i].count - half, NAN};
        }
    }
    return n;
}

ns_code ns_dg_measure_alone(ns_dg_findings *f, ns_error *error)
{
    const ns_dg_plan *plan = f->plan;
    const int stages = plan->node_count - plan->input_count;
    const ns_dg_change as_is = {.rest = NS_DG_TOSA};
    NS_TRY(ns_dg_measure(f->session, &f->session->workers[0], &as_is, &f->as_is, error));
    group *list = NS_ARENA_ARRAY(f->arena, 2 * (size_t)stages + 2, group);
    group *next = NS_ARENA_ARRAY(f->arena, 2 * (size_t)stages + 2, group);
    if (!list || !next)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the stages");
    const bool singly = work_of_singles(plan, f->session->samples) <= WORK_LIMIT;
    int count = singly || stages < FIRST_GROUPS ? stages : FIRST_GROUPS;
    for (int i = 0; i < count; i++) {
        const int first = (int)((int64_t)i * stages / count), end = (int)((int64_t)(i + 1) * stages / count);
        list[i] = (group){plan->input_count + first, end - first, NAN};
    }
    while (count) {
        groups job = {f, list};
        NS_TRY(ns_dg_parallel(f->session, count, measure_group, &job, error));
        const int divided = divide(f, list, count, SHARE * (f->as_is + f->hidden), next);
        group *swap = list;
        list = next;
        next = swap;
        count = divided;
    }
    return NS_OK;
}
