/* Who is to blame: the stages without which the output gains, told by running without them.
 *
 * A knock-out is measured where a stage's own damage is at least a hundredth of the error. Mends are added
 * greedily; where no single one gains a decibel, those that do more than a tenth of the damage are taken
 * together: faults in series hide each other. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/findings.h"

/* ---- alone ---- */

/* What each stage does to the output alone: R with only this stage as TOSA says.
 *
 * One run for each stage costs the square of the graph's length. Where that is much, neighbours run together
 * first, and only groups that matter are divided: errors of different stages add up. */

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

/* ---- knock-outs ---- */

enum { CANDIDATES = 8, MOST_BLAMED = 5 };
#define COUNTS 0.01
#define SERIES 0.1

typedef struct candidates {
    ns_dg_findings *f;
    int count;
    int *nodes; /* worst alone first */
    int fixed_count;
    int *fixed; /* already ideal */
    double energy[CANDIDATES];
} candidates;

static ns_code knock_out(ns_dg_session *session, ns_dg_worker *worker, int index, void *context,
                         ns_error *error)
{
    const candidates *c = context;
    const int node = c->nodes[index];
    NS_TRY(
        ns_dg_measure_nodes(session, worker, &node, 1, NS_DG_IDEAL, NS_DG_TOSA, &c->f->knocked[node], error));
    if (c->f->measured)
        return ns_dg_measure_without(c->f, worker, &node, 1, &c->f->float_knocked[node], error);
    c->f->float_knocked[node] = c->f->knocked[node] + c->f->hidden;
    return NS_OK;
}

static ns_code knock_out_with(ns_dg_session *session, ns_dg_worker *worker, int index, void *context,
                              ns_error *error)
{
    candidates *c = context;
    int list[CANDIDATES + MOST_BLAMED + 1];
    memcpy(list, c->fixed, (size_t)c->fixed_count * sizeof *list);
    (void)session;
    list[c->fixed_count] = c->nodes[index];
    return ns_dg_measure_without(c->f, worker, list, c->fixed_count + 1, &c->energy[index], error);
}

static void sort_by_alone(const ns_dg_findings *f, int *nodes, int count)
{
    for (int i = 1; i < count; i++) {
        const int node = nodes[i];
        int k = i;
        for (; k > 0 && f->alone[nodes[k - 1]] < f->alone[node]; k--)
            nodes[k] = nodes[k - 1];
        nodes[k] = node;
    }
}

static void take_away(candidates *c, int node)
{
    int n = 0;
    for (int i = 0; i < c->count; i++)
        if (c->nodes[i] != node)
            c->nodes[n++] = c->nodes[i];
    c->count = n;
}

static bool is_fixed(const candidates *c, int node)
{
    for (int i = 0; i < c->fixed_count; i++)
        if (c->fixed[i] == node)
            return true;
    return false;
}

/* What a stage must gain to be blamed. One whose damage counts only once the worse ones are mended costs
 * nothing today: it must be worth more. */
#define LATE_GAIN 3.0
static double least_gain(const ns_dg_findings *f, int node)
{
    return f->alone[node] < COUNTS * (f->as_is + f->hidden) ? LATE_GAIN : NS_DG_LEAST_GAIN;
}

/* Whether the gain of the stages of `list` is one that counts, `least` dB: measured, or wherever in its
 * estimated range the share of the hidden roundings lies, or else in most of their draws. What counts in
 * fewer is noted (notes.c), and nobody is blamed for it. */
#define MOST_DRAWS 0.75
static ns_code is_gain(ns_dg_findings *f, const int *list, int count, double before, double after,
                       double least, bool *out, ns_error *error)
{
    double share = 1;
    const double more = f->measured || !f->seed_count ? 0 : f->seeds[f->seed_count - 1] - f->hidden;
    *out = ns_dg_gain(before, after) >= least;
    if (*out && ns_dg_gain(before + more, after + more) < least)
        NS_TRY(ns_dg_share_of_draws(f, list, count, after - f->hidden, least, &share, error));
    *out = *out && share >= MOST_DRAWS;
    return NS_OK;
}

/* Those whose own damage counts beside `energy`, worst first. */
static void choose(candidates *c, double energy)
{
    const ns_dg_findings *f = c->f;
    c->count = 0;
    for (int i = f->plan->input_count; i < f->plan->node_count; i++)
        if (ns_dg_rounds(f->plan, i) && !is_fixed(c, i) && f->alone[i] > 0 && f->alone[i] >= COUNTS * energy)
            c->nodes[c->count++] = i;
    sort_by_alone(f, c->nodes, c->count);
    c->count = c->count < 3 * CANDIDATES ? c->count : 3 * CANDIDATES;
}

static ns_code add_blame(ns_dg_findings *f, candidates *c, int node, double energy, ns_error *error)
{
    candidates one = {.f = f, .nodes = &node};
    if (isnan(f->knocked[node])) /* it came to count only without those before it */
        NS_TRY(knock_out(f->session, &f->session->workers[0], 0, &one, error));
    f->joint[f->blame_count] = energy;
    f->blame[f->blame_count++] = node;
    c->fixed[c->fixed_count++] = node;
    take_away(c, node);
    return NS_OK;
}

/* Those that do more than a tenth of the damage, together. */
static ns_code try_series(ns_dg_findings *f, candidates *c, double now, bool *found, ns_error *error)
{
    int list[CANDIDATES + MOST_BLAMED + 1], big[CANDIDATES], count = 0;
    double energy = 0;
    *found = false;
    for (int i = 0; i < c->count; i++)
        if (f->alone[c->nodes[i]] > SERIES * now)
            big[count++] = c->nodes[i];
    if (count < 2)
        return NS_OK;
    memcpy(list, c->fixed, (size_t)c->fixed_count * sizeof *list);
    memcpy(list + c->fixed_count, big, (size_t)count * sizeof *list);
    NS_TRY(ns_dg_measure_without(f, &f->session->workers[0], list, c->fixed_count + count, &energy, error));
    double least = NS_DG_LEAST_GAIN;
    for (int i = 0; i < count; i++)
        least = fmax(least, least_gain(f, big[i]));
    NS_TRY(is_gain(f, big, count, now, energy, least, found, error));
    for (int i = 0; i < count && *found; i++)
        NS_TRY(add_blame(f, c, big[i], energy, error));
    return NS_OK;
}

static ns_code add_one(ns_dg_findings *f, candidates *c, double *now, bool *found, ns_error *error)
{
    *found = false;
    const int tried = c->count < CANDIDATES ? c->count : CANDIDATES;
    if (c->fixed_count == 0)
        for (int i = 0; i < tried; i++)
            c->energy[i] = f->float_knocked[c->nodes[i]];
    else
        NS_TRY(ns_dg_parallel(f->session, tried, knock_out_with, c, error));
    int best = 0;
    for (int i = 1; i < tried; i++)
        if (c->energy[i] < c->energy[best])
            best = i;
    if (tried == 0)
        return NS_OK;
    const int node = c->nodes[best];
    NS_TRY(is_gain(f, &node, 1, *now, c->energy[best], least_gain(f, node), found, error));
    if (*found) {
        *now = c->energy[best];
        NS_TRY(add_blame(f, c, node, *now, error));
        choose(c, *now);
        return NS_OK;
    }
    c->count = tried;
    NS_TRY(try_series(f, c, *now, found, error));
    if (*found)
        *now = f->joint[f->blame_count - 1];
    return NS_OK;
}

ns_code ns_dg_find_blame(ns_dg_findings *f, ns_error *error)
{
    const size_t nodes = (size_t)f->plan->node_count;
    candidates c = {
        .f = f, .nodes = NS_ARENA_ARRAY(f->arena, nodes, int), .fixed = NS_ARENA_ARRAY(f->arena, nodes, int)};
    f->blame = NS_ARENA_ARRAY(f->arena, nodes, int);
    f->joint = NS_ARENA_ARRAY(f->arena, nodes, double);
    if (!c.nodes || !c.fixed || !f->blame || !f->joint)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the stages");
    choose(&c, f->as_is + f->hidden);
    NS_TRY(ns_dg_parallel(f->session, c.count, knock_out, &c, error));
    NS_TRY(ns_dg_measure_without(f, &f->session->workers[0], NULL, 0, &f->float_as_is, error));
    double now = f->float_as_is;
    bool found = true;
    while (found && f->blame_count < MOST_BLAMED)
        NS_TRY(add_one(f, &c, &now, &found, error));
    return NS_OK;
}
