#include "num/interface.h"

ns_fixed_scale ns_fixed_scale_of(double value)
{
    ns_fixed_scale scale = {0, 0};
    if (!isfinite(value) || value == 0)
        return scale;
    int64_t fixed = (int64_t)round(frexp(value, &scale.shift) * 2147483648.0);
    if (fixed == (int64_t)1 << 31) {
        fixed /= 2;
        scale.shift++;
    }
    if (scale.shift < -31)
        return (ns_fixed_scale){0, 0};
    scale.multiplier = (int32_t)fixed;
    return scale;
}

int32_t ns_fixed_high_multiply(int32_t a, int32_t b)
{
    if (a == INT32_MIN && b == INT32_MIN)
        return INT32_MAX;
    const int64_t product = (int64_t)a * b;
    const int64_t nudge = product >= 0 ? (int64_t)1 << 30 : 1 - ((int64_t)1 << 30);
    return (int32_t)((product + nudge) / ((int64_t)1 << 31));
}

int32_t ns_fixed_divide_pot(int32_t value, int exponent)
{
    if (exponent <= 0)
        return value;
    if (exponent > 31)
        return 0;
    const int64_t mask = ((int64_t)1 << exponent) - 1;
    const int64_t remainder = value & mask, threshold = (mask >> 1) + (value < 0);
    return (int32_t)(((int64_t)value >> exponent) + (remainder > threshold));
}

int32_t ns_fixed_multiply(int32_t value, ns_fixed_scale scale)
{
    const int left = scale.shift > 0 ? scale.shift : 0, right = scale.shift > 0 ? 0 : -scale.shift;
    const int32_t shifted = left > 31 ? 0 : (int32_t)((uint32_t)value << left);
    return ns_fixed_divide_pot(ns_fixed_high_multiply(shifted, scale.multiplier), right);
}

int32_t ns_fixed_multiply_wide(int64_t value, ns_fixed_scale scale)
{
    const int32_t reduced = scale.multiplier < 0x7FFF0000 ? (scale.multiplier + (1 << 15)) >> 16 : 0x7FFF;
    const int shift = 15 - scale.shift;
    if (shift < 1 || shift > 62)
        return 0;
    return (int32_t)(((__int128)value * reduced + ((__int128)1 << (shift - 1))) >> shift);
}

int32_t ns_fixed_saturating_shift(int32_t value, int exponent)
{
    const int64_t shifted = (int64_t)value * ((int64_t)1 << exponent);
    return shifted > INT32_MAX ? INT32_MAX : shifted < INT32_MIN ? INT32_MIN : (int32_t)shifted;
}

/* exp(value) for Q0.31 values from -1/4 up to but not 0: the Taylor series around -1/8. */
static int32_t exp_quarter(int32_t value)
{
    const int32_t exp_eighth = 1895147668, third = 715827883; /* exp(-1/8), 1/3 */
    const int32_t x = value + (1 << 28);
    const int32_t x2 = ns_fixed_high_multiply(x, x), x3 = ns_fixed_high_multiply(x2, x);
    const int32_t x4 = ns_fixed_high_multiply(x2, x2);
    const int32_t inner = ns_fixed_high_multiply(ns_fixed_divide_pot(x4, 2) + x3, third) + x2;
    return exp_eighth + ns_fixed_high_multiply(exp_eighth, x + ns_fixed_divide_pot(inner, 1));
}

int32_t ns_fixed_exp(int32_t value, int integer_bits)
{
    /* exp(-2^i) for i = -2 .. 4. */
    static const int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    const int fraction = 31 - integer_bits;
    const int32_t quarter = 1 << (fraction - 2);
    if (value == 0)
        return INT32_MAX;
    const int32_t modulo = (value & (quarter - 1)) - quarter, rest = modulo - value;
    int32_t result = exp_quarter(ns_fixed_saturating_shift(modulo, integer_bits));
    for (int i = 0; i < 7; i++)
        if (integer_bits > i - 2 && rest & (1 << (fraction + i - 2)))
            result = ns_fixed_high_multiply(result, factors[i]);
    return result;
}

int32_t ns_fixed_reciprocal_of_one_plus(int32_t value)
{
    /* Half of 1 + value, halves rounded away from zero. */
    const int64_t sum = (int64_t)value + INT32_MAX;
    const int32_t half = (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
    const int32_t c48_17 = 1515870810, c32_17 = -1010580540; /* 48/17 and -32/17 in Q2.29 */
    const int32_t one = 1 << 29;
    int32_t x = c48_17 + ns_fixed_high_multiply(half, c32_17);
    for (int i = 0; i < 3; i++) { /* Newton-Raphson */
        const int32_t rest = one - ns_fixed_high_multiply(half, x);
        x += ns_fixed_saturating_shift(ns_fixed_high_multiply(x, rest), 2);
    }
    return ns_fixed_saturating_shift(x, 1);
}

int32_t ns_fixed_logistic_q4(int32_t value)
{
    if (value == 0)
        return 1 << 30;
    /* gemmlowp negates Q4.27 as it stands; -16 has no counterpart and is its own. */
    const int32_t minus = value > 0 ? -value : value;
    const int32_t positive = ns_fixed_reciprocal_of_one_plus(ns_fixed_exp(minus, 4));
    return value > 0 ? positive : INT32_MAX - positive;
}

int32_t ns_fixed_input_radius(int integer_bits, int left_shift)
{
    const double most = 1.0 * ((1 << integer_bits) - 1) * (double)((int64_t)1 << (31 - integer_bits)) /
                        ldexp(1.0, left_shift);
    return (int32_t)floor(most);
}

#define SOFTMAX_BITS 5 /* of a difference, before the point */
#define SUM_BITS 12    /* of a row's sum, before the point */

static int32_t exp_of(ns_fixed_scale scale, int32_t difference)
{
    return ns_fixed_exp(ns_fixed_multiply(difference, scale), SOFTMAX_BITS);
}

bool ns_fixed_softmax(ns_fixed_scale scale, int32_t least, const int32_t *in, size_t depth, int bits,
                      int32_t *out)
{
    int32_t greatest = INT32_MIN;
    uint32_t sum = 0;
    for (size_t c = 0; c < depth; c++)
        greatest = in[c] > greatest ? in[c] : greatest;
    for (size_t c = 0; c < depth; c++)
        if (in[c] - greatest >= least)
            sum += (uint32_t)ns_fixed_divide_pot(exp_of(scale, in[c] - greatest), SUM_BITS);
    const int headroom = sum ? __builtin_clz(sum) : 32, exponent = SUM_BITS - headroom + 31 - bits;
    if (exponent < 0 || exponent > 31 || headroom > 31)
        return false;
    const int32_t inverse = ns_fixed_reciprocal_of_one_plus((int32_t)((sum << headroom) - (1u << 31)));
    for (size_t c = 0; c < depth; c++) {
        const int32_t difference = in[c] - greatest;
        out[c] =
            difference < least
                ? 0
                : ns_fixed_divide_pot(ns_fixed_high_multiply(inverse, exp_of(scale, difference)), exponent);
    }
    return true;
}
