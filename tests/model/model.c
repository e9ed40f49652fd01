/* Each captured case through the one door: the graph, Vela's stream and the program give the captured
 * results, whatever the number of samples and wherever the inputs lie; models in several threads do not meet.
 */
#include "npuscope/model.h"

#include <pthread.h>

#include "base/system.h"
#include "npuscope/cpu.h"
#include "support/data.h"
#include "support/test.h"

#define SAMPLES 3

typedef struct one_case {
    const char *set, *name, *model; /* captured/CASE/delegate0.tosa */
    const char *inputs, *outputs;   /* formats: "delegate0_in%d.npy", "i%d.bin" */
} one_case;

static const void *file_of(const one_case *c, const char *format, int index, ns_arena *arena, size_t *size)
{
    ns_error error = {0};
    char file[64];
    snprintf(file, sizeof file, format, index);
    const char *path = ns_arena_format(arena, "%s/%s/%s", c->set, c->name, file);
    ns_bytes bytes;
    ns_npy array;
    if (!strstr(file, ".npy")) {
        ASSERT_OK(test_data_read(path, arena, &bytes, &error));
        *size = bytes.size;
        return bytes.data;
    }
    ASSERT_OK(test_data_array(path, arena, &array, &error));
    *size = array.count * array.item_size;
    return array.data;
}

/* Samples one behind the other, from an address that no vector is aligned to. */
static const void *repeat(const void *data, size_t size, ns_arena *arena)
{
    uint8_t *all = (uint8_t *)ns_arena_alloc(arena, SAMPLES * size + 1, 1) + 1;
    for (int k = 0; k < SAMPLES; k++)
        memcpy(all + (size_t)k * size, data, size);
    return all;
}

static ns_model *load(const one_case *c, ns_arena *arena)
{
    ns_error error = {0};
    ns_model *model = NULL;
    size_t size = 0;
    const void *bytes = file_of(c, c->model, 0, arena, &size);
    if (ns_model_load(bytes, size, NS_ACCELERATOR_UNKNOWN, NULL, &model, &error) != NS_OK)
        fail_msg("%s/%s: %s", c->name, c->model, error.message);
    return model;
}

static void check_outputs(const one_case *c, const ns_model *model, const void **outputs, ns_arena *arena)
{
    for (int i = 0; i < ns_model_output_count(model); i++) {
        size_t size = 0;
        const void *expected = file_of(c, c->outputs, i, arena, &size);
        assert_int_equal(ns_model_output(model, i)->bytes, size);
        for (size_t k = 0; k < SAMPLES; k++)
            if (memcmp((const uint8_t *)outputs[i] + k * size, expected, size) != 0)
                fail_msg("%s/%s: output %d of sample %zu differs", c->name, c->model, i, k);
    }
}

static void check(const one_case *c, ns_model_format format)
{
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_model *model = load(c, arena);
    const ns_model_options options = {.cpu_mask = ns_cpu_detect()};
    const void *inputs[8], *outputs[8];
    ns_npu_statistics statistics;
    assert_int_equal(ns_model_format_of(model), format);
    assert_in_range(ns_model_input_count(model), 1, 8);
    assert_in_range(ns_model_output_count(model), 1, 8);
    for (int i = 0; i < ns_model_input_count(model); i++) {
        size_t size = 0;
        const void *data = file_of(c, c->inputs, i, arena, &size);
        assert_int_equal(ns_model_input(model, i)->bytes, size);
        inputs[i] = repeat(data, size, arena);
    }
    if (ns_model_run(model, &options, inputs, SAMPLES, arena, outputs, &statistics, &error) != NS_OK)
        fail_msg("%s/%s: %s", c->name, c->model, error.message);
    check_outputs(c, model, outputs, arena);
    const ns_model_options threaded = {.cpu_mask = ns_cpu_detect(), .threads = 2};
    if (format == NS_MODEL_TOSA) {
        ASSERT_OK(ns_model_run(model, &threaded, inputs, SAMPLES, arena, outputs, NULL, &error));
        check_outputs(c, model, outputs, arena);
    }
    assert_int_equal(statistics.operations % SAMPLES, 0);
    assert_int_equal(statistics.operations == 0, format == NS_MODEL_TOSA);
    ns_model_free(model);
    ns_arena_free(arena);
}

static void test_captured(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    const char *const *names = NULL;
    int count = 0;
    ASSERT_OK(test_data_list("captured", arena, &names, &count, &error));
    assert_true(count > 100);
    for (int i = 0; i < count; i++) {
        const char *in = "delegate0_in%d.npy", *out = "delegate0_out%d.npy";
        check(&(one_case){"captured", names[i], "delegate0.tosa", in, out}, NS_MODEL_TOSA);
        check(&(one_case){"captured", names[i], "delegate0_vela.npz", in, out}, NS_MODEL_NPZ);
        check(&(one_case){"captured", names[i], "program.pte", "i%d.bin", "program_out%d.npy"},
              NS_MODEL_PROGRAM);
    }
    ns_arena_free(arena);
}

static void test_tflite(void **state)
{
    (void)state;
    const one_case c = {"tflite", "ds_cnn_int8_u85_v5.1.0", "model.tflite", "in%d.npy", "out%d.npy"};
    check(&c, NS_MODEL_TFLITE);
}

static const one_case bmm = {"captured", "test_bmm_a16w8_u85_INT[rand_rect]", "delegate0_vela.npz",
                             "delegate0_in%d.npy", "delegate0_out%d.npy"};

static ns_code count_tap(void *context, const ns_model_tap *tap, ns_error *error)
{
    int *taps = context;
    (void)error;
    assert_true(tap->data->data != NULL && tap->name[0] != '\0' && tap->number >= 0);
    ++*taps;
    return NS_OK;
}

static void test_tap(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_model *model = load(&bmm, arena);
    int taps = 0;
    const ns_model_options options = {.cpu_mask = ns_cpu_detect(), .tap = count_tap, .context = &taps};
    const void *inputs[2], *outputs[1];
    ns_npu_statistics statistics;
    size_t size;
    for (int i = 0; i < 2; i++)
        inputs[i] = file_of(&bmm, bmm.inputs, i, arena, &size);
    ASSERT_OK(ns_model_run(model, &options, inputs, 1, arena, outputs, &statistics, &error));
    assert_int_equal(taps, statistics.operations);
    ns_model_free(model);
    ns_arena_free(arena);
}

static void test_refused(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_model *model = NULL;
    ns_budget budget;
    size_t size;
    const void *bytes = file_of(&bmm, bmm.model, 0, arena, &size);
    assert_int_equal(ns_model_load("text", 4, NS_ACCELERATOR_UNKNOWN, NULL, &model, &error), NS_ERROR_INPUT);
    assert_non_null(strstr(error.message, "no model"));
    assert_int_equal(ns_model_load(bytes, size, NS_ACCELERATOR_U55_32, NULL, &model, &error), NS_ERROR_USAGE);
    assert_int_equal(ns_model_load(bytes, size - 1, NS_ACCELERATOR_UNKNOWN, NULL, &model, &error),
                     NS_ERROR_INPUT);
    ns_budget_open(&budget, 1000, 0, 0);
    assert_int_equal(ns_model_load(bytes, size, NS_ACCELERATOR_UNKNOWN, &budget, &model, &error),
                     NS_ERROR_BUDGET);
    assert_null(model);
    assert_int_equal(budget.memory, 0);
    ns_arena_free(arena);
}

/* ---- what an embedding program sets ---- */

static ns_code run_case(const one_case *c, const ns_model_options *options, ns_arena *arena, ns_error *error)
{
    ns_model *model = NULL;
    const void *inputs[8], *outputs[8];
    size_t size = 0;
    const void *bytes = file_of(c, c->model, 0, arena, &size);
    NS_TRY(ns_model_load(bytes, size, NS_ACCELERATOR_UNKNOWN, options->budget, &model, error));
    for (int i = 0; i < ns_model_input_count(model); i++)
        inputs[i] = file_of(c, c->inputs, i, arena, &size);
    const ns_code code = ns_model_run(model, options, inputs, 1, arena, outputs, NULL, error);
    ns_model_free(model);
    return code;
}

static const one_case graph = {"captured", "test_bmm_a16w8_u85_INT[rand_rect]", "delegate0.tosa",
                               "delegate0_in%d.npy", "delegate0_out%d.npy"};

static ns_code cancel_at_second(void *context, const ns_model_tap *tap, ns_error *error)
{
    (void)error;
    if (tap->number >= 1)
        ns_budget_cancel(context);
    return NS_OK;
}

/* In the midst of a graph and of a stream; until the budget is opened again. */
static void test_cancel(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_budget budget;
    ns_model_options options = {
        .size = sizeof options, .budget = &budget, .tap = cancel_at_second, .context = &budget};
    const one_case *const cases[] = {&graph, &bmm};
    for (int i = 0; i < 2; i++) {
        ns_budget_open(&budget, 0, 0, 0);
        options.tap = cancel_at_second;
        if (i == 1) { /* a stream of one operation: before it begins */
            ns_budget_cancel(&budget);
            options.tap = NULL;
        }
        assert_int_equal(run_case(cases[i], &options, arena, &error), NS_ERROR_CANCELLED);
        options.tap = NULL;
        assert_int_equal(run_case(cases[i], &options, arena, &error), NS_ERROR_CANCELLED);
        assert_true(ns_code_ends_run(NS_ERROR_CANCELLED));
        assert_int_equal(budget.memory, 0);
        ns_budget_open(&budget, 0, 0, 0);
        ASSERT_OK(run_case(cases[i], &options, arena, &error));
    }
    ns_arena_free(arena);
}

typedef struct books {
    size_t calls, bytes, most, refuse_at;
} books;

static void *allocate(void *context, size_t bytes, size_t alignment)
{
    books *b = context;
    if (++b->calls == b->refuse_at)
        return NULL;
    void *block = ns_system_aligned((bytes + alignment - 1) / alignment * alignment, alignment);
    memset(block, 0xa5, bytes);
    b->bytes += bytes;
    b->most = b->bytes > b->most ? b->bytes : b->most;
    return block;
}

static void release(void *context, void *block, size_t bytes)
{
    ((books *)context)->bytes -= bytes;
    ns_system_free(block);
}

/* All of a run's memory is the hook's, and comes back; where it refuses, the run says so, but that a chain
 * which is refused its room gives way to its operators one by one. */
static void test_allocator(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_budget budget;
    const one_case *const cases[] = {&graph, &bmm};
    for (int i = 0; i < 2; i++) {
        books seen = {0};
        ns_budget_open(&budget, 0, 0, 0);
        budget.allocator = (ns_allocator){allocate, release, &seen};
        const ns_model_options options = {.size = sizeof options, .budget = &budget};
        ASSERT_OK(run_case(cases[i], &options, arena, &error));
        assert_true(seen.calls > 5 && seen.most > 1000);
        assert_int_equal(seen.bytes, 0);
        const size_t calls = seen.calls;
        size_t refused = 0;
        for (size_t at = 1; at <= calls; at++) {
            seen = (books){.refuse_at = at};
            const ns_code code = run_case(cases[i], &options, arena, &error);
            refused += code == NS_ERROR_MEMORY;
            assert_true(code == NS_ERROR_MEMORY || (code == NS_OK && cases[i] == &graph));
            assert_int_equal(seen.bytes, 0);
        }
        assert_true(refused > calls / 2);
    }
    ns_arena_free(arena);
}

/* An older caller's options end before what it does not know; a newer one's may, if that is 0. */
static void test_options(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    struct {
        ns_model_options known;
        int new_one;
    } newer = {.known = {.size = sizeof newer}};
    ASSERT_OK(run_case(&bmm, &newer.known, arena, &error));
    newer.new_one = 1;
    assert_int_equal(run_case(&bmm, &newer.known, arena, &error), NS_ERROR_USAGE);
    assert_non_null(strstr(error.message, "of which this version"));
    const ns_model_options older = {.size = offsetof(ns_model_options, tap), .tap = cancel_at_second};
    ASSERT_OK(run_case(&bmm, &older, arena, &error));
    ns_arena_free(arena);
}

/* The documents of `npuscope inspect --json`, and the graph, stream or program as data. */
static void test_inspect(void **state)
{
    (void)state;
    const char *const files[] = {"delegate0.tosa", "delegate0_vela.npz", "program.pte"};
    const char *const parts[] = {"\"operators\"", "\"commands\"", "\"planned_buffers\""};
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    for (int i = 0; i < 3; i++) {
        const one_case c = {bmm.set, bmm.name, files[i], bmm.inputs, bmm.outputs};
        ns_model *model = load(&c, arena);
        const char *json = NULL, *text = NULL;
        ASSERT_OK(ns_model_inspect(model, true, arena, &json, &error));
        ASSERT_OK(ns_model_inspect(model, false, arena, &text, &error));
        assert_non_null(strstr(json, "\"npuscope/inspect/1\""));
        if (!strstr(json, parts[i]))
            fail_msg("%s: no %s in its description", files[i], parts[i]);
        assert_true(strlen(text) > 100 && text[0] != '{');
        assert_true((ns_model_graph(model) != NULL) == (i == 0));
        assert_true((ns_model_stream(model) != NULL) == (i == 1));
        assert_true((ns_model_program(model) != NULL) == (i == 2));
        ns_model_free(model);
    }
    ns_arena_free(arena);
}

static void *run_in_thread(void *context)
{
    check(context, NS_MODEL_NPZ);
    check(&(one_case){"captured", bmm.name, "delegate0.tosa", bmm.inputs, bmm.outputs}, NS_MODEL_TOSA);
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_in_thread, (void *)(uintptr_t)&bmm), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_captured), cmocka_unit_test(test_tflite),  cmocka_unit_test(test_tap),
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_cancel),  cmocka_unit_test(test_allocator),
        cmocka_unit_test(test_options),  cmocka_unit_test(test_inspect), cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
