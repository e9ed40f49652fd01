/* Tap: what each operation of real models produced. Outputs are the same bytes with it and without, the
 * arrays are what the next operations read, and memory holds one of them at a time. */
#include "npu/watch/internal.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "npu/captured.h"
#include "npu/stream/registers.h"

typedef struct tapped {
    int count, last; /* operations, and the number of the last */
    int64_t elements, saturated;
    ns_dtype dtype; /* of the last */
    int64_t shape[NS_MAX_RANK];
    uint8_t bytes[512];
} tapped;

static ns_code keep(void *context, const ns_npu_tap *tap, ns_error *error)
{
    tapped *seen = context;
    (void)error;
    assert_int_equal(tap->operation, seen->count);
    assert_int_equal(tap->data->rank, 3);
    const size_t count = ns_tensor_count(tap->data);
    const size_t bytes = count * (size_t)ns_dtype_bytes(tap->data->dtype);
    seen->count++;
    seen->elements += (int64_t)count;
    seen->saturated += tap->saturated;
    seen->dtype = tap->data->dtype;
    memcpy(seen->shape, tap->data->shape, sizeof seen->shape);
    memcpy(seen->bytes, tap->data->data, bytes < sizeof seen->bytes ? bytes : sizeof seen->bytes);
    return NS_OK;
}

static ns_npu_stream *load_stream(const char *folder, const char *file, ns_arena *arena, ns_tensor *inputs)
{
    char path[256], full[300];
    ns_bytes bytes;
    ns_npu_stream *stream;
    ns_error error = {0};
    snprintf(path, sizeof path, "tflite/%s", folder);
    snprintf(full, sizeof full, "%s/%s", path, file);
    ASSERT_OK(test_data_read(full, arena, &bytes, &error));
    ASSERT_OK(ns_npu_load_tflite(bytes.data, bytes.size, NS_ACCELERATOR_UNKNOWN, arena, &stream, &error));
    for (int i = 0; i < ns_npu_input_count(stream); i++)
        ASSERT_OK(load(path, "in", i, arena, &inputs[i], &error));
    return stream;
}

static void outputs_are_the_same_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *folder;
        int operations;
    } models[] = {{"ds_cnn_int8_u55_v5.1.0", 36},
                  {"mobilenet_int16_u65_v5.1.0", 32},
                  {"residual_int8_u55_v3.12.0", 9},
                  {"ds_cnn_int8_u85_v5.1.0", 41}};
    for (size_t m = 0; m < sizeof models / sizeof models[0]; m++) {
        ns_arena *arena = ns_arena_new();
        ns_error error = {0};
        ns_tensor inputs[MAX_IO], plain, with_tap;
        tapped seen = {0};
        ns_npu_statistics statistics;
        ns_npu_stream *stream = load_stream(models[m].folder, "model.tflite", arena, inputs);
        const ns_npu_options options = {.tap = keep, .context = &seen};
        ASSERT_OK(ns_npu_run(stream, NULL, inputs, 1, arena, &plain, &statistics, &error));
        const ns_npu_statistics before = statistics;
        ASSERT_OK(ns_npu_run(stream, &options, inputs, 1, arena, &with_tap, &statistics, &error));
        const size_t bytes = ns_tensor_count(&plain) * (size_t)ns_dtype_bytes(plain.dtype);
        assert_memory_equal(plain.data, with_tap.data, bytes);
        assert_memory_equal(&before, &statistics, sizeof before);
        print_message("%s: %d operations\n", models[m].folder, seen.count);
        assert_int_equal(seen.count, models[m].operations);
        assert_int_equal(seen.count, statistics.operations);
        assert_int_equal(seen.saturated, statistics.saturated);
        /* The last operation writes the model's only output. */
        assert_int_equal(seen.dtype, plain.dtype);
        assert_memory_equal(seen.bytes, plain.data, bytes);
        ns_arena_free(arena);
    }
}

/* ---- memory ---- */

enum { COPIES = 24, ROWS = 400, WIDTH = 64, DEPTH = 64, AREA = 4 << 20 };

static void emit(uint32_t *words, int *count, const char *name, int64_t value)
{
    const ns_npu_table *table = &ns_npu_table_u55;
    const ns_npu_entry *entry = NULL;
    for (int i = 0; i < table->register_count; i++)
        if (strcmp(table->registers[i].name, name) == 0)
            entry = &table->registers[i];
    assert_non_null(entry);
    words[(*count)++] = entry->form == NS_NPU_CMD0 ? entry->id | (uint32_t)value << 16 : entry->id | 1u << 14;
    if (entry->form != NS_NPU_CMD0)
        words[(*count)++] = (uint32_t)value;
}

/* A payload of COPIES copies from the lower half of the scratch memory to the upper, each 16 rows larger than
 * the one before: no copy's tensor fits where the last one's was. */
static int growing_copies(uint32_t *words)
{
    static const struct {
        const char *name;
        int64_t value;
    } registers[] = {
        {"IFM_REGION", 1},
        {"IFM_BASE0", 0},
        {"IFM_BASE1", 0},
        {"IFM_BASE2", 0},
        {"IFM_BASE3", 0},
        {"IFM_WIDTH0_M1", WIDTH - 1},
        {"IFM_HEIGHT0_M1", 4095},
        {"IFM_HEIGHT1_M1", 4095},
        {"IFM_STRIDE_Y", WIDTH * DEPTH},
        {"IFM_STRIDE_X", DEPTH},
        {"IFM_STRIDE_C", 1},
        {"IFM_ZERO_POINT", 0},
        {"IFM_PRECISION", 1},
        {"IFM_DEPTH_M1", DEPTH - 1},
        {"IFM_UPSCALE", 0},
        {"IFM_PAD_TOP", 0},
        {"IFM_PAD_LEFT", 0},
        {"IFM_PAD_RIGHT", 0},
        {"IFM_PAD_BOTTOM", 0},
        {"OFM_REGION", 1},
        {"OFM_BASE0", AREA},
        {"OFM_BASE1", 0},
        {"OFM_BASE2", 0},
        {"OFM_BASE3", 0},
        {"OFM_WIDTH0_M1", WIDTH - 1},
        {"OFM_HEIGHT0_M1", 4095},
        {"OFM_HEIGHT1_M1", 4095},
        {"OFM_STRIDE_Y", WIDTH * DEPTH},
        {"OFM_STRIDE_X", DEPTH},
        {"OFM_STRIDE_C", 1},
        {"OFM_ZERO_POINT", 0},
        {"OFM_PRECISION", 1 | 1 << 8},
        {"OFM_WIDTH_M1", WIDTH - 1},
        {"OFM_DEPTH_M1", DEPTH - 1},
        {"OFM_BLK_HEIGHT_M1", 0},
        {"OFM_BLK_WIDTH_M1", 0},
        {"OFM_BLK_DEPTH_M1", 15},
        {"KERNEL_WIDTH_M1", 0},
        {"KERNEL_HEIGHT_M1", 0},
        {"KERNEL_STRIDE", 0},
        {"ACC_FORMAT", 0},
        {"ACTIVATION", 0},
        {"ACTIVATION_MIN", -128},
        {"ACTIVATION_MAX", 127},
        {"OFM_SCALE", 1},
        {"BLOCKDEP", 0},
    };
    int count = 0;
    for (size_t i = 0; i < sizeof registers / sizeof registers[0]; i++)
        emit(words, &count, registers[i].name, registers[i].value);
    for (int i = 0; i < COPIES; i++) {
        emit(words, &count, "OFM_HEIGHT_M1", ROWS + 16 * i - 1);
        words[count++] = 0x005 | 1u << 16; /* OP_POOL AVERAGE */
    }
    words[count++] = 0xffff0000; /* OP_STOP */
    return count;
}

static ns_code count_tap(void *context, const ns_npu_tap *tap, ns_error *error)
{
    (void)error;
    *(int64_t *)context += (int64_t)ns_tensor_count(tap->data);
    return NS_OK;
}

/* Peak resident memory in bytes of a process that runs the copies. */
static int64_t peak_of(bool with_tap)
{
    pid_t child = fork();
    if (child == 0) {
        uint32_t payload[512] = {0x31504f43, 0x01, 0x00001807, 0x10066001};
        int count = growing_copies(payload + 5);
        payload[4] = 0x02 | (uint32_t)count << 16;
        const ns_npu_io io = {.rank = 1, .shape = {16}, .element_bytes = 1, .region = 1};
        const ns_npu_parts parts = {.payload = payload,
                                    .payload_size = (size_t)(5 + count) * 4,
                                    .weights = payload,
                                    .weights_size = 16,
                                    .scratch_size = 2 * AREA,
                                    .input_count = 1,
                                    .output_count = 1,
                                    .inputs = &io,
                                    .outputs = &io};
        int64_t elements = 0, expected = 0;
        const ns_npu_options options = {.tap = with_tap ? count_tap : NULL, .context = &elements};
        int8_t data[16] = {1};
        const ns_tensor input = {.dtype = NS_DTYPE_INT8, .rank = 1, .shape = {16}, .data = data};
        ns_tensor output;
        ns_error error = {0};
        ns_npu_stream *stream;
        ns_arena *arena = ns_arena_new();
        ns_code code = ns_npu_load_parts(&parts, NS_ACCELERATOR_U55_128, arena, &stream, &error);
        if (code == NS_OK)
            code = ns_npu_run(stream, &options, &input, 1, arena, &output, NULL, &error);
        if (code != NS_OK)
            fprintf(stderr, "%s\n", error.message);
        ns_arena_free(arena);
        for (int i = 0; with_tap && i < COPIES; i++)
            expected += (ROWS + 16 * i) * WIDTH * DEPTH;
        _exit(code != NS_OK || elements != expected);
    }
    int status;
    struct rusage usage;
    assert_true(child > 0);
    assert_int_equal(wait4(child, &status, 0, &usage), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return usage.ru_maxrss * (int64_t)1024;
}

static void memory_holds_one_tensor(void **state)
{
    (void)state;
    const int64_t largest = (ROWS + 16 * (COPIES - 1)) * WIDTH * DEPTH;
    const int64_t without = peak_of(false), with_tap = peak_of(true);
    print_message("peak %lld KiB without tap, %lld KiB with; the largest of %d tensors has %lld KiB\n",
                  (long long)without / 1024, (long long)with_tap / 1024, COPIES, (long long)largest / 1024);
#ifndef __SANITIZE_ADDRESS__ /* it keeps what was given back for a while */
    assert_true(with_tap - without < 3 * largest / 2);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outputs_are_the_same_bytes),
        cmocka_unit_test(memory_holds_one_tensor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
