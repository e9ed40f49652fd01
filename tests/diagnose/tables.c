/* Which function a table holds: tables made by the formula of their definition, knot (i - 256) * 128 holding
 * round(f(code * s_in) / s_out), clamped to +-32767, must be told with both scales. */
#include "diagnose/internal.h"

#include <math.h>
#include <string.h>

#include "support/arena.h"
#include "support/test.h"

static double f_rsqrt(double x)
{
    return 1 / sqrt(x);
}
static double f_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}
static double f_gelu(double x)
{
    return 0.5 * x * (1 + erf(x / sqrt(2)));
}
static double f_gelu_tanh(double x)
{
    return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}
static double f_silu(double x)
{
    return x / (1 + exp(-x));
}
static double f_reciprocal(double x)
{
    return 1 / x;
}
static double f_leaky(double x)
{
    return x > 0 ? x : 0.2 * x;
}
static double f_pow(double x)
{
    return pow(x, 0.3);
}
static double f_hardswish(double x)
{
    return x * fmin(fmax(x + 3, 0), 6) / 6;
}

static double f_hardsigmoid(double x)
{
    return fmin(fmax(x + 3, 0), 6) / 6;
}
static double f_elu(double x)
{
    return x > 0 ? x : expm1(x);
}
static double f_softplus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}
static double f_mish(double x)
{
    return x * tanh(f_softplus(x));
}
static double f_square(double x)
{
    return x * x;
}

static const struct {
    const char *name;
    double (*f)(double);
    double s_in, s_out;
    bool absolute; /* the function tells s_in, not only a factor of both */
} functions[] = {
    {"exp", exp, 2.8e-4, 3.05e-5, true},
    {"log", log, 1.99e-5, 2.9e-4, true},
    {"rsqrt", f_rsqrt, 0x1p-16, 2.26e-3, false},
    {"reciprocal", f_reciprocal, 9.1e-4, 5e-3, false},
    {"sqrt", sqrt, 1e-4, 5.6e-5, false},
    {"sigmoid", f_sigmoid, 1.6e-4, 2.5e-5, true},
    {"tanh", tanh, 7e-5, 3e-5, true},
    {"gelu", f_gelu, 1e-4, 7e-5, true},
    {"gelu_tanh", f_gelu_tanh, 1e-4, 7e-5, true},
    {"silu", f_silu, 1.2e-4, 1e-4, true},
    {"erf", erf, 6e-5, 3e-5, true},
    {"sin", sin, 2e-4, 3.1e-5, true},
    {"leaky_relu", f_leaky, 1e-4, 1e-4, false},
    {"hardswish", f_hardswish, 1.7e-4, 1.6e-4, true},
    {"pow", f_pow, 1e-4, 4e-5, false},
    {"atan", atan, 2e-4, 4.4e-5, true},
    {"asinh", asinh, 3e-4, 9e-5, true},
    {"sinh", sinh, 1e-4, 4.1e-4, true},
};
enum { FUNCTION_COUNT = sizeof functions / sizeof functions[0] };

static ns_tensor make(double (*f)(double), double s_in, double s_out)
{
    ns_tensor table;
    const int64_t count = NS_DG_KNOTS;
    assert_int_equal(ns_tensor_new(arena, NS_DTYPE_INT16, 1, &count, &table, NULL), NS_OK);
    for (int i = 0; i < NS_DG_KNOTS; i++) {
        const double v = rint(f((i - 256) * 128 * s_in) / s_out);
        ns_tensor_set(&table, (size_t)i, v != v ? 0 : (int64_t)fmin(fmax(v, -32767), 32767));
    }
    return table;
}

static void functions_are_told(void **state)
{
    (void)state;
    for (int i = 0; i < FUNCTION_COUNT; i++) {
        const ns_tensor values = make(functions[i].f, functions[i].s_in, functions[i].s_out);
        ns_dg_table *table = NULL;
        assert_int_equal(ns_dg_table_new(&values, NULL, 0, 0, arena, &table, NULL), NS_OK);
        assert_non_null(ns_dg_table_name(table));
        assert_string_equal(ns_dg_table_name(table), functions[i].name);
        assert_true(table->fit.residual <= 0.6);
        const ns_diagnose_table told = ns_dg_fit_scales(&table->fit);
        assert_true(told.residual == table->fit.residual);
        assert_true(isnan(told.input_scale) == !functions[i].absolute);
        assert_true(isnan(told.factor) == functions[i].absolute);
        if (functions[i].absolute) {
            assert_true(fabs(told.input_scale / functions[i].s_in - 1) < 0.005);
            assert_true(fabs(told.output_scale / functions[i].s_out - 1) < 0.005);
        }
        /* Between knots the fit is the function, not a line: within a step of rounding's doubt. */
        for (int code = 64 + 128 * 20; code < 32000; code += 128 * 37) {
            const double real = functions[i].f(code * functions[i].s_in) / functions[i].s_out;
            if (fabs(real) < 32000)
                assert_true(fabs(ns_dg_table_ideal(table, code) - real) < 1);
        }
    }
}

/* Of a power law one factor of both scales and the power are told, of a leaky ReLU the slope below zero. */
static void assert_law(double (*f)(double), double power, double slope)
{
    const double s_in = 1e-4, s_out = 4e-5;
    const ns_tensor values = make(f, s_in, s_out);
    ns_dg_table *table = NULL;
    assert_int_equal(ns_dg_table_new(&values, NULL, 0, 0, arena, &table, NULL), NS_OK);
    const ns_diagnose_table told = ns_dg_fit_scales(&table->fit);
    assert_true(fabs(told.power - power) < 1e-3);
    assert_true(fabs(told.factor / (pow(s_in, power) / s_out) - 1) < 0.005);
    assert_true(isnan(slope) ? isnan(told.slope) : fabs(told.slope - slope) < 1e-3);
}

static void laws_tell_their_factor(void **state)
{
    (void)state;
    assert_law(f_pow, 0.3, NAN);
    assert_law(sqrt, 0.5, NAN);
    assert_law(f_square, 2, NAN);
    assert_law(f_leaky, 1, 0.2);
}

/* The list that diagnose promises, each over inputs from `least` to `most` at the end of the range, with
 * outputs that use theirs: what an observer chooses. */
static const struct {
    const char *name;
    double (*f)(double);
    double least, most;
} promised[] = {
    {"exp", exp, 1, 10},
    {"reciprocal", f_reciprocal, 0.1, 100},
    {"rsqrt", f_rsqrt, 0.1, 100},
    {"sqrt", sqrt, 0.1, 100},
    {"log", log, 0.5, 100},
    {"sigmoid", f_sigmoid, 2, 30},
    {"tanh", tanh, 1, 20},
    {"gelu", f_gelu, 2, 20},
    {"gelu_tanh", f_gelu_tanh, 2, 20},
    {"silu", f_silu, 1, 30},
    {"erf", erf, 1, 10},
    {"sin", sin, 1, 60},
    {"cos", cos, 1, 60},
    {"pow", f_pow, 0.1, 100},
    {"elu", f_elu, 1, 20},
    {"hardswish", f_hardswish, 4, 20},
    {"hardsigmoid", f_hardsigmoid, 4, 20},
    {"softplus", f_softplus, 2, 30},
    {"mish", f_mish, 2, 20},
    {"leaky_relu", f_leaky, 0.1, 100},
    {"square", f_square, 0.1, 10},
};

static void every_promised_function_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof promised / sizeof *promised; i++)
        for (int k = 0; k <= 8; k++) {
            const double end = promised[i].least * pow(promised[i].most / promised[i].least, k / 8.0);
            double largest = 0;
            /* What has no end at 0 is met from a fiftieth of its range on. */
            for (int c = 655; c < 32768; c++) {
                const double x = end * c / 32768, a = promised[i].f(x), b = promised[i].f(-x);
                largest = fmax(largest, fmax(fabs(a), b == b ? fabs(b) : 0));
            }
            const ns_tensor values = make(promised[i].f, end / 32768, largest / 32767);
            ns_dg_table *table = NULL;
            assert_int_equal(ns_dg_table_new(&values, NULL, 0, 0, arena, &table, NULL), NS_OK);
            const char *name = ns_dg_table_name(table);
            if (!name || strcmp(name, promised[i].name) != 0)
                fail_msg("%s up to %.3g is told as %s", promised[i].name, end, name ? name : "nothing");
            assert_true(table->fit.residual <= 0.6);
        }
}

/* The cubics that stand in for the function are within a ten-thousandth of a step of it, or not there. */
static void cells_are_the_function(void **state)
{
    (void)state;
    const ns_tensor values = make(f_rsqrt, 0x1p-16, 2.26e-3);
    ns_dg_table *table = NULL;
    int used = 0;
    assert_int_equal(ns_dg_table_new(&values, NULL, 0, 0, arena, &table, NULL), NS_OK);
    for (int cell = 0; cell < 512 * NS_DG_CELLS; cell++) {
        const double *c = table->cells + 4 * cell, t = 0.3;
        if (!(c[0] == c[0]))
            continue;
        used++;
        const double code = -32768 + (cell + t) * 128 / NS_DG_CELLS;
        assert_true(fabs(c[0] + t * (c[1] + t * (c[2] + t * c[3])) - ns_dg_table_ideal(table, code)) < 2e-4);
    }
    assert_true(used > 512 * NS_DG_CELLS / 2);
}

/* An attention mask of -1e9 leaves exp three kinds of knots: nothing can be told, and nothing is guessed. */
static void no_information_is_no_function(void **state)
{
    (void)state;
    const int64_t count = NS_DG_KNOTS;
    ns_tensor values;
    ns_dg_table *table = NULL;
    assert_int_equal(ns_tensor_new(arena, NS_DTYPE_INT16, 1, &count, &values, NULL), NS_OK);
    for (size_t i = 256; i < NS_DG_KNOTS; i++)
        ns_tensor_set(&values, i, 32767);
    assert_int_equal(ns_dg_table_new(&values, NULL, 0, 0, arena, &table, NULL), NS_OK);
    assert_null(ns_dg_table_name(table));
    assert_true(ns_dg_table_clamped(table, 256));
    assert_false(ns_dg_table_clamped(table, 255));
    /* Straight lines: half-way between knots 255 (0) and 256 (32767). */
    assert_true(ns_dg_table_straight(table, -64) == 16383.5);
    assert_int_equal(ns_dg_table_segment(table, -64), 255);
}

/* int8 tables hold every code; zero points come from the tensors beside them. */
static void int8_tables_have_zero_points(void **state)
{
    (void)state;
    const int64_t count = 256;
    ns_tensor values;
    ns_dg_table *table = NULL;
    assert_int_equal(ns_tensor_new(arena, NS_DTYPE_INT8, 1, &count, &values, NULL), NS_OK);
    for (int i = 0; i < 256; i++) {
        const double v = rint(f_sigmoid((i - 128 - 5) * 0.06) * 256) - 128;
        ns_tensor_set(&values, (size_t)i, (int64_t)fmin(v, 127));
    }
    assert_int_equal(ns_dg_table_new(&values, NULL, 5, -128, arena, &table, NULL), NS_OK);
    assert_string_equal(ns_dg_table_name(table), "sigmoid");
    assert_true(fabs(ns_dg_table_ideal(table, 5) - 0) < 0.5); /* sigmoid(0) = 0.5: code 0 */
}

/* Nobody takes the zero point off: the knots of tanh tell it; those of a logarithm do not, for log(k c) / s +
 * z is log(c) / s + (log(k) / s + z). */
static void knots_tell_a_zero_point(void **state)
{
    (void)state;
    const int64_t count = 256;
    ns_tensor values;
    ns_dg_table *table = NULL;
    assert_int_equal(ns_tensor_new(arena, NS_DTYPE_INT8, 1, &count, &values, NULL), NS_OK);
    for (int i = 0; i < 256; i++)
        ns_tensor_set(&values, (size_t)i, (int64_t)rint(tanh((i - 128 - 5) * 0.03) * 70.3) + 31);
    assert_int_equal(ns_dg_table_new(&values, NULL, 5, NAN, arena, &table, NULL), NS_OK);
    assert_true(table->zero_known);
    assert_true(table->zero_out == 31);
    assert_string_equal(ns_dg_table_name(table), "tanh");
    for (int i = 0; i < 256; i++)
        ns_tensor_set(&values, (size_t)i,
                      i <= 128 ? -128 : (int64_t)fmax(rint(log((i - 128) * 0.0078) * 20) + 100, -128));
    assert_int_equal(ns_dg_table_new(&values, NULL, 0, NAN, arena, &table, NULL), NS_OK);
    assert_false(table->zero_known);
}

/* A cosine of 5.3 knots a turn: many turns lie in the table, and a coarse grid of scales meets none. */
static void many_turns_are_a_wave(void **state)
{
    (void)state;
    const int64_t count = NS_DG_KNOTS;
    const double step = 2 * M_PI / 5.3;
    ns_tensor values;
    ns_dg_table *table = NULL;
    assert_int_equal(ns_tensor_new(arena, NS_DTYPE_INT16, 1, &count, &values, NULL), NS_OK);
    for (int i = 0; i < NS_DG_KNOTS; i++)
        ns_tensor_set(&values, (size_t)i, (int64_t)rint(32000 * cos((i - 256) * step)));
    assert_int_equal(ns_dg_table_new(&values, NULL, 0, 0, arena, &table, NULL), NS_OK);
    assert_string_equal(ns_dg_table_name(table), "cos");
    assert_true(fabs(table->fit.a - log2(step / 128)) < 1e-6);
    assert_true(fabs(ns_dg_table_ideal(table, 64) - 32000 * cos(step / 2)) < 1);
}

/* A silu whose input range is hundreds of times too wide: three knots of it are left beside the clamp, which
 * a mish has too. The constant's name decides; without it both are kept. */
static void a_name_decides_between_equals(void **state)
{
    (void)state;
    const ns_tensor values = make(f_silu, 0.029578927904367447, 5.174404213903472e-05);
    ns_dg_table *table = NULL;
    assert_int_equal(ns_dg_table_new(&values, NULL, 0, 0, arena, &table, NULL), NS_OK);
    assert_int_equal(table->accepted_count, 2);
    assert_int_equal(
        ns_dg_table_new(&values, "b_aten_silu_default_table_constant", 0, 0, arena, &table, NULL), NS_OK);
    assert_string_equal(ns_dg_table_name(table), "silu");
    assert_string_equal(ns_dg_formula_get(table->accepted[0].function)->name, "silu");
    assert_true(table->named);
    assert_true(fabs(table->fit.a - log2(0.029578927904367447)) < 0.01);
    /* No name makes a function of what it does not fit. */
    assert_int_equal(
        ns_dg_table_new(&values, "b_aten_tanh_default_table_constant", 0, 0, arena, &table, NULL), NS_OK);
    assert_false(table->named);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(functions_are_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(laws_tell_their_factor, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_promised_function_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cells_are_the_function, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_information_is_no_function, set_up, tear_down),
        cmocka_unit_test_setup_teardown(int8_tables_have_zero_points, set_up, tear_down),
        cmocka_unit_test_setup_teardown(knots_tell_a_zero_point, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_decides_between_equals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_turns_are_a_wave, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
