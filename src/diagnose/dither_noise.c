/* Which elements of a tensor the file has rounded, and noise of half a step to both sides for those.
 *
 * Weights of +-127 are exact by construction (the largest of a channel sets its scale), and so is a constant
 * of 32767. Zeros stay where there are many more of them than of +-1: the weights are sparse. All weights
 * that read one input channel may be small beside those that set the scales, though: where none of them is
 * beyond
 * +-2 they were rounded, and where all are 0 nobody knows whether they were pruned or lost. */
#include <math.h>
#include <string.h>

#include "base/interface.h"
#include "diagnose/findings.h"

enum { QUIET = 2 };

static double top_code(ns_dtype dtype)
{
    return dtype == NS_DTYPE_INT16 ? 32767 : 127;
}

static bool keeps_zeros(const ns_dg_target *t)
{
    return t->sparse || t->kind == NS_DG_OF_CONSTANT;
}

/* Which elements are exact already. */
#define POWER_OF_TWO 0x4000 /* a multiplier */
static bool is_exact(const ns_dg_target *t, ns_dtype dtype, double code)
{
    if (t->kind == NS_DG_OF_MULTIPLIER)
        return code == POWER_OF_TWO;
    return fabs(code) >= top_code(dtype) || (code == 0 && keeps_zeros(t));
}

/* ---- input channels of weights ---- */

/* The largest |code| of each input channel, the last axis of a convolution's weights. */
static ns_code find_largest(ns_dg_target *t, const double *codes, size_t count, ns_arena *arena,
                            ns_error *error)
{
    t->largest = NS_ARENA_ARRAY(arena, t->channels, double);
    if (!t->largest)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the dither");
    for (size_t i = 0; i < count; i++)
        t->largest[i % t->channels] = fmax(t->largest[i % t->channels], fabs(codes[i]));
    bool quiet = false;
    for (size_t c = 0; c < t->channels; c++) {
        t->lost_channels += t->largest[c] == 0;
        quiet = quiet || t->largest[c] <= QUIET;
    }
    /* Nothing beside which they could be small; or nothing small. */
    if (!quiet || ns_dg_largest(t->largest, t->channels) < 32 * QUIET) {
        t->largest = NULL;
        t->lost_channels = 0;
    }
    return NS_OK;
}

static bool is_sparse(const ns_dg_target *t, const double *codes, size_t count)
{
    size_t zeros = 0, ones = 0, counted = 0;
    for (size_t i = 0; i < count; i++) {
        if (t->largest && t->largest[i % t->channels] <= QUIET)
            continue;
        zeros += codes[i] == 0;
        ones += fabs(codes[i]) == 1;
        counted++;
    }
    return (double)zeros > 3 * (double)ones / 2 + 0.02 * (double)counted;
}

ns_code ns_dg_target_look(ns_dg_target *t, const ns_dg_plan *plan, ns_arena *arena, bool *inexact,
                          ns_error *error)
{
    const ns_tensor *tensor = ns_dg_tensor(plan, t->tensor);
    const double *codes = plan->values[t->tensor];
    const size_t count = ns_tensor_count(tensor);
    if (t->channels > 1)
        NS_TRY(find_largest(t, codes, count, arena, error));
    t->sparse = is_sparse(t, codes, count);
    t->largest_code = ns_dg_largest(codes, count);
    *inexact = t->largest != NULL;
    for (size_t i = 0; i < count && !*inexact; i++)
        *inexact = !is_exact(t, tensor->dtype, codes[i]);
    return NS_OK;
}

/* ---- noise ---- */

/* How far beyond the range's end elements at it may have been: they are the tails of a normal distribution of
 * which the share `clipped` lies beyond. The rate of the tail's (nearly exponential) fall, per code. */
static double tail_rate(double clipped, double end)
{
    double low = 0, high = 8; /* the end in standard deviations */
    for (int i = 0; i < 50; i++) {
        const double z = (low + high) / 2;
        if (erfc(z * M_SQRT1_2) > clipped)
            low = z;
        else
            high = z;
    }
    return (low + 1 / fmax(low, 1)) * low / end;
}

/* Elements of an input: those at the range's ends may have been beyond. */
static void perturb_input(const ns_dg_findings *f, const ns_dg_target *t, ns_random *random, double *values)
{
    const ns_tensor *tensor = ns_dg_tensor(f->plan, t->tensor);
    const double *from = f->session->q[0][t->input].real;
    const double share = ns_dg_clipped_share(f, t->input), top = top_code(tensor->dtype);
    const double rate = share >= NS_DG_CLIPPED ? tail_rate(share, top) : 0;
    uint64_t bits = 0;
    for (size_t i = 0; i < ns_tensor_count(tensor); i++) {
        bits = i % 2 ? bits >> 32 : ns_random_u64(random);
        const double noise = (double)(uint32_t)bits * 0x1p-32 - 0.5;
        if (rate > 0 && fabs(from[i]) >= top)
            values[i] = from[i] - copysign(log(noise + 0.5 + 0x1p-33) / rate, from[i]);
        else
            values[i] = from[i] + noise;
    }
}

/* Elements of at least `top` are exact, and those that are `exact`. */
NS_DG_LOOP static void add_noise_block(const double *from, const uint32_t *bits, size_t count, double top,
                                       double exact, double *to)
{
    for (size_t i = 0; i < count; i++) {
        const double noise = (double)bits[i] * 0x1p-32 - 0.5, left = fabs(from[i]) >= top ? 0 : noise;
        to[i] = from[i] + (from[i] == exact ? 0 : left);
    }
}

enum { BLOCK = 64 };

/* Zeros of channels in which nothing is large were not pruned; those of lost ones are 0 unless `lost`. */
static void add_noise_channels(const ns_dg_target *t, const double *from, const uint32_t *bits, size_t first,
                               size_t count, bool lost, double *to)
{
    for (size_t i = 0; i < count; i++) {
        const double largest = t->largest[(first + i) % t->channels];
        if (from[i] == 0 && largest <= QUIET && (largest > 0 || lost))
            to[i] = (double)bits[i] * 0x1p-32 - 0.5;
        else if (largest == 0)
            to[i] = 0;
    }
}

static void perturb_constant(const ns_dg_findings *f, const ns_dg_target *t, ns_random *random, bool lost,
                             double *values)
{
    const ns_tensor *tensor = ns_dg_tensor(f->plan, t->tensor);
    const double *from = f->plan->values[t->tensor];
    const double top = t->kind == NS_DG_OF_MULTIPLIER ? INFINITY : top_code(tensor->dtype);
    const double exact = t->kind == NS_DG_OF_MULTIPLIER ? POWER_OF_TWO : keeps_zeros(t) ? 0 : NAN;
    const size_t count = ns_tensor_count(tensor);
    for (size_t i = 0; i < count; i += BLOCK) {
        const size_t n = count - i < BLOCK ? count - i : BLOCK;
        uint32_t bits[BLOCK];
        for (size_t k = 0; k < n; k += 2) {
            const uint64_t both = ns_random_u64(random);
            bits[k] = (uint32_t)both;
            bits[k + 1] = (uint32_t)(both >> 32);
        }
        add_noise_block(from + i, bits, n, top, exact, values + i);
        if (t->largest)
            add_noise_channels(t, from + i, bits, i, n, lost, values + i);
    }
}

void ns_dg_target_perturb(const ns_dg_findings *f, const ns_dg_target *t, ns_random *random, bool lost,
                          double *values)
{
    if (t->input >= 0)
        perturb_input(f, t, random, values);
    else
        perturb_constant(f, t, random, lost, values);
}
