/* Fused loops against the formulas of the operators that they stand for, in 64 bits. */
#include "support/kernels.h"

#define MOST 200

static const ns_fused_kernels *fused;
static ns_random draw = {1};

static int64_t pick(int64_t low, int64_t high)
{
    return ns_random_range(&draw, low, high);
}

/* Random int16, the extremes among them. */
static void fill(int16_t *values, size_t count, bool is_small)
{
    for (size_t i = 0; i < count; i++)
        values[i] = is_small ? (int16_t)pick(-50, 50)
                             : (int16_t)(pick(0, 9)   ? pick(-32768, 32767)
                                         : pick(0, 1) ? 32767
                                                      : -32768);
}

static int64_t operand(const ns_fused_pair *p, int which, int64_t v)
{
    if (!p->is_scaled)
        return v * (1 << p->left[which]);
    return (v * p->in_multiplier[which] + (INT64_C(1) << (p->in_shift[which] - 1))) >> p->in_shift[which];
}

static int16_t expected_pair(const ns_fused_pair *p, int64_t a, int64_t b)
{
    const int64_t x = operand(p, 0, a), y = operand(p, 1, b);
    const int64_t v = p->op == NS_FUSED_ADD ? x + y : p->op == NS_FUSED_SUB ? x - y : x * y;
    const __int128 product = (__int128)v * p->multiplier + ((__int128)1 << (p->shift - 1));
    const int64_t r = (int64_t)(product >> p->shift);
    return (int16_t)(r < -32768 ? -32768 : r > 32767 ? 32767 : r);
}

static void pairs(void)
{
    int16_t a[MOST], b[MOST], out[MOST + 1];
    for (int round = 0; round < 20000; round++) {
        ns_fused_pair p = {.op = (ns_fused_op)pick(0, 2),
                           .multiplier = (int32_t)(pick(0, 3) ? pick(0, INT32_MAX) : INT32_MAX - pick(0, 1)),
                           .shift = (int)pick(33, pick(0, 1) ? 62 : 45)};
        for (int k = 0; k < 2 && p.op != NS_FUSED_MUL; k++)
            p.left[k] = (int)pick(0, 14);
        p.is_scaled = p.op != NS_FUSED_MUL && pick(0, 1);
        for (int k = 0; k < 2; k++) {
            p.in_multiplier[k] = (int32_t)(pick(0, 3) ? pick(0, INT32_MAX) : INT32_MAX);
            p.in_shift[k] = (int)pick(17, pick(0, 1) ? 46 : 22);
        }
        const size_t count = (size_t)pick(0, MOST);
        const int a_step = (int)pick(0, 1), b_step = (int)pick(0, 1);
        fill(a, MOST, false);
        fill(b, MOST, false);
        out[count] = 1234;
        fused->pair(&p, a, a_step, b, b_step, out, count);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(out[i], expected_pair(&p, a[i * (size_t)a_step], b[i * (size_t)b_step]));
        assert_int_equal(out[count], 1234);
    }
}

/* TABLE, then RESCALE by 2^30 >> 37, for every input. */
static void tables(void)
{
    static int16_t table[513], in[65536], out[65537];
    for (int x = 0; x < 65536; x++)
        in[x] = (int16_t)(x - 32768);
    for (int round = 0; round < 20; round++) {
        table[0] = (int16_t)pick(-32768, 32767);
        for (int i = 1; i < 513; i++) {
            /* Slopes up to the ends of int16. */
            const int64_t low = table[i - 1] - 32768, high = table[i - 1] + 32767;
            table[i] = (int16_t)pick(low < -32768 ? -32768 : low, high > 32767 ? 32767 : high);
        }
        const size_t count = round ? 65536 : 65536 - 5;
        out[count] = 1234;
        fused->table(table, in, out, count);
        for (size_t x = 0; x < count; x++) {
            const int64_t base = table[x / 128], next = table[x / 128 + 1];
            const int64_t value = base * 128 + (next - base) * (int64_t)(x % 128);
            assert_int_equal(out[x], (value * (1 << 30) + (INT64_C(1) << 36)) >> 37);
        }
        assert_int_equal(out[count], 1234);
    }
}

static void sums(void)
{
    static int16_t in[32768];
    int good = 0;
    for (int round = 0; round < 3000; round++) {
        const size_t count = (size_t)(round ? pick(1, 700) : 32768);
        const int left = (int)pick(0, 15);
        fill(in, count, round > 0 && pick(0, 1));
        int64_t sum = 0, magnitude = 0;
        for (size_t i = 0; i < count; i++) {
            sum += (int64_t)in[i] * (1 << left);
            magnitude += (int64_t)(in[i] < 0 ? -in[i] : in[i]) * (1 << left);
        }
        int32_t got = 0;
        assert_int_equal(fused->sum(in, count, left, &got), magnitude <= INT32_MAX);
        if (magnitude <= INT32_MAX)
            assert_int_equal(got, sum);
        good += magnitude <= INT32_MAX;
    }
    assert_in_range(good, 500, 2500);
}

static void products(void)
{
    int32_t a[MOST], b[MOST], out[MOST + 1];
    int good = 0;
    for (int round = 0; round < 3000; round++) {
        const size_t count = (size_t)pick(1, MOST);
        const bool is_small = pick(0, 1);
        bool fits = true;
        for (size_t i = 0; i < count; i++) {
            a[i] = (int32_t)(pick(0, 9) ? pick(-46340, 46340) : test_edge_value(&draw, is_small ? 16 : 32));
            b[i] = (int32_t)(pick(0, 9) ? pick(-46340, 46340) : test_edge_value(&draw, is_small ? 16 : 32));
            fits = fits && (int32_t)((int64_t)a[i] * b[i]) == (int64_t)a[i] * b[i];
        }
        out[count] = 1234;
        assert_int_equal(fused->multiply(a, b, out, count), fits);
        for (size_t i = 0; fits && i < count; i++)
            assert_int_equal(out[i], a[i] * b[i]);
        assert_int_equal(out[count], 1234);
        good += fits;
    }
    assert_in_range(good, 500, 2500);
}

static void clips(void)
{
    int16_t row[MOST + 1], before[MOST];
    for (int round = 0; round < 3000; round++) {
        const size_t count = (size_t)pick(0, MOST);
        const bool is_whole = pick(0, 3) == 0;
        const int16_t low = (int16_t)(is_whole ? INT16_MIN : pick(-32768, 100));
        const int16_t high = (int16_t)(is_whole ? INT16_MAX : pick(low, 32767));
        size_t cut = 0;
        bool at_ends = false, expected = false;
        fill(before, MOST, pick(0, 1));
        memcpy(row, before, sizeof before);
        row[count] = 1234;
        for (size_t i = 0; i < count; i++) {
            cut += before[i] < low || before[i] > high;
            expected = expected || before[i] == INT16_MIN || before[i] == INT16_MAX;
        }
        assert_int_equal(fused->clip(row, count, low, high, &at_ends), cut);
        assert_int_equal(at_ends, expected);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(row[i], before[i] < low ? low : before[i] > high ? high : before[i]);
        assert_int_equal(row[count], 1234);
    }
}

static void check(const ns_kernels *kernels, const char *text)
{
    fused = kernels->fused;
    if (!fused)
        return;
    print_message("%s\n", text);
    pairs();
    tables();
    sums();
    products();
    clips();
}

TEST_EACH_MASK(check)

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_mask)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
