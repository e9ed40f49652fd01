/* Decomposed programs compute what the originals compute, in exact reals up to the float32 constants, for all
 * ranks, dims and corrections. (That they have ExecuTorch's shape is tested in tests/quant.) */
#include "support/test.h"

#include <math.h>

#include "base/interface.h"
#include "ir/interface.h"
#include "support/aten.h"

static void compare(ns_aten_program *program, const ns_tensor *input, ns_arena *arena, int node)
{
    ns_error error;
    ns_aten_program *decomposed;
    double **expected, **got;
    ASSERT_OK(ns_aten_add_output(program, node, &error));
    ASSERT_OK(ns_aten_decompose(program, arena, &decomposed, &error));
    ASSERT_OK(ns_aten_evaluate(program, NS_ATEN_IDEAL, input, arena, &expected, &error));
    ASSERT_OK(ns_aten_evaluate(decomposed, NS_ATEN_IDEAL, input, arena, &got, &error));
    int result = decomposed->outputs[0];
    size_t count = ns_aten_count(&program->nodes[node]);
    assert_int_equal(ns_aten_count(&decomposed->nodes[result]), count);
    for (int n = 0; n < decomposed->node_count; n++) {
        assert_true(decomposed->nodes[n].op != &ns_aten_op_mean_dim);
        assert_true(decomposed->nodes[n].op != &ns_aten_op_var);
    }
    for (size_t i = 0; i < count; i++) {
        /* The constants 1 / n are float32: 2^-24 relative, of terms below 1. */
        if (fabs(got[result][i] - expected[node][i]) > 0x1p-21)
            fail_msg("element %zu is %g, expected %g", i, got[result][i], expected[node][i]);
    }
}

static void reductions(void **state)
{
    (void)state;
    ns_error error;
    static const int64_t dims_of[] = {2, 3, 1, 4, 2};
    ns_random random = {5};
    int cases = 0;
    for (int rank = 1; rank <= 5; rank++) {
        for (int mask = 0; mask < 1 << rank; mask++) {
            for (int variant = 0; variant < 8; variant++) {
                ns_arena *arena = ns_arena_new();
                ns_aten_program *program;
                ns_tensor tensor;
                int x, node, dims[5], dim_count = 0;
                int64_t n = 1;
                for (int d = 0; d < rank; d++) {
                    if (mask >> d & 1)
                        dims[dim_count++] = variant & 1 ? d : d - rank;
                    if (mask == 0 || mask >> d & 1)
                        n *= dims_of[d];
                }
                ASSERT_OK(ns_aten_program_new(arena, &program, &error));
                ASSERT_OK(ns_aten_add_input(program, "x", rank, dims_of, &x, &error));
                ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_FP32, rank, dims_of, &tensor, &error));
                for (size_t i = 0; i < ns_tensor_count(&tensor); i++)
                    ((float *)tensor.data)[i] = (float)ns_random_unit(&random);
                double correction = variant >> 1 == 1 ? 0 : variant >> 1 == 2 ? 0.5 : 1;
                bool keepdim = ns_random_u64(&random) & 1;
                if (variant < 2)
                    ASSERT_OK(ns_aten_add_mean(program, x, dim_count, dims, keepdim, &node, &error));
                else
                    ASSERT_OK(
                        ns_aten_add_var(program, x, dim_count, dims, correction, keepdim, &node, &error));
                if (variant < 2 || (double)n > correction) {
                    compare(program, &tensor, arena, node);
                    cases++;
                } else {
                    ns_aten_program *decomposed;
                    ASSERT_OK(ns_aten_add_output(program, node, &error));
                    assert_int_equal(ns_aten_decompose(program, arena, &decomposed, &error),
                                     NS_ERROR_UNSUPPORTED);
                }
                ns_arena_free(arena);
            }
        }
    }
    assert_true(cases > 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reductions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
