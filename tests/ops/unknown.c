/* An operator of which nothing is said but its shape: whoever needs a fact says that it is not known, and
 * nobody assumes one. */
#include "ir/interface.h"
#include "lower/interface.h"
#include "measure/interface.h"
#include "ops/families/arithmetic.h"
#include "quant/interface.h"
#include "support/arena.h"
#include "support/quantised_program.h"
#include "sweep/sweep.h"

static ns_aten_operator unknown = {.name = "nothing",
                                   .aten = "aten.nothing.default",
                                   NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
                                   .infer = ns_infer_same};

/* x of two elements -> the operator. */
static ns_aten_program *make(ns_tensor *input, int *node)
{
    ns_aten_program *program;
    ns_error error;
    int x = 0;
    const int64_t shape[] = {2};
    ASSERT_OK(ns_aten_program_new(arena, &program, &error));
    ASSERT_OK(ns_aten_add_input(program, "x", 1, shape, &x, &error));
    ASSERT_OK(ns_aten_call(program, &unknown, 1, &x, NULL, node, &error));
    ASSERT_OK(ns_aten_add_output(program, *node, &error));
    ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_FP32, 1, shape, input, &error));
    test_quantise(program, x, 0.5f);
    test_quantise(program, *node, 0.5f);
    return program;
}

#define REFUSED(call, words)                                      \
    do {                                                          \
        ns_error error = {0};                                     \
        assert_int_equal((call), NS_ERROR_UNSUPPORTED);           \
        if (!strstr(error.message, (words)))                      \
            fail_msg("'%s' is not in: %s", words, error.message); \
    } while (0)

static void test_not_known(void **state)
{
    (void)state;
    ns_tensor input;
    int node = 0, count = 0;
    ns_aten_program *program = make(&input, &node);
    ns_graph *graph = NULL;
    double **values, **gradient, **bounds, *ideal[2] = {(double[]){1, 2}, (double[]){1, 2}};
    ns_suite_operand *operands;
    const ns_quantise_options options = NS_QUANTISE_DEFAULTS;
    REFUSED(ns_aten_evaluate(program, NS_ATEN_IDEAL, &input, arena, &values, &error), "exact meaning of");
    REFUSED(ns_aten_evaluate(program, NS_ATEN_FLOAT32, &input, arena, &values, &error), "float32 meaning of");
    REFUSED(ns_quantise_program(program, &options, 1, &input, &error), "how ExecuTorch quantises");
    REFUSED(ns_lower(program, NS_TARGET_U85, &graph, &error), "whether ExecuTorch gives");
    REFUSED(ns_format_bound(program, ideal, arena, &bounds, &error), "error bound of");
    REFUSED(ns_gradient(program, ideal, 0, arena, &gradient, &error), "no rule for its derivative");
    assert_false(ns_sweep_fits(program));
    assert_int_equal(ns_trace(program, &input, 0, 0, arena, &operands, &count, NULL), NS_OK);
    assert_null(operands);
    assert_int_equal(count, 0);
    ns_aten_operator supported = unknown;
    supported.supported = ns_supported_always;
    program->nodes[node].op = &supported;
    REFUSED(ns_lower(program, NS_TARGET_U85, &graph, &error), "lowering of");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_not_known)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
