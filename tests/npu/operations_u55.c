/* Operations of Ethos-U55 and U65 one by one: small command streams written here, results worked out by hand.
 */
#include "npu/stream_program.h"

#include "npu/watch/interface.h"

#define CONFIG_U55_128 0x00001807u
#define CONFIG_U65_256 0x10003008u
#define CONFIG_U55_32 0x00001005u
#define ID_U55 0x10066001u

enum { GLOBAL = 1 << 8, TRUNCATE = 1 << 14, NATURAL = 2 << 14 };

/* A program whose registers describe an operation from IFM (at 0) to OFM (at 512), all else neutral: 1 x 1
 * kernel, global scale of 1, no clip beyond the type. */
static program *begin(int ifm, int ofm, int height, int width, int depth)
{
    program *p = new_program(&ns_npu_table_u55, CONFIG_U55_128, ID_U55);
    set_map(p, "IFM", ifm, height, width, depth, 0);
    set_map(p, "OFM", ofm, height, width, depth, 512);
    set(p, "IFM_PRECISION", ifm_precision(ifm));
    set(p, "OFM_PRECISION", ofm_precision(ofm) | GLOBAL | NATURAL);
    set(p, "IFM_DEPTH_M1", depth - 1);
    set(p, "OFM_HEIGHT_M1", height - 1);
    set(p, "OFM_WIDTH_M1", width - 1);
    set(p, "OFM_DEPTH_M1", depth - 1);
    static const char *const zeros[] = {
        "IFM_PAD_TOP",       "IFM_PAD_LEFT",     "IFM_PAD_RIGHT", "IFM_PAD_BOTTOM", "IFM_UPSCALE",
        "KERNEL_WIDTH_M1",   "KERNEL_HEIGHT_M1", "KERNEL_STRIDE", "ACC_FORMAT",     "ACTIVATION",
        "OFM_BLK_HEIGHT_M1", "OFM_BLK_WIDTH_M1", "BLOCKDEP"};
    for (size_t i = 0; i < sizeof zeros / sizeof zeros[0]; i++)
        set(p, zeros[i], 0);
    set(p, "OFM_BLK_DEPTH_M1", 7);
    set(p, "ACTIVATION_MIN", ofm == U8 ? 0 : ofm == S8 ? -128 : -32768);
    set(p, "ACTIVATION_MAX", ofm == U8 ? 255 : ofm == S8 ? 127 : 32767);
    set(p, "OFM_SCALE", 1);
    return p;
}

/* Binary elementwise: IFM2 at 256 of IFM's type and shape. */
static program *begin_binary(int ifm, int ofm, int height, int width, int depth)
{
    program *p = begin(ifm, ofm, height, width, depth);
    set_map(p, "IFM2", ifm, height, width, depth, 256);
    set(p, "IFM2_PRECISION", ifm_precision(ifm));
    set(p, "IFM2_BROADCAST", 0);
    set(p, "OPA_SCALE", 1);
    set(p, "OPB_SCALE", 1);
    return p;
}

enum { MAX_POOL = 0, AVERAGE = 1, REDUCE_SUM = 2 };
enum { MUL, ADD, SUB, MIN, MAX, LRELU, ABS, CLZ, SHR, SHL };

/* ---- pooling ---- */

static void max_pool_skips_padding(void **state)
{
    (void)state;
    program *p = begin(S8, S8, 2, 2, 1);
    PUT(p, S8, 0, -5, -7, -3, -9);
    set(p, "KERNEL_WIDTH_M1", 1);
    set(p, "KERNEL_HEIGHT_M1", 1);
    set(p, "IFM_PAD_TOP", 1);
    set(p, "IFM_PAD_LEFT", 1);
    operation(p, "POOL", MAX_POOL);
    EXPECT(p, S8, 512, -5, -5, -3, -3);
}

static void max_pool_ignores_ofm_scale(void **state)
{
    (void)state;
    program *p = begin(S8, S8, 1, 1, 2);
    PUT(p, S8, 0, 100, -100);
    set(p, "OFM_SCALE", 1 | (int64_t)1 << 32); /* would halve */
    operation(p, "POOL", MAX_POOL);
    EXPECT(p, S8, 512, 100, -100);
}

static void average_without_padding_scales(void **state)
{
    (void)state;
    program *p = begin(S8, S8, 1, 1, 1);
    PUT(p, S8, 0, 10, 20, 30, 43);
    set(p, "KERNEL_WIDTH_M1", 1);
    set(p, "KERNEL_HEIGHT_M1", 1);
    set(p, "IFM_STRIDE_Y", 2);
    set(p, "IFM_HEIGHT0_M1", 1);
    set(p, "IFM_WIDTH0_M1", 1);
    set(p, "OFM_SCALE", 1 | (int64_t)2 << 32);
    operation(p, "POOL", AVERAGE);
    EXPECT(p, S8, 512, 26); /* 103 / 4 = 25.75 */
}

static void average_with_padding_divides(void **state)
{
    (void)state;
    program *p = begin(S8, S8, 1, 3, 1);
    PUT(p, S8, 0, -3, -4, 9);
    set(p, "KERNEL_WIDTH_M1", 2);
    set(p, "IFM_PAD_LEFT", 1);
    set(p, "IFM_PAD_RIGHT", 1);
    operation(p, "POOL", AVERAGE);
    EXPECT(p, S8, 512, -4, 1, 3); /* -7/2 away from zero, 2/3, 5/2 away from zero */
}

static void reduce_sum_adds_channels(void **state)
{
    (void)state;
    program *p = begin(S16, S32, 1, 2, 1);
    PUT(p, S16, 0, 1, 2, 30000, -5, -6, -30000);
    set(p, "IFM_DEPTH_M1", 2);
    set(p, "IFM_STRIDE_X", 6);
    operation(p, "POOL", REDUCE_SUM);
    EXPECT(p, S32, 512, 30003, -30011);
}

static void dma(program *p, int source, int64_t destination, bool internal, int length)
{
    set(p, "DMA0_SRC_REGION", 0);
    set(p, "DMA0_SRC", source);
    set(p, "DMA0_DST_REGION", internal ? 1 << 8 | 3 : 1);
    set(p, "DMA0_DST", destination);
    set(p, "DMA0_LEN", length);
    operation(p, "DMA_START", 0);
}

/* ---- scale, zero point, clip ---- */

static void zero_points_and_clip(void **state)
{
    (void)state;
    program *p = begin(U8, S8, 1, 1, 4);
    PUT(p, U8, 0, 0, 100, 200, 255);
    set(p, "IFM_ZERO_POINT", 100);
    set(p, "OFM_ZERO_POINT", 3);
    set(p, "ACTIVATION_MIN", -50);
    set(p, "ACTIVATION_MAX", 100);
    operation(p, "POOL", AVERAGE);
    EXPECT(p, S8, 512, -50, 3, 100, 100);
}

/* An OFM of 32 bits has no zero point, but the index of its table has one. */
static void zero_point_of_32_bit_ofm(void **state)
{
    (void)state;
    program *p = begin(S32, S32, 1, 1, 2);
    PUT(p, S32, 0, 1, 0x00ffffff);
    set(p, "OFM_PRECISION", ofm_precision(S32));
    set(p, "OFM_ZERO_POINT", -4);
    operation(p, "ELEMENTWISE", CLZ);
    EXPECT(p, S32, 512, 31, 8);
    p = begin(S8, S32, 1, 1, 2);
    PUT(p, S8, 0, -128, -1);
    const int32_t entries[] = {70000, -5}; /* of -1 and 0 */
    memcpy(p->weights + 4 * 127, entries, sizeof entries);
    dma(p, 0, 22 * 1024, true, 1024);
    operation(p, "DMA_WAIT", 0);
    set(p, "OFM_ZERO_POINT", 1);
    set(p, "IFM_ZERO_POINT", -126);
    set(p, "ACTIVATION_MIN", -1);
    set(p, "ACTIVATION_MAX", 0);
    set(p, "ACTIVATION", 16 | 3 << 12); /* FORCE_INT8 */
    operation(p, "POOL", AVERAGE);
    EXPECT(p, S32, 512, 70000, -5); /* -2 + 1, and 125 + 1 clipped to 0 */
    p = begin(S32, S32, 1, 1, 1);
    set(p, "IFM_ZERO_POINT", 1);
    operation(p, "ELEMENTWISE", CLZ);
    expect_failure(p, NS_ERROR_FAULT, "IFM_ZERO_POINT is 1, but 32-bit elements have no zero point");
}

static program *rounding_case(int mode)
{
    program *p = begin(S16, S16, 1, 1, 4);
    PUT(p, S16, 0, 3, -3, 5, -5);
    set(p, "OFM_PRECISION", ofm_precision(S16) | GLOBAL | mode);
    set(p, "OFM_SCALE", 1 | (int64_t)1 << 32);
    operation(p, "POOL", AVERAGE);
    return p;
}

static void roundings(void **state)
{
    (void)state;
    EXPECT(rounding_case(NATURAL), S16, 512, 2, -1, 3, -2);
    EXPECT(rounding_case(TRUNCATE), S16, 512, 1, -1, 2, -2);
    EXPECT(rounding_case(0), S16, 512, 2, -1, 3, -2); /* DBL: one rounding while shift <= 31 */
}

static void double_rounding(void **state)
{
    (void)state;
    /* v * 2^31 >> 33 = v / 4; the first rounding moves the tie at +-2 away from zero and that at 1.999 up. */
    program *p = begin(S16, S16, 1, 1, 4);
    PUT(p, S16, 0, 2, -2, 6, -6);
    set(p, "OFM_PRECISION", ofm_precision(S16) | GLOBAL);
    set(p, "OFM_SCALE", 0x80000000 | (int64_t)33 << 32);
    operation(p, "POOL", AVERAGE);
    EXPECT(p, S16, 512, 1, -1, 2, -2);
    /* Natural rounding of the same: ties go up. */
    p = begin(S16, S16, 1, 1, 2);
    PUT(p, S16, 0, -2, -6);
    set(p, "OFM_SCALE", 0x80000000 | (int64_t)33 << 32);
    operation(p, "POOL", AVERAGE);
    EXPECT(p, S16, 512, 0, -1);
}

/* ---- elementwise ---- */

static void mul_add_sub(void **state)
{
    (void)state;
    program *p = begin_binary(S16, S32, 1, 1, 2);
    PUT(p, S16, 0, 300, -7);
    PUT(p, S16, 256, -200, 9);
    operation(p, "ELEMENTWISE", MUL);
    EXPECT(p, S32, 512, -60000, -63);
    p = begin_binary(S8, S8, 1, 1, 2);
    PUT(p, S8, 0, 100, 5);
    PUT(p, S8, 256, 100, -9);
    operation(p, "ELEMENTWISE", ADD);
    EXPECT(p, S8, 512, 127, -4);
    p = begin_binary(S8, S8, 1, 1, 2);
    PUT(p, S8, 0, 10, 5);
    PUT(p, S8, 256, 3, -9);
    set(p, "OPA_SCALE", 2);
    set(p, "OPB_SCALE", 3);
    operation(p, "ELEMENTWISE", SUB);
    EXPECT(p, S8, 512, 11, 37);
}

/* 32-bit operands: OFM_SCALE's shift counts, its multiplier does not. 16-bit ones: both. */
static void mul_of_32_bits_shifts(void **state)
{
    (void)state;
    program *p = begin_binary(S32, S32, 1, 1, 3);
    PUT(p, S32, 0, 0x40000000, -0x40000000, 6);
    PUT(p, S32, 256, 0x20000000, 3, 0x20000000);
    set(p, "OFM_SCALE", 0x40000000 | (int64_t)31 << 32);
    operation(p, "ELEMENTWISE", MUL);
    EXPECT(p, S32, 512, 0x10000000, -1, 2); /* 2^28, -1.5, 1.5: half up */
    p = begin_binary(S16, S32, 1, 1, 2);
    PUT(p, S16, 0, 300, -7);
    PUT(p, S16, 256, -200, 8);
    set(p, "OFM_SCALE", 0x40000000 | (int64_t)31 << 32);
    operation(p, "ELEMENTWISE", MUL);
    EXPECT(p, S32, 512, -30000, -28);
}

/* 2^30 * 2, as Vela's softmax of two equal logits has it, and sums and differences beyond 32 bits: rule
 * OFM_RANGE_32, one strike for each operation. */
static void results_beyond_32_bits(void **state)
{
    (void)state;
    for (int strict = 0; strict < 2; strict++) {
        program *p = begin_binary(S32, S32, 1, 1, 3);
        p->strict_chip = strict;
        PUT(p, S32, 0, 0x40000000, -0x40000000, 0x3fffffff);
        PUT(p, S32, 256, 2, 3, 2);
        operation(p, "ELEMENTWISE", MUL);
        if (run(p) != NS_OK)
            fail_msg("%s", p->error.message);
        assert_int_equal(p->statistics.chip_rules, 1);
        assert_non_null(strstr(p->statistics.chip_rule, "OFM_RANGE_32"));
        EXPECT(p, S32, 512, strict ? INT32_MIN : INT32_MAX, strict ? 0x40000000 : INT32_MIN, 0x7ffffffe);
        p = begin_binary(S32, S32, 1, 1, 2);
        p->strict_chip = strict;
        PUT(p, S32, 0, INT32_MAX, INT32_MIN);
        PUT(p, S32, 256, 1, 1);
        operation(p, "ELEMENTWISE", ADD);
        EXPECT(p, S32, 512, strict ? INT32_MIN : INT32_MAX, INT32_MIN + 1);
        p = begin_binary(S32, S32, 1, 1, 1);
        p->strict_chip = strict;
        PUT(p, S32, 0, INT32_MIN);
        PUT(p, S32, 256, 1);
        operation(p, "ELEMENTWISE", SUB);
        EXPECT(p, S32, 512, strict ? INT32_MAX : INT32_MIN);
    }
}

static void operand_order(void **state)
{
    (void)state;
    program *p = begin_binary(S8, S8, 1, 1, 2);
    PUT(p, S8, 0, 10, 5);
    PUT(p, S8, 256, 3, -9);
    set(p, "IFM2_BROADCAST", 1 << 6);
    operation(p, "ELEMENTWISE", SUB);
    EXPECT(p, S8, 512, -7, -14);
}

static void scaled_operand(void **state)
{
    (void)state;
    /* A by 2^30 >> 11 (2^19: one half of the 2^20 that the value carries), B shifted by 19; the sum back by
     * 2^20. */
    program *p = begin_binary(S8, S8, 1, 1, 2);
    PUT(p, S8, 0, 20, -3);
    PUT(p, S8, 256, 30, -6);
    set(p, "IFM_PRECISION", ifm_precision(S8) | 1 << 8);
    set(p, "OPA_SCALE", 0x40000000 | (int64_t)12 << 32); /* 2^18: a quarter */
    set(p, "OPB_SCALE", 0);
    set(p, "OFM_SCALE", 1 | (int64_t)19 << 32);
    operation(p, "ELEMENTWISE", ADD);
    EXPECT(p, S8, 512, 40, -7); /* 20/2 + 30; -1.5 - 6 = -7.5, half up */
}

static void min_max_abs_clz(void **state)
{
    (void)state;
    program *p = begin_binary(S8, S8, 1, 1, 2);
    PUT(p, S8, 0, 10, -5);
    PUT(p, S8, 256, 3, -2);
    set(p, "OFM_PRECISION", ofm_precision(S8));
    operation(p, "ELEMENTWISE", MIN);
    EXPECT(p, S8, 512, 3, -5);
    p = begin_binary(S8, S8, 1, 1, 2);
    PUT(p, S8, 0, 10, -5);
    PUT(p, S8, 256, 3, -2);
    set(p, "OFM_PRECISION", ofm_precision(S8));
    operation(p, "ELEMENTWISE", MAX);
    EXPECT(p, S8, 512, 10, -2);
    p = begin(S16, S16, 1, 1, 2);
    PUT(p, S16, 0, -32768, 7);
    operation(p, "ELEMENTWISE", ABS);
    EXPECT(p, S16, 512, 32767, 7);
    p = begin(S32, S32, 1, 1, 4);
    PUT(p, S32, 0, 0, 1, -1, 0x00ffffff);
    set(p, "OFM_PRECISION", ofm_precision(S32));
    operation(p, "ELEMENTWISE", CLZ);
    EXPECT(p, S32, 512, 32, 31, 0, 8);
}

static void leaky_relu(void **state)
{
    (void)state;
    program *p = begin(S8, S8, 1, 1, 4);
    PUT(p, S8, 0, 100, -100, -1, -2);
    set(p, "OFM_SCALE", 0x40000000 | (int64_t)32 << 32); /* alpha = 1/4 */
    operation(p, "ELEMENTWISE", LRELU);
    EXPECT(p, S8, 512, 100, -25, 0, 0); /* -1/4 and -1/2: half up */
}

static void shifts(void **state)
{
    (void)state;
    program *p = begin_binary(S32, S32, 1, 1, 3);
    PUT(p, S32, 0, -5, 7, 7);
    PUT(p, S32, 256, 1, 1, 0);
    set(p, "OFM_PRECISION", ofm_precision(S32) | NATURAL);
    operation(p, "ELEMENTWISE", SHR);
    EXPECT(p, S32, 512, -2, 4, 7);
    p = begin_binary(S32, S32, 1, 1, 3);
    PUT(p, S32, 0, -5, 7, 7);
    PUT(p, S32, 256, 1, 1, 0);
    set(p, "OFM_PRECISION", ofm_precision(S32) | TRUNCATE);
    operation(p, "ELEMENTWISE", SHR);
    EXPECT(p, S32, 512, -3, 3, 7);
    p = begin_binary(S32, S32, 1, 1, 2);
    PUT(p, S32, 0, 3, 0x40000001);
    PUT(p, S32, 256, 4, 2);
    set(p, "OFM_PRECISION", ofm_precision(S32));
    operation(p, "ELEMENTWISE", SHL);
    EXPECT(p, S32, 512, 48, 4);
}

static void broadcast_and_scalar(void **state)
{
    (void)state;
    program *p = begin_binary(S8, S8, 2, 2, 1);
    PUT(p, S8, 0, 1, 2, 3, 4);
    PUT(p, S8, 256, 10, 20);
    set(p, "IFM2_BROADCAST", 1); /* H */
    operation(p, "ELEMENTWISE", ADD);
    EXPECT(p, S8, 512, 11, 22, 13, 24);
    p = begin_binary(S8, S8, 2, 2, 1);
    PUT(p, S8, 0, 1, 2, 3, 4);
    set(p, "IFM2_BROADCAST", 1 << 7);
    set(p, "IFM2_SCALAR", -10);
    set(p, "IFM2_ZERO_POINT", -3);
    operation(p, "ELEMENTWISE", ADD);
    EXPECT(p, S8, 512, -6, -5, -4, -3);
}

/* ---- layouts ---- */

static void tiles_bricks_negative_strides(void **state)
{
    (void)state;
    program *p = begin(S8, S8, 3, 1, 1);
    PUT(p, S8, 0, 1);
    PUT(p, S8, 32, 2, 3);
    set(p, "IFM_HEIGHT0_M1", 0);
    set(p, "IFM_BASE2", 32);
    operation(p, "POOL", AVERAGE);
    EXPECT(p, S8, 512, 1, 2, 3);
    p = begin(S8, S8, 3, 1, 1);
    PUT(p, S8, 0, 1, 2, 3);
    set(p, "OFM_BASE0", 514);
    set(p, "OFM_STRIDE_Y", -1 & 0xffffffffff);
    operation(p, "POOL", AVERAGE);
    EXPECT(p, S8, 512, 3, 2, 1);
    p = begin(S8, S8, 3, 1, 1); /* all 16 upper bits, as Vela's Python core writes them */
    PUT(p, S8, 0, 1, 2, 3);
    set(p, "OFM_BASE0", 514);
    set(p, "OFM_STRIDE_Y", -1 & 0xffffffffff);
    p->words[p->count - 2] |= 0xff000000u;
    operation(p, "POOL", AVERAGE);
    EXPECT(p, S8, 512, 3, 2, 1);
    p = begin(S8, S8, 3, 1, 1);
    set(p, "OFM_STRIDE_Y", -1 & 0xffffffffff);
    p->words[p->count - 2] |= 0x7f000000u;
    expect_failure(p, NS_ERROR_FAULT, "OFM_STRIDE_Y = 0x7fffffffffff sets reserved bits");
    p = begin(S8, S8, 1, 2, 17); /* bricks of 16 channels: channel 16 of pixel x lies at 64 + 16 x */
    for (int i = 0; i < 34; i++)
        PUT(p, S8, i, i);
    set(p, "OFM_PRECISION", ofm_precision(S8) | GLOBAL | NATURAL | 1 << 6);
    set(p, "OFM_STRIDE_C", 64);
    operation(p, "POOL", AVERAGE);
    assert_int_equal(run(p), NS_OK);
    assert_int_equal(p->scratch[512 + 15], 15);
    assert_int_equal(p->scratch[512 + 16], 17);
    assert_int_equal(p->scratch[512 + 64], 16);
    assert_int_equal(p->scratch[512 + 64 + 16], 33);
    free(p);
}

static void upscaling(void **state)
{
    (void)state;
    program *p = begin(S8, S8, 2, 4, 1);
    PUT(p, S8, 0, 5, 6);
    set(p, "IFM_UPSCALE", 1);
    operation(p, "POOL", AVERAGE);
    EXPECT(p, S8, 512, 5, 5, 6, 6, 5, 5, 6, 6);
    p = begin(S8, S8, 2, 4, 1);
    PUT(p, S8, 0, 5, 6);
    set(p, "IFM_UPSCALE", 2);
    operation(p, "POOL", AVERAGE);
    EXPECT(p, S8, 512, 5, 0, 6, 0, 0, 0, 0, 0);
}

/* ---- tables and DMA ---- */

static void tables(void **state)
{
    (void)state;
    program *p = begin(S8, S8, 1, 1, 3);
    PUT(p, S8, 0, -128, 0, 127);
    for (int i = 0; i < 256; i++)
        p->weights[i] = (uint8_t)(i + 1);
    dma(p, 0, 22 * 1024 + 256, true, 256);
    operation(p, "DMA_WAIT", 0);
    set(p, "ACTIVATION", 16 + 1);
    operation(p, "POOL", AVERAGE);
    EXPECT(p, S8, 512, 1, -127, 0);
    /* 16 bits: index (v + 32768) >> 7, base and slope. */
    p = begin(S16, S16, 1, 1, 2);
    PUT(p, S16, 0, -32768 + 128 + 64, -32768 + 1);
    const int16_t entries[] = {-10, 64, 1000, 3};
    memcpy(p->weights, entries, sizeof entries);
    dma(p, 0, 22 * 1024, true, 1024);
    dma(p, 0, 23 * 1024, true, 1024);
    operation(p, "DMA_WAIT", 0);
    set(p, "ACTIVATION", 16);
    operation(p, "POOL", AVERAGE);
    EXPECT(p, S16, 512, 1002, -9); /* 1000 + (3 * 64 + 64 >> 7); -10 + (64 + 64 >> 7) */
}

/* Built in; 1.0 is 3 * 4096 behind OFM_SCALE, which may exceed 16 bits, and the clip follows. */
static void tanh_and_sigmoid(void **state)
{
    (void)state;
    program *p = begin(S16, S16, 1, 1, 8);
    PUT(p, S16, 0, 0, 64, -64, 32, -32, 32767, -32768, 16384);
    set(p, "OFM_SCALE", 4);
    set(p, "ACTIVATION", 3);
    operation(p, "POOL", AVERAGE);
    /* sigmoid(1/24) = 33451, so that 256 gives 683; half of it is 341.5, away from zero; 16384 * 4: the end
     */
    EXPECT(p, S16, 512, 0, 683, -683, 342, -342, 32767, -32767, 32767);
    p = begin(S16, S16, 1, 1, 5);
    PUT(p, S16, 0, 0, 128, -128, 32767, -32768);
    set(p, "OFM_SCALE", 4);
    set(p, "ACTIVATION", 4);
    set(p, "ACTIVATION_MIN", 0);
    operation(p, "POOL", AVERAGE);
    EXPECT(p, S16, 512, 16384, 16726, 16042, 32767, 1); /* 33451 / 2 up; 32085 / 2 down */
    p = begin(S16, S16, 1, 1, 2);
    PUT(p, S16, 0, 128, -128);
    set(p, "OFM_SCALE", 4);
    set(p, "ACTIVATION", 4);
    set(p, "ACTIVATION_MAX", 16400);
    operation(p, "POOL", AVERAGE);
    EXPECT(p, S16, 512, 16400, 16042);
    p = begin(S8, S8, 1, 1, 1);
    set(p, "ACTIVATION", 3);
    operation(p, "POOL", AVERAGE);
    expect_failure(p, NS_ERROR_UNSUPPORTED, "TANH with a signed 8-bit OFM");
}

static void strided_dma_of_u65(void **state)
{
    (void)state;
    program *p = begin(S8, S8, 1, 1, 1);
    p->config = CONFIG_U65_256;
    for (int i = 0; i < 8; i++)
        p->weights[i] = (uint8_t)(i + 1);
    set(p, "DMA0_SIZE0", 2);
    set(p, "DMA0_SKIP0", 3);
    set(p, "DMA0_SRC_REGION", 0);
    set(p, "DMA0_SRC", 0);
    set(p, "DMA0_DST_REGION", 1 | 1 << 9);
    set(p, "DMA0_DST", 512);
    set(p, "DMA0_LEN", 2);
    operation(p, "DMA_START", 0);
    EXPECT(p, S8, 512, 1, 2, 0, 0, 0, 3, 4, 0);
}

/* ---- faults ---- */

static void faults(void **state)
{
    (void)state;
    program *p = begin(S8, S8, 1, 1, 16);
    set(p, "IFM_BASE0", SCRATCH - 8);
    operation(p, "POOL", AVERAGE);
    expect_failure(p, NS_ERROR_UNDEFINED, "IFM, tile 0: bytes 0x3f8 to 0x408 reach outside region 1");
    p = begin(S8, S8, 1, 1, 1);
    set(p, "OFM_REGION", 0);
    operation(p, "POOL", AVERAGE);
    expect_failure(p, NS_ERROR_UNDEFINED, "region 0 is read only");
    p = begin(S8, S8, 1, 1, 1);
    operation(p, "POOL", 3);
    expect_failure(p, NS_ERROR_FAULT, "POOLING_MODE has no value 3");
    p = begin(S8, S8, 1, 1, 1);
    p->words[p->count++] = 0x1ff;
    expect_failure(p, NS_ERROR_FAULT, "undefined command 0x000001ff");
    p = begin(S8, S8, 1, 1, 1);
    set(p, "PARALLEL_MODE", 0);
    expect_failure(p, NS_ERROR_FAULT, "not on this product: PARALLEL_MODE");
    p = begin(S8, S8, 1, 1, 1);
    set(p, "ACTIVATION", 16);
    operation(p, "POOL", AVERAGE);
    expect_failure(p, NS_ERROR_UNDEFINED, "used before byte 0 of it is loaded");
    p = begin(S32, S32, 1, 1, 1);
    PUT(p, S32, 0, 0x7fffffff, 1);
    set(p, "IFM_DEPTH_M1", 1);
    operation(p, "POOL", REDUCE_SUM);
    expect_failure(p, NS_ERROR_UNDEFINED, "would hold 2147483648, which does not fit 32 bits");
    /* 2 x 128 elements of -2^31 are -2^39, which 40 bits hold; with 129 columns it is less. */
    p = begin(S32, S32, 1, 1, 1);
    for (int i = 0; i < 129; i++)
        PUT(p, S32, 4 * i, INT32_MIN);
    set(p, "ACC_FORMAT", 1);
    set(p, "OFM_SCALE", 1 | (int64_t)8 << 32);
    set(p, "OFM_BASE0", 1020);
    set(p, "KERNEL_WIDTH_M1", 128);
    set(p, "KERNEL_HEIGHT_M1", 1);
    set(p, "IFM_WIDTH0_M1", 128);
    set(p, "IFM_STRIDE_Y", 0);
    operation(p, "POOL", AVERAGE);
    expect_failure(p, NS_ERROR_UNDEFINED, "would hold -554050781184, which does not fit 40 bits");
    p = new_program(&ns_npu_table_u55, CONFIG_U55_128, ID_U55);
    p->config = CONFIG_U55_128;
    operation(p, "CONV", 0);
    expect_failure(p, NS_ERROR_FAULT, "register OFM_PRECISION, which the stream never wrote");
    p = begin_binary(S8, S32, 1, 1, 1);
    set(p, "OPA_SCALE", 3);
    operation(p, "ELEMENTWISE", ADD);
    expect_failure(p, NS_ERROR_UNDEFINED, "SCALED_ADD_32");
}

static void expect_refusal(program *p, const char *place, const char *what, const char *want)
{
    assert_int_equal(run(p), NS_ERROR_UNSUPPORTED);
    if (!strstr(p->error.message, place) || !strstr(p->error.message, what) ||
        !strstr(p->error.message, want))
        fail_msg("'%s', '%s' and '%s' are not in: %s", place, what, want, p->error.message);
    free(p);
}

/* What nothing describes is not guessed: command, register and value, and what would be taken instead. */
static void refused_by_design(void **state)
{
    (void)state;
    program *p = begin(S8, S8, 1, 1, 1);
    set(p, "ACC_FORMAT", 2);
    operation(p, "POOL", AVERAGE);
    expect_refusal(p, "command 48 (word 63, OP_POOL)", "ACC_FORMAT F16", "want I32 or I40");
    p = begin(S8, S8, 1, 1, 1);
    set(p, "KERNEL_STRIDE", 1 << 5);
    operation(p, "POOL", AVERAGE);
    expect_refusal(p, "OP_POOL)", "decomposition 4 x 4", "want 8 x 8");
    p = begin(S8, S8, 1, 1, 1);
    operation(p, "CONV", 0);
    expect_refusal(p, "OP_CONV)", "scale mode GLOBAL", "want PER_CHANNEL");
    p = begin(S8, S8, 1, 1, 1);
    operation(p, "DEPTHWISE", 0);
    expect_refusal(p, "OP_DEPTHWISE)", "scale mode GLOBAL", "want PER_CHANNEL");
    p = begin_binary(S8, S8, 1, 1, 1);
    set(p, "OFM_PRECISION", ofm_precision(S8));
    operation(p, "ELEMENTWISE", MUL);
    expect_refusal(p, "OP_ELEMENTWISE)", "scale mode PER_CHANNEL with ELEMENTWISE MUL", "want GLOBAL");
    p = begin_binary(S8, S8, 1, 1, 1);
    operation(p, "ELEMENTWISE", MIN);
    expect_refusal(p, "OP_ELEMENTWISE)", "scale mode GLOBAL with ELEMENTWISE MIN", "want PER_CHANNEL");
}

/* 16 KiB of SHRAM: an operation without a table overwrites the tables. */
static void small_shram_forgets_tables(void **state)
{
    (void)state;
    program *p = begin(S8, S8, 1, 1, 1);
    p->config = CONFIG_U55_32;
    dma(p, 0, 14 * 1024, true, 256);
    operation(p, "POOL", AVERAGE);
    set(p, "ACTIVATION", 16);
    operation(p, "POOL", AVERAGE);
    expect_failure(p, NS_ERROR_UNDEFINED, "used before byte 0 of it is loaded");
}

/* ---- hazards ---- */

static size_t hazards_of(program *p)
{
    p->hazards = true;
    if (run(p) != NS_OK)
        fail_msg("%s", p->error.message);
    size_t count = p->statistics.hazards;
    free(p);
    return count;
}

static program *two_copies(int second_ifm, int dependency)
{
    program *p = begin(S8, S8, 4, 1, 1);
    operation(p, "POOL", AVERAGE);
    set(p, "IFM_BASE0", second_ifm);
    set(p, "OFM_BASE0", 768);
    set(p, "BLOCKDEP", dependency);
    operation(p, "POOL", AVERAGE);
    return p;
}

static void missing_waits_are_reported(void **state)
{
    (void)state;
    program *p = begin(S8, S8, 1, 1, 4);
    dma(p, 0, 0, false, 16);
    operation(p, "POOL", AVERAGE);
    assert_int_equal(hazards_of(p), 1);
    p = begin(S8, S8, 1, 1, 4);
    dma(p, 0, 0, false, 16);
    operation(p, "DMA_WAIT", 0);
    operation(p, "POOL", AVERAGE);
    assert_int_equal(hazards_of(p), 0);
    p = begin(S8, S8, 1, 1, 4); /* the DMA overwrites what the operation may still read */
    operation(p, "POOL", AVERAGE);
    dma(p, 0, 0, false, 16);
    assert_int_equal(hazards_of(p), 1);
    p = begin(S8, S8, 1, 1, 4);
    operation(p, "POOL", AVERAGE);
    operation(p, "KERNEL_WAIT", 0);
    dma(p, 0, 0, false, 16);
    assert_int_equal(hazards_of(p), 0);
    /* Blocks of one row: the last is written by job 3, the first read by job 0. */
    assert_int_equal(hazards_of(two_copies(512, 0)), 0);
    assert_int_equal(hazards_of(two_copies(512, 3)), 0);
    assert_int_equal(hazards_of(two_copies(515, 1)), 1);
    assert_int_equal(hazards_of(two_copies(0, 3)), 0);
}

/* ---- two streams compared ---- */

/* What ns_npu_stream_difference says of the two programs, as text; frees them. */
static const char *difference_of(program *a, program *b, ns_arena *arena)
{
    ns_npu_stream *streams[2];
    ns_npu_difference difference;
    ns_error error;
    ns_buffer text = {.arena = arena};
    ASSERT_OK(load_stream(a, arena, &streams[0]));
    ASSERT_OK(load_stream(b, arena, &streams[1]));
    ASSERT_OK(ns_npu_stream_difference(streams[0], streams[1], arena, &difference, &error));
    ns_npu_difference_text(&difference, &text);
    ns_buffer_append(&text, "", 1);
    free(a);
    free(b);
    return (const char *)text.data;
}

/* A copy, then one whose OFM lies at `base`, with `pad` written before it; `name` is its operation. */
static program *copies(const char *name, int base, int pad)
{
    program *p = begin(S8, S8, 1, 1, 4);
    operation(p, "POOL", AVERAGE);
    set(p, "OFM_BASE0", base);
    set(p, "IFM_PAD_TOP", pad);
    operation(p, name, strcmp(name, "POOL") == 0 ? AVERAGE : 0);
    return p;
}

static void streams_part_at_an_operation(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    assert_string_equal(difference_of(copies("POOL", 520, 0), copies("POOL", 520, 0), arena),
                        "all 2 operations have the same registers");
    program *fewer = begin(S8, S8, 1, 1, 4);
    operation(fewer, "POOL", AVERAGE);
    assert_string_equal(difference_of(copies("POOL", 520, 0), fewer, arena),
                        "operation 1, POOL where the other has none");
    assert_string_equal(difference_of(copies("POOL", 520, 0), copies("DEPTHWISE", 520, 0), arena),
                        "operation 1, POOL where the other has DEPTHWISE");
    const char *text = difference_of(copies("POOL", 520, 1), copies("POOL", 528, 0), arena);
    assert_non_null(strstr(text, "operation 1, POOL (command "));
    assert_non_null(strstr(text, "OFM_BASE0.ADDRESS 520 against 528"));
    assert_non_null(strstr(text, "IFM_PAD_TOP.PAD 1 against 0"));
    program *extra = begin(S8, S8, 1, 1, 4);
    set(extra, "IFM2_SCALAR", 3);
    operation(extra, "POOL", AVERAGE);
    program *plain = begin(S8, S8, 1, 1, 4);
    operation(plain, "POOL", AVERAGE);
    text = difference_of(extra, plain, arena);
    assert_non_null(strstr(text, "IFM2_SCALAR"));
    assert_non_null(strstr(text, "3 against not written"));
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(max_pool_skips_padding),
        cmocka_unit_test(max_pool_ignores_ofm_scale),
        cmocka_unit_test(average_without_padding_scales),
        cmocka_unit_test(average_with_padding_divides),
        cmocka_unit_test(reduce_sum_adds_channels),
        cmocka_unit_test(zero_points_and_clip),
        cmocka_unit_test(zero_point_of_32_bit_ofm),
        cmocka_unit_test(roundings),
        cmocka_unit_test(double_rounding),
        cmocka_unit_test(mul_add_sub),
        cmocka_unit_test(mul_of_32_bits_shifts),
        cmocka_unit_test(results_beyond_32_bits),
        cmocka_unit_test(operand_order),
        cmocka_unit_test(scaled_operand),
        cmocka_unit_test(min_max_abs_clz),
        cmocka_unit_test(leaky_relu),
        cmocka_unit_test(shifts),
        cmocka_unit_test(broadcast_and_scalar),
        cmocka_unit_test(tiles_bricks_negative_strides),
        cmocka_unit_test(upscaling),
        cmocka_unit_test(tables),
        cmocka_unit_test(tanh_and_sigmoid),
        cmocka_unit_test(strided_dma_of_u65),
        cmocka_unit_test(faults),
        cmocka_unit_test(refused_by_design),
        cmocka_unit_test(small_shram_forgets_tables),
        cmocka_unit_test(missing_waits_are_reported),
        cmocka_unit_test(streams_part_at_an_operation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
