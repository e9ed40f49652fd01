/* The stage `ideal` against PyTorch's float32 run of the captured cases (float_out<k>.npy). */
#include "support/data.h"
#include "support/test.h"

#include <math.h>

#include "formats/interface.h"
#include "ir/interface.h"

/* The largest magnitude that a sum of products can reach here: rounding errors of float32 scale with it, not
 * with the result. */
static double magnitude_of(const ns_aten_program *program, double *const *values)
{
    double largest = 0;
    for (int n = 0; n < program->node_count; n++) {
        for (size_t i = 0; i < ns_aten_count(&program->nodes[n]); i++)
            largest = fmax(largest, fabs(values[n][i]));
    }
    return largest;
}

static void captured_floats(void **state)
{
    (void)state;
    ns_error error;
    ns_arena *names_arena = ns_arena_new(), *arena = ns_arena_new();
    const char *const *names;
    int count = 0;
    double worst = 0;
    size_t elements = 0;
    ASSERT_OK(captured_list(names_arena, &names, &count, &error));
    assert_int_equal(count, 127);
    for (int i = 0; i < count; i++) {
        captured_case c;
        ns_aten_program *program;
        double **values;
        ns_npy expected;
        ns_arena_reset(arena);
        ASSERT_OK(captured_load(names[i], arena, &c, &error));
        ASSERT_OK(captured_original(&c, arena, &program, &error));
        ASSERT_OK(ns_aten_evaluate(program, NS_ATEN_IDEAL, c.inputs, arena, &values, &error));
        ASSERT_OK(
            test_data_array(captured_path(names[i], "float_out0.npy", arena), arena, &expected, &error));
        const ns_aten_node *node = &program->nodes[program->outputs[0]];
        assert_int_equal(expected.rank, node->rank);
        for (int d = 0; d < node->rank; d++)
            assert_int_equal(expected.shape[d], node->shape[d]);
        double magnitude = magnitude_of(program, values);
        for (size_t e = 0; e < expected.count; e++, elements++) {
            double got = values[program->outputs[0]][e], want = (double)((const float *)expected.data)[e];
            double difference = got == want ? 0 : fabs(got - want) / magnitude;
            worst = fmax(worst, difference);
            /* 8 units in the last place of the largest value */
            if (!(difference <= 8 * 0x1p-24))
                fail_msg("%s: element %zu is %.9g, PyTorch has %.9g", names[i], e, got, want);
        }
    }
    print_message("%zu elements, worst difference %.3g of the largest value\n", elements, worst);
    ns_arena_free(arena);
    ns_arena_free(names_arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(captured_floats)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
