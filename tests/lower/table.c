/* Table entries against the ones that ExecuTorch 1.5.0 (PyTorch 2.13, x86-64) makes. */
#include "ir/interface.h"
#include "lower/interface.h"
#include "support/aten.h"
#include "support/quantised_program.h"

static ns_error error;

enum { EXP, RECIPROCAL, GELU, GELU_TANH };

static ns_code lower_unary(int function, float input_scale, float output_scale, ns_graph **graph)
{
    ns_arena *arena = ns_arena_new();
    ns_aten_program *program = NULL;
    int input = 0, output = 0;
    ASSERT_OK(ns_aten_program_new(arena, &program, &error));
    ASSERT_OK(ns_aten_add_input(program, "x", 1, (int64_t[]){5}, &input, &error));
    if (function == EXP)
        ASSERT_OK(ns_aten_add_exp(program, input, &output, &error));
    else if (function == RECIPROCAL)
        ASSERT_OK(ns_aten_add_reciprocal(program, input, &output, &error));
    else
        ASSERT_OK(ns_aten_add_gelu(program, input, function == GELU_TANH, &output, &error));
    ASSERT_OK(ns_aten_add_output(program, output, &error));
    test_quantise(program, input, input_scale);
    test_quantise(program, output, output_scale);
    ns_code code = ns_lower(program, NS_TARGET_U55, graph, &error);
    ns_arena_free(arena);
    return code;
}

static void test_entries(void **state)
{
    (void)state;
    static const int places[] = {0, 1, 100, 255, 256, 257, 300, 400, 511, 512};
    static const struct {
        int function;
        float input_scale, output_scale;
        int entries[10];
    } tables[] = {
        {EXP, 0x1p-13f, 0.0017f, {11, 11, 51, 579, 588, 597, 1170, 5581, 31619, 32117}},
        {RECIPROCAL,
         0x1p-14f,
         0x1p-12f,
         {-2048, -2056, -3361, -32767, 32767, 32767, 11916, 3641, 2056, 2048}},
        {GELU, 0x1p-13f, 0x1p-13f, {-1, -1, -148, -63, 0, 65, 4247, 18207, 32639, 32767}},
        {GELU_TANH, 0x1p-12f, 0.00021f, {0, 0, 0, -73, 0, 76, 5993, 21429, 32767, 32767}},
    };
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        ns_graph *graph = NULL;
        ASSERT_OK(lower_unary(tables[t].function, tables[t].input_scale, tables[t].output_scale, &graph));
        const ns_tensor *table = &graph->regions[0].blocks[0].tensors[0].tensor;
        assert_int_equal(table->dtype, NS_DTYPE_INT16);
        assert_int_equal(ns_tensor_count(table), 513);
        for (size_t i = 0; i < 10; i++)
            if (ns_tensor_get(table, (size_t)places[i]) != tables[t].entries[i])
                fail_msg("table %zu, entry %d: %lld, expected %d", t, places[i],
                         (long long)ns_tensor_get(table, (size_t)places[i]), tables[t].entries[i]);
        ns_graph_free(graph);
    }
}

/* ExecuTorch takes the logarithm of the largest entry and cannot go on. */
static void test_all_zero(void **state)
{
    (void)state;
    ns_graph *graph = NULL;
    assert_int_equal(lower_unary(GELU, 1e-9f, 1.0f, &graph), NS_ERROR_INPUT);
    assert_non_null(strstr(error.message, "every entry of the table is 0"));
    assert_null(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_entries), cmocka_unit_test(test_all_zero)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
