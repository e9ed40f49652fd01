/* sigmoid: exact values computed with 400 bits (mpmath); table entries of the graphs that ExecuTorch 1.5.1
 * makes of its a16w8 tests ramp and rand_4d; all codes. */
#include "support/unary.h"

static void test_values(void **state)
{
    (void)state;
    static const float x[] = {0, 1, -1, 0.5f, -3.25f, -8, 20, -37};
    static const double expected[] = {0.5,
                                      0x1.764d4f5d5a2bdp-1,
                                      0x1.136561454ba86p-2,
                                      0x1.3eb2fd4d34391p-1,
                                      0x1.31c8280cf1c3dp-5,
                                      0x1.5fa3dd7d2f7a6p-12,
                                      0x1.ffffffee4b79bp-1,
                                      0x1.898471fca6054p-54};
    unary_values(&ns_aten_op_sigmoid, NULL, 8, x, expected);
}

static void test_table(void **state)
{
    (void)state;
    static const int places[] = {0, 1, 100, 200, 255, 256, 257, 300, 400, 512};
    static const int ramp[] = {0, 0, 2, 961, 15879, 16392, 16904, 30813, 32767, 32767};
    static const int rand_4d[] = {12643, 12677, 16296, 20349, 22663, 22706, 22748, 24560, 28646, 32767};
    unary_table(&ns_aten_op_sigmoid, NULL, 0.0004882961511611938f, 3.050360464840196e-05f, 10, places, ramp);
    unary_table(&ns_aten_op_sigmoid, NULL, 2.9062282919767313e-05f, 2.2020934920874424e-05f, 10, places,
                rand_4d);
}

static void test_rows(void **state)
{
    (void)state;
    unary_rows("sigmoid", true);
}

/* Between two knots the curve lies at most h^2 / 8 * 0.0962 (its largest second derivative) from the line:
 * with h = 128 codes of 2^-11 that is 1.5 steps of 2^-15; half a step each for the knots' and the result's
 * rounding. */
static void test_codes(void **state)
{
    (void)state;
    unary_sweep("sigmoid", "rank1", 2.6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values), cmocka_unit_test(test_table),
                                       cmocka_unit_test(test_rows), cmocka_unit_test(test_codes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
