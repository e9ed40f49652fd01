/* Broken streams never crash, hang or read outside their memory: prefixes, changed bytes and words of
 * captured streams, loaded, inspected and run with a step limit. Under sanitizers (make check's second pass)
 * this is where it counts. */
#include "support/test.h"

#include "base/interface.h"
#include "formats/interface.h"
#include "npu/stream/internal.h"
#include "npu/watch/interface.h"
#include "npuscope/npu.h"
#include "support/data.h"

/* Steps of a run: above what the small streams here take, low enough for thousands of runs. */
#define WORK 400000

static const char *const cases[] = {
    "test_conv1d_a16w8_u55_INT[two_conv1d_per_channel_quant=True]",
    "test_gelu_a16w8_u55_INT[randn_pos_none]",
    "test_mean_dim_a16w8_u55_INT[rand_3]",
    "test_conv1d_a16w8_u85_INT[3_1x3x12_st1_pd1_reflect_per_channel_quant=True]",
    "test_bmm_a16w8_u85_INT[rand_same]",
};

/* The parts of a case's container, taken out once. */
typedef struct broken_parts {
    ns_npz npz;
    ns_npu_stream *stream;
    ns_npu_parts parts;
} broken_parts;

static void read_parts(const char *name, ns_arena *arena, broken_parts *out)
{
    char relative[256];
    ns_bytes file;
    ns_error error = {0};
    snprintf(relative, sizeof relative, "captured/%s/delegate0_vela.npz", name);
    ASSERT_OK(test_data_read(relative, arena, &file, &error));
    ASSERT_OK(ns_npz_read(file, name, arena, &out->npz, &error));
    ASSERT_OK(ns_npu_load_npz(file.data, file.size, NS_ACCELERATOR_UNKNOWN, arena, &out->stream, &error));
    const ns_npy *payload = ns_npz_find(&out->npz, "cmd_data"),
                 *weights = ns_npz_find(&out->npz, "weight_data");
    out->parts = (ns_npu_parts){
        .payload = payload->data,
        .payload_size = payload->count * payload->item_size,
        .weights = weights->data,
        .weights_size = weights->count * weights->item_size,
        .scratch_size = out->stream->scratch_size,
        .scratch_fast_size = out->stream->scratch_fast_size,
        .input_count = out->stream->input_count,
        .output_count = out->stream->output_count,
        .inputs = out->stream->inputs,
        .outputs = out->stream->outputs,
    };
}

static ns_code ignore_tap(void *context, const ns_npu_tap *tap, ns_error *error)
{
    (void)error;
    *(int64_t *)context += tap->data ? tap->data->shape[0] : 0;
    return NS_OK;
}

static void ignore_message(void *context, const char *text)
{
    *(int64_t *)context += text[0];
}

/* Loads, inspects, runs. Any status will do; a message must be there when it fails. */
static ns_code try_parts(const ns_npu_parts *parts)
{
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_npu_stream *stream;
    int64_t context = 0;
    ns_budget budget;
    ns_budget_open(&budget, 0, WORK, 0);
    ns_npu_options options = {.budget = &budget,
                              .hazards = true,
                              .tap = ignore_tap,
                              .message = ignore_message,
                              .context = &context};
    ns_code code = ns_npu_load_parts(parts, NS_ACCELERATOR_UNKNOWN, arena, &stream, &error);
    if (code == NS_OK) {
        ns_buffer text = {.arena = arena}, document = {.arena = arena};
        ns_json json = ns_json_begin(&document, true, 17);
        ns_tensor inputs[4], outputs[4];
        assert_in_range(parts->input_count, 1, 4);
        ns_npu_inspect_text(stream, &text, &error);
        ns_npu_inspect_json(stream, &json, NULL, &error);
        for (int i = 0; i < parts->input_count; i++) {
            static const ns_dtype dtypes[] = {
                [1] = NS_DTYPE_INT8, [2] = NS_DTYPE_INT16, [4] = NS_DTYPE_INT32, [8] = NS_DTYPE_INT64};
            ASSERT_OK(ns_tensor_new(arena, dtypes[parts->inputs[i].element_bytes], parts->inputs[i].rank,
                                    parts->inputs[i].shape, &inputs[i], &error));
        }
        error = (ns_error){0};
        code = ns_npu_run(stream, &options, inputs, parts->input_count, arena, outputs, NULL, &error);
    }
    if (code != NS_OK)
        assert_true(error.message[0] != '\0');
    assert_int_not_equal(code, NS_ERROR_INTERNAL);
    ns_arena_free(arena);
    return code;
}

static void whole_streams_run(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        ns_arena *arena = ns_arena_new();
        broken_parts broken;
        read_parts(cases[c], arena, &broken);
        assert_int_equal(try_parts(&broken.parts), NS_OK);
        ns_arena_free(arena);
    }
}

static void prefixes_are_refused(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        ns_arena *arena = ns_arena_new();
        broken_parts broken;
        read_parts(cases[c], arena, &broken);
        size_t whole = broken.parts.payload_size, weights = broken.parts.weights_size;
        for (size_t size = 0; size < whole; size += size < 64 ? 1 : 7) {
            broken.parts.payload_size = size;
            assert_int_not_equal(try_parts(&broken.parts), NS_OK);
        }
        broken.parts.payload_size = whole;
        for (size_t size = 0; size < weights && size < 4096; size += 1 + weights / 50) {
            broken.parts.weights_size = size;
            try_parts(&broken.parts);
        }
        ns_arena_free(arena);
    }
}

static void changes_do_not_crash(void **state)
{
    (void)state;
    int failed = 0, total = 0;
    ns_random random = {20};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        ns_arena *arena = ns_arena_new();
        broken_parts broken;
        read_parts(cases[c], arena, &broken);
        const ns_npu_parts good = broken.parts;
        uint8_t *payload = malloc(good.payload_size), *weights = malloc(good.weights_size);
        for (int round = 0; round < 600; round++) {
            memcpy(payload, good.payload, good.payload_size);
            memcpy(weights, good.weights, good.weights_size);
            for (int64_t changes = ns_random_range(&random, 1, 4); changes > 0; changes--) {
                bool in_weights = ns_random_range(&random, 0, 4) == 0;
                uint8_t *target = in_weights ? weights : payload;
                size_t at = (size_t)ns_random_range(
                    &random, 0, (int64_t)(in_weights ? good.weights_size : good.payload_size) - 1);
                target[at] = ns_random_range(&random, 0, 2) ? (uint8_t)ns_random_u64(&random)
                                                            : target[at] ^ 1 << (round & 7);
            }
            broken.parts.payload = payload;
            broken.parts.weights = weights;
            failed += try_parts(&broken.parts) != NS_OK;
            total++;
        }
        free(payload);
        free(weights);
        ns_arena_free(arena);
    }
    print_message("%d of %d changed streams refused\n", failed, total);
    assert_true(failed > total / 4);
}

/* ---- each bound on its own ---- */

static void expect_payload_refused(const uint32_t *words, size_t size, const char *message)
{
    ns_npu_payload payload;
    ns_error error = {0};
    assert_int_equal(ns_npu_payload_read((ns_bytes){(const uint8_t *)words, size}, &payload, &error),
                     NS_ERROR_INPUT);
    if (!strstr(error.message, message))
        fail_msg("'%s' is not '%s'", error.message, message);
}

static void payloads(void **state)
{
    (void)state;
    const uint32_t cop1 = 0x31504f43, cop2 = 0x32504f43, veum = 0x4d554556;
    const uint32_t unconfigured[] = {cop1, 0x00010002, 0};
    expect_payload_refused(unconfigured, sizeof unconfigured, "a command stream before the configuration");
    const uint32_t unknown[] = {cop1, 0x00000003, 0};
    expect_payload_refused(unknown, sizeof unknown, "unknown action 0x00000003 at offset 4");
    /* 64 bytes, of which 48 follow the length; metadata of 20 bytes behind its length, so commands from 48
     * on. */
    uint32_t whole[16] = {cop2, 1, 48, 0, 1, 28, 20, veum, 1, 20, 0x1807, 0x10066001};
    ns_npu_payload payload;
    ns_error error = {0};
    ASSERT_OK(ns_npu_payload_read((ns_bytes){(const uint8_t *)whole, sizeof whole}, &payload, &error));
    assert_int_equal(payload.words.size, 16);
    whole[2] = 49;
    expect_payload_refused(whole, sizeof whole, "49 bytes announced, 48 there");
    whole[2] = 31;
    expect_payload_refused(whole, sizeof whole, "31 bytes announced, 48 there");
    whole[2] = 48;
    whole[6] = 0x7fffffff;
    expect_payload_refused(whole, sizeof whole, "48 bytes announced, 48 there");
}

static void expect_undecodable(unsigned products, const uint32_t *words, size_t size, const char *message)
{
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_npu_command *commands;
    size_t count;
    assert_int_equal(ns_npu_decode(&ns_npu_table_u55, products, (ns_bytes){(const uint8_t *)words, size},
                                   arena, &commands, &count, &error),
                     NS_ERROR_FAULT);
    if (!strstr(error.message, message))
        fail_msg("'%s' is not '%s'", error.message, message);
    ns_arena_free(arena);
}

static void words_of_a_stream(void **state)
{
    (void)state;
    const uint32_t stop = 0xffff0000, base0 = 0x4080;
    const uint32_t words[] = {stop, base0, 0};
    expect_undecodable(NS_NPU_PRODUCT_U55, words, 6, "a command stream of 6 bytes: want whole words");
    expect_undecodable(NS_NPU_PRODUCT_U55, words, 8, "word 1: the stream ends inside a two-word command");
    for (int i = 0; i < ns_npu_table_u55.register_count; i++) {
        const ns_npu_entry *entry = &ns_npu_table_u55.registers[i];
        const uint32_t one[] = {entry->id | (uint32_t)entry->form << 14, 0};
        if (!(entry->products & NS_NPU_PRODUCT_U55))
            expect_undecodable(NS_NPU_PRODUCT_U55, one, sizeof one, "not on this product: ");
    }
}

/* A captured container with one number changed. */
static void expect_container_refused(const char *member, int64_t value, const char *message)
{
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_bytes file;
    ns_zip zip;
    ns_npz npz;
    ns_npu_stream *stream;
    ASSERT_OK(test_data_read("captured/test_exp_a16w8_u55_INT[rank1_rand]/delegate0_vela.npz", arena, &file,
                             &error));
    ASSERT_OK(ns_zip_read(file, "x", "an npz", arena, &zip, &error));
    ASSERT_OK(ns_npz_read(file, "x", arena, &npz, &error));
    bool found = false;
    for (int i = 0; i < zip.count; i++)
        if (strcmp(npz.members[i].name, member) == 0) {
            ns_npy array = npz.members[i].array;
            array.data = ns_arena_copy(arena, array.data, array.count * array.item_size);
            memcpy(array.data, &value, array.item_size);
            ASSERT_OK(ns_npy_write(&array, arena, &zip.members[i].bytes, &error));
            found = true;
        }
    assert_true(found);
    file = test_zip(zip.count, zip.members, arena);
    assert_int_equal(ns_npu_load_npz(file.data, file.size, NS_ACCELERATOR_UNKNOWN, arena, &stream, &error),
                     NS_ERROR_INPUT);
    if (!strstr(error.message, message))
        fail_msg("'%s' is not '%s'", error.message, message);
    ns_arena_free(arena);
}

static void containers(void **state)
{
    (void)state;
    expect_container_refused("weight_region", 8, "'weight_region' is 8; there are 8 regions");
    expect_container_refused("weight_region", -1, "'weight_region' is -1; there are 8 regions");
    expect_container_refused("weight_region", 1, "weights, scratch and fast scratch share a region");
    expect_container_refused("scratch_size", -1, "scratch sizes of -1 and ");
    expect_container_refused("scratch_fast_size", -1, " and -1 bytes");
    expect_container_refused("input_region", 8, "input 0: element size 2, region 8, offset");
    expect_container_refused("input_elem_size", 9, "input 0: element size 9, region ");
    expect_container_refused("output_offset", -1, "offset -1 is not possible");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_streams_run),    cmocka_unit_test(prefixes_are_refused),
        cmocka_unit_test(changes_do_not_crash), cmocka_unit_test(payloads),
        cmocka_unit_test(words_of_a_stream),    cmocka_unit_test(containers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
