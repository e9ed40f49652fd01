#include "support/test.h"

#include "quant/interface.h"

#include <math.h>

typedef struct expectation {
    double scale;
    bool scale32;
    int32_t multiplier;
    int shift;
} expectation;

/* Results of _compute_multiplier_and_shift of ExecuTorch 1.5.0 (backends/arm/operators/op_tosa_rescale.py).
 */
static const expectation expectations[] = {
    {1.0, false, 16384, 14},
    {0.5, false, 16384, 15},
    {0.1, false, 26214, 18},
    {0x1.99999ap-4, false, 26214, 18},
    {0x1.b6db6f58d0fb4p-2, false, 28087, 16},
    {0x1.ffffffffea028p-1, false, 16384, 14}, /* the mantissa rounds up to 2^15 */
    {0x1.4cccccccccccdp-62, false, 1, 62},    /* shifts above 62 cut the multiplier */
    {0x1.199999999999ap-40, false, 18022, 54},
    {0x1.b333333333333p-93, false, 0, 62},
    {1e-30, false, 0, 62},
    {4096.75, false, 16387, 2},
    {0.0, false, 0, 15},
    {0x1.8p-16, false, 24576, 30},
    {0x1.8001p-1, false, 24576, 15}, /* ties go to even */
    {0x1.8002p-1, false, 24576, 15},
    {1.0, true, 1073741824, 30},
    {0.1, true, 1717986918, 34},
    {0x1.99999ap-4, true, 1717986944, 34},
    {0x1.b6db6f58d0fb4p-2, true, 1840700374, 32},
    {0x1.ffffffffea028p-1, true, 1073741824, 30},
    {0x1.4cccccccccccdp-62, true, 1, 62},
    {0x1.199999999999ap-40, true, 4613734, 62},
    {1e-30, true, 0, 62},
    {8191.9, true, 2147457434, 18},
    {16384.5, true, 1073774592, 16},
    {0.0, true, 0, 31},
    {0x1.8002p-1, true, 1610645504, 31},
};

static void multipliers(void **state)
{
    (void)state;
    ns_error error;
    for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++) {
        const expectation *e = &expectations[i];
        int32_t multiplier = -1;
        int shift = -1;
        ASSERT_OK(ns_quantise_multiplier(e->scale, e->scale32, &multiplier, &shift, &error));
        if (multiplier != e->multiplier || shift != e->shift)
            fail_msg("%a: %d, %d, expected %d, %d", e->scale, multiplier, shift, e->multiplier, e->shift);
    }
}

static void refused(void **state)
{
    (void)state;
    ns_error error;
    int32_t multiplier;
    int shift;
    static const double bad[] = {-1.0, NAN, INFINITY, 0x1p30};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(ns_quantise_multiplier(bad[i], true, &multiplier, &shift, &error), NS_ERROR_INPUT);
    assert_int_equal(ns_quantise_multiplier(8191.9, false, &multiplier, &shift, &error), NS_ERROR_INPUT);
    assert_non_null(strstr(error.message, "shift 1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(multipliers), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
