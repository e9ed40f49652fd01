/* RESCALE: clip((input - input_zp) * multiplier / 2^shift + output_zp).
 *
 * Integers go the way of TOSA, in 64 bits. For a real input (something before was made ideal) the product is
 * rounded; but an inner RESCALE that widens must not round: for integers it does not, for reals it would put
 * the rounding back that was taken away. */
#include <math.h>

#include "diagnose/call.h"

typedef struct factors {
    size_t count; /* 1 or channels */
    double *ratio;
    double *more; /* what double rounding adds to the result, away from 0 */
    int64_t *multiplier;
    int *shift;
    double widest; /* the largest ratio */
    bool twice;    /* does `more` hold anything? */
} factors;

static ns_code read_factors(ns_dg_call *call, factors *f, ns_error *error)
{
    ns_arena *scratch = call->worker->scratch;
    if (call->op->input_count < 5 || !call->shapes[1]->data || !call->shapes[2]->data)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "its multiplier or shift is not a constant");
    f->count = ns_tensor_count(call->shapes[1]);
    f->ratio = NS_ARENA_ARRAY(scratch, f->count, double);
    f->multiplier = NS_ARENA_ARRAY(scratch, f->count, int64_t);
    f->shift = NS_ARENA_ARRAY(scratch, f->count, int);
    f->more = NS_ARENA_ARRAY(scratch, f->count, double);
    if (!f->ratio || !f->multiplier || !f->shift || !f->more)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its factors");
    f->widest = 0;
    f->twice = false;
    const bool twice = call->op->attributes.rounding_mode == NS_DOUBLE_ROUND && (call->mode & NS_DG_TWICE);
    for (size_t i = 0; i < f->count; i++) {
        f->multiplier[i] = ns_tensor_get(call->shapes[1], i);
        f->shift[i] = (int)ns_tensor_get(call->shapes[2], i);
        /* The operand's own element: a perturbed multiplier is real. */
        if (f->multiplier[i] < 0 || f->shift[i] < 2 || f->shift[i] > 62)
            return ns_fail(error, NS_ERROR_UNPREDICTABLE, "multiplier %lld, shift %d: outside their range",
                           (long long)f->multiplier[i], f->shift[i]);
        f->ratio[i] = ldexp(call->inputs[1]->data[i], -f->shift[i]);
        f->more[i] = twice && f->shift[i] > 31 ? ldexp(1, 30 - f->shift[i]) : 0;
        f->twice = f->twice || f->more[i] > 0;
        f->widest = fmax(f->widest, f->ratio[i]);
    }
    return NS_OK;
}

static bool is_power_of_two(double x)
{
    int exponent;
    return x > 0 && frexp(x, &exponent) == 0.5;
}

static double unsigned_zero(double zero, bool is_unsigned, ns_dtype dtype)
{
    return is_unsigned && zero < 0 ? zero + (dtype == NS_DTYPE_INT8 ? 256 : 65536) : zero;
}

/* As TOSA: apply_scale_32 and apply_scale_16, with double rounding where the operator asks for it. */
static inline double exact(double x, int64_t multiplier, int shift, bool twice)
{
    const int64_t v = (int64_t)x;
    int64_t round = (int64_t)1 << (shift - 1);
    if (twice && shift > 31)
        round += v >= 0 ? (int64_t)1 << 30 : -((int64_t)1 << 30);
    return (double)((v * multiplier + round) >> shift);
}

typedef struct walk {
    const double *in;
    double *out;
    double scale, zero_in, zero_out, low, high;
    double doubt; /* of run_doubles */
    bool clamp;
    bool fast; /* doubles tell the integer */
} walk;

/* Elements [first, end), the first of which takes the first factor. */
static void run_integers(const factors *f, const walk *w, size_t first, size_t end, bool twice)
{
    for (size_t i = first, c = 0; i < end; i++) {
        double y =
            exact(w->in[i] * w->scale - w->zero_in, f->multiplier[c], f->shift[c], twice) + w->zero_out;
        if (w->clamp)
            y = y < w->low ? w->low : y > w->high ? w->high : y;
        w->out[i] = y;
        c = c + 1 == f->count ? 0 : c + 1;
    }
}

/* The same in doubles, where those tell the integer: x = (v * multiplier + round) / 2^shift is exact where
 * all products are below 2^51, and else off by less than DOUBT for |x| < REACH (two roundings to 53 bits):
 * its floor is sure where x is not that near to an integer. */
#define EXACT 0x1p51
#define REACH 0x1p30
#define DOUBT 0x1p-20
#define WHOLE 0x1.8p52 /* added and taken off: rounded to an integer */
enum { BLOCK = 64 };

/* `step` 0: one factor for all elements. Is an element in doubt? */
static inline __attribute__((always_inline)) bool run_doubles(const factors *f, const walk *w, size_t first,
                                                              size_t step, size_t count)
{
    const double *in = w->in + first, *ratio = f->ratio, *more = f->more;
    double *restrict out = w->out + first;
    const double scale = w->scale, zero_in = w->zero_in, zero_out = w->zero_out, doubt = w->doubt;
    const double low = w->clamp ? w->low : -INFINITY, high = w->clamp ? w->high : INFINITY;
    double doubtful = 0;
    for (size_t i = 0; i < count; i++) {
        const double v = in[i] * scale - zero_in, add = v < 0 ? -more[i * step] : more[i * step];
        const double x = v * ratio[i * step] + (0.5 + add), y = (x + WHOLE) - WHOLE;
        const double over = y > x ? 1 : 0, whole = y - over + zero_out, away = fabs(x - y);
        const double held = whole < low ? low : whole;
        doubtful = away < doubt ? 1 : doubtful;
        out[i] = held > high ? high : held;
    }
    return doubtful != 0;
}

/* How near to an integer a result must be to be in doubt; negative: none is. False: products leave 64 bits,
 * which they do only where the graph's result is not defined. */
static bool look_at_products(const ns_dg_call *call, const factors *f, walk *w)
{
    const double largest = ns_dg_largest(w->in, call->count) * fabs(w->scale) + fabs(w->zero_in);
    double most = 1;
    int longest = 0;
    for (size_t c = 0; c < f->count; c++) {
        most = fmax(most, (double)f->multiplier[c]);
        longest = f->shift[c] > longest ? f->shift[c] : longest;
    }
    w->doubt = largest * most < EXACT && longest < 51 ? -1 : DOUBT;
    w->fast = largest * f->widest < REACH;
    return largest * most < 0x1p62;
}

NS_DG_LOOP static void run_exact(const ns_dg_call *call, const factors *f, walk *w, bool twice)
{
    const bool fast = w->fast;
    const size_t block = f->count == 1 ? BLOCK : f->count;
    for (size_t i = 0; i < call->count; i += block) {
        const size_t count = call->count - i < block ? call->count - i : block;
        const bool done =
            fast && !(f->count == 1 ? run_doubles(f, w, i, 0, count) : run_doubles(f, w, i, 1, count));
        if (!done)
            run_integers(f, w, i, i + count, twice);
    }
}

NS_DG_LOOP static void run_real(const ns_dg_call *call, const factors *f, const walk *w, bool round)
{
    if (f->count == 1) {
        const double ratio = f->ratio[0], scale = w->scale * ratio, add = w->zero_out - w->zero_in * ratio;
        for (size_t i = 0; i < call->count; i++)
            w->out[i] = w->in[i] * scale + add;
    } else {
        for (size_t i = 0; i < call->count; i += f->count)
            for (size_t c = 0; c < f->count; c++)
                w->out[i + c] = (w->in[i + c] * w->scale - w->zero_in) * f->ratio[c] + w->zero_out;
    }
    for (size_t i = 0, c = 0; f->twice && i < call->count; i++, c = c + 1 == f->count ? 0 : c + 1) {
        const double v = w->in[i] * w->scale - w->zero_in;
        w->out[i] += v < 0 ? -f->more[c] : v > 0 ? f->more[c] : 0;
    }
    if (round)
        for (size_t i = 0; i < call->count; i++)
            w->out[i] = floor(w->out[i] + 0.5);
    if (w->clamp)
        for (size_t i = 0; i < call->count; i++)
            w->out[i] = w->out[i] < w->low ? w->low : w->out[i] > w->high ? w->high : w->out[i];
}

static double values_of(ns_dtype dtype)
{
    return dtype == NS_DTYPE_INT8 ? 256 : 65536;
}

/* Tensors are signed; an unsigned operand's upper half is their lower one. */
static ns_code read_unsigned(ns_dg_call *call, walk *w, ns_error *error)
{
    const double *elements = NULL;
    NS_TRY(ns_dg_elements(call, 0, &elements, error));
    double *copy = ns_dg_scratch(call, call->count);
    if (!copy)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu elements", call->count);
    for (size_t i = 0; i < call->count; i++)
        copy[i] = elements[i] < 0 ? elements[i] + values_of(call->shapes[0]->dtype) : elements[i];
    w->in = copy;
    w->scale = 1;
    return NS_OK;
}

static void store_unsigned(const ns_dg_call *call)
{
    const double most = (double)ns_dtype_max(call->shape->dtype), values = values_of(call->shape->dtype);
    for (size_t i = 0; i < call->count; i++)
        if (call->out->data[i] > most)
            call->out->data[i] -= values;
}

/* The best that the type could do with these values: a step of its own. Types of 8 bits have a zero point of
 * their own too. */
void ns_dg_fit_step(const ns_dg_call *call, double zero)
{
    const bool narrow = call->shape->dtype == NS_DTYPE_INT8;
    double low = 0, high = 0;
    for (size_t i = 0; i < call->count; i++) {
        low = fmin(low, call->out->data[i] - zero);
        high = fmax(high, call->out->data[i] - zero);
    }
    const double step = fmax(narrow ? (high - low) / 255 : fmax(high, -low) / 32767, 1e-30);
    for (size_t i = 0; i < call->count; i++)
        call->out->data[i] = rint((call->out->data[i] - zero) / step) * step + zero;
}

ns_code ns_dg_op_rescale(ns_dg_call *call, ns_error *error)
{
    factors f;
    NS_TRY(read_factors(call, &f, error));
    const ns_attributes *a = &call->op->attributes;
    const ns_dg_value *in = call->inputs[0];
    const ns_dtype dtype = call->shape->dtype;
    const bool inner_rounds = call->mode & NS_DG_INNER;
    const bool rounds = call->final ? call->mode & NS_DG_ROUND : inner_rounds;
    walk w = {.in = in->data,
              .scale = in->scale,
              .zero_in = unsigned_zero(ns_dg_scalar(call, 3), a->input_unsigned, call->shapes[0]->dtype),
              .zero_out = unsigned_zero(ns_dg_scalar(call, 4), a->output_unsigned, dtype),
              .low = (double)ns_dtype_min(dtype),
              .high = (double)ns_dtype_max(dtype)};
    if (a->output_unsigned)
        w.high -= w.low, w.low = 0;
    /* ReLU of a type with zero points is a clip at the zero point: an activation, not a saturation. */
    const bool relu = w.zero_out == w.low && !a->output_unsigned && dtype == NS_DTYPE_INT8;
    w.clamp = call->final ? call->mode & NS_DG_CLAMP : inner_rounds && dtype != NS_DTYPE_INT32;
    const bool factor_only = f.count == 1 && !f.twice && w.zero_in == 0 && w.zero_out == 0 && !w.clamp &&
                             !relu && !a->input_unsigned && !a->output_unsigned;
    const bool widens = is_power_of_two(f.ratio[0]) && f.ratio[0] >= 1;
    if (factor_only && (!rounds || (!call->final && (widens || (!in->integer && f.ratio[0] >= 1)))) &&
        !(call->final && (call->mode & NS_DG_FIT))) {
        *call->out = *in;
        call->out->scale *= f.ratio[0];
        call->out->integer = in->integer && widens;
        if (in->array)
            in->array->references++;
        return NS_OK;
    }
    NS_TRY(ns_dg_make(call, error));
    w.out = call->out->data;
    if (a->input_unsigned)
        NS_TRY(read_unsigned(call, &w, error));
    const bool as_tosa =
        in->integer && call->inputs[1]->integer && rounds && inner_rounds && look_at_products(call, &f, &w);
    if (as_tosa)
        run_exact(call, &f, &w, f.twice);
    else
        run_real(call, &f, &w, rounds && (call->final || f.widest < 1));
    call->out->integer = as_tosa || (rounds && (call->final || f.widest < 1));
    if (relu && call->final && !w.clamp)
        for (size_t i = 0; i < call->count; i++)
            call->out->data[i] = fmax(call->out->data[i], w.low);
    if (call->final && (call->mode & NS_DG_FIT))
        ns_dg_fit_step(call, w.zero_out);
    if (a->output_unsigned)
        store_unsigned(call);
    return NS_OK;
}
