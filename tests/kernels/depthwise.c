/* Depthwise sums: every version gives the sums in 64 bits. And transposition. */
#include "support/kernels.h"

#ifdef NS_TESTS_BARE_H
enum { ROUNDS = 100 }; /* as slow as an emulated processor is */
#else
enum { ROUNDS = 1000 };
#endif
#define MOST_TAPS 40
#define MOST_CHANNELS 120

static ns_random draw = {1};

static int64_t pick(int64_t low, int64_t high)
{
    return ns_random_range(&draw, low, high);
}

/* Values of so many bits in magnitude, the extremes among them. */
static int16_t value(int64_t most)
{
    return (int16_t)(pick(0, 9) ? pick(-most, most - 1) : pick(0, 1) ? -most : most - 1);
}

static void check(ns_depthwise_i16 function, size_t taps, size_t count, size_t block)
{
    static int16_t in[MOST_TAPS + 1][MOST_CHANNELS], weights[MOST_TAPS * MOST_CHANNELS];
    static int16_t packed[(MOST_TAPS + 1) * (MOST_CHANNELS + 16)];
    static int64_t start[MOST_CHANNELS], out[MOST_CHANNELS + 1];
    const int16_t *rows[MOST_TAPS + 1];
    for (size_t t = 0; t <= taps; t++) {
        rows[t] = in[t];
        for (size_t i = 0; i < count; i++)
            in[t][i] = value(32768);
    }
    for (size_t i = 0; i < taps * count; i++)
        weights[i] = value(128);
    for (size_t i = 0; i < count; i++)
        start[i] = pick(-(INT64_C(1) << 46), INT64_C(1) << 46);
    assert_true(ns_depthwise_packed_size(taps, count) <= sizeof packed / sizeof *packed);
    memset(packed, 0, sizeof packed);
    ns_depthwise_pack(weights, taps, count, packed);
    const ns_depthwise d = {rows, packed, taps, count, block, start};
    out[count] = 1234;
    function(&d, out);
    for (size_t i = 0; i < count; i++) {
        int64_t expected = start[i];
        for (size_t t = 0; t < taps; t++)
            expected += (int64_t)in[t][i] * weights[t * count + i];
        assert_int_equal(out[i], expected);
    }
    assert_int_equal(out[count], 1234);
}

static void equals_the_sums(ns_depthwise_i16 function)
{
    for (int round = 0; round < ROUNDS; round++) {
        const size_t taps = (size_t)pick(1, MOST_TAPS), count = (size_t)pick(1, MOST_CHANNELS);
        check(function, taps, count, round % 2 ? 510 : (size_t)pick(1, 5) * 2);
    }
}

static void plain_equals_the_sums(void **state)
{
    (void)state;
    equals_the_sums(ns_depthwise_i16_c);
}

/* Requantised sums against the formula of RESCALE, by channel or by one scale. */
static void scaled_equals_the_formula(const ns_kernels *kernels)
{
    static int16_t in[MOST_TAPS + 1][MOST_CHANNELS], weights[MOST_TAPS * MOST_CHANNELS],
        out[MOST_CHANNELS + 1];
    for (int round = 0; round < ROUNDS; round++) {
        const size_t taps = (size_t)pick(1, MOST_TAPS), count = (size_t)pick(1, MOST_CHANNELS);
        static int16_t packed[(MOST_TAPS + 1) * (MOST_CHANNELS + 16)];
        int32_t multipliers[MOST_CHANNELS], start[MOST_CHANNELS + 16] = {0}, ordered[MOST_CHANNELS + 16];
        int32_t arrays[3][MOST_CHANNELS + 16];
        int8_t shifts[MOST_CHANNELS];
        const int16_t *rows[MOST_TAPS + 1];
        const bool per_channel = pick(0, 1);
        for (size_t t = 0; t <= taps; t++) {
            rows[t] = in[t];
            for (size_t i = 0; i < count; i++)
                in[t][i] = value(32768);
        }
        for (size_t i = 0; i < taps * count; i++)
            weights[i] = value(128);
        for (size_t i = 0; i < count; i++) {
            const int64_t most = INT32_MAX - ((int64_t)taps << 22);
            start[i] = (int32_t)(pick(0, 5) ? pick(-most, most) : pick(0, 1) ? most : -most);
            multipliers[i] = (int32_t)pick(0, 32767);
            shifts[i] = (int8_t)pick(17, 62);
        }
        memset(packed, 0, sizeof packed);
        ns_depthwise_pack(weights, taps, count, packed);
        ns_requantise q = {kernels->requantise, arrays[0], arrays[1], arrays[2]};
        assert_true(ns_requantise_prepare(&q, multipliers, shifts, per_channel, count, INT32_MAX));
        memcpy(ordered, start, sizeof start);
        int32_t *all[] = {ordered, arrays[0], arrays[1], arrays[2]};
        for (int k = 0; k < 4; k++)
            ns_depthwise_order(all[k], ns_requantise_size(count));
        const ns_depthwise d = {rows, packed, taps, count, 510, NULL, ordered, &q};
        out[count] = 1234;
        kernels->depthwise_scaled(&d, out);
        for (size_t i = 0; i < count; i++) {
            const size_t c = per_channel ? i : 0;
            int64_t sum = start[i];
            for (size_t t = 0; t < taps; t++)
                sum += (int64_t)in[t][i] * weights[t * count + i];
            const int64_t r = (sum * multipliers[c] + (INT64_C(1) << (shifts[c] - 1))) >> shifts[c];
            assert_int_equal(out[i], r < -32768 ? -32768 : r > 32767 ? 32767 : r);
        }
        assert_int_equal(out[count], 1234);
    }
}

static void check_mask(const ns_kernels *kernels, const char *text)
{
    print_message("%s\n", text);
    equals_the_sums(kernels->depthwise_i16);
    if (kernels->depthwise_scaled)
        scaled_equals_the_formula(kernels);
}

TEST_EACH_MASK(check_mask)

static void transposes(void **state)
{
    (void)state;
    static int16_t from[50 * 60], to[50 * 60];
    for (int round = 0; round < ROUNDS / 2; round++) {
        const size_t rows = (size_t)pick(1, 50), columns = (size_t)pick(1, 50);
        const size_t from_step = rows + (size_t)pick(0, 9), to_step = columns + (size_t)pick(0, 9);
        for (size_t i = 0; i < 50 * 60; i++) {
            from[i] = value(32768);
            to[i] = 0;
        }
        ns_transpose_i16(from, from_step, to, to_step, rows, columns);
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0; c < to_step && r * to_step + c < 50 * 60; c++)
                assert_int_equal(to[r * to_step + c], c < columns ? from[c * from_step + r] : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(plain_equals_the_sums), cmocka_unit_test(every_mask),
                                       cmocka_unit_test(transposes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
