/* A mend written into the graph: rsqrt of codes 40 to 120, all of them in the first segment of its table,
 * whose knots are 1/sqrt(0) (clamped) and 1/sqrt(128). With a RESCALE by 2^8 in front the knots lie half a
 * code apart. */
#include <math.h>

#include "base/interface.h"
#include "npuscope/diagnose.h"
#include "support/arena.h"
#include "support/test.h"

enum { ELEMENTS = 81 };

static ns_error error;

static int add_const(ns_graph *graph, const char *name, ns_dtype dtype, int64_t count, const int64_t *values)
{
    ns_tensor tensor;
    int result = -1;
    ASSERT_OK(ns_tensor_new(arena, dtype, 1, &count, &tensor, &error));
    for (int64_t i = 0; i < count; i++)
        ns_tensor_set(&tensor, (size_t)i, values[i]);
    ASSERT_OK(ns_block_add_const(graph, &graph->regions[0].blocks[0], name, &tensor, &result, &error));
    return result;
}

static int add_tensor(ns_graph *graph, const char *name, ns_dtype dtype)
{
    const int64_t shape[] = {ELEMENTS};
    int tensor = -1;
    ASSERT_OK(
        ns_block_add_tensor(graph, &graph->regions[0].blocks[0], name, dtype, 1, shape, &tensor, &error));
    return tensor;
}

static double inverse_root(double code)
{
    return 200000 / sqrt(code);
}

static double logarithm(double code)
{
    return 4000 * log(code / 200);
}

/* out = round(table(in) / 128), table holding f(code), at 0 the clamp. */
static ns_graph *make(double (*f)(double))
{
    ns_graph *graph = NULL;
    ASSERT_OK(ns_graph_new(&graph, &error));
    ns_block *block = &graph->regions[0].blocks[0];
    int64_t knots[513] = {0};
    for (int i = 256; i < 513; i++)
        knots[i] = (int64_t)fmin(fmax(rint(f((i - 256) * 128)), -32767), 32767);
    const int in = add_tensor(graph, "in", NS_DTYPE_INT16), wide = add_tensor(graph, "wide", NS_DTYPE_INT32);
    const int out = add_tensor(graph, "out", NS_DTYPE_INT16);
    const int table[] = {in, add_const(graph, "knots", NS_DTYPE_INT16, 513, knots)};
    ASSERT_OK(ns_block_set_inputs(graph, block, 1, &in, &error));
    ASSERT_OK(ns_block_add_operator(
        graph, block, &(ns_operator_parts){NS_OP_TABLE, &(ns_attributes){0}, 2, table, 1, &wide}, &error));
    const int64_t multiplier = 1 << 30, shift = 37, zero = 0;
    const int rescale[] = {wide, add_const(graph, "m", NS_DTYPE_INT32, 1, &multiplier),
                           add_const(graph, "s", NS_DTYPE_INT8, 1, &shift),
                           add_const(graph, "a", NS_DTYPE_INT32, 1, &zero),
                           add_const(graph, "b", NS_DTYPE_INT16, 1, &zero)};
    const ns_attributes attributes = {.scale32 = true, .rounding_mode = NS_SINGLE_ROUND};
    ASSERT_OK(ns_block_add_operator(
        graph, block, &(ns_operator_parts){NS_OP_RESCALE, &attributes, 5, rescale, 1, &out}, &error));
    ASSERT_OK(ns_block_set_outputs(graph, block, 1, &out, &error));
    ASSERT_OK(ns_graph_validate(graph, &error));
    return graph;
}

static void a_table_gets_knots_where_its_inputs_are(void **state)
{
    (void)state;
    const int64_t shape[] = {ELEMENTS};
    ns_tensor input;
    ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_INT16, 1, shape, &input, &error));
    for (int i = 0; i < ELEMENTS; i++)
        ns_tensor_set(&input, (size_t)i, 40 + i);
    const ns_diagnose_options options = {.inputs = &input, .input_count = 1, .samples = 1, .threads = 1};
    ns_diagnose_precision before, after;
    ns_graph *graph = make(inverse_root);
    ns_diagnose_applied applied;
    ASSERT_OK(ns_diagnose_precision_run(graph, &options, arena, &before, &error));
    assert_int_equal(before.verdict, NS_DIAGNOSE_OPERATOR);
    assert_int_equal(before.blame_count, 1);
    assert_int_equal(before.blame[0].cause, NS_DIAGNOSE_CAUSE_KNOT);
    assert_string_equal(before.stages[before.blame[0].stage].function, "rsqrt");
    const ns_diagnose_mend *mend = &before.blame[0].mends[0];
    assert_true(mend->applicable);
    ASSERT_OK(ns_diagnose_apply(graph, &options, &before, arena, &applied, &error));
    assert_int_equal(applied.count, 1);
    /* Behind the first constant: five constants, the RESCALE, and the table. */
    assert_int_equal(applied.graph->regions[0].blocks[0].operators[6].op, NS_OP_RESCALE);
    assert_int_equal(applied.graph->regions[0].blocks[0].operators[7].op, NS_OP_TABLE);
    ASSERT_OK(ns_diagnose_precision_run(applied.graph, &options, arena, &after, &error));
    assert_int_equal(after.verdict, NS_DIAGNOSE_HEALTHY);
    /* The mend was foretold by a run of the same arithmetic. */
    assert_true(fabs(after.against_float_db - mend->mended_db) < 0.1);
    assert_true(after.against_float_db > before.against_float_db + 20);
    ns_graph_free(applied.graph);
    ns_graph_free(graph);
}

/* Codes from 3 to 32000 use the whole range: those near 0, where a logarithm is bent most, get tables of
 * their own, and SELECT takes what they give. */
static void a_table_is_split(void **state)
{
    (void)state;
    const int64_t shape[] = {ELEMENTS};
    ns_tensor input;
    ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_INT16, 1, shape, &input, &error));
    for (int i = 0; i < ELEMENTS; i++)
        ns_tensor_set(&input, (size_t)i, (int64_t)(3 * pow(32000.0 / 3, i / (ELEMENTS - 1.0))));
    const ns_diagnose_options options = {.inputs = &input, .input_count = 1, .samples = 1, .threads = 1};
    ns_diagnose_precision before;
    ns_diagnose_applied applied;
    ns_graph *graph = make(logarithm);
    ASSERT_OK(ns_diagnose_precision_run(graph, &options, arena, &before, &error));
    assert_int_equal(before.blame_count, 1);
    assert_int_equal(ns_diagnose_cause_family(before.blame[0].cause), NS_DIAGNOSE_CAUSE_TABLE);
    assert_non_null(strstr(before.blame[0].mends[0].text, "split the table"));
    assert_true(before.blame[0].mends[0].applicable);
    ASSERT_OK(ns_diagnose_apply(graph, &options, &before, arena, &applied, &error));
    assert_int_equal(applied.count, 1);
    int selects = 0;
    const ns_block *block = &applied.graph->regions[0].blocks[0];
    for (int i = 0; i < block->operator_count; i++)
        selects += block->operators[i].op == NS_OP_SELECT;
    assert_in_range(selects, 1, 2);
    assert_true(applied.against_float_db > before.against_float_db + 25);
    /* Straight lines in all three against the function itself. */
    assert_true(applied.against_float_db > before.blame[0].mends[0].mended_db - 6);
    ns_graph_free(applied.graph);
    ns_graph_free(graph);
}

/* ---- tables of 8 bits ---- */

/* out = tanh(code * 0.03) in steps of `step`, held at the ends of int8. */
static ns_graph *make_bytes(double step)
{
    ns_graph *graph = NULL;
    ASSERT_OK(ns_graph_new(&graph, &error));
    ns_block *block = &graph->regions[0].blocks[0];
    int64_t entries[256];
    for (int i = 0; i < 256; i++)
        entries[i] = (int64_t)fmin(fmax(rint(tanh((i - 128) * 0.03) / step), -128), 127);
    const int in = add_tensor(graph, "in", NS_DTYPE_INT8), out = add_tensor(graph, "out", NS_DTYPE_INT8);
    const int table[] = {in, add_const(graph, "entries", NS_DTYPE_INT8, 256, entries)};
    ASSERT_OK(ns_block_set_inputs(graph, block, 1, &in, &error));
    ASSERT_OK(ns_block_add_operator(
        graph, block, &(ns_operator_parts){NS_OP_TABLE, &(ns_attributes){0}, 2, table, 1, &out}, &error));
    ASSERT_OK(ns_block_set_outputs(graph, block, 1, &out, &error));
    ASSERT_OK(ns_graph_validate(graph, &error));
    return graph;
}

static void assert_bytes(double step, ns_diagnose_verdict verdict, ns_diagnose_cause cause)
{
    const int64_t shape[] = {ELEMENTS};
    ns_tensor input;
    ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_INT8, 1, shape, &input, &error));
    for (int i = 0; i < ELEMENTS; i++)
        ns_tensor_set(&input, (size_t)i, 3 * (i - ELEMENTS / 2));
    const ns_diagnose_options options = {.inputs = &input, .input_count = 1, .samples = 1, .threads = 1};
    ns_diagnose_precision told;
    ns_graph *graph = make_bytes(step);
    ASSERT_OK(ns_diagnose_precision_run(graph, &options, arena, &told, &error));
    assert_int_equal(told.verdict, verdict);
    assert_int_equal(told.blame_count > 0, verdict == NS_DIAGNOSE_OPERATOR);
    if (told.blame_count) {
        assert_int_equal(ns_diagnose_cause_family(told.blame[0].cause), cause);
        assert_true(told.blame[0].mend_count > 0);
        assert_true(told.blame[0].mends[0].mended_db > told.against_float_db + 1);
    }
    ns_graph_free(graph);
}

/* They have an entry for each code, and no segments between: their range may end early, or their step be
 * wide. */
static void bytes_have_a_range_and_a_step(void **state)
{
    (void)state;
    assert_bytes(0.3 / 127, NS_DIAGNOSE_OPERATOR, NS_DIAGNOSE_CAUSE_SATURATION);
    assert_bytes(20.0 / 127, NS_DIAGNOSE_OPERATOR, NS_DIAGNOSE_CAUSE_STEP);
    assert_bytes(1.0 / 127, NS_DIAGNOSE_HEALTHY, NS_DIAGNOSE_CAUSE_UNKNOWN);
}

/* ---- two RESCALEs in a row, as eval has them ---- */

enum { ROWS = 64, CHANNELS = 8 };

static int add_numbers(ns_graph *graph, const char *name, ns_dtype dtype, ns_random *random, int64_t count,
                       int64_t low, int64_t high)
{
    int64_t values[CHANNELS];
    for (int64_t i = 0; i < count; i++)
        values[i] = ns_random_range(random, low, high);
    return add_const(graph, name, dtype, count, values);
}

/* int16 to int32 to int16, each with multipliers of its own, so that products reach 2^62 and results the ends
 * of int16. */
static ns_graph *make_rescales(ns_random *random, int64_t channels, bool twice, int16_t *inputs)
{
    ns_graph *graph = NULL;
    const int64_t shape[] = {ROWS, CHANNELS}, zero = 0, first = ns_random_range(random, 16, 30);
    int in, middle, out;
    ASSERT_OK(ns_graph_new(&graph, &error));
    ns_block *block = &graph->regions[0].blocks[0];
    ASSERT_OK(ns_block_add_tensor(graph, block, "in", NS_DTYPE_INT16, 2, shape, &in, &error));
    ASSERT_OK(ns_block_add_tensor(graph, block, "middle", NS_DTYPE_INT32, 2, shape, &middle, &error));
    ASSERT_OK(ns_block_add_tensor(graph, block, "out", NS_DTYPE_INT16, 2, shape, &out, &error));
    const ns_attributes a = {.scale32 = true,
                             .per_channel = channels > 1,
                             .rounding_mode = twice ? NS_DOUBLE_ROUND : NS_SINGLE_ROUND};
    const int z16 = add_const(graph, "z16", NS_DTYPE_INT16, 1, &zero),
              z32 = add_const(graph, "z32", NS_DTYPE_INT32, 1, &zero);
    const int64_t m = (int64_t)1 << 30;
    const int widen[] = {in, add_numbers(graph, "m1", NS_DTYPE_INT32, random, channels, m, 2 * m - 1),
                         add_numbers(graph, "s1", NS_DTYPE_INT8, random, channels, first, first), z16, z32};
    const int narrow[] = {middle, add_numbers(graph, "m2", NS_DTYPE_INT32, random, channels, m, 2 * m - 1),
                          add_numbers(graph, "s2", NS_DTYPE_INT8, random, channels, 60 - first, 62 - first),
                          z32, z16};
    ASSERT_OK(ns_block_add_operator(graph, block,
                                    &(ns_operator_parts){NS_OP_RESCALE, &a, 5, widen, 1, &middle}, &error));
    ASSERT_OK(ns_block_add_operator(graph, block, &(ns_operator_parts){NS_OP_RESCALE, &a, 5, narrow, 1, &out},
                                    &error));
    ASSERT_OK(ns_block_set_inputs(graph, block, 1, &in, &error));
    ASSERT_OK(ns_block_set_outputs(graph, block, 1, &out, &error));
    ASSERT_OK(ns_graph_validate(graph, &error));
    for (int i = 0; i < ROWS * CHANNELS; i++)
        inputs[i] = (int16_t)ns_random_range(random, -32768, 32767);
    return graph;
}

/* The diagnosis' own evaluator takes doubles where they tell the integer: a step's difference would be noted.
 */
static void rescales_are_those_of_eval(void **state)
{
    (void)state;
    ns_random random = {.state = 14};
    for (int i = 0; i < 64; i++) {
        int16_t values[ROWS * CHANNELS];
        const int64_t shape[] = {ROWS, CHANNELS};
        ns_tensor input = {.dtype = NS_DTYPE_INT16, .rank = 2, .shape = {shape[0], shape[1]}, .data = values};
        ns_diagnose_precision precision;
        ns_graph *graph = make_rescales(&random, i % 2 ? CHANNELS : 1, i % 4 > 1, values);
        const ns_diagnose_options options = {.inputs = &input, .input_count = 1, .samples = 1};
        ASSERT_OK(ns_diagnose_precision_run(graph, &options, arena, &precision, &error));
        for (int k = 0; k < precision.note_count; k++)
            assert_null(strstr(precision.notes[k], "differs from eval"));
        ns_graph_free(graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_table_gets_knots_where_its_inputs_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_table_is_split, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bytes_have_a_range_and_a_step, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rescales_are_those_of_eval, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
