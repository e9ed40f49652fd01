/* Operators that are a table, beside those that have a test of their own: exact values computed with 400 bits
 * (mpmath); table entries of the graphs that ExecuTorch 1.5.1 makes of its a16w8 tests (tanh, rsqrt) and of
 * small modules; their rows to the stage npu; all codes. */
#include "support/unary.h"

#define TO(value) NS_ARGUMENTS({"exponent", NS_REAL(value)})
#define ALPHA NS_ARGUMENTS({"alpha", NS_REAL(1.3)})
#define SLOPE NS_ARGUMENTS({"negative_slope", NS_REAL(0.1)})

static const struct {
    const ns_aten_operator *op;
    const ns_aten_argument *arguments;
    float x[4];
    double expected[4];
} values[] = {
    {&ns_aten_op_tanh,
     NULL,
     {-0.5f, -3.25f, 0.5f, 2.75f},
     {-0x1.d9353d7568af3p-2, -0x1.fe76795d353a0p-1, 0x1.d9353d7568af3p-2, 0x1.fbd509ae7ae3ep-1}},
    {&ns_aten_op_rsqrt,
     NULL,
     {0.5f, 1, 2.75f, 0.125f},
     {0x1.6a09e667f3bcdp+0, 0x1.0000000000000p+0, 0x1.34bf63d156826p-1, 0x1.6a09e667f3bcdp+1}},
    {&ns_aten_op_log,
     NULL,
     {0.5f, 1, 2.75f, 0.125f},
     {-0x1.62e42fefa39efp-1, 0x0.0p+0, 0x1.02f84700434a8p+0, -0x1.0a2b23f3bab73p+1}},
    {&ns_aten_op_log1p,
     NULL,
     {0.5f, 1, 2.75f, 0.125f},
     {0x1.9f323ecbf984cp-2, 0x1.62e42fefa39efp-1, 0x1.525e973a0564fp+0, 0x1.e27076e2af2e6p-4}},
    {&ns_aten_op_erf,
     NULL,
     {-0.5f, -3.25f, 0.5f, 2.75f},
     {-0x1.0a7ef5c18edd2p-1, -0x1.ffff6f9f67e55p-1, 0x1.0a7ef5c18edd2p-1, 0x1.fff2cfb0453d9p-1}},
    {&ns_aten_op_sin,
     NULL,
     {-0.5f, -3.25f, 0.5f, 2.75f},
     {-0x1.eaee8744b05f0p-2, 0x1.bb2ad2464a48cp-4, 0x1.eaee8744b05f0p-2, 0x1.86d2239c183fbp-2}},
    {&ns_aten_op_cos,
     NULL,
     {-0.5f, -3.25f, 0.5f, 2.75f},
     {0x1.c1528065b7d50p-1, -0x1.fcfe909d7f7f8p-1, 0x1.c1528065b7d50p-1, -0x1.d93e294faed14p-1}},
    {&ns_aten_op_expm1,
     NULL,
     {-0.5f, -3.25f, 0.5f, 2.75f},
     {-0x1.92e9a0720d3ecp-2, -0x1.ec25c97ade6fdp-1, 0x1.4c2531c3c0d38p-1, 0x1.d49070bdbe8fdp+3}},
    {&ns_aten_op_silu,
     NULL,
     {-0.5f, -3.25f, 0.5f, 2.75f},
     {-0x1.829a0565978dfp-3, -0x1.f0e5411508de4p-4, 0x1.3eb2fd4d34391p-2, 0x1.4ad978c68ae89p+1}},
    {&ns_aten_op_hardswish,
     NULL,
     {-3.5f, -1.5f, 1.5f, 4},
     {0x0.0p+0, -0x1.8000000000000p-2, 0x1.2000000000000p+0, 0x1.0000000000000p+2}},
    {&ns_aten_op_hardsigmoid,
     NULL,
     {-3.5f, -1.5f, 1.5f, 4},
     {0x0.0p+0, 0x1.0000000000000p-2, 0x1.8000000000000p-1, 0x1.0000000000000p+0}},
    {&ns_aten_op_elu,
     NULL,
     {-0.5f, -3.25f, 0.5f, 2.75f},
     {-0x1.92e9a0720d3ecp-2, -0x1.ec25c97ade6fdp-1, 0x1.0000000000000p-1, 0x1.6000000000000p+1}},
    {&ns_aten_op_leaky_relu,
     NULL,
     {-4, -1, 1.5f, 4},
     {-0x1.47ae147ae147bp-5, -0x1.47ae147ae147bp-7, 0x1.8000000000000p+0, 0x1.0000000000000p+2}},
    {&ns_aten_op_sqrt,
     NULL,
     {0.5f, 1, 2.75f, 0.125f},
     {0x1.6a09e667f3bcdp-1, 0x1.0000000000000p+0, 0x1.a887293fd6f34p+0, 0x1.6a09e667f3bcdp-2}},
    {&ns_aten_op_pow,
     TO(2),
     {0.5f, 1, 2.75f, 0.125f},
     {0x1.0000000000000p-2, 0x1.0000000000000p+0, 0x1.e400000000000p+2, 0x1.0000000000000p-6}},
    {&ns_aten_op_pow,
     TO(0.5),
     {0.5f, 1, 2.75f, 0.125f},
     {0x1.6a09e667f3bcdp-1, 0x1.0000000000000p+0, 0x1.a887293fd6f34p+0, 0x1.6a09e667f3bcdp-2}},
    {&ns_aten_op_pow,
     TO(1.5),
     {0.5f, 1, 2.75f, 0.125f},
     {0x1.6a09e667f3bcdp-2, 0x1.0000000000000p+0, 0x1.23dcec5be3c74p+2, 0x1.6a09e667f3bcdp-5}},
};

static void test_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        unary_values(values[i].op, values[i].arguments, 4, values[i].x, values[i].expected);
}

static const struct {
    const ns_aten_operator *op;
    const ns_aten_argument *arguments;
    float input_scale, output_scale;
    int entries[10];
} tables[] = {
    {&ns_aten_op_tanh,
     NULL,
     3.0518509447574615e-05f,
     2.3242719180416316e-05f,
     {-32767, -32697, -23392, -9265, -168, 0, 168, 7323, 21936, 32767}},
    {&ns_aten_op_tanh,
     NULL,
     0.0004882961511611938f,
     3.0518509447574615e-05f,
     {-32767, -32767, -32767, -32707, -2045, 0, 2045, 32500, 32767, 32767}},
    {&ns_aten_op_tanh,
     NULL,
     0.0003716784995049238f,
     3.0518509447574615e-05f,
     {-32767, -32767, -32767, -32451, -1558, 0, 1558, 31786, 32767, 32767}},
    {&ns_aten_op_rsqrt,
     NULL,
     3.355052103870548e-05f,
     9.643666999181733e-05f,
     {0, 0, 0, 0, 0, 32767, 32767, 23855, 13186, 9890}},
    {&ns_aten_op_log,
     NULL,
     3.3465996239101514e-05f,
     6.989655958022922e-05f,
     {0, 0, 0, 0, 0, -32767, -32767, -23875, -6912, 1319}},
    {&ns_aten_op_log1p,
     NULL,
     2.9062282919767313e-05f,
     2.0414336177054793e-05f,
     {-32767, -32767, -32767, -11443, -183, 0, 182, 7425, 21013, 32767}},
    {&ns_aten_op_erf,
     NULL,
     0.0001291066873818636f,
     3.0518509447574615e-05f,
     {-32767, -32767, -32758, -26521, -611, 0, 611, 22812, 32742, 32767}},
    {&ns_aten_op_sin,
     NULL,
     0.0002441480755805969f,
     3.051616658922285e-05f,
     {-32420, -32553, 32336, -32244, -1024, 0, 1024, 32144, -32034, 32420}},
    {&ns_aten_op_cos,
     NULL,
     0.0003119811008218676f,
     3.050936538784299e-05f,
     {-22878, -23796, 32730, -20238, 32751, 32767, 32751, -6070, 28234, -22878}},
    {&ns_aten_op_expm1,
     NULL,
     6.45533436909318e-05f,
     0.00016406478243879974f,
     {-5360, -5354, -4416, -2258, -50, 0, 51, 2672, 13937, 32767}},
    {&ns_aten_op_silu,
     NULL,
     0.0004160044773016125f,
     0.000416125898482278f,
     {0, 0, -5, -346, -62, 0, 66, 5137, 18418, 32758}},
    {&ns_aten_op_hardswish,
     NULL,
     0.0004160044773016125f,
     0.0004161249671597034f,
     {0, 0, 0, -22, -63, 0, 65, 5014, 18427, 32759}},
    {&ns_aten_op_hardsigmoid,
     NULL,
     0.0004160044773016125f,
     3.0503608286380768e-05f,
     {0, 0, 0, 99, 16101, 16392, 16682, 29193, 32767, 32767}},
    {&ns_aten_op_elu,
     ALPHA,
     0.00020800223865080625f,
     0.00020804618543479592f,
     {-6242, -6242, -6150, -4842, -164, 0, 128, 5631, 18428, 32761}},
    {&ns_aten_op_leaky_relu,
     SLOPE,
     6.45533436909318e-05f,
     5.652021718560718e-05f,
     {-3743, -3728, -2281, -819, -15, 0, 146, 6432, 21052, 32767}},
    {&ns_aten_op_pow,
     TO(1.5),
     8.718685421627015e-05f,
     0.00014739888138137758f,
     {0, 0, 0, 0, 0, 0, 8, 2334, 13821, 32761}},
    {&ns_aten_op_pow,
     TO(2),
     0.00010400111932540312f,
     0.00035480360384099185f,
     {32733, 32478, 12155, 1566, 0, 0, 0, 967, 10357, 32733}},
    {&ns_aten_op_pow,
     TO(0.5),
     3.071964965783991e-05f,
     3.061387542402372e-05f,
     {0, 0, 0, 0, 0, 0, 2048, 13587, 24580, 32767}},
    {&ns_aten_op_pow,
     TO(0.5),
     3.0588209483539686e-05f,
     3.054934859392233e-05f,
     {0, 0, 0, 0, 0, 0, 2048, 13586, 24579, 32767}},
};

static void test_tables(void **state)
{
    (void)state;
    static const int places[] = {0, 1, 100, 200, 255, 256, 257, 300, 400, 512};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        unary_table(tables[i].op, tables[i].arguments, tables[i].input_scale, tables[i].output_scale, 10,
                    places, tables[i].entries);
}

/* Every operator that can be swept and has cases, these and those to come. */
/* Functions that jump between two knots of their table, or have a pole beside its last. */
static bool is_rough(const ns_aten_operator *op)
{
    return op == &ns_aten_op_ceil || op == &ns_aten_op_floor || op == &ns_aten_op_round ||
           op == &ns_aten_op_atanh || op == &ns_aten_op_remainder;
}

static void test_rows(void **state)
{
    (void)state;
    for (int i = 0; i < ns_aten_operator_count; i++)
        if (ns_aten_operators[i]->sweepable && ns_aten_operators[i]->catalogue)
            unary_rows(ns_aten_operators[i]->name, !is_rough(ns_aten_operators[i]));
}

/* All codes on both targets. Where the curve is smooth over the range of the case, the worst code has a
 * limit: between two knots a curve lies at most h^2 / 8 times its largest second derivative from the line;
 * two steps more for the roundings of knots, interpolation and result. */
static void test_codes(void **state)
{
    (void)state;
    /* h = 128 codes of 16 / 32767, second derivative 0.77, steps of 2^-15: 12.3 */
    unary_sweep("tanh", "rank1", 14.3);
    /* h = 128 codes of 8 / 32767, second derivative 1: 4 */
    unary_sweep("sin", "rank1", 6);
    /* A knot at the largest value is clipped, or the curve has a corner. */
    unary_sweep("cos", "rank1", INFINITY);
    unary_sweep("hardsigmoid", "rank1", INFINITY);
    unary_sweep("leaky_relu", "rank1", INFINITY);
    /* NaN below 0 */
    unary_sweep("log", "rank1", INFINITY);
    unary_sweep("sqrt", "rank1", INFINITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values), cmocka_unit_test(test_tables),
                                       cmocka_unit_test(test_rows), cmocka_unit_test(test_codes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
