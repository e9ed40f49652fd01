/* Signs that a stream is wrong whatever the values. Each stream is written so that exactly one byte range is
 * at fault; that healthy streams show none is held by tests/conformance/npu.c (1,294 streams of Vela). */
#include "npu/stream/registers.h"
#include "npu/stream_program.h"
#include "support/data.h"

enum { AVERAGE = 1, NATURAL = 2 << 14, GLOBAL = 1 << 8 };

/* 1 x 1 AVERAGE of `count` bytes from `from` to `to`: a copy. The input is bytes 0 to 15, the output 512 to
 * 527. */
static void copy(program *p, int count, int from, int to)
{
    static const char *const zeros[] = {
        "IFM_PAD_TOP",       "IFM_PAD_LEFT",     "IFM_PAD_RIGHT", "IFM_PAD_BOTTOM", "IFM_UPSCALE",
        "KERNEL_WIDTH_M1",   "KERNEL_HEIGHT_M1", "KERNEL_STRIDE", "ACC_FORMAT",     "ACTIVATION",
        "OFM_BLK_HEIGHT_M1", "OFM_BLK_WIDTH_M1", "BLOCKDEP",      "IFM_ZERO_POINT", "OFM_ZERO_POINT",
        "OFM_HEIGHT_M1",     "OFM_WIDTH_M1"};
    set_map(p, "IFM", S8, 1, 1, count, from);
    set_map(p, "OFM", S8, 1, 1, count, to);
    set(p, "IFM_PRECISION", ifm_precision(S8));
    set(p, "OFM_PRECISION", ofm_precision(S8) | GLOBAL | NATURAL);
    for (size_t i = 0; i < sizeof zeros / sizeof zeros[0]; i++)
        set(p, zeros[i], 0);
    set(p, "IFM_DEPTH_M1", count - 1);
    set(p, "OFM_DEPTH_M1", count - 1);
    set(p, "OFM_BLK_DEPTH_M1", 7);
    set(p, "ACTIVATION_MIN", -128);
    set(p, "ACTIVATION_MAX", 127);
    set(p, "OFM_SCALE", 1);
    operation(p, "POOL", AVERAGE);
}

static program *begin(void)
{
    program *p = new_program(&ns_npu_table_u55, 0x1807, 0x10066001); /* ethos-u55-128 */
    p->check = true;
    p->input_bytes = p->output_bytes = 16;
    p->output_base = 512;
    return p;
}

static void load(program *p, int64_t destination, bool internal, int length)
{
    set(p, "DMA0_SRC_REGION", 0);
    set(p, "DMA0_SRC", 0);
    set(p, "DMA0_DST_REGION", internal ? 1 << 8 | 3 : 1);
    set(p, "DMA0_DST", destination);
    set(p, "DMA0_LEN", length);
    operation(p, "DMA_START", 0);
}

/* The run ends well; one certain sign, or one possible, or none. */
static void expect_sign(program *p, const char *certain, const char *possible)
{
    if (run(p) != NS_OK)
        fail_msg("%s", p->error.message);
    assert_int_equal(p->statistics.signs, certain ? 1 : 0);
    assert_int_equal(p->statistics.possible_signs, possible ? 1 : 0);
    if (certain)
        assert_memory_equal(p->statistics.sign, certain, strlen(certain));
    if (possible)
        assert_memory_equal(p->statistics.possible_sign, possible, strlen(possible));
    free(p);
}

static void test_healthy(void **state)
{
    (void)state;
    program *p = begin();
    copy(p, 16, 0, 256);
    copy(p, 16, 256, 512);
    expect_sign(p, NULL, NULL);
}

static void test_unwritten_memory(void **state)
{
    (void)state;
    program *p = begin();
    copy(p, 16, 0, 256);
    copy(p, 16, 264, 512); /* its last 8 bytes come from nowhere */
    expect_sign(p, "UNWRITTEN_MEMORY:", NULL);
}

static void test_a_dma_hands_on_what_nothing_wrote(void **state)
{
    (void)state;
    program *p = begin();
    copy(p, 16, 0, 512);
    set(p, "DMA0_SRC_REGION", 1);
    set(p, "DMA0_SRC", 128);
    set(p, "DMA0_DST_REGION", 1);
    set(p, "DMA0_DST", 256);
    set(p, "DMA0_LEN", 16);
    operation(p, "DMA_START", 0);
    program *reader = malloc(sizeof *p);
    assert_non_null(reader);
    memcpy(reader, p, sizeof *p);
    expect_sign(p, NULL, NULL); /* a copy alone is no harm: allocations are rounded up */
    copy(reader, 16, 256, 600);
    expect_sign(reader, "UNWRITTEN_MEMORY:", NULL);
}

static void test_output_not_written(void **state)
{
    (void)state;
    program *p = begin();
    copy(p, 16, 0, 500);
    expect_sign(p, "OUTPUT_NOT_WRITTEN:", NULL);
}

static void test_input_not_read(void **state)
{
    (void)state;
    program *p = begin();
    copy(p, 8, 0, 512);
    copy(p, 8, 0, 520);
    run(p);
    assert_int_equal(p->statistics.unread_input_bytes, 8);
    expect_sign(p, NULL, "INPUT_NOT_READ:");
    p = begin();
    copy(p, 16, 0, 512);
    expect_sign(p, NULL, NULL);
    p = begin(); /* overwritten before it is read */
    copy(p, 8, 0, 8);
    copy(p, 16, 0, 512);
    expect_sign(p, NULL, "INPUT_NOT_READ:");
}

/* TFLite's REDUCE_MAX without keep_dims, and with it, as Vela 5.1.0 compiles it (docs/errata.md,
 * tflite_reduce). */
static void test_reduce_of_tflite(void **state)
{
    (void)state;
    static const char *const names[] = {"wrong-5.1.0", "right-keep_dims"};
    for (int i = 0; i < 2; i++) {
        ns_arena *arena = ns_arena_new();
        ns_error error = {0};
        ns_bytes file;
        ns_npy input;
        ns_tensor in, out[1];
        ns_npu_stream *stream;
        ns_npu_statistics statistics;
        ASSERT_OK(test_data_read(ns_arena_format(arena, "vela_versions/u55_tflite_reduce/%s.npz", names[i]),
                                 arena, &file, &error));
        ASSERT_OK(test_data_array("vela_versions/u55_tflite_reduce/in0.npy", arena, &input, &error));
        ASSERT_OK(ns_npy_to_tensor(&input, NS_DTYPE_INT8, &in, &error));
        ASSERT_OK(ns_npu_load_npz(file.data, file.size, NS_ACCELERATOR_UNKNOWN, arena, &stream, &error));
        ASSERT_OK(
            ns_npu_run(stream, &(ns_npu_options){.check = true}, &in, 1, arena, out, &statistics, &error));
        assert_int_equal(statistics.signs, 0);
        assert_int_equal(statistics.unread_input_bytes, i ? 0 : 144);
        assert_int_equal(statistics.possible_signs, !i);
        ns_arena_free(arena);
    }
}

/* An LSTM of int16 by Vela 5.1.0: the sigmoid's table is still there from an earlier step, and the tanh's is
 * loaded over it before a chain that reads both. */
static void test_shared_table(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_bytes file;
    ns_npy input;
    ns_tensor in, out[1];
    ns_npu_stream *stream;
    ns_npu_statistics statistics;
    ASSERT_OK(test_data_read("variables/two_tables/stream.npz", arena, &file, &error));
    ASSERT_OK(test_data_array("variables/two_tables/in0.npy", arena, &input, &error));
    ASSERT_OK(ns_npy_to_tensor(&input, NS_DTYPE_INT16, &in, &error));
    ASSERT_OK(ns_npu_load_npz(file.data, file.size, NS_ACCELERATOR_UNKNOWN, arena, &stream, &error));
    ASSERT_OK(ns_npu_run(stream, &(ns_npu_options){.check = true}, &in, 1, arena, out, &statistics, &error));
    assert_int_equal(statistics.signs, 0);
    assert_int_equal(statistics.possible_signs, 1);
    assert_non_null(strstr(statistics.possible_sign, "SHARED_TABLE"));
    ns_arena_free(arena);
}

static void test_lost_load(void **state)
{
    (void)state;
    program *p = begin();
    load(p, 22 * 1024, true, 256);
    load(p, 22 * 1024, true, 256); /* the first was for nothing */
    copy(p, 16, 0, 512);
    expect_sign(p, "LOST_LOAD:", NULL);
    p = begin();
    load(p, 22 * 1024, true, 256);
    load(p, 22 * 1024 + 256, true, 256);
    copy(p, 16, 0, 512);
    expect_sign(p, NULL, NULL);
    p = begin();
    load(p, 256, false, 16);
    copy(p, 16, 256, 512); /* read, then overwritten */
    copy(p, 16, 0, 256);
    expect_sign(p, NULL, NULL);
    p = begin();
    load(p, 256, false, 16);
    copy(p, 16, 0, 256);
    copy(p, 16, 256, 512);
    expect_sign(p, "LOST_LOAD:", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_healthy),
        cmocka_unit_test(test_unwritten_memory),
        cmocka_unit_test(test_a_dma_hands_on_what_nothing_wrote),
        cmocka_unit_test(test_output_not_written),
        cmocka_unit_test(test_input_not_read),
        cmocka_unit_test(test_reduce_of_tflite),
        cmocka_unit_test(test_shared_table),
        cmocka_unit_test(test_lost_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
