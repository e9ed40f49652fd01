/* What the file no longer shows, estimated: the int8 rounding of weights, the int16 rounding of constants and
 * inputs, and the rounding of 16-bit multipliers, which is the same for all elements of a channel and stays
 * where a large common part is taken off later. Uniform noise of half a step to both sides is added where
 * they stand, and the real-valued self runs again.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/interface.h"
#include "diagnose/findings.h"

enum { JOINT_SEEDS = 24, MOST_SINGLE = 48 };

static const char *const kinds[] = {"weights", "constant", "multiplier", "input"};

typedef struct dither {
    ns_dg_findings *f;
    int count;
    ns_dg_target *targets;
    double *energies;      /* of the joint seeds */
    const unsigned *modes; /* of each node beside the noise; NULL: all ideal */
    bool lost;             /* channels of which all weights are 0 were rounded away, not pruned */
} dither;

static bool is_weight(const ns_operator *op, int operand)
{
    return operand == 1 && (op->op == NS_OP_CONV2D || op->op == NS_OP_DEPTHWISE_CONV2D ||
                            op->op == NS_OP_CONV3D || op->op == NS_OP_TRANSPOSE_CONV2D);
}

/* Is the operand data, rather than a zero point, a shift or a shape? */
static bool is_data(const ns_operator *op, int operand)
{
    switch (op->op) {
    case NS_OP_RESCALE:
    case NS_OP_RESHAPE:
    case NS_OP_TRANSPOSE:
    case NS_OP_TILE:
    case NS_OP_SLICE:
    case NS_OP_PAD:
        return operand == 0;
    case NS_OP_MATMUL:
    case NS_OP_MUL:
    case NS_OP_ADD:
    case NS_OP_SUB:
    case NS_OP_MAXIMUM:
    case NS_OP_MINIMUM:
        return operand < 2;
    case NS_OP_CONCAT:
        return true;
    case NS_OP_SELECT:
        return operand > 0;
    default:
        return false;
    }
}

/* Convolutions that read all input channels with each weight's scale: the last axis of their weights. Others
 * have a scale for each channel. */
static size_t input_channels(const ns_dg_plan *plan, const ns_operator *op)
{
    const ns_tensor *weights = ns_dg_tensor(plan, op->inputs[1]);
    return op->op == NS_OP_DEPTHWISE_CONV2D ? 0 : (size_t)weights->shape[weights->rank - 1];
}

static double largest_of_input(const ns_dg_findings *f, int input)
{
    return ns_dg_largest(f->session->q[0][input].real, f->plan->nodes[input].count);
}

static ns_dg_target *find_target(dither *d, int tensor)
{
    for (int i = 0; i < d->count; i++)
        if (d->targets[i].tensor == tensor)
            return &d->targets[i];
    return NULL;
}

static ns_code add_target(dither *d, int tensor, ns_dg_kind kind, size_t channels, int node, ns_error *error)
{
    const ns_dg_plan *plan = d->f->plan;
    ns_dg_target *known = find_target(d, tensor);
    if (!known) {
        bool inexact = false;
        ns_dg_target fresh = {.tensor = tensor, .input = -1, .kind = kind, .channels = channels};
        NS_TRY(ns_dg_target_look(&fresh, plan, d->f->arena, &inexact, error));
        if (!inexact)
            return NS_OK;
        fresh.touched = NS_ARENA_ARRAY(d->f->arena, (size_t)plan->node_count, bool);
        if (!fresh.touched)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for the dither");
        d->targets[d->count] = fresh;
        known = &d->targets[d->count++];
    }
    known->touched[node] = true;
    return NS_OK;
}

static ns_code find_targets(dither *d, ns_error *error)
{
    const ns_dg_plan *plan = d->f->plan;
    for (int n = plan->input_count; n < plan->node_count; n++)
        for (int i = 0; i < plan->nodes[n].operator_count; i++) {
            const ns_operator *op = ns_dg_operator(plan, plan->nodes[n].operators[i]);
            for (int k = 0; k < op->input_count; k++) {
                const int tensor = op->inputs[k];
                const ns_dtype dtype = ns_dg_tensor(plan, tensor)->dtype;
                if (!plan->values[tensor] || plan->mean_of[tensor] >= 0 ||
                    (dtype != NS_DTYPE_INT8 && dtype != NS_DTYPE_INT16))
                    continue;
                if (op->op == NS_OP_RESCALE && k == 1 && !op->attributes.scale32)
                    NS_TRY(add_target(d, tensor, NS_DG_OF_MULTIPLIER, 0, n, error));
                else if (is_weight(op, k))
                    NS_TRY(add_target(d, tensor, NS_DG_OF_WEIGHTS, input_channels(plan, op), n, error));
                else if (is_data(op, k))
                    NS_TRY(add_target(d, tensor, NS_DG_OF_CONSTANT, 0, n, error));
            }
        }
    for (int i = 0; i < plan->input_count; i++)
        if (!d->f->session->options->real_inputs || !d->f->session->options->real_inputs[i])
            d->targets[d->count++] = (ns_dg_target){.tensor = plan->nodes[i].tensor,
                                                    .input = i,
                                                    .kind = NS_DG_OF_INPUT,
                                                    .largest_code = largest_of_input(d->f, i)};
    return NS_OK;
}

/* What a run changes, in arrays of the worker's pool. */
typedef struct noise {
    ns_dg_overrides overrides;
    double **inputs;
    bool *touched;
    ns_dg_array *arrays;
    bool lost; /* input channels of which all weights are 0 get noise too */
} noise;

/* The tensor's elements with noise of `seed`. */
static ns_code add_noise(const ns_dg_findings *f, ns_dg_worker *worker, const ns_dg_target *t, uint64_t seed,
                         noise *to, ns_error *error)
{
    const ns_dg_plan *plan = f->plan;
    ns_random random = {.state = seed * 1000003u + (uint64_t)t->tensor};
    ns_dg_array *array = ns_dg_take(&worker->pool, ns_tensor_count(ns_dg_tensor(plan, t->tensor)));
    if (!array)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the dither");
    array->next = to->arrays;
    to->arrays = array;
    ns_dg_target_perturb(f, t, &random, to->lost, array->data);
    if (t->input >= 0) {
        to->inputs[t->input] = array->data;
        return NS_OK;
    }
    to->overrides.values[t->tensor] = array->data;
    for (int n = 0; n < plan->node_count; n++)
        to->touched[n] = to->touched[n] || t->touched[n];
    return NS_OK;
}

/* Runs R with the targets [first, end) perturbed. Inputs are perturbed in the first sample only where there
 * are several: their noise is the same in kind. */
static ns_code measure(const dither *d, ns_dg_worker *worker, int first, int end, uint64_t seed,
                       double *energy, ns_error *error)
{
    const ns_dg_plan *plan = d->f->plan;
    noise n = {.overrides = {calloc((size_t)plan->block->tensor_count, sizeof(double *))},
               .touched = calloc((size_t)plan->node_count, sizeof(bool)),
               .inputs = calloc((size_t)plan->input_count + 1, sizeof(double *)),
               .lost = d->lost};
    ns_code code = n.overrides.values && n.touched && n.inputs
                       ? NS_OK
                       : ns_fail(error, NS_ERROR_MEMORY, "no memory for the dither");
    for (int i = first; i < end && code == NS_OK; i++)
        if (d->targets[i].input < 0 || d->f->session->samples == 1)
            code = add_noise(d->f, worker, &d->targets[i], seed, &n, error);
    const ns_dg_change change = {.rest = NS_DG_IDEAL,
                                 .modes = d->modes,
                                 .overrides = &n.overrides,
                                 .touched = n.touched,
                                 .inputs = n.inputs};
    if (code == NS_OK)
        code = ns_dg_measure(d->f->session, worker, &change, energy, error);
    ns_dg_give_all(&worker->pool, &n.arrays);
    free(n.overrides.values);
    free(n.touched);
    free(n.inputs);
    return code;
}

static ns_code run_job(ns_dg_session *session, ns_dg_worker *worker, int index, void *context,
                       ns_error *error)
{
    (void)session;
    dither *d = context;
    if (index < JOINT_SEEDS)
        return measure(d, worker, 0, d->count, (uint64_t)index + 1, &d->energies[index], error);
    const int i = index - JOINT_SEEDS;
    if (d->targets[i].kind == NS_DG_OF_MULTIPLIER) /* never the worst: 15 bits against the weights' 7 */
        return NS_OK;
    return measure(d, worker, i, i + 1, 1000, &d->targets[i].energy, error);
}

static int worst_first(const void *a, const void *b)
{
    const double x = ((const ns_dg_dithered *)a)->energy, y = ((const ns_dg_dithered *)b)->energy;
    return x > y ? -1 : x < y;
}

static int smallest_first(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void empty_pools(ns_dg_session *session)
{
    for (int i = 0; i < session->threads; i++)
        ns_dg_pool_free(&session->workers[i].pool);
}

static double middle(const double *seeds)
{
    return (seeds[JOINT_SEEDS / 2 - 1] + seeds[JOINT_SEEDS / 2]) / 2;
}

/* What it would cost if input channels of which all weights are 0 were rounded away: noted where it matters.
 */
static ns_code measure_lost(dither *d, ns_error *error)
{
    ns_dg_findings *f = d->f;
    double energies[JOINT_SEEDS];
    const ns_dg_target *found = NULL;
    for (int i = 0; i < d->count && !found; i++)
        found = d->targets[i].lost_channels ? &d->targets[i] : NULL;
    if (!found)
        return NS_OK;
    dither lost = *d;
    lost.lost = true;
    lost.energies = energies;
    empty_pools(f->session);
    NS_TRY(ns_dg_parallel(f->session, JOINT_SEEDS, run_job, &lost, error));
    empty_pools(f->session);
    qsort(energies, JOINT_SEEDS, sizeof *energies, smallest_first);
    if (ns_dg_gain(middle(energies) + f->as_is, f->hidden + f->as_is) < NS_DG_LEAST_GAIN)
        return NS_OK;
    f->lost = found;
    f->lost_hidden = middle(energies);
    f->lost_worst = energies[JOINT_SEEDS - 1];
    return NS_OK;
}

ns_code ns_dg_dither(ns_dg_findings *f, ns_error *error)
{
    dither d = {.f = f};
    const size_t tensors = (size_t)f->plan->block->tensor_count;
    d.targets = NS_ARENA_ARRAY(f->arena, tensors + 1, ns_dg_target);
    d.energies = NS_ARENA_ARRAY(f->arena, JOINT_SEEDS, double);
    f->seeds = NS_ARENA_ARRAY(f->arena, JOINT_SEEDS, double);
    f->dithered = NS_ARENA_ARRAY(f->arena, tensors + 1, ns_dg_dithered);
    if (!d.targets || !d.energies || !f->seeds || !f->dithered)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the dither");
    NS_TRY(find_targets(&d, error));
    const bool singly = d.count <= MOST_SINGLE;
    /* Its arrays (all constants anew) are of other sizes than those of the runs before and after. */
    empty_pools(f->session);
    NS_TRY(ns_dg_parallel(f->session, JOINT_SEEDS + (singly ? d.count : 0), run_job, &d, error));
    empty_pools(f->session);
    f->draws = d.energies;
    f->seed_count = JOINT_SEEDS;
    memcpy(f->seeds, f->draws, JOINT_SEEDS * sizeof *f->seeds);
    /* The truth is one draw, and the draws lean to one side: the middle one is nearer to it than the mean. */
    qsort(f->seeds, JOINT_SEEDS, sizeof *f->seeds, smallest_first);
    f->hidden = middle(f->seeds);
    for (int i = 0; singly && i < d.count; i++)
        if (d.targets[i].kind != NS_DG_OF_MULTIPLIER)
            f->dithered[f->dithered_count++] =
                (ns_dg_dithered){d.targets[i].tensor, kinds[d.targets[i].kind], d.targets[i].energy,
                                 d.targets[i].largest_code};
    qsort(f->dithered, (size_t)f->dithered_count, sizeof *f->dithered, worst_first);
    return measure_lost(&d, error);
}

ns_code ns_dg_share_of_draws(ns_dg_findings *f, const int *list, int count, double rest, double least,
                             double *share, ns_error *error)
{
    double energies[JOINT_SEEDS];
    unsigned *modes = NS_ARENA_ARRAY(f->arena, (size_t)f->plan->node_count, unsigned);
    dither d = {.f = f, .energies = energies, .modes = modes};
    d.targets = NS_ARENA_ARRAY(f->arena, (size_t)f->plan->block->tensor_count + 1, ns_dg_target);
    if (!modes || !d.targets)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the dither");
    for (int i = 0; i < f->plan->node_count; i++)
        modes[i] = NS_DG_SAME;
    for (int i = 0; i < count; i++)
        modes[list[i]] = NS_DG_TOSA;
    NS_TRY(find_targets(&d, error));
    empty_pools(f->session);
    NS_TRY(ns_dg_parallel(f->session, JOINT_SEEDS, run_job, &d, error));
    empty_pools(f->session);
    int found = 0;
    for (int i = 0; i < JOINT_SEEDS; i++)
        found += ns_dg_gain(energies[i] + rest, f->draws[i] + rest) >= least;
    *share = (double)found / JOINT_SEEDS;
    return NS_OK;
}
