/* Every pair of types, rounding and step of RESCALE's loop against plain C. */
#include "support/kernels.h"

enum { MOST = 200 };

static const int in_bits[4] = {8, 16, 32, 48}, out_bits[3] = {8, 16, 32};

static void put_input(void *in, size_t i, int type, int64_t value)
{
    memcpy((char *)in + (i << type), &value, (size_t)1 << type);
}

/* Parameters as the evaluator passes them on; `mode`: 0 scale16, 1 scale32, 2 scale32 with double rounding,
 * 3 and 4 unsigned input with scale16 and scale32. */
static ns_rescale parameters(ns_random *random, int in, int out, int mode)
{
    ns_rescale rescale = {
        .input_unsigned = mode >= 3,
        .wide = mode == 1 || mode == 2 || mode == 4,
        .double_round = mode == 2,
        .low = (int32_t) - (INT64_C(1) << (out_bits[out] - 1)),
        .high = (int32_t)((INT64_C(1) << (out_bits[out] - 1)) - 1),
    };
    if (in == 0)
        rescale.input_zero_point = (int32_t)test_edge_value(random, 8) + (mode >= 3 ? 128 : 0);
    if (in == 1 && mode >= 3)
        rescale.input_zero_point = 32768;
    if (out == 0)
        rescale.output_zero_point = (int32_t)test_edge_value(random, 8);
    if (out < 2 && ns_random_u64(random) % 2) {
        rescale.low = 0;
        rescale.high = (1 << out_bits[out]) - 1;
        rescale.output_zero_point = out == 0 ? rescale.output_zero_point + 128 : 32768;
    }
    return rescale;
}

typedef struct row_case {
    int in_type, out_type, mode, step;
    size_t count;
    bool clean;
} row_case;

static void check_row(const ns_kernels *kernels, const char *text, const row_case *row, ns_random *random)
{
    const int in_type = row->in_type, out_type = row->out_type, mode = row->mode, step = row->step;
    const size_t count = row->count;
    static _Alignas(64) char in[MOST * 8], expected[MOST * 4 + 8], got[MOST * 4 + 8];
    static int32_t multipliers[MOST];
    static int8_t shifts[MOST];
    const ns_rescale rescale = parameters(random, in_type, out_type, mode);
    ns_rescale_row plain = ns_rescale_rows_c[in_type][out_type];
    for (size_t i = 0; i < count; i++)
        for (int attempt = 0; attempt < 64; attempt++) {
            int64_t unused;
            put_input(in, i, in_type, test_edge_value(random, in_bits[in_type]));
            if (i == 0 || step) {
                multipliers[i] = (int32_t)(test_edge_value(random, 32) & (rescale.wide ? INT32_MAX : 32767));
                shifts[i] = (int8_t)ns_random_range(random, 2, 62);
            }
            if (!row->clean || !plain(&rescale, in + (i << in_type), multipliers + (step ? i : 0),
                                      shifts + (step ? i : 0), 0, &unused, 1))
                break;
        }
    memset(expected, 0x55, sizeof expected);
    memset(got, 0x55, sizeof got);
    bool fault = plain(&rescale, in, multipliers, shifts, step, expected, count);
    bool found = (*kernels->rescale)[in_type][out_type](&rescale, in, multipliers, shifts, step, got, count);
    if (found != fault || (!fault && memcmp(expected, got, sizeof got)))
        fail_msg("%s: int%d to int%d, mode %d, step %d, %zu elements, zero points %d and %d, multiplier %d, "
                 "shift %d: fault %d, expected %d, or values differ",
                 text, in_bits[in_type], out_bits[out_type], mode, step, count, rescale.input_zero_point,
                 rescale.output_zero_point, multipliers[0], shifts[0], found, fault);
}

/* Every shift, with one scale for all and the multipliers at the ends: int16 and int32, whose loops depend on
 * it most. Values are drawn anew where one would be at fault, but for one of 40 rows. */
static void check_shifts(const ns_kernels *kernels, const char *text, ns_random *random)
{
    static const int32_t multipliers[] = {0, 1, 2, 1 << 30, (1 << 30) - 1, INT32_MAX};
    int16_t shorts[MOST];
    int32_t in[MOST], expected[MOST], got[MOST];
    for (int shift = 2; shift <= 62; shift++)
        for (int round = 0; round < 96; round++) {
            const int which = round % 8, in_type = 1 + round / 8 % 2, out_type = 1 + round / 16 % 2;
            const ns_rescale rescale = parameters(random, in_type, 2, round < 48 ? 1 : 2);
            const int32_t m = which < 6 ? multipliers[which] : (int32_t)ns_random_range(random, 0, INT32_MAX);
            const bool is_clean = ns_random_u64(random) % 40;
            ns_rescale kept = rescale;
            if (out_type == 1) {
                kept.low = INT16_MIN;
                kept.high = INT16_MAX;
            }
            const int8_t s = (int8_t)shift;
            for (size_t i = 0; i < MOST; i++) {
                in[i] = (int32_t)test_edge_value(random, in_type == 1 ? 16 : 32);
                if (is_clean && shift < in_bits[in_type])
                    in[i] >>= in_bits[in_type] - shift;
                shorts[i] = (int16_t)in[i];
            }
            const void *from = in_type == 1 ? (const void *)shorts : in;
            memset(expected, 0x55, sizeof expected);
            memset(got, 0x55, sizeof got);
            const bool fault = ns_rescale_rows_c[in_type][out_type](&kept, from, &m, &s, 0, expected, MOST);
            const bool found = (*kernels->rescale)[in_type][out_type](&kept, from, &m, &s, 0, got, MOST);
            if (found != fault || (!fault && memcmp(expected, got, sizeof got)))
                fail_msg("%s: int%d to int%d, multiplier %d, shift %d, double %d: fault %d, expected %d, or "
                         "values differ",
                         text, in_bits[in_type], out_bits[out_type], m, shift, kept.double_round, found,
                         fault);
        }
}

static void check(const ns_kernels *kernels, const char *text)
{
    static const size_t counts[] = {0, 1, 3, 8, 15, 16, 17, 33, 64, 65, MOST};
    ns_random random = {2};
    for (int in = 0; in < 4; in++)
        for (int out = 0; out < 3; out++)
            for (int mode = 0; mode < 5; mode++)
                for (int step = 0; step < 2; step++)
                    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
                        for (int clean = 0; clean < 4; clean++) {
                            bool is_scale32 = mode == 1 || mode == 2 || mode == 4;
                            if ((in == 3 && is_scale32) || (in > 1 && mode >= 3))
                                continue;
                            check_row(kernels, text, &(row_case){in, out, mode, step, counts[c], clean > 0},
                                      &random);
                        }
    check_shifts(kernels, text, &random);
}

/* apply_scale_32 of the specification, by hand: (value * multiplier + rounding) >> shift. */
static void plain_values(void **state)
{
    (void)state;
    static const struct {
        int32_t value, multiplier, shift;
        bool double_round;
        int32_t result;
        bool fault;
    } cases[] = {
        {5, 1 << 30, 31, false, 3, false},          /* 2.5 */
        {-5, 1 << 30, 31, false, -2, false},        /* -2.5: halves up */
        {5, 1 << 30, 31, true, 3, false},           /* no second rounding below shift 32 */
        {-3, 1 << 30, 32, true, -1, false},         /* -0.75, less 2^-2: -1 */
        {3, 1 << 30, 32, true, 1, false},           /* 0.75 + 0.25 + 0.5 = 1.5 */
        {1, 1 << 30, 32, true, 1, false},           /* 0.25 + 0.25 + 0.5 = 1 */
        {1, 1 << 30, 32, false, 0, false},          /* 0.25 + 0.5 */
        {2, 1 << 30, 2, false, 0, true},            /* outside [-2, 2) */
        {1, INT32_MAX, 2, false, 1 << 29, false},   /* (2^31 - 1 + 2) >> 2 */
        {INT32_MIN, INT32_MAX, 31, false, 0, true}, /* outside [-2^30, 2^30) */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const ns_rescale rescale = {
            .low = INT32_MIN, .high = INT32_MAX, .wide = true, .double_round = cases[i].double_round};
        int8_t shift = (int8_t)cases[i].shift;
        int32_t result = 0;
        bool fault =
            ns_rescale_rows_c[2][2](&rescale, &cases[i].value, &cases[i].multiplier, &shift, 0, &result, 1);
        if (fault != cases[i].fault || (!fault && result != cases[i].result))
            fail_msg("case %zu: %d, fault %d", i, result, fault);
    }
}

TEST_EACH_MASK(check)

/* The loops over 64 bits against plain C, and plain C against the formulas. */
static void check_wide(const ns_kernels *kernels, const char *text)
{
    ns_random random = {9};
    for (int round = 0; round < 2000; round++) {
        int64_t multiplier[20], positive[20], negative[20], shift[20], a[60], b[60], terms[20];
        const size_t columns = 1 + ns_random_u64(&random) % 20, rows = ns_random_u64(&random) % 4;
        for (size_t i = 0; i < columns; i++) {
            multiplier[i] = ns_random_range(&random, 0, INT32_MAX);
            shift[i] = ns_random_range(&random, 0, 61);
            positive[i] = shift[i] ? INT64_C(1) << (shift[i] - 1) : 0;
            negative[i] = ns_random_u64(&random) % 2 ? positive[i] : positive[i] - (shift[i] > 0);
            terms[i] = test_edge_value(&random, 48);
        }
        for (size_t i = 0; i < rows * columns; i++) {
            a[i] = b[i] = test_edge_value(&random, 32);
            if (a[i] == INT32_MIN)
                a[i] = b[i] = 0;
        }
        const ns_wide_scales scales = {multiplier, positive, negative, shift};
        kernels->wide->scale(a, rows, columns, &scales);
        for (size_t i = 0; i < rows * columns; i++) {
            const size_t c = i % columns;
            const __int128 sum = (__int128)b[i] * multiplier[c] + (b[i] < 0 ? negative[c] : positive[c]);
            if (a[i] != (int64_t)(sum >> shift[c]))
                fail_msg("%s: %lld * %lld >> %lld is %lld", text, (long long)b[i], (long long)multiplier[c],
                         (long long)shift[c], (long long)a[i]);
            b[i] = a[i];
        }
        kernels->wide->add(a, rows, terms, columns);
        int64_t low = 0, high = 0, least, most, cut = 0;
        const ns_wide_clip clip = {ns_random_range(&random, -40000, 0), ns_random_range(&random, 0, 70000),
                                   77};
        for (size_t i = 0; i < rows * columns; i++) {
            b[i] += terms[i % columns];
            assert_int_equal(a[i], b[i]);
            low = b[i] < low ? b[i] : low;
            high = b[i] > high ? b[i] : high;
            cut += b[i] < clip.low || b[i] > clip.high;
            b[i] = (b[i] < clip.low ? clip.low : b[i] > clip.high ? clip.high : b[i]) + 77;
        }
        kernels->wide->range(a, rows * columns, &least, &most);
        assert_int_equal(least, low);
        assert_int_equal(most, high);
        assert_int_equal(kernels->wide->clip(a, rows * columns, &clip), cut);
        assert_memory_equal(a, b, rows * columns * sizeof *a);
    }
}

static void wide_rows(void **state)
{
    (void)state;
    const ns_kernels plain = ns_kernels_get(0);
    check_wide(&plain, "plain C");
    test_each_mask(check_wide);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(plain_values), cmocka_unit_test(every_mask),
                                       cmocka_unit_test(wide_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
