/* Who is to blame: the stages without which the output gains, told by running without them.
 *
 * A knock-out is measured where a stage's own damage is at least a hundredth of the error. Mends are added
 * greedily; where no single one gains a decibel, those that do more than a tenth of the damage are taken
 * together: faults in series hide each other. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/findings.h"

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

static double gain(const ns_dg_findings *f, double before, double after)
{
    return 10 * log10((before + f->hidden + 1e-300) / (after + f->hidden + 1e-300));
}

static ns_code knock_out(ns_dg_session *session, ns_dg_worker *worker, int index, void *context,
                         ns_error *error)
{
    const candidates *c = context;
    const int node = c->nodes[index];
    return ns_dg_measure_nodes(session, worker, &node, 1, NS_DG_IDEAL, NS_DG_TOSA, &c->f->knocked[node],
                               error);
}

static ns_code knock_out_with(ns_dg_session *session, ns_dg_worker *worker, int index, void *context,
                              ns_error *error)
{
    candidates *c = context;
    int list[CANDIDATES + MOST_BLAMED + 1];
    memcpy(list, c->fixed, (size_t)c->fixed_count * sizeof *list);
    list[c->fixed_count] = c->nodes[index];
    return ns_dg_measure_nodes(session, worker, list, c->fixed_count + 1, NS_DG_IDEAL, NS_DG_TOSA,
                               &c->energy[index], error);
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

static void add_blame(ns_dg_findings *f, candidates *c, int node, double energy)
{
    f->joint[f->blame_count] = energy;
    f->blame[f->blame_count++] = node;
    c->fixed[c->fixed_count++] = node;
    take_away(c, node);
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
    NS_TRY(ns_dg_measure_nodes(f->session, &f->session->workers[0], list, c->fixed_count + count, NS_DG_IDEAL,
                               NS_DG_TOSA, &energy, error));
    if (gain(f, now, energy) < NS_DG_LEAST_GAIN)
        return NS_OK;
    for (int i = 0; i < count; i++)
        add_blame(f, c, big[i], energy);
    *found = true;
    return NS_OK;
}

static ns_code add_one(ns_dg_findings *f, candidates *c, double *now, bool *found, ns_error *error)
{
    *found = false;
    const int tried = c->count < CANDIDATES ? c->count : CANDIDATES;
    if (c->fixed_count == 0)
        for (int i = 0; i < tried; i++)
            c->energy[i] = f->knocked[c->nodes[i]];
    else
        NS_TRY(ns_dg_parallel(f->session, tried, knock_out_with, c, error));
    int best = 0;
    for (int i = 1; i < tried; i++)
        if (c->energy[i] < c->energy[best])
            best = i;
    if (tried == 0)
        return NS_OK;
    if (gain(f, *now, c->energy[best]) >= NS_DG_LEAST_GAIN) {
        *now = c->energy[best];
        add_blame(f, c, c->nodes[best], *now);
        *found = true;
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
    for (int i = f->plan->input_count; i < f->plan->node_count; i++)
        if (ns_dg_rounds(f->plan, i) && f->alone[i] > 0 && f->alone[i] >= COUNTS * (f->as_is + f->hidden))
            c.nodes[c.count++] = i;
    sort_by_alone(f, c.nodes, c.count);
    c.count = c.count < 3 * CANDIDATES ? c.count : 3 * CANDIDATES;
    NS_TRY(ns_dg_parallel(f->session, c.count, knock_out, &c, error));
    double now = f->as_is;
    bool found = true;
    while (found && f->blame_count < MOST_BLAMED)
        NS_TRY(add_one(f, &c, &now, &found, error));
    return NS_OK;
}
