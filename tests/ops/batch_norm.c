/* batch_norm, scaled_dot_product_attention, conv_transpose2d: values of PyTorch 2.14.1 in float64 of the
 * filling below, and of what they decompose into; behind a convolution nothing is left of batch_norm, and the
 * bare convolution goes. */
#include "support/test.h"

#include <math.h>
#include <string.h>

#include "ir/interface.h"
#include "lower/interface.h"
#include "support/aten.h"

typedef struct bench {
    ns_arena *arena;
    ns_aten_program *program;
    int filled;
} bench;

static int setup(void **state)
{
    bench *b = calloc(1, sizeof *b);
    ns_error error;
    b->arena = ns_arena_new();
    *state = b;
    return ns_aten_program_new(b->arena, &b->program, &error) == NS_OK ? 0 : -1;
}

static int teardown(void **state)
{
    ns_arena_free(((bench *)*state)->arena);
    free(*state);
    return 0;
}

/* Value i of all that are made is (37 i + 11 mod 64 - 32) / 64; `positive`: |..| + 0.5. */
static int fill(bench *b, bool positive, int rank, const int64_t *shape)
{
    ns_error error;
    float values[128];
    int64_t count = 1;
    int node = 0;
    for (int i = 0; i < rank; i++)
        count *= shape[i];
    for (int i = 0; i < count; i++, b->filled++) {
        values[i] = (float)((b->filled * 37 + 11) % 64 - 32) / 64;
        values[i] = positive ? fabsf(values[i]) + 0.5f : values[i];
    }
    ASSERT_OK(ns_aten_add_parameter(b->program, NULL, rank, shape, values, &node, &error));
    return node;
}

#define FILL(b, ...) fill((b), false, (int)(sizeof(int64_t[]){__VA_ARGS__} / 8), (int64_t[]){__VA_ARGS__})

static void expect(const ns_aten_program *program, bench *b, double second, double last)
{
    ns_error error;
    double **values;
    ASSERT_OK(ns_aten_evaluate(program, NS_ATEN_IDEAL, NULL, b->arena, &values, &error));
    const int result = program->outputs[0];
    const size_t count = ns_aten_count(&program->nodes[result]);
    assert_true(fabs(values[result][1] - second) < 1e-6 && fabs(values[result][count - 1] - last) < 1e-6);
}

/* The value of `op`, and of what it is decomposed into, which has `calls` calls. */
static void check(bench *b, const ns_aten_operator *op, int count, const int *operands,
                  const ns_aten_argument *arguments, int calls, double second, double last)
{
    ns_error error;
    ns_aten_program *decomposed;
    int node = 0, got = 0;
    ASSERT_OK(ns_aten_call(b->program, op, count, operands, arguments, &node, &error));
    ASSERT_OK(ns_aten_add_output(b->program, node, &error));
    expect(b->program, b, second, last);
    ASSERT_OK(ns_aten_decompose(b->program, b->arena, &decomposed, &error));
    for (int n = 0; n < decomposed->node_count; n++)
        got += decomposed->nodes[n].kind == NS_ATEN_CALL;
    assert_int_equal(got, calls);
    expect(decomposed, b, second, last);
}

#define EPSILON NS_ARGUMENTS({"eps", NS_REAL(1e-3)})

static void test_batch_norm(void **state)
{
    bench *b = *state;
    int operands[5] = {FILL(b, 2, 3, 2, 2), FILL(b, 3), FILL(b, 3), FILL(b, 3)};
    operands[4] = fill(b, true, 1, (int64_t[]){3});
    check(b, &ns_aten_op_batch_norm, 5, operands, EPSILON, 10, 0.15870112169668849, 0.51569334282327217);
}

/* Without weight and bias ExecuTorch multiplies by 1 and adds 0. */
static void test_batch_norm_bare(void **state)
{
    bench *b = *state;
    int operands[5] = {FILL(b, 2, 3, 2, 2), -1, -1};
    b->filled += 6;
    operands[3] = FILL(b, 3);
    operands[4] = fill(b, true, 1, (int64_t[]){3});
    check(b, &ns_aten_op_batch_norm, 5, operands, EPSILON, 10, 0.27045269694523916, -0.26338810214154851);
}

static void test_behind_convolution(void **state)
{
    bench *b = *state;
    ns_error error;
    const int conv[3] = {FILL(b, 1, 2, 4, 4), FILL(b, 3, 2, 2, 2), -1};
    int operands[5] = {0, FILL(b, 3), FILL(b, 3), FILL(b, 3)};
    operands[4] = fill(b, true, 1, (int64_t[]){3});
    ASSERT_OK(ns_aten_call(b->program, &ns_aten_op_conv2d, 3, conv, NULL, &operands[0], &error));
    check(b, &ns_aten_op_batch_norm, 5, operands, EPSILON, 1, -0.20094871897059655, 0.075366237259533175);
}

static void test_attention(void **state)
{
    bench *b = *state;
    const int operands[3] = {FILL(b, 2, 3, 4), FILL(b, 2, 5, 4), FILL(b, 2, 5, 2)};
    check(b, &ns_aten_op_scaled_dot_product_attention, 3, operands, NULL, 21, -0.019366962425138287,
          -0.067995628968134464);
}

static void test_attention_scale(void **state)
{
    bench *b = *state;
    const int operands[3] = {FILL(b, 2, 3, 4), FILL(b, 2, 5, 4), FILL(b, 2, 5, 2)};
    check(b, &ns_aten_op_scaled_dot_product_attention, 3, operands, NS_ARGUMENTS({"scale", NS_REAL(0.25)}),
          21, -0.028482071397641216, -0.062147044700025342);
}

static int transposed(bench *b, const int64_t *stride, int64_t groups, int64_t dilation, ns_error *error)
{
    static const int64_t one[] = {1, 1}, behind[] = {1, 0};
    const int operands[3] = {FILL(b, 1, 2, 3, 2), FILL(b, 2, 3, 2, 3), FILL(b, 3)};
    int node = 0;
    const ns_code code =
        ns_aten_call(b->program, &ns_aten_op_conv_transpose2d, 3, operands,
                     NS_ARGUMENTS({"stride", NS_INTS(2, stride)}, {"padding", NS_INTS(2, one)},
                                  {"output_padding", NS_INTS(2, behind)}, {"groups", NS_INT(groups)},
                                  {"dilation", NS_INTS(1, &dilation)}),
                     &node, error);
    return code == NS_OK ? node : -1;
}

static void test_transposed(void **state)
{
    bench *b = *state;
    ns_error error = {0};
    const int node = transposed(b, (int64_t[]){2, 1}, 1, 1, &error);
    assert_true(node >= 0);
    assert_memory_equal(b->program->nodes[node].shape, ((int64_t[]){1, 3, 5, 2}), 4 * sizeof(int64_t));
    ASSERT_OK(ns_aten_add_output(b->program, node, &error));
    expect(b->program, b, 0.4609375, -0.4296875);
    ASSERT_OK(ns_lower_takes(b->program, node, NS_TARGET_U85, &error));
    assert_int_equal(ns_lower_takes(b->program, node, NS_TARGET_U55, &error), NS_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "Unsupported stride of (2, 1)"));
    ASSERT_OK(
        ns_lower_takes(b->program, transposed(b, (int64_t[]){2, 2}, 1, 1, &error), NS_TARGET_U55, &error));
    const int dilated = transposed(b, (int64_t[]){2, 2}, 1, 2, &error);
    assert_int_equal(ns_lower_takes(b->program, dilated, NS_TARGET_U85, &error), NS_ERROR_UNSUPPORTED);
    assert_int_equal(transposed(b, (int64_t[]){2, 2}, 3, 1, &error), -1);
    assert_non_null(strstr(error.message, "c divisible by groups"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(test_batch_norm),         TEST(test_batch_norm_bare),
                                       TEST(test_behind_convolution), TEST(test_attention),
                                       TEST(test_attention_scale),    TEST(test_transposed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
