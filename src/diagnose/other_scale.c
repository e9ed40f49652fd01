/* The reference is not what the graph computes: which stage would have to take something for larger or
 * smaller to bring both together?
 *
 * A graph is its own truth: where a lowering takes one operation for another's equal, quantises a bias for
 * another input or drops a RESCALE, nothing in it looks wrong. But with the float model's outputs every
 * multiplier of a RESCALE and every bias can be tried: a little larger and smaller first, and where a
 * parabola through the three distances promises most, over factors of up to 16. Up to MOST of them, one after
 * the other. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/findings.h"

enum { MOST = 4, TRIED = 12, QUARTERS = 16, HALVINGS = 10 };
#define SMALL 0.1    /* octaves of the first look */
#define LEAST_DROP 2 /* what one of them must bring, times */
#define EXPLAINED 10 /* and all together, where the roundings' estimate is not reached */

/* A multiplier of a RESCALE or a bias, of all who read that constant. */
typedef struct knob {
    int tensor, node, op; /* of its first reader */
    double octaves;       /* what it is made larger by */
    double energy, promise;
} knob;

typedef struct search {
    ns_dg_findings *f;
    int count;
    knob *knobs;
    double as_is; /* the distance that is to be explained */
    bool any_scale;
    int taken_count;
    knob taken[MOST];
} search;

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

static double distance(const search *s)
{
    return s->taken_count ? s->taken[s->taken_count - 1].energy : s->as_is;
}

static ns_code look(ns_dg_session *session, ns_dg_worker *worker, int index, void *context, ns_error *error)
{
    search *s = context;
    knob *k = &s->knobs[index];
    double more = 0, less = 0;
    (void)session;
    const double now = distance(s);
    NS_TRY(measure_with(s, worker, *k, SMALL, &more, error));
    NS_TRY(measure_with(s, worker, *k, -SMALL, &less, error));
    const double slope = (more - less) / (2 * SMALL), curve = (more + less - 2 * now) / (SMALL * SMALL);
    k->promise = curve > 0 ? slope * slope / (2 * curve) : fabs(slope);
    k->octaves = more < less ? SMALL : -SMALL;
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

static void find_knobs(search *s)
{
    const ns_dg_plan *plan = s->f->plan;
    for (int n = plan->input_count; n < plan->node_count; n++)
        for (int i = 0; i < plan->nodes[n].operator_count; i++) {
            const int index = plan->nodes[n].operators[i];
            const ns_operator *op = ns_dg_operator(plan, index);
            if (op->op == NS_OP_RESCALE)
                add_knob(s, op->inputs[1], n, index);
            else if (op->op == NS_OP_CONV2D || op->op == NS_OP_DEPTHWISE_CONV2D ||
                     op->op == NS_OP_TRANSPOSE_CONV2D || op->op == NS_OP_CONV3D)
                add_knob(s, op->inputs[2], n, index);
        }
}

/* One more; *found: it brings what it must. */
static ns_code take_one(search *s, bool *found, ns_error *error)
{
    const double now = distance(s);
    const int tried = s->count < TRIED ? s->count : TRIED;
    NS_TRY(ns_dg_parallel(s->f->session, s->count, look, s, error));
    qsort(s->knobs, (size_t)s->count, sizeof *s->knobs, most_promising);
    NS_TRY(ns_dg_parallel(s->f->session, tried, walk, s, error));
    int best = 0;
    for (int i = 1; i < tried; i++)
        if (s->knobs[i].energy < s->knobs[best].energy)
            best = i;
    *found = tried && s->knobs[best].energy < now / LEAST_DROP;
    if (!*found)
        return NS_OK;
    s->taken[s->taken_count++] = s->knobs[best];
    s->knobs[best] = s->knobs[--s->count];
    return NS_OK;
}

/* ---- what is said ---- */

static const char *sentence(const ns_dg_findings *f, const knob *k)
{
    const ns_dg_plan *plan = f->plan;
    const ns_operator *op = ns_dg_operator(plan, k->op);
    const bool own = k->op == plan->nodes[k->node].final;
    const char *what =
        op->op != NS_OP_RESCALE ? "its bias"
        : own                   ? "its result"
              : ns_arena_format(f->arena, "what it reads of '%s'", ns_dg_name(plan, op->inputs[0]));
    return ns_arena_format(
        f->arena,
        "scale: were %s %.4g times as large, the reference would be %.1f dB from the graph's "
        "real-valued self",
        what ? what : "", exp2(k->octaves), ns_dg_db(k->energy));
}

/* No dB are known. */
static ns_diagnose_blame unmeasured(int stage, const char *why)
{
    return (ns_diagnose_blame){.stage = stage,
                               .cause = NS_DIAGNOSE_CAUSE_SCALE,
                               .why = why,
                               .gain_db = NAN,
                               .now_db = NAN,
                               .knocked_out_db = NAN,
                               .mended_db = NAN,
                               .joint_db = NAN};
}

static ns_code blame(const search *s, ns_diagnose_precision *out, ns_error *error)
{
    ns_dg_findings *f = s->f;
    out->blame = NS_ARENA_ARRAY(f->arena, MOST, ns_diagnose_blame);
    if (!out->blame)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the blamed");
    for (int i = 0; i < s->taken_count; i++) {
        out->blame[i] = unmeasured(s->taken[i].node - f->plan->input_count, sentence(f, &s->taken[i]));
        if (!out->blame[i].why)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for the blamed");
    }
    out->blame_count = s->taken_count;
    out->without_faults_db = ns_dg_db(distance(s));
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

ns_code ns_dg_blame_scales(ns_dg_findings *f, ns_diagnose_precision *out, ns_error *error)
{
    search s = {.f = f,
                .any_scale = fits_outputs(f),
                .knobs = NS_ARENA_ARRAY(f->arena, (size_t)f->plan->block->tensor_count + 1, knob)};
    bool found =
        ns_dg_hand_input(f) < 0 || f->rails < NS_DG_CLIPPED; /* else the input is the first to look at */
    double worst = 0;
    if (!s.knobs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the scales");
    find_knobs(&s);
    for (int i = 0; i < f->seed_count; i++)
        worst = fmax(worst, f->seeds[i]);
    NS_TRY(measure(&s, &f->session->workers[0], NULL, 0, &s.as_is, error));
    while (found && s.taken_count < MOST && distance(&s) > worst)
        NS_TRY(take_one(&s, &found, error));
    /* Another scale of the input by hand explains as much: what a stage reads of it would do the same. */
    if (f->input_distance > 0 && distance(&s) > f->input_distance / 4)
        return NS_OK;
    if (!s.taken_count || (distance(&s) > s.as_is / EXPLAINED && distance(&s) > worst))
        return NS_OK;
    out->reason = ns_diagnose_cause_sentence(NS_DIAGNOSE_CAUSE_SCALE);
    return blame(&s, out, error);
}
