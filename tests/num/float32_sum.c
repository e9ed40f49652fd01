/* Float32 sums equal PyTorch's bit for bit (tests/data/float32_sums.zip, made by
 * scripts/record-float32-sums).
 */
#include "support/test.h"

#include <jansson.h>

#include "base/interface.h"
#include "ir/interface.h"
#include "num/interface.h"
#include "support/aten.h"
#include "support/data.h"

static void sums(void **state)
{
    (void)state;
    ns_error error;
    json_t *list;
    ASSERT_OK(test_data_json("float32_sums/sums.json", &list, &error));
    size_t c, compared = 0;
    json_t *json;
    json_array_foreach(list, c, json)
    {
        ns_arena *arena = ns_arena_new();
        ns_aten_program *program;
        int64_t shape[NS_MAX_RANK];
        int dims[NS_MAX_RANK], x, node;
        const json_t *shapes = json_object_get(json, "shape"), *axes = json_object_get(json, "dims");
        int rank = (int)json_array_size(shapes), dim_count = (int)json_array_size(axes);
        for (int i = 0; i < rank; i++)
            shape[i] = json_integer_value(json_array_get(shapes, (size_t)i));
        for (int i = 0; i < dim_count; i++)
            dims[i] = (int)json_integer_value(json_array_get(axes, (size_t)i));
        ASSERT_OK(ns_aten_program_new(arena, &program, &error));
        ASSERT_OK(ns_aten_add_input(program, NULL, rank, shape, &x, &error));
        ASSERT_OK(ns_aten_add_sum(program, x, dim_count, dims, false, &node, &error));
        ns_tensor tensor;
        ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_FP32, rank, shape, &tensor, &error));
        ns_random random = {c};
        float *values = tensor.data;
        for (size_t i = 0; i < ns_tensor_count(&tensor); i++)
            values[i] = (float)(ns_random_unit(&random) - 0.5);
        double **results;
        ASSERT_OK(ns_aten_evaluate(program, NS_ATEN_FLOAT32, &tensor, arena, &results, &error));
        const json_t *expected = json_object_get(json, "sums");
        for (size_t i = 0; i < json_array_size(expected); i++, compared++) {
            double want = json_number_value(json_array_get(expected, i));
            if (results[node][i] != want)
                fail_msg("case %zu, element %zu: %.9g, PyTorch has %.9g", c, i, results[node][i], want);
        }
        ns_arena_free(arena);
    }
    print_message("%zu sums equal\n", compared);
    assert_true(compared > 500);
    json_decref(list);
}

static void few_terms(void **state)
{
    (void)state;
    static const float values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    assert_true(ns_float32_sum(values, 0) == 0);
    assert_true(ns_float32_sum(values, 1) == 1);
    assert_true(ns_float32_sum(values, 9) == 45);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sums), cmocka_unit_test(few_terms)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
