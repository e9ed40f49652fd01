#include "measure/interface.h"

#include <math.h>

#include "support/test.h"

static void assert_close(double value, double expected)
{
    if (fabs(value - expected) > 1e-12 * fmax(1, fabs(expected)))
        fail_msg("%.17g instead of %.17g", value, expected);
}

static void test_errors_in_steps(void **state)
{
    (void)state;
    const double ideal[] = {1, 2, -2, 0}, reference[] = {1, 2.5, -2, 0}, got[] = {1.5, 2, -2, 1};
    const double tolerance[] = {1, 1, 1, 0.5};
    ns_stage_result result = {0};
    ns_measure(1, &(ns_measured){4, 0.25}, ideal, reference, got, tolerance, &result);
    assert_true(result.measured);
    assert_close(result.max_abs_error, 1);
    assert_close(result.max_steps, 4);
    assert_close(result.mean_steps, (0.5 + 1) / 4 / 0.25);
    assert_close(result.sqnr_db, 10 * log10((1 + 4 + 4) / (0.25 + 1)));
    assert_close(result.max_difference, 1);
    assert_close(result.max_difference_steps, 4);
    assert_int_equal(result.beyond, 1);
    assert_int_equal(result.worst_element, 3);
    assert_close(result.worst_ideal, 0);
    assert_close(result.worst_got, 1);
    assert_close(result.worst_tolerance, 0.5);
}

/* A bound belongs to the bin below it; NaN and infinity to the last. */
static void test_bins(void **state)
{
    (void)state;
    const double ideal[] = {0, 0, 0, 0, 0, 0, 0, 0}, tolerance[8] = {0};
    const double got[] = {0, 0.25, -0.26, 0.5, 512, -513, NAN, INFINITY};
    const size_t expected[NS_ERROR_BINS] = {[0] = 2, [1] = 2, [9] = 1, [10] = 3};
    ns_stage_result result = {0};
    ns_measure(1, &(ns_measured){8, 0.5}, ideal, ideal, got, tolerance, &result);
    assert_memory_equal(result.bins, expected, sizeof expected);
    /* Without a scale there are no steps. */
    const size_t none[NS_ERROR_BINS] = {0};
    ns_measure(1, &(ns_measured){8, 0}, ideal, ideal, got, tolerance, &result);
    assert_memory_equal(result.bins, none, sizeof none);
}

/* The worst element is the one that uses up most of its tolerance, not the one with the largest error. */
static void test_worst_by_share(void **state)
{
    (void)state;
    const double reference[] = {100, 1}, got[] = {101, 1.5}, tolerance[] = {10, 1};
    ns_stage_result result = {0};
    ns_measure(1, &(ns_measured){2, 1}, reference, reference, got, tolerance, &result);
    assert_int_equal(result.worst_element, 1);
    assert_int_equal(result.beyond, 0);
}

static void test_no_error_and_no_signal(void **state)
{
    (void)state;
    const double zero[] = {0, 0}, one[] = {1, 0}, tolerance[] = {0, 0};
    ns_stage_result result = {0};
    ns_measure(1, &(ns_measured){2, 1}, one, one, one, tolerance, &result);
    assert_true(isinf(result.sqnr_db) && result.sqnr_db > 0);
    assert_int_equal(result.beyond, 0);
    ns_measure(1, &(ns_measured){2, 1}, zero, zero, one, tolerance, &result);
    assert_true(isinf(result.sqnr_db) && result.sqnr_db < 0);
    assert_int_equal(result.beyond, 1);
}

static void test_not_a_number_is_beyond(void **state)
{
    (void)state;
    const double reference[] = {1, NAN}, got[] = {NAN, NAN}, tolerance[] = {1e30, 1e30};
    ns_stage_result result = {0};
    ns_measure(1, &(ns_measured){2, 1}, reference, reference, got, tolerance, &result);
    assert_int_equal(result.beyond, 1);
    assert_int_equal(result.worst_element, 0);
}

static void test_harness_tolerance(void **state)
{
    (void)state;
    const ns_suite_settings settings = {.qtol = 128, .atol = 1e-3, .rtol = 1e-3};
    /* In float32, as torch.isclose has it: atol + scale * qtol = 0.126, rtol * 2 = 0.002. */
    assert_true(ns_harness_tolerance(&settings, 0x1p-10, -2) == (double)(0.126f + 0.001f * 2.0f));
    const ns_suite_settings none = {0};
    assert_true(ns_harness_tolerance(&none, 0x1p-10, 5) == 0);
}

static void test_all_zero(void **state)
{
    (void)state;
    const double zero[] = {0, 0}, half[] = {0, -0.5}, more[] = {0, 0.51}, one[] = {0, 1};
    assert_false(ns_all_zero(2, zero, zero, 1));
    assert_false(ns_all_zero(2, half, zero, 1)); /* rounds to 0 itself */
    assert_true(ns_all_zero(2, more, zero, 1));
    assert_false(ns_all_zero(2, one, one, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors_in_steps),
        cmocka_unit_test(test_bins),
        cmocka_unit_test(test_worst_by_share),
        cmocka_unit_test(test_no_error_and_no_signal),
        cmocka_unit_test(test_not_a_number_is_beyond),
        cmocka_unit_test(test_harness_tolerance),
        cmocka_unit_test(test_all_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
