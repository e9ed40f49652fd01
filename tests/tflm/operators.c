/* Models of one operator, and of states, give what TFLite Micro's reference kernels gave, bit for bit
 * (scripts/record-tflm); broken files never crash. */
#include "tflm/tflm.h"

#include "base/interface.h"
#include "support/data.h"
#include "support/test.h"

static ns_error error;

static ns_bytes model_of(const char *name, ns_arena *arena)
{
    char file[256];
    ns_bytes bytes;
    snprintf(file, sizeof file, "tflm/%s/model.tflite", name);
    ASSERT_OK(test_data_read(file, arena, &bytes, &error));
    return bytes;
}

static ns_npy array_of(const char *name, const char *what, int index, ns_arena *arena)
{
    char file[256];
    ns_npy array;
    snprintf(file, sizeof file, "tflm/%s/%s%d.npy", name, what, index);
    ASSERT_OK(test_data_array(file, arena, &array, &error));
    return array;
}

/* Frames of a case: states are kept between them. */
static void run_case(const char *name)
{
    ns_arena *arena = ns_arena_new();
    ns_tflm *model;
    ASSERT_OK(ns_tflm_read(model_of(name, arena), NS_ACCELERATOR_UNKNOWN, arena, &model, &error));
    ASSERT_OK(ns_tflm_missing(model, &error));
    ASSERT_OK(ns_tflm_open(model, &error));
    const ns_npy first = array_of(name, "in", 0, arena);
    const size_t frames = first.count * first.item_size / ns_tflm_input(model, 0)->bytes;
    for (size_t f = 0; f < frames; f++) {
        for (int i = 0; i < ns_tflm_input_count(model); i++) {
            const ns_npy in = array_of(name, "in", i, arena);
            ns_tflm_value *value = ns_tflm_input(model, i);
            memcpy(value->data, (uint8_t *)in.data + f * value->bytes, value->bytes);
        }
        if (ns_tflm_run(model, NULL, NULL, &error) != NS_OK)
            fail_msg("%s: %s", name, error.message);
        for (int i = 0; i < ns_tflm_output_count(model); i++) {
            const ns_npy out = array_of(name, "out", i, arena);
            const ns_tflm_value *value = ns_tflm_output(model, i);
            if (out.count * out.item_size != frames * value->bytes ||
                memcmp(value->data, (uint8_t *)out.data + f * value->bytes, value->bytes) != 0)
                fail_msg("%s: frame %zu of output %d differs", name, f, i);
        }
    }
    ns_arena_free(arena);
}

static void cases_are_exact(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    const char *const *names;
    int count;
    ASSERT_OK(test_data_list("tflm", arena, &names, &count, &error));
    assert_true(count >= 70);
    for (int i = 0; i < count; i++)
        run_case(names[i]);
    ns_arena_free(arena);
}

/* Every row of operators.def stands in a case, but those that share another's function. */
static void operators_have_cases(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    const char *const *names;
    int count;
    static const char *const sharing[] = {"SQUEEZE", "EXPAND_DIMS"};
    ASSERT_OK(test_data_list("tflm", arena, &names, &count, &error));
#define NS_TFLM_OPERATOR(name, function, least, most, outputs) #name,
    static const char *const rows[] = {
#include "tflm/operators.def"
    };
#undef NS_TFLM_OPERATOR
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        bool found = strcmp(rows[r], sharing[0]) == 0 || strcmp(rows[r], sharing[1]) == 0;
        assert_true(ns_tflm_has(&(ns_tflite_operator){.name = rows[r]}));
        for (int i = 0; i < count && !found; i++) {
            ns_tflite file;
            ASSERT_OK(ns_tflite_read(model_of(names[i], arena), arena, &file, &error));
            for (int k = 0; k < file.subgraphs[0].operator_count; k++)
                found = found || strcmp(file.subgraphs[0].operators[k].name, rows[r]) == 0;
        }
        if (!found)
            fail_msg("%s has no case", rows[r]);
    }
    ns_arena_free(arena);
}

/* Variables start at the zero point of what is assigned to them, 3; a run changes them. */
static void variables_are_kept(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_tflm *model;
    ASSERT_OK(
        ns_tflm_read(model_of("variables_unset", arena), NS_ACCELERATOR_UNKNOWN, arena, &model, &error));
    ASSERT_OK(ns_tflm_open(model, &error));
    assert_int_equal(ns_tflm_variable_count(model), 1);
    ns_tflm_variable *variable = ns_tflm_variable_at(model, 0);
    assert_string_equal(variable->name, "state");
    assert_int_equal(variable->bytes, 4);
    assert_int_equal((int8_t)variable->data[0], 3);
    memset(ns_tflm_input(model, 0)->data, 13, 4); /* 10 steps of the same scale above the zero point */
    ASSERT_OK(ns_tflm_run(model, NULL, NULL, &error));
    assert_int_equal((int8_t)variable->data[3], 13);
    assert_true(ns_tflm_has_run(model));
    ns_arena_free(arena);
}

/* Three ethos-u operators, of which the second gives no tensor: the third reads in the arena what it left
 * there. Of an input that two of them read halves of, nothing is missed. */
static void parts_share_the_arena(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_tflm *model;
    ns_npu_statistics statistics;
    const ns_npu_options options = {.check = true};
    const ns_npy in = array_of("handed_on_u55", "in", 0, arena);
    ASSERT_OK(ns_tflm_read(model_of("handed_on_u55", arena), NS_ACCELERATOR_UNKNOWN, arena, &model, &error));
    ASSERT_OK(ns_tflm_open(model, &error));
    assert_int_equal(ns_tflm_part_count(model), 3);
    assert_int_equal(ns_npu_output_count(ns_tflm_part(model, 1)), 0);
    memcpy(ns_tflm_input(model, 0)->data, in.data, ns_tflm_input(model, 0)->bytes);
    ASSERT_OK(ns_tflm_run(model, &options, &statistics, &error));
    assert_int_equal(statistics.signs, 0);
    assert_int_equal(statistics.possible_signs, 0);
    ns_arena_free(arena);
}

static ns_code try_bytes(ns_bytes bytes)
{
    ns_arena *arena = ns_arena_new();
    ns_tflm *model;
    ns_budget budget;
    ns_budget_open(&budget, (uint64_t)64 << 20, 1000000, 0);
    ns_npu_options options = {.budget = &budget};
    ns_arena *within = ns_arena_new_within(&budget);
    ns_code code = ns_tflm_read(bytes, NS_ACCELERATOR_UNKNOWN, within, &model, &error);
    if (code == NS_OK)
        code = ns_tflm_open(model, &error);
    if (code == NS_OK)
        code = ns_tflm_run(model, &options, NULL, &error);
    assert_true(code == NS_OK || error.message[0]);
    ns_arena_free(within);
    ns_arena_free(arena);
    return code;
}

/* Each case with bytes changed at random: any status, no crash. */
static void broken_models_do_not_crash(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    const char *const *names;
    int count, good = 0;
    ns_random random = {.state = 7};
    ASSERT_OK(test_data_list("tflm", arena, &names, &count, &error));
    for (int i = 0; i < count; i++) {
        const ns_bytes bytes = model_of(names[i], arena);
        for (int round = 0; round < 60; round++) {
            uint8_t *copy = ns_arena_copy(arena, bytes.data, bytes.size);
            for (int k = 0; k < 3; k++)
                copy[ns_random_u64(&random) % bytes.size] = (uint8_t)ns_random_u64(&random);
            good += try_bytes((ns_bytes){copy, bytes.size}) == NS_OK;
        }
    }
    assert_in_range(good, 1, count * 60 - 1);
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_are_exact),
        cmocka_unit_test(operators_have_cases),
        cmocka_unit_test(variables_are_kept),
        cmocka_unit_test(parts_share_the_arena),
        cmocka_unit_test(broken_models_do_not_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
