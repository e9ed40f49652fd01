/* Which scales, were they others, bring the graph's real-valued self nearest to a reference: every RESCALE's
 * multiplier and every bias a little larger and smaller first, where a parabola through the three distances
 * promises most over factors of up to 16; up to MOST of them, one after the other, and those that are taken
 * again with each new one. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/findings.h"

enum { MOST = NS_DG_MOST_SCALES, TRIED = 12, TURNED = 4, QUARTERS = 16, HALVINGS = 10 };
#define SMALL 0.1 /* octaves of the first look */
#define LEAST_DROP \
    1.5             /* what one of them must bring, times: where several are wrong, one alone brings little */
#define SPARED 1.25 /* one without which the distance is no more than this many times as far is none */

typedef ns_dg_knob knob;
typedef ns_dg_scale_search search;

/* ---- runs ---- */

/* R with the constants of `list` made larger, against the reference. */
static ns_code measure(const search *s, ns_dg_worker *worker, const knob *list, int count, double *energy,
                       ns_error *error)
{
    const ns_dg_plan *plan = s->f->plan;
    ns_dg_overrides overrides = {calloc((size_t)plan->block->tensor_count, sizeof(double *))};
    bool *touched = calloc((size_t)plan->node_count, sizeof *touched);
    ns_dg_array *arrays = NULL;
    ns_code code =
        overrides.values && touched ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a run");
    for (int k = 0; k < count && code == NS_OK; k++) {
        const size_t elements = ns_tensor_count(ns_dg_tensor(plan, list[k].tensor));
        ns_dg_array *array = ns_dg_take(&worker->pool, elements);
        if (!array) {
            code = ns_fail(error, NS_ERROR_MEMORY, "no memory for a run");
            break;
        }
        array->next = arrays;
        arrays = array;
        for (size_t i = 0; i < elements; i++)
            array->data[i] = plan->values[list[k].tensor][i] * exp2(list[k].octaves);
        overrides.values[list[k].tensor] = array->data;
        for (int n = plan->input_count; n < plan->node_count; n++)
            for (int o = 0; o < plan->nodes[n].operator_count; o++) {
                const ns_operator *op = ns_dg_operator(plan, plan->nodes[n].operators[o]);
                for (int i = 0; i < op->input_count; i++)
                    touched[n] = touched[n] || op->inputs[i] == list[k].tensor;
            }
    }
    const ns_dg_change change = {.rest = NS_DG_IDEAL,
                                 .overrides = &overrides,
                                 .touched = touched,
                                 .against = NS_DG_AGAINST_REFERENCE,
                                 .any_scale = s->any_scale};
    if (code == NS_OK)
        code = ns_dg_measure(s->f->session, worker, &change, energy, error);
    ns_dg_give_all(&worker->pool, &arrays);
    free(overrides.values);
    free(touched);
    return code;
}

/* With those that are taken, and one more. */
static ns_code measure_with(const search *s, ns_dg_worker *worker, knob one, double octaves, double *energy,
                            ns_error *error)
{
    knob list[MOST + 1];
    memcpy(list, s->taken, (size_t)s->taken_count * sizeof *list);
    one.octaves = octaves;
    list[s->taken_count] = one;
    return measure(s, worker, list, s->taken_count + 1, energy, error);
}

/* ---- the search ---- */

double ns_dg_scale_distance(const search *s)
{
    return s->taken_count ? s->taken[s->taken_count - 1].energy : s->as_is;
}

/* A parabola through three near points tells what a small error promises; behind a table that saturates, or a
 * clamp, near points are all alike, and only far ones tell. */
static ns_code look(ns_dg_session *session, ns_dg_worker *worker, int index, void *context, ns_error *error)
{
    static const double far[] = {-2, -1, -0.5, 0.5, 1, 2};
    search *s = context;
    knob *k = &s->knobs[index];
    double more = 0, less = 0, energy = 0;
    (void)session;
    const double now = ns_dg_scale_distance(s);
    NS_TRY(measure_with(s, worker, *k, SMALL, &more, error));
    NS_TRY(measure_with(s, worker, *k, -SMALL, &less, error));
    const double slope = (more - less) / (2 * SMALL), curve = (more + less - 2 * now) / (SMALL * SMALL);
    k->promise = curve > 0 ? slope * slope / (2 * curve) : fabs(slope);
    k->octaves = more < less ? SMALL : -SMALL;
    k->promise = fmin(k->promise, now);
    for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
        NS_TRY(measure_with(s, worker, *k, far[i], &energy, error));
        if (now - energy > k->promise) {
            k->promise = now - energy;
            k->octaves = far[i];
        }
    }
    return NS_OK;
}

static ns_code walk(ns_dg_session *session, ns_dg_worker *worker, int index, void *context, ns_error *error)
{
    search *s = context;
    knob *k = &s->knobs[index];
    const double side = copysign(0.25, k->octaves);
    double energy = 0, best = 0, step = 0.25;
    (void)session;
    k->energy = INFINITY;
    for (int i = 1; i <= QUARTERS; i++) {
        NS_TRY(measure_with(s, worker, *k, i * side, &energy, error));
        if (energy < k->energy) {
            k->energy = energy;
            best = i * side;
        }
    }
    for (int i = 0; i < HALVINGS; i++, step /= 2)
        for (int sign = -1; sign <= 1; sign += 2) {
            const double at = best + sign * step / 2;
            NS_TRY(measure_with(s, worker, *k, at, &energy, error));
            if (energy < k->energy) {
                k->energy = energy;
                best = at;
            }
        }
    k->octaves = best;
    return NS_OK;
}

static int most_promising(const void *a, const void *b)
{
    const double x = ((const knob *)a)->promise, y = ((const knob *)b)->promise;
    return x > y ? -1 : x < y;
}

static void add_knob(search *s, int tensor, int node, int op)
{
    for (int i = 0; i < s->count; i++)
        if (s->knobs[i].tensor == tensor)
            return;
    if (s->f->plan->values[tensor])
        s->knobs[s->count++] = (knob){.tensor = tensor, .node = node, .op = op};
}

static void find_knobs(search *s, bool biases)
{
    const ns_dg_plan *plan = s->f->plan;
    for (int n = plan->input_count; n < plan->node_count; n++)
        for (int i = 0; i < plan->nodes[n].operator_count; i++) {
            const int index = plan->nodes[n].operators[i];
            const ns_operator *op = ns_dg_operator(plan, index);
            if (op->op == NS_OP_RESCALE)
                add_knob(s, op->inputs[1], n, index);
            else if (!biases)
                continue;
            else if (op->op == NS_OP_CONV2D || op->op == NS_OP_DEPTHWISE_CONV2D ||
                     op->op == NS_OP_TRANSPOSE_CONV2D || op->op == NS_OP_CONV3D)
                add_knob(s, op->inputs[2], n, index);
        }
}

/* The distance with all that are taken as they are. */
static ns_code measure_taken(search *s, ns_error *error)
{
    double energy = 0;
    NS_TRY(measure(s, &s->f->session->workers[0], s->taken, s->taken_count, &energy, error));
    s->taken[s->taken_count - 1].energy = energy;
    return NS_OK;
}

typedef struct step {
    search *s;
    int which;   /* of those that are taken */
    double size; /* octaves, to both sides */
    double energy[2];
} step;

static ns_code try_side(ns_dg_session *session, ns_dg_worker *worker, int side, void *context,
                        ns_error *error)
{
    step *t = context;
    knob list[MOST];
    (void)session;
    memcpy(list, t->s->taken, sizeof list);
    list[t->which].octaves += side ? t->size : -t->size;
    return measure(t->s, worker, list, t->s->taken_count, &t->energy[side], error);
}

/* What was best for one while the others were wrong need not be with them right: each in turn, in smaller and
 * smaller steps. */
enum { ROUNDS = 12 };
static ns_code refine(search *s, ns_error *error)
{
    double size = 0.5;
    for (int round = 0; round < ROUNDS && s->taken_count > 1; round++) {
        bool moved = false;
        for (int i = 0; i < s->taken_count; i++) {
            step t = {s, i, size, {INFINITY, INFINITY}};
            NS_TRY(ns_dg_parallel(s->f->session, 2, try_side, &t, error));
            const int side = t.energy[1] < t.energy[0];
            if (!(t.energy[side] < ns_dg_scale_distance(s)))
                continue;
            s->taken[i].octaves += side ? size : -size;
            s->taken[s->taken_count - 1].energy = t.energy[side];
            moved = true;
        }
        size = moved ? size : size / 2;
    }
    return NS_OK;
}

/* Those that the later ones have made needless. */
static ns_code spare(search *s, ns_error *error)
{
    for (int i = 0; i < s->taken_count && s->taken_count > 1; i++) {
        const search kept = *s;
        memmove(&s->taken[i], &s->taken[i + 1], (size_t)(s->taken_count - i - 1) * sizeof *s->taken);
        s->taken_count--;
        NS_TRY(measure_taken(s, error));
        NS_TRY(refine(s, error));
        if (ns_dg_scale_distance(s) > SPARED * ns_dg_scale_distance(&kept))
            *s = kept;
        else
            i--;
    }
    return NS_OK;
}

static int nearest(const void *a, const void *b)
{
    const double x = ((const knob *)a)->energy, y = ((const knob *)b)->energy;
    return x < y ? -1 : x > y;
}

/* One more: of those that come nearest alone the one that does so once all are turned. *found: it brings what
 * it must.
 */
static ns_code take_one(search *s, bool *found, ns_error *error)
{
    const double now = ns_dg_scale_distance(s);
    const int tried = s->count < TRIED ? s->count : TRIED;
    search best = *s;
    NS_TRY(ns_dg_parallel(s->f->session, s->count, look, s, error));
    qsort(s->knobs, (size_t)s->count, sizeof *s->knobs, most_promising);
    NS_TRY(ns_dg_parallel(s->f->session, tried, walk, s, error));
    qsort(s->knobs, (size_t)tried, sizeof *s->knobs, nearest);
    int which = -1;
    for (int i = 0; i < tried && i < TURNED; i++) {
        search with = *s;
        with.taken[with.taken_count++] = s->knobs[i];
        NS_TRY(refine(&with, error));
        if (which < 0 || ns_dg_scale_distance(&with) < ns_dg_scale_distance(&best)) {
            best = with;
            which = i;
        }
    }
    *found = which >= 0 && ns_dg_scale_distance(&best) < now / LEAST_DROP;
    if (!*found)
        return NS_OK;
    *s = best;
    s->knobs[which] = s->knobs[--s->count];
    return NS_OK;
}

/* Are scales of outputs fitted to a graph that is another model? */
static bool fits_outputs(const ns_dg_findings *f)
{
    const ns_diagnose_options *options = f->session->options;
    bool fits = false;
    for (int i = 0; i < f->plan->block->output_count; i++)
        fits = fits ||
               (options->references[i] && !(options->reference_scales && options->reference_scales[i] > 0));
    return fits;
}

ns_code ns_dg_search_scales(ns_dg_findings *f, bool biases, double worst, search *s, ns_error *error)
{
    bool found =
        ns_dg_hand_input(f) < 0 || f->rails < NS_DG_CLIPPED; /* else the input is the first to look at */
    *s = (search){.f = f,
                  .any_scale = fits_outputs(f),
                  .knobs = NS_ARENA_ARRAY(f->arena, (size_t)f->plan->block->tensor_count + 1, knob)};
    if (!s->knobs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the scales");
    find_knobs(s, biases);
    NS_TRY(measure(s, &f->session->workers[0], NULL, 0, &s->as_is, error));
    while (found && s->taken_count < MOST && ns_dg_scale_distance(s) > worst)
        NS_TRY(take_one(s, &found, error));
    return spare(s, error);
}
