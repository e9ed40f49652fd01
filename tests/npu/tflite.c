/* TFLite models that Vela has compiled give what LiteRT's reference kernels gave, in every element; broken
 * files never crash. Made by tests/conformance/tflite's models, `vela model.tflite`. */
#include "npu/captured.h"

#include "base/interface.h"
#include "npu/watch/interface.h"

/* Steps of a run of a broken file: above what the models here take. */
#define WORK 4000000

static const struct {
    const char *folder;
    ns_accelerator accelerator;
} models[] = {
    {"add_unequal_int8_u55_v5.1.0", NS_ACCELERATOR_U55_128},
    {"leaky_relu_int8_u65_v3.12.0", NS_ACCELERATOR_U65_512},
    {"residual_int8_u55_v3.12.0", NS_ACCELERATOR_U55_128},
    {"maximum_int16_u55_v4.5.0",
     NS_ACCELERATOR_U55_128}, /* the operator has the inputs the other way round */
    {"mobilenet_int16_u65_v5.1.0", NS_ACCELERATOR_U65_512}, /* fast scratch of its own */
    {"ds_cnn_int8_u55_v5.1.0", NS_ACCELERATOR_U55_128},
    {"ds_cnn_int8_u85_v5.1.0", NS_ACCELERATOR_U85_256},
    {"conv_uint8_u55_v5.1.0", NS_ACCELERATOR_U55_128},
    {"mirror_pad_int8_u55_v3.12.0", NS_ACCELERATOR_U55_128}, /* negative strides with 16 upper bits */
};
enum { MODEL_COUNT = sizeof models / sizeof models[0] };

static void models_are_exact(void **state)
{
    (void)state;
    for (int i = 0; i < MODEL_COUNT; i++) {
        char folder[256];
        ns_error error = {0};
        snprintf(folder, sizeof folder, "tflite/%s", models[i].folder);
        int64_t differing = run_case(folder, "", "model.tflite", models[i].accelerator, &error);
        if (differing)
            print_error("%s: %lld differ %s\n", models[i].folder, (long long)differing, error.message);
        assert_int_equal(differing, 0);
    }
}

static ns_bytes load_model(const char *folder, ns_arena *arena)
{
    char relative[256];
    ns_bytes file;
    ns_error error = {0};
    snprintf(relative, sizeof relative, "tflite/%s/model.tflite", folder);
    ASSERT_OK(test_data_read(relative, arena, &file, &error));
    return file;
}

static void tensors_are_the_models(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_npu_stream *stream;
    ns_bytes file = load_model(models[0].folder, arena);
    ASSERT_OK(ns_npu_load_tflite(file.data, file.size, NS_ACCELERATOR_UNKNOWN, arena, &stream, &error));
    assert_int_equal(ns_npu_accelerator(stream), NS_ACCELERATOR_U55_128);
    const ns_npu_io *second = ns_npu_input(stream, 1);
    assert_string_equal(second->name, "x1");
    assert_int_equal(second->rank, 4);
    assert_int_equal(second->region, 1);
    assert_int_equal(second->offset, 608);
    assert_int_equal(second->zero_point, 8);
    assert_string_equal(ns_npu_output(stream, 0)->name, "Identity");
    assert_int_equal(ns_npu_load_tflite(file.data, file.size, NS_ACCELERATOR_U55_256, arena, &stream, &error),
                     NS_ERROR_USAGE);
    ns_arena_free(arena);
}

static void cpu_operators_are_named(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_npu_stream *stream;
    ns_bytes file = load_model("cpu_operator", arena);
    assert_int_equal(ns_npu_load_tflite(file.data, file.size, NS_ACCELERATOR_UNKNOWN, arena, &stream, &error),
                     NS_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "FULLY_CONNECTED"));
    file = load_model("two_operators", arena);
    assert_int_equal(ns_npu_load_tflite(file.data, file.size, NS_ACCELERATOR_UNKNOWN, arena, &stream, &error),
                     NS_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "2 ethos-u operators, of which the first gives 'Identity'"));
    ns_arena_free(arena);
}

static void unsigned_tensors_are_told(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_npu_stream *stream;
    ns_bytes file = load_model("conv_uint8_u55_v5.1.0", arena);
    ASSERT_OK(ns_npu_load_tflite(file.data, file.size, NS_ACCELERATOR_UNKNOWN, arena, &stream, &error));
    assert_true(ns_npu_input(stream, 0)->is_unsigned);
    assert_true(ns_npu_output(stream, 0)->is_unsigned);
    file = load_model(models[0].folder, arena);
    ASSERT_OK(ns_npu_load_tflite(file.data, file.size, NS_ACCELERATOR_UNKNOWN, arena, &stream, &error));
    assert_false(ns_npu_input(stream, 0)->is_unsigned);
    assert_false(ns_npu_output(stream, 0)->is_unsigned);
    ns_arena_free(arena);
}

/* Loads, inspects and runs bytes. Any status will do; a message must be there when it fails. */
static ns_code try_model(const uint8_t *data, size_t size)
{
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_npu_stream *stream;
    ns_budget budget;
    ns_budget_open(&budget, 0, WORK, 0);
    ns_npu_options options = {.budget = &budget};
    ns_code code = ns_npu_load_tflite(data, size, NS_ACCELERATOR_UNKNOWN, arena, &stream, &error);
    if (code == NS_OK) {
        static const ns_dtype dtypes[] = {
            [1] = NS_DTYPE_INT8, [2] = NS_DTYPE_INT16, [4] = NS_DTYPE_INT32, [8] = NS_DTYPE_INT64};
        int inputs = ns_npu_input_count(stream), outputs = ns_npu_output_count(stream);
        ns_tensor *in = NS_ARENA_ARRAY(arena, (size_t)inputs, ns_tensor);
        ns_tensor *out = NS_ARENA_ARRAY(arena, (size_t)outputs, ns_tensor);
        ns_buffer text = {.arena = arena}, document = {.arena = arena};
        ns_json json = ns_json_begin(&document, true, 17);
        ns_npu_inspect_text(stream, &text, &error);
        ns_npu_inspect_json(stream, &json, NULL, &error);
        for (int i = 0; i < inputs; i++) {
            const ns_npu_io *io = ns_npu_input(stream, i);
            ASSERT_OK(ns_tensor_new(arena, dtypes[io->element_bytes], io->rank, io->shape, &in[i], &error));
        }
        error = (ns_error){0};
        code = ns_npu_run(stream, &options, in, inputs, arena, out, NULL, &error);
    }
    if (code != NS_OK)
        assert_true(error.message[0] != '\0');
    assert_int_not_equal(code, NS_ERROR_INTERNAL);
    ns_arena_free(arena);
    return code;
}

static void broken_files_do_not_crash(void **state)
{
    (void)state;
    ns_random random = {7};
    int refused = 0, total = 0;
    ns_arena *arena = ns_arena_new();
    ns_bytes file = load_model(models[0].folder, arena);
    assert_int_equal(try_model(file.data, file.size), NS_OK);
    /* Copies of their own size, so that a read past the end is seen by the sanitizer. The file ends with the
     * command stream, padded to 16 bytes. */
    for (size_t size = 0; size < file.size; size += size < 64 ? 1 : 5) {
        uint8_t *copy = malloc(size ? size : 1);
        memcpy(copy, file.data, size);
        ns_code code = try_model(copy, size);
        assert_true(code != NS_OK || size + 16 > file.size);
        free(copy);
    }
    uint8_t *copy = malloc(file.size);
    for (int round = 0; round < 3000; round++) {
        memcpy(copy, file.data, file.size);
        for (int64_t changes = ns_random_range(&random, 1, 3); changes > 0; changes--)
            copy[ns_random_range(&random, 0, (int64_t)file.size - 1)] = (uint8_t)ns_random_u64(&random);
        refused += try_model(copy, file.size) != NS_OK;
        total++;
    }
    free(copy);
    print_message("%d of %d changed files refused\n", refused, total);
    assert_true(refused > total / 4);
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_are_exact),          cmocka_unit_test(tensors_are_the_models),
        cmocka_unit_test(cpu_operators_are_named),   cmocka_unit_test(unsigned_tensors_are_told),
        cmocka_unit_test(broken_files_do_not_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
