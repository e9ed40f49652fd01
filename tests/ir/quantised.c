/* The stage `quantised` against ExecuTorch's own run of its quantised graphs (quantised_out<k>.npy). */
#include "ir/interface.h"
#include "support/data.h"
#include "support/test.h"

#include <math.h>

/* PyTorch computes each operator in float32, npuscope in exact reals; both round to the same grid. An
 * element may differ by one step of the output's scale where the real value lies within float32 error of a
 * rounding boundary, and where an earlier such element moves it. */
static void captured_outputs(void **state)
{
    (void)state;
    ns_error error;
    ns_arena *names_arena = ns_arena_new(), *arena = ns_arena_new();
    const char *const *names;
    int count = 0;
    size_t elements = 0, differing = 0;
    ASSERT_OK(captured_list(names_arena, &names, &count, &error));
    assert_int_equal(count, 127);
    for (int i = 0; i < count; i++) {
        captured_case c;
        double **values;
        ns_arena_reset(arena);
        ASSERT_OK(captured_load(names[i], arena, &c, &error));
        ASSERT_OK(ns_aten_evaluate(c.program, NS_ATEN_QUANTISED, c.inputs, arena, &values, &error));
        size_t here = 0;
        for (int k = 0; k < c.program->output_count; k++) {
            const ns_aten_node *node = &c.program->nodes[c.program->outputs[k]];
            double scale = (double)node->quantisation.scales[0];
            const float *expected = c.outputs[k].data;
            assert_int_equal(ns_tensor_count(&c.outputs[k]), ns_aten_count(node));
            for (size_t e = 0; e < ns_aten_count(node); e++) {
                double got = nearbyint(values[c.program->outputs[k]][e] / scale);
                double want = nearbyint((double)expected[e] / scale);
                elements++;
                if (got == want)
                    continue;
                here++;
                if (fabs(got - want) > 1)
                    fail_msg("%s: output %d, element %zu: %g steps, ExecuTorch has %g", names[i], k, e, got,
                             want);
            }
        }
        if (here)
            print_message("%s: %zu elements one step off\n", names[i], here);
        differing += here;
    }
    print_message("%zu of %zu elements one step off\n", differing, elements);
    assert_true(differing * 1000 <= elements);
    ns_arena_free(arena);
    ns_arena_free(names_arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(captured_outputs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
