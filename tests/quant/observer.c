/* Ranges and scales of torchao 0.18's observers for known data, computed with torchao. */
#include "support/test.h"

#include <math.h>

#include "quant/internal.h"

#define OBSERVE(observer, ...)                                                                           \
    do {                                                                                                 \
        const float values_[] = {__VA_ARGS__};                                                           \
        ASSERT_OK(ns_histogram_observe(&(observer), values_, sizeof values_ / sizeof *values_, &error)); \
    } while (0)
#define SMALL -1, -0.5f, 0, 0.25f, 0.5f, 1, 2, 8

static void expect_range(const ns_histogram_observer *observer, float low, float high, float scale)
{
    float got_low = NAN, got_high = NAN;
    assert_true(ns_histogram_range(observer, &got_low, &got_high));
    if (got_low != low || got_high != high)
        fail_msg("[%a, %a], expected [%a, %a]", (double)got_low, (double)got_high, (double)low, (double)high);
    assert_true(ns_symmetric_scale(low, high, 32767, 0x1p-16f) == scale);
}

/* Bins and counts, in pairs; the others are empty. */
static void expect_bins(const ns_histogram_observer *observer, const float *pairs, size_t count)
{
    float total = 0, expected = 0;
    for (int i = 0; i < NS_HISTOGRAM_BINS; i++)
        total += observer->histogram[i];
    for (size_t i = 0; i < count; i++) {
        assert_true(observer->histogram[(int)pairs[2 * i]] == pairs[2 * i + 1]);
        expected += pairs[2 * i + 1];
    }
    assert_true(total == expected);
}

static void histogram_of_known_values(void **state)
{
    (void)state;
    ns_error error;
    ns_arena *arena = ns_arena_new();
    ns_histogram_observer observer;
    ASSERT_OK(ns_histogram_new(arena, &observer, &error));
    float low, high;
    assert_false(ns_histogram_range(&observer, &low, &high));
    OBSERVE(observer, SMALL);
    static const float bins[] = {0, 1, 113, 1, 227, 1, 284, 1, 341, 1, 455, 1, 682, 1, 2047, 1};
    expect_bins(&observer, bins, 8);
    expect_range(&observer, -1, 0x1.ffb8p+2f, 0x1.ffbcp-13f);
    OBSERVE(observer, SMALL);
    expect_range(&observer, -1, 0x1.ffb8p+2f, 0x1.ffbcp-13f);
    ns_arena_free(arena);
}

static void histogram_changes_range(void **state)
{
    (void)state;
    ns_error error;
    ns_arena *arena = ns_arena_new();
    ns_histogram_observer observer;
    ASSERT_OK(ns_histogram_new(arena, &observer, &error));
    OBSERVE(observer, SMALL);
    OBSERVE(observer, -4, 20, 1.5f);
    static const float some[] = {0, 256, 298, 341, 362, 426, 469, 1023};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        assert_true(observer.histogram[(int)some[i]] == 1);
    assert_true(observer.histogram[383] == 0.3125f && observer.histogram[384] == 0.6875f);
    assert_true(observer.histogram[511] == 0.6875f && observer.histogram[512] == 0.3125f);
    expect_range(&observer, -4, 0x1.3fdp+4f, 0x1.3fd28p-11f);

    ASSERT_OK(ns_histogram_new(arena, &observer, &error));
    OBSERVE(observer, 2); /* one value: kept as one value when the range grows */
    OBSERVE(observer, 5, 1);
    static const float bins[] = {0, 1, 512, 1, 2047, 1};
    expect_bins(&observer, bins, 3);
    expect_range(&observer, 1, 0x1.3fep+2f, 0x1.3fe28p-13f);

    ASSERT_OK(ns_histogram_new(arena, &observer, &error));
    float ramp[300];
    for (int i = 0; i < 300; i++)
        ramp[i] = (float)(i * i / 1000.0 - 3);
    ASSERT_OK(ns_histogram_observe(&observer, ramp, 300, &error));
    expect_range(&observer, -3, 0x1.596decp+6f, 0x1.59709ep-9f);
    for (int i = 0; i < 300; i++)
        ramp[i] = (float)((i * i / 1000.0 - 3) * 3);
    ASSERT_OK(ns_histogram_observe(&observer, ramp, 300, &error));
    expect_range(&observer, -9, 0x1.031272p+8f, 0x1.031478p-7f);
    ns_arena_free(arena);
}

static void histogram_of_odd_values(void **state)
{
    (void)state;
    ns_error error;
    ns_arena *arena = ns_arena_new();
    ns_histogram_observer observer;
    ASSERT_OK(ns_histogram_new(arena, &observer, &error));
    OBSERVE(observer, 3);
    assert_true(observer.histogram[1024] == 1);
    expect_range(&observer, 3, 3, 0x1.8003p-14f);
    ASSERT_OK(ns_histogram_new(arena, &observer, &error));
    OBSERVE(observer, -3, -3);
    expect_range(&observer, -3, -3, 0x1.8003p-14f);
    ASSERT_OK(ns_histogram_new(arena, &observer, &error));
    OBSERVE(observer, 0);
    expect_range(&observer, 0, 0, 0x1p-16f);
    ASSERT_OK(ns_histogram_new(arena, &observer, &error));
    OBSERVE(observer, INFINITY, 1, -2);
    expect_range(&observer, -2, 0x1.ff4p-1f, 0x1.0002p-14f);
    /* 1 more or less is lost against these; the whole range overflows float32. */
    ASSERT_OK(ns_histogram_new(arena, &observer, &error));
    OBSERVE(observer, 1e10f, 1e10f);
    expect_range(&observer, 1e10f, 1e10f, 1e10f / 32767);
    OBSERVE(observer, 3e38f, -3e38f);
    float low, high;
    assert_true(ns_histogram_range(&observer, &low, &high));

    ASSERT_OK(ns_histogram_new(arena, &observer, &error));
    static const float bad[] = {1, NAN};
    assert_int_equal(ns_histogram_observe(&observer, bad, 2, &error), NS_ERROR_INPUT);
    assert_non_null(strstr(error.message, "element 1"));
    ns_arena_free(arena);
}

static void min_max(void **state)
{
    (void)state;
    static const float values[] = {1, -2, .5f, 0, 0, 0, .3f, .2f, .1f};
    float scales[3];
    ns_min_max_scales(values, 3, 3, 127, 0x1p-16f, scales);
    assert_true(scales[0] == 0x1.020408p-6f);
    assert_true(scales[1] == 0x1p-16f);
    assert_true(scales[2] == 0x1.359e70p-9f);
    ns_min_max_scales(values, 1, 9, 127, 0x1p-16f, scales);
    assert_true(scales[0] == 0x1.020408p-6f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(histogram_of_known_values),
                                       cmocka_unit_test(histogram_changes_range),
                                       cmocka_unit_test(histogram_of_odd_values), cmocka_unit_test(min_max)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
