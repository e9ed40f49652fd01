/* Integers of torch 2.13's quantize_per_tensor and quantize_per_channel for known values. */
#include "support/test.h"

#include <math.h>

#include "npuscope/quant.h"

static const float values[] = {0.5f,   1.5f,     2.5f,      -0.5f, -1.5f, 40000,
                               -40000, INFINITY, -INFINITY, 0.1f,  0.35f, -7.25f};
enum { COUNT = sizeof values / sizeof *values };
static const int64_t shape[] = {COUNT};

static void per_tensor(void **state)
{
    (void)state;
    ns_error error;
    static const struct {
        float scale;
        int32_t expected[COUNT];
    } rows[] = {
        {1, {0, 2, 2, 0, -2, 32767, -32767, 32767, -32767, 0, 0, -7}},
        {0.1f, {5, 15, 25, -5, -15, 32767, -32767, 32767, -32767, 1, 4, -72}},
        {0.003f, {167, 500, 833, -167, -500, 32767, -32767, 32767, -32767, 33, 117, -2417}},
        {0.0032649231143295765f, {153, 459, 766, -153, -459, 32767, -32767, 32767, -32767, 31, 107, -2221}},
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        float scale = rows[r].scale;
        ns_quantisation q = {true, NS_DTYPE_INT16, -32767, 32767, -1, 1, &scale};
        int32_t integers[COUNT];
        double real[COUNT], fake[COUNT];
        ASSERT_OK(ns_quantise_values(&q, 1, shape, values, integers, &error));
        ASSERT_OK(ns_dequantise_values(&q, 1, shape, integers, real, &error));
        for (size_t i = 0; i < COUNT; i++) {
            assert_int_equal(integers[i], rows[r].expected[i]);
            assert_true(real[i] == (double)scale * integers[i]);
            fake[i] = (double)values[i];
        }
        ASSERT_OK(ns_fake_quantise(&q, 1, shape, fake, &error));
        assert_memory_equal(fake, real, sizeof fake);
    }
}

static void per_channel(void **state)
{
    (void)state;
    ns_error error;
    static const float x[] = {1, 2.5f, -3, 1e9f, -1e9f, 3e-7f};
    static const int64_t plane[] = {2, 3};
    float rows[] = {0.3f, 0.1f}, columns[] = {0.3f, 0.1f, 7};
    int32_t got[6];
    ns_quantisation q = {true, NS_DTYPE_INT8, -127, 127, 1, 3, columns};
    ASSERT_OK(ns_quantise_values(&q, 2, plane, x, got, &error));
    static const int32_t by_column[] = {3, 25, 0, 127, -127, 0};
    assert_memory_equal(got, by_column, sizeof got);
    q = (ns_quantisation){true, NS_DTYPE_INT32, -2147483647, 2147483647, 0, 2, rows};
    ASSERT_OK(ns_quantise_values(&q, 2, plane, x, got, &error));
    static const int32_t by_row[] = {3, 8, -10, 2147483647, -2147483647, 0};
    assert_memory_equal(got, by_row, sizeof got);
}

/* Larger values never give smaller integers, also where float32 has no 2^31 - 1: the steps around both ends.
 */
static void ends_of_int32(void **state)
{
    (void)state;
    ns_error error;
    float scale[] = {1};
    static const float x[] = {-INFINITY,      -0x1.000002p31f, -0x1p31f, -0x1.fffffep30f,
                              0x1.fffffep30f, 0x1p31f,         INFINITY};
    static const int64_t line[] = {7};
    static const int32_t expected[] = {-2147483647, -2147483647, -2147483647, -2147483520,
                                       2147483520,  2147483647,  2147483647};
    int32_t got[7];
    const ns_quantisation q = {true, NS_DTYPE_INT32, -2147483647, 2147483647, -1, 1, scale};
    ASSERT_OK(ns_quantise_values(&q, 1, line, x, got, &error));
    assert_memory_equal(got, expected, sizeof got);
}

static void refused(void **state)
{
    (void)state;
    ns_error error;
    float scales[] = {1, 1};
    int32_t got[COUNT];
    ns_quantisation q = {true, NS_DTYPE_INT8, -127, 127, 0, 2, scales};
    assert_int_equal(ns_quantise_values(&q, 1, shape, values, got, &error), NS_ERROR_INPUT);
    q.axis = 1;
    assert_int_equal(ns_quantise_values(&q, 1, shape, values, got, &error), NS_ERROR_INPUT);
    q.present = false;
    assert_int_equal(ns_quantise_values(&q, 1, shape, values, got, &error), NS_ERROR_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(per_tensor), cmocka_unit_test(per_channel),
                                       cmocka_unit_test(ends_of_int32), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
