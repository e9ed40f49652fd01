/* Parts of programs around an int16 bmm, which Ethos-U55 does not take: as ExecuTorch 1.5.1 delegates them
 * (torch/fx/passes/infra/partitioner.py), and in its recorded tests of addmm and matmul
 * (tests/recorded/lowered.py). */
#include "lower/interface.h"

#include "ir/interface.h"
#include "support/arena.h"
#include "support/aten.h"
#include "support/quantised_program.h"

static ns_aten_program *program;
static ns_lower_delegates split;

static int value(int node)
{
    test_quantise(program, node, 0.5f);
    return node;
}

static int add_input(const char *name, int64_t rows)
{
    ns_error error;
    int node = 0;
    ASSERT_OK(ns_aten_add_input(program, name, 3, (int64_t[]){1, rows, 2}, &node, &error));
    return value(node);
}

static int call(const ns_aten_operator *op, int a, int b)
{
    ns_error error;
    int node = 0;
    ASSERT_OK(ns_aten_call(program, op, b < 0 ? 1 : 2, (int[]){a, b}, NULL, &node, &error));
    return value(node);
}

static void divide(int result, ns_target target)
{
    ns_error error;
    ASSERT_OK(ns_aten_add_output(program, result, &error));
    ASSERT_OK(ns_lower_parts(program, target, arena, &split, &error));
}

/* What a part is: its calls, inputs and results. */
static void expect(int part, int calls, int inputs, int outputs)
{
    int got = 0;
    for (int n = 0; n < split.parts[part].program->node_count; n++)
        got += split.parts[part].program->nodes[n].kind == NS_ATEN_CALL;
    assert_int_equal(got, calls);
    assert_int_equal(split.parts[part].program->input_count, inputs);
    assert_int_equal(split.parts[part].program->output_count, outputs);
}

static void begin(void)
{
    ns_error error;
    ASSERT_OK(ns_aten_program_new(arena, &program, &error));
}

/* exp(x) bmm y, then neg: a part on either side; a target that takes all has one. */
static void test_sides(void **state)
{
    (void)state;
    begin();
    const int x = add_input("x", 2), y = add_input("y", 2);
    const int product = call(&ns_aten_op_bmm, call(&ns_aten_op_exp, x, -1), y);
    divide(call(&ns_aten_op_neg, product, -1), NS_TARGET_U55);
    assert_int_equal(split.count, 2);
    expect(0, 1, 1, 1);
    expect(1, 1, 1, 1);
    const ns_lower_part *second = &split.parts[1];
    assert_string_equal(second->program->nodes[second->program->inputs[0]].name, "bmm");
    assert_true(second->program->nodes[second->program->inputs[0]].quantisation.present);
    assert_int_equal(second->inputs[0], product);
    assert_int_equal(split.owner[product], -1);
    assert_int_equal(split.off_count, 1);
    assert_non_null(strstr(split.off[0], "bmm: ExecuTorch keeps bmm off Ethos-U55"));
    ns_error error;
    ASSERT_OK(ns_lower_parts(program, NS_TARGET_U85, arena, &split, &error));
    assert_int_equal(split.count, 1);
    expect(0, 3, 2, 1);
}

/* abs(x) + (x bmm y): the sum needs the product, abs does not: one part, for nothing of it leads to the
 * product. */
static void test_beside(void **state)
{
    (void)state;
    begin();
    const int x = add_input("x", 2), y = add_input("y", 2);
    const int product = call(&ns_aten_op_bmm, x, y);
    divide(call(&ns_aten_op_add, call(&ns_aten_op_abs, x, -1), product), NS_TARGET_U55);
    assert_int_equal(split.count, 1);
    expect(0, 2, 2, 1);
}

/* e = exp(x); e + (e bmm y): the sum cannot join exp, for the product lies between. */
static void test_around(void **state)
{
    (void)state;
    begin();
    const int x = add_input("x", 2), y = add_input("y", 2), e = call(&ns_aten_op_exp, x, -1);
    divide(call(&ns_aten_op_add, e, call(&ns_aten_op_bmm, e, y)), NS_TARGET_U55);
    assert_int_equal(split.count, 2);
    expect(0, 1, 1, 1);
    expect(1, 1, 2, 1);
}

/* neg(std(exp(x))): ExecuTorch 1.5.1's quantiser does not know std, which stays on the CPU of every target.
 */
static void test_float(void **state)
{
    (void)state;
    begin();
    const int deviation = call(&ns_aten_op_std, call(&ns_aten_op_exp, add_input("x", 2), -1), -1);
    divide(call(&ns_aten_op_neg, deviation, -1), NS_TARGET_U85);
    assert_int_equal(split.count, 2);
    expect(0, 1, 1, 1);
    expect(1, 1, 1, 1);
    assert_int_equal(split.off_count, 1);
    assert_string_equal(
        split.off[0],
        "std: ExecuTorch keeps std off Ethos-U85: Node was not marked as quantized in the Arm backend.");
}

/* Views alone are no part; with one axis more they are. */
static void test_views(void **state)
{
    (void)state;
    ns_error error;
    int node = 0;
    begin();
    const int product = call(&ns_aten_op_bmm, add_input("x", 2), add_input("y", 2));
    ASSERT_OK(ns_aten_add_reshape(program, product, 1, (int64_t[]){4}, &node, &error));
    divide(value(node), NS_TARGET_U55);
    assert_int_equal(split.count, 0);
    ASSERT_OK(ns_aten_call(program, &ns_aten_op_unsqueeze, 1, &product, NS_ARGUMENTS({"dim", NS_INT(0)}),
                           &node, &error));
    divide(value(node), NS_TARGET_U55);
    assert_int_equal(split.count, 1);
    expect(0, 2, 1, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {TEST(test_sides), TEST(test_beside), TEST(test_around),
                                       TEST(test_views), TEST(test_float)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
