/* Programs of ExecuTorch's own tests, and of scripts/executorch/several_delegates.py, whose delegates use
 * what the captured cases do not. The expected outputs are those of tosa_reference_model in the NPU's place
 * (scripts/executorch/reference_in_place.py). */
#include <stdlib.h>
#include <string.h>

#include "program/internal.h"
#include "support/data.h"
#include "support/test.h"

/* Ethos-U65, memory mode Dedicated_Sram: intermediate results lie in region 2, which is larger than the
 * scratch memory and apart from it. */
static void test_fast_scratch(void **state)
{
    (void)state;
    program_case_check("dedicated_sram", 1);
}

/* A device with less fast memory than the stream uses: an access beyond it is a fault. */
static void test_fast_scratch_too_small(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_program_tensor output;
    const ns_npu_options options = {.fast_scratch = 16};
    assert_int_equal(program_case_run("dedicated_sram", &options, 1, arena, &output, &error),
                     NS_ERROR_UNDEFINED);
    assert_non_null(strstr(error.message, "reach outside region 2, which has 0x10 bytes"));
    ns_arena_free(arena);
}

/* Conversions from and to int32 on the CPU around the delegate; int32 inputs. */
static void test_mixed_graph(void **state)
{
    (void)state;
    program_case_check("mixed_graph", 1);
}

/* Two delegates and a convolution on the CPU between them; each delegate's results feed others, or are
 * outputs. */
static void test_several_delegates(void **state)
{
    (void)state;
    program_case_check("several_delegates_u55_a16w8", 2);
    program_case_check("several_delegates_u65_int8", 2);
    program_case_check("several_delegates_u85_a16w8", 2);
    program_case_check("several_delegates_u85_int8", 2);
}

/* Arm's own Conformer on Ethos-U55: the mask of its attention is made on the CPU, between two delegates. */
static void test_conformer(void **state)
{
    (void)state;
    program_case_check("conformer_u55", 2);
}

/* A cache of keys and values that the program keeps: one row is scattered into each of two mutable buffers.
 */
static void test_mutable_buffers(void **state)
{
    (void)state;
    program_case_check("quantised_cache_u85", 2);
}

/* Of each call of a delegate: what it was, and how often it was told. */
typedef struct seen {
    int before, after, order[4];
} seen;

static ns_code take_call(void *context, const ns_program_delegate_call *call, ns_error *error)
{
    seen *s = context;
    (void)error;
    assert_int_equal(call->input_count, 1);
    assert_int_equal(call->inputs[0].dtype, NS_DTYPE_INT16);
    if (!call->outputs)
        s->order[s->before++] = call->delegate;
    s->after += call->outputs != NULL;
    return NS_OK;
}

/* Delegates that hold TOSA graphs, run by the evaluator; a convolution on the CPU between them. The input
 * is so small that its scale is the quantiser's epsilon. */
static void test_graphs(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_bytes file, input;
    ns_program *program = NULL;
    ns_program_tensor output;
    ns_program_scale scale;
    seen calls = {0};
    size_t size = 0;
    program_case_check("two_delegates", 1);
    ASSERT_OK(test_data_read("program/two_delegates/program.pte", arena, &file, &error));
    ASSERT_OK(test_data_read("program/two_delegates/in0.bin", arena, &input, &error));
    ASSERT_OK(ns_program_read(file.data, file.size, NS_ACCELERATOR_UNKNOWN, arena, &program, &error));
    assert_int_equal(ns_program_delegate_count(program), 2);
    assert_string_equal(ns_program_delegate_id(program, 0), "TOSABackend");
    assert_null(ns_program_delegate(program, 0));
    assert_non_null(ns_program_delegate_graph(program, 1, &size));
    assert_true(ns_program_input_scale(program, 0, 0, &scale));
    assert_int_equal(scale.tensor, 0);
    assert_int_equal(scale.zero_point, 0);
    assert_true(scale.scale == 0x1p-12);
    assert_true(ns_program_input_scale(program, 1, 0, &scale));
    assert_int_equal(scale.tensor, -1);
    assert_true(ns_program_output_scale(program, 1, 0, &scale));
    assert_int_equal(scale.tensor, 0);
    assert_false(ns_program_input_scale(program, 1, 9, &scale));
    const void *data[] = {input.data};
    const ns_program_inputs inputs = {1, data, &input.size};
    const ns_program_watch watch = {take_call, &calls};
    ASSERT_OK(ns_program_run_watched(program, NULL, &inputs, &watch, arena, &output, NULL, &error));
    assert_int_equal(calls.before, 2);
    assert_int_equal(calls.after, 2);
    assert_int_equal(calls.order[0], 0);
    assert_int_equal(calls.order[1], 1);
    ns_arena_free(arena);
}

/* ---- blobs of earlier releases ---- */

static size_t round_up(size_t size)
{
    return (size + 15) / 16 * 16;
}

static void put_block(ns_buffer *blob, const char *name, const void *data, size_t size)
{
    uint8_t header[32] = {0};
    static const uint8_t zeros[16];
    memcpy(header, name, strlen(name));
    ns_store_u32(header + 16, (uint32_t)size);
    ns_buffer_append(blob, header, sizeof header);
    ns_buffer_append(blob, data, size);
    ns_buffer_append(blob, zeros, round_up(size) - size);
}

/* The tensors of a block with their last four dims only; `hwc`: the channels, dim 1 of these, behind the
 * rows and columns. */
static void put_old_io(ns_buffer *blob, const char *name, const uint8_t *data, bool hwc)
{
    static const int straight[] = {2, 3, 4, 5, 6, 7, 8}, moved[] = {2, 4, 5, 3, 6, 7, 8};
    const uint32_t count = ns_load_u32(data);
    uint8_t *out = calloc(4 + (size_t)count * 28, 1);
    assert_non_null(out);
    memcpy(out, data, 4);
    for (uint32_t i = 0; i < count; i++)
        for (int k = 0; k < 7; k++)
            memcpy(out + 4 + (i * 7 + (uint32_t)k) * 4,
                   data + 4 + (i * 9 + (uint32_t)(hwc ? moved : straight)[k]) * 4, 4);
    put_block(blob, name, out, 4 + (size_t)count * 28);
    free(out);
}

/* The first blob of a program as ExecuTorch 0.4 to 0.6 wrote it: four dims, zeros in place of a size. */
static ns_bytes old_blob(ns_bytes file, bool hwc, ns_bytes *now, ns_buffer *blob)
{
    const uint8_t *start = file.data;
    while (memcmp(start, "vela_bin_stream", 16) != 0)
        assert_true((size_t)(++start - file.data) + 16 <= file.size);
    const uint8_t *p = start;
    for (bool ended = false; !ended; p += 32 + round_up(ns_load_u32(p + 16))) {
        const char *name = (const char *)p;
        const uint32_t size = ns_load_u32(p + 16);
        ended = strcmp(name, "vela_end_stream") == 0;
        if (strcmp(name, "scratch_size") == 0) {
            uint8_t *zeros = calloc(ns_load_u32(p + 32), 1);
            assert_non_null(zeros);
            put_block(blob, "scratch_data", zeros, ns_load_u32(p + 32));
            free(zeros);
        } else if (strcmp(name, "inputs") == 0 || strcmp(name, "outputs") == 0) {
            put_old_io(blob, name, p + 32, hwc);
        } else {
            put_block(blob, name, p + 32, size);
        }
    }
    *now = (ns_bytes){start, (size_t)(p - start)};
    return (ns_bytes){(const uint8_t *)blob->data, blob->size};
}

enum { CHANNELS = 4, PIXELS = 30, CODES = CHANNELS * PIXELS };

/* Runs a delegate of two inputs and an output of int8 [1, 4, 6, 5]. */
static void run_bytes(const ns_delegate *delegate, int8_t in[2][CODES], int8_t *out, ns_arena *arena)
{
    const int arguments[] = {0, 1, 2};
    const ns_delegate_call call = {.argument_count = 3, .arguments = arguments};
    ns_value values[3] = {0};
    ns_error error = {0};
    for (int i = 0; i < 3; i++) {
        values[i].kind = NS_VALUE_TENSOR;
        values[i].as.tensor = (ns_program_tensor){.scalar = NS_SCALAR_INT8,
                                                  .rank = 4,
                                                  .shape = {1, CHANNELS, 6, 5},
                                                  .dim_order = {0, 1, 2, 3},
                                                  .count = CODES,
                                                  .capacity = CODES,
                                                  .data = i < 2 ? in[i] : out};
    }
    ASSERT_OK(ns_delegate_run(delegate, &call, NULL, values, arena, NULL, &error));
}

static void to_hwc(const int8_t *chw, int8_t *hwc)
{
    for (int c = 0; c < CHANNELS; c++)
        for (int p = 0; p < PIXELS; p++)
            hwc[p * CHANNELS + c] = chw[c * PIXELS + p];
}

/* The blob's older forms give what today's gives; with dims of HWC, what today's gives of exchanged inputs,
 * exchanged back. */
static void test_earlier_releases(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_bytes file, blob;
    ns_program_file opened;
    ns_delegate *now, *old;
    int8_t in[2][CODES], moved[2][CODES], wanted[CODES], got[CODES], back[CODES];
    for (int i = 0; i < 2 * CODES; i++)
        in[i / CODES][i % CODES] = (int8_t)(i * 37 % 251 - 125);
    ASSERT_OK(test_data_read("program/several_delegates_u65_int8/program.pte", arena, &file, &error));
    ASSERT_OK(ns_program_file_open(&opened, file, &error));
    for (int hwc = 0; hwc < 2; hwc++) {
        ns_buffer buffer = {.arena = arena};
        const ns_bytes earlier = old_blob(file, hwc, &blob, &buffer);
        ASSERT_OK(
            ns_delegate_read(&opened, "EthosUBackend", blob, NS_ACCELERATOR_UNKNOWN, arena, &now, &error));
        ASSERT_OK(
            ns_delegate_read(&opened, "ArmBackend", earlier, NS_ACCELERATOR_UNKNOWN, arena, &old, &error));
        assert_int_equal(old->inputs[0].rank, 4);
        for (int i = 0; i < 2; i++)
            hwc ? to_hwc(in[i], moved[i]) : (void)memcpy(moved[i], in[i], CODES);
        run_bytes(now, moved, wanted, arena);
        run_bytes(old, in, got, arena);
        hwc ? to_hwc(got, back) : (void)memcpy(back, got, CODES);
        assert_memory_equal(back, wanted, CODES);
    }
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fast_scratch), cmocka_unit_test(test_fast_scratch_too_small),
        cmocka_unit_test(test_mixed_graph),  cmocka_unit_test(test_several_delegates),
        cmocka_unit_test(test_conformer),    cmocka_unit_test(test_mutable_buffers),
        cmocka_unit_test(test_graphs),       cmocka_unit_test(test_earlier_releases),

    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
