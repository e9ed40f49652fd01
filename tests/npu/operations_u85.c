/* Operations of Ethos-U85 one by one, above all those that Vela never emits (docs/coverage-corpora.md): small
 * command streams written here, results worked out by hand from the formulas in the sources' first comments.
 */
#include "base/interface.h"
#include "npu/stream_program.h"

#define CONFIG_U85_256 0x20000118u
#define ID_U85 0x20007000u

enum { GLOBAL = 1 << 8, REVERSE_H = 1 << 9, REVERSE_W = 2 << 9, REVERSE_C = 3 << 9 };
enum { TABLE_U8_U8 = 1, TABLE_S8_S8 = 4, TABLE_S8_S16 = 5, TABLE_S8_S32 = 7 };
enum { MAX_POOL = 0, REDUCE_SUM = 2, SUM = 3, NONE_POOL = 4, MIN_POOL = 5, ARGMAX_X = 6, ARGMAX_Y = 7 };
enum { MUL, ADD, SUB, ABS = 6, LSR = 10, DIV = 11 };
enum { ACC_I48 = 1, ACC_FROM_IFM2 = 2 << 4 };
enum { CHAINED = 2 << 14 };
enum { BILINEAR = 0, REPLICATE = 1, NEAREST = 2 };
enum { DOUBLE_SYMMETRIC, NATURAL, DOUBLE_ASYMMETRIC, SYMMETRIC, TO_ZERO, TO_LOWER };

/* OFM_SCALE, IFM_SCALE, IFM2_SCALE. */
static int64_t scale(int multiplier, int shift, int double_shift, int rounding)
{
    return multiplier | (int64_t)shift << 32 | (int64_t)double_shift << 38 | (int64_t)rounding << 45;
}

static void set_wide(program *p, const char *name, int64_t value)
{
    const ns_npu_table *table = p->table;
    for (int i = 0; i < table->register_count; i++)
        if (strcmp(table->registers[i].name, name) == 0) {
            p->words[p->count++] = table->registers[i].id | 1u << 14 | (uint32_t)(value >> 32 & 0xffff) << 16;
            p->words[p->count++] = (uint32_t)value;
            return;
        }
    fail_msg("no register %s", name);
}

/* A program whose registers describe an operation from IFM (at 0) to OFM (at 512), all else neutral: 1 x 1
 * kernel, global scale of 1, no clip. */
static program *begin(int ifm, int ofm, int height, int width, int depth)
{
    program *p = new_program(&ns_npu_table_u85, CONFIG_U85_256, ID_U85);
    set_map(p, "IFM", ifm, height, width, depth, 0);
    set_map(p, "OFM", ofm, height, width, depth, 512);
    set(p, "IFM_PRECISION", ifm_precision(ifm));
    set(p, "OFM_PRECISION", ofm_precision(ofm) | GLOBAL);
    set(p, "IFM_DEPTH_M1", depth - 1);
    set(p, "OFM_HEIGHT_M1", height - 1);
    set(p, "OFM_WIDTH_M1", width - 1);
    set(p, "OFM_DEPTH_M1", depth - 1);
    static const char *const zeros[] = {
        "IFM_PAD_TOP",      "IFM_PAD_LEFT",     "IFM_PAD_RIGHT", "IFM_PAD_BOTTOM", "IFM_UPSCALE",
        "KERNEL_WIDTH_M1",  "KERNEL_HEIGHT_M1", "KERNEL_STRIDE", "ACC_FORMAT",     "OFM_BLK_HEIGHT_M1",
        "OFM_BLK_WIDTH_M1", "BLOCKDEP",         "IFM_BROADCAST"};
    for (size_t i = 0; i < sizeof zeros / sizeof zeros[0]; i++)
        set(p, zeros[i], 0);
    set(p, "OFM_BLK_DEPTH_M1", 15);
    set(p, "ACTIVATION", 1 << 12);
    set_wide(p, "OFM_SCALE", scale(1, 0, 0, NATURAL));
    set_wide(p, "IFM_SCALE", scale(1, 0, 0, NATURAL));
    return p;
}

/* Binary elementwise: IFM2 at 256 of IFM's type and shape. */
static program *begin_binary(int ifm, int ofm, int height, int width, int depth)
{
    program *p = begin(ifm, ofm, height, width, depth);
    set_map(p, "IFM2", ifm, height, width, depth, 256);
    set(p, "IFM2_PRECISION", ifm_precision(ifm));
    set(p, "IFM2_BROADCAST", 0);
    set_wide(p, "IFM2_SCALE", scale(1, 0, 0, NATURAL));
    return p;
}

/* ---- instruction sets ---- */

enum { BRICK = 1 << 6, TRIALS = 1500 };

/* A random element of `type`, often at an end of its range or small. */
static int random_element(ns_random *random, int type)
{
    const int bits = 8 * bytes_of[type];
    const int64_t low = type == U8 ? 0 : -(INT64_C(1) << (bits - 1));
    const int64_t high = low + (INT64_C(1) << bits) - 1;
    switch (ns_random_range(random, 0, 7)) {
    case 0:
        return (int)low;
    case 1:
        return (int)high;
    case 2:
        return (int)(ns_random_range(random, 0, 3) + (low < 0 ? -2 : 0));
    default:
        return (int)ns_random_range(random, low, high);
    }
}

/* 2^k or anything, with a shift that leaves much or little of it. */
static int64_t random_scale(ns_random *random, int roundings)
{
    const int bits = (int)ns_random_range(random, 1, 31);
    const int64_t least = INT64_C(1) << (bits - 1);
    const int64_t multiplier =
        ns_random_range(random, 0, 1) ? least : ns_random_range(random, least, 2 * least - 1);
    int shift = bits + (int)ns_random_range(random, -18, 20);
    shift = shift < 0 || ns_random_range(random, 0, 5) == 0 ? 0 : shift;
    const int rounding =
        ns_random_range(random, 0, 2) ? NATURAL : (int)ns_random_range(random, 0, roundings - 1);
    return scale((int)multiplier, shift, 0, rounding);
}

/* An operand's or the result's map: bricks with a gap behind each row, or dense. */
static void set_random_map(program *p, ns_random *random, const char *map, int type, const int *shape,
                           int base, bool is_ifm)
{
    const int height = shape[0], width = shape[1], depth = shape[2], bytes = bytes_of[type];
    const bool is_brick = ns_random_range(random, 0, 1);
    char name[32];
    set_map(p, map, type, height, width, depth, base);
    snprintf(name, sizeof name, "%s_PRECISION", map);
    set(p, name, (is_ifm ? ifm_precision(type) : ofm_precision(type) | GLOBAL) | (is_brick ? BRICK : 0));
    if (!is_brick)
        return;
    snprintf(name, sizeof name, "%s_STRIDE_C", map);
    set(p, name, width * 16 * bytes);
    snprintf(name, sizeof name, "%s_STRIDE_Y", map);
    set(p, name, (depth + 15) / 16 * width * 16 * bytes);
}

/* MUL, ADD, SUB and copies of random types, layouts, scales, clips and values: plain C's bytes and its count
 * of clipped elements (run compares them), where no 64 bits are left. */
static void kernels_equal_plain_c(void **state)
{
    (void)state;
    ns_random random = {20261129};
    int done = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        const int shape[] = {(int)ns_random_range(&random, 1, 2), (int)ns_random_range(&random, 1, 3),
                             (int)ns_random_range(&random, 1, 9)};
        const int type = (int)ns_random_range(&random, U8, S32),
                  result = (int)ns_random_range(&random, U8, S32);
        const int mode = (int)ns_random_range(&random, MUL, SUB + 1); /* behind SUB: a copy */
        program *p = begin_binary(type, result, shape[0], shape[1], shape[2]);
        set_random_map(p, &random, "IFM", type, shape, 0, true);
        set_random_map(p, &random, "IFM2", type, shape, 256, true);
        set_random_map(p, &random, "OFM", result, shape, 512, false);
        for (int at = 0; at < 512 / bytes_of[type]; at++)
            put(p, type, at * bytes_of[type], 1, (int[]){random_element(&random, type)});
        set_wide(p, "OFM_SCALE", random_scale(&random, 6));
        if (ns_random_range(&random, 0, 1)) {
            set_wide(p, "IFM_SCALE", random_scale(&random, 2));
            set_wide(p, "IFM2_SCALE", random_scale(&random, 2));
        }
        if (bytes_of[type] == 1) {
            set(p, "IFM_ZERO_POINT", random_element(&random, type));
            set(p, "IFM2_ZERO_POINT", random_element(&random, type));
        }
        if (bytes_of[result] <= 2) {
            const int first = random_element(&random, result), second = random_element(&random, result);
            const bool is_whole = ns_random_range(&random, 0, 1);
            const int ends[] = {result == U8   ? 0
                                : result == S8 ? -128
                                               : -32768,
                                result == U8   ? 255
                                : result == S8 ? 127
                                               : 32767};
            set(p, "ACTIVATION", 0);
            set(p, "ACTIVATION_MIN", is_whole ? ends[0] : first < second ? first : second);
            set(p, "ACTIVATION_MAX", is_whole ? ends[1] : first < second ? second : first);
        }
        if (bytes_of[result] == 1)
            set(p, "OFM_ZERO_POINT", random_element(&random, result));
        if (ns_random_range(&random, 0, 3) == 0) {
            set(p, "IFM2_BROADCAST", 8);
            set(p, "IFM2_PRECISION", ifm_precision(type) | 3 << 14);
            set(p, "OP_SCALAR",
                (uint32_t)random_element(&random, type) &
                    (bytes_of[type] == 4 ? 0xffffffffu : (1u << 8 * bytes_of[type]) - 1));
        }
        if (mode > SUB)
            operation(p, "POOL", SUM);
        else
            operation(p, "ELEMENTWISE", mode);
        const ns_code code = run(p);
        if (code == NS_OK)
            done++;
        else if (code != NS_ERROR_UNDEFINED)
            fail_msg("trial %d: %s", trial, p->error.message);
        free(p);
    }
    assert_true(done > TRIALS / 2);
}

/* ---- pooling ---- */

static void argmax_down_a_column(void **state)
{
    (void)state;
    program *p = begin(S8, S32, 1, 2, 2);
    set_map(p, "IFM", S8, 3, 2, 2, 0);
    PUT(p, S8, 0, 1, 9, -4, 5, 7, 9, -4, 6, 7, -1, -3, 6);
    set(p, "KERNEL_HEIGHT_M1", 2);
    set_wide(p, "OFM_SCALE", scale(1, 16, 0, TO_LOWER));
    operation(p, "POOL", ARGMAX_Y);
    /* The columns are (1, 7, 7), (9, 9, -1), (-4, -4, -3), (5, 6, 6): the first of the largest. */
    EXPECT(p, S32, 512, 1, 0, 2, 1);
}

static void argmax_along_a_row(void **state)
{
    (void)state;
    program *p = begin(S8, S32, 2, 1, 1);
    set_map(p, "IFM", S8, 2, 3, 1, 0);
    PUT(p, S8, 0, -9, -8, -8, 3, 2, 1);
    set(p, "KERNEL_WIDTH_M1", 2);
    set_wide(p, "OFM_SCALE", scale(1, 16, 0, TO_LOWER));
    operation(p, "POOL", ARGMAX_X);
    EXPECT(p, S32, 512, 1, 0);
}

static void min_pool_skips_padding(void **state)
{
    (void)state;
    program *p = begin(S8, S8, 1, 2, 1);
    PUT(p, S8, 0, 5, 3);
    set(p, "KERNEL_WIDTH_M1", 1);
    set(p, "IFM_PAD_LEFT", 1);
    operation(p, "POOL", MIN_POOL);
    EXPECT(p, S8, 512, 5, 3);
}

/* OFM_SCALE's six roundings of halves and of the values beside them: v / 4. */
static void each_rounding(void **state)
{
    (void)state;
    static const int values[] = {6, -6, 2, -2, 5, -5, 7, -7};
    static const int expected[][8] = {
        [DOUBLE_SYMMETRIC] = {2, -1, 1, 0, 1, -1, 2, -2}, /* shift 2: no first rounding, as NATURAL */
        [NATURAL] = {2, -1, 1, 0, 1, -1, 2, -2},          [DOUBLE_ASYMMETRIC] = {2, -1, 1, 0, 1, -1, 2, -2},
        [SYMMETRIC] = {2, -2, 1, -1, 1, -1, 2, -2},       [TO_ZERO] = {1, -1, 0, 0, 1, -1, 1, -1},
        [TO_LOWER] = {1, -2, 0, -1, 1, -2, 1, -2},
    };
    for (int rounding = DOUBLE_SYMMETRIC; rounding <= TO_LOWER; rounding++) {
        program *p = begin(S8, S8, 1, 1, 8);
        put(p, S8, 0, 8, values);
        set_wide(p, "OFM_SCALE", scale(1, 2, 0, rounding));
        operation(p, "POOL", SUM);
        expect(p, S8, 512, 8, expected[rounding]);
    }
}

/* The first rounding of the double ones adds 2^(30 - dbl_rnd) when the shift is above 31 - dbl_rnd: with
 * multiplier 2^15, shift 18 (v / 8) and dbl_rnd 14, 2^16 beside the half 2^17: 1/4 of the result's last
 * place, away from zero for SYMMETRIC and upward for ASYMMETRIC. Thresholds in v: 4 less 2 up, 4 more 2 down.
 */
static void double_roundings(void **state)
{
    (void)state;
    static const int values[] = {1, 2, 3, 4, 10, -3, -5, -6, -2, -13};
    static const int expected[][10] = {
        [DOUBLE_SYMMETRIC] = {0, 1, 1, 1, 2, -1, -1, -1, 0, -2},
        [NATURAL] = {0, 0, 0, 1, 1, 0, -1, -1, 0, -2},
        [DOUBLE_ASYMMETRIC] = {0, 1, 1, 1, 2, 0, 0, 0, 0, -1},
    };
    for (int rounding = DOUBLE_SYMMETRIC; rounding <= DOUBLE_ASYMMETRIC; rounding++) {
        program *p = begin(S8, S8, 1, 1, 10);
        put(p, S8, 0, 10, values);
        set_wide(p, "OFM_SCALE", scale(1 << 15, 18, 14, rounding));
        operation(p, "POOL", SUM);
        expect(p, S8, 512, 10, expected[rounding]);
    }
}

static void reversed_outputs(void **state)
{
    (void)state;
    static const int modes[] = {REVERSE_H, REVERSE_W, REVERSE_C};
    static const int expected[][8] = {
        {5, 6, 7, 8, 1, 2, 3, 4}, {3, 4, 1, 2, 7, 8, 5, 6}, {2, 1, 4, 3, 6, 5, 8, 7}};
    for (int i = 0; i < 3; i++) {
        program *p = begin(S16, S16, 2, 2, 2);
        PUT(p, S16, 0, 1, 2, 3, 4, 5, 6, 7, 8);
        set(p, "OFM_PRECISION", ofm_precision(S16) | GLOBAL | modes[i]);
        operation(p, "POOL", SUM);
        expect(p, S16, 512, 8, expected[i]);
    }
}

/* Upscaling as on Ethos-U55: each pixel twice, or zeros between. */
static void upscaled_images(void **state)
{
    (void)state;
    for (int mode = 1; mode <= 2; mode++) {
        static const int expected[][8] = {[1] = {1, 1, 2, 2, 1, 1, 2, 2}, [2] = {1, 0, 2, 0, 0, 0, 0, 0}};
        program *p = begin(S8, S8, 2, 4, 1);
        set_map(p, "IFM", S8, 1, 2, 1, 0);
        PUT(p, S8, 0, 1, 2);
        set(p, "IFM_UPSCALE", mode);
        operation(p, "POOL", SUM);
        expect(p, S8, 512, 8, expected[mode]);
    }
}

/* ---- resize ---- */

/* 1 x 3 to 1 x 6: n = 2, a step of 1, so that position t = o: pixel o / 2, o odd between two. */
static program *begin_resize(int offset)
{
    program *p = begin(S8, S8, 1, 6, 1);
    set_map(p, "IFM", S8, 1, 3, 1, 0);
    PUT(p, S8, 0, 10, 20, 40);
    set(p, "KERNEL_WIDTH_M1", 2);
    set(p, "RESIZE_X_SCALE_N_M1", 1);
    set(p, "RESIZE_Y_SCALE_N_M1", 0);
    set(p, "RESIZE_X_OFFSET", offset & 0xfff);
    set(p, "RESIZE_Y_OFFSET", 0);
    set_wide(p, "RESIZE_X_STEP", 1);
    set_wide(p, "RESIZE_Y_STEP", (int64_t)1 << 32);
    set_wide(p, "OFM_SCALE", scale(1, 16, 0, NATURAL));
    return p;
}

static void resize_takes_a_pixel(void **state)
{
    (void)state;
    program *p = begin_resize(0);
    operation(p, "RESIZE", REPLICATE);
    EXPECT(p, S8, 512, 10, 10, 20, 20, 40, 40);
    p = begin_resize(0);
    operation(p, "RESIZE", NEAREST);
    EXPECT(p, S8, 512, 10, 20, 20, 40, 40, 40);
    p = begin_resize(-1);
    operation(p, "RESIZE", REPLICATE);
    EXPECT(p, S8, 512, 10, 10, 10, 20, 20, 40);
}

static void resize_weighs_two_pixels(void **state)
{
    (void)state;
    program *p = begin_resize(0);
    set_wide(p, "OFM_SCALE", scale(1, 17, 0, NATURAL)); /* n = 2 */
    operation(p, "RESIZE", BILINEAR);
    EXPECT(p, S8, 512, 10, 15, 20, 30, 40, 40);
}

/* ---- tables ---- */

/* Loads the table at 0 of the constants into the table memory, before the operation that `begin` described.
 */
static void load_table(program *p, int bytes)
{
    set(p, "DMA0_SRC_REGION", 0);
    set_wide(p, "DMA0_SRC", 0);
    set(p, "DMA0_DST_REGION", 1 << 8);
    set_wide(p, "DMA0_DST", 0);
    set_wide(p, "DMA0_LEN", bytes);
    operation(p, "DMA_START", 0);
    operation(p, "DMA_WAIT", 0);
}

static void tables_of_eight_bits(void **state)
{
    (void)state;
    program *p = begin(U8, U8, 1, 1, 3);
    PUT(p, U8, 0, 0, 200, 255);
    p->weights[0] = 7;
    p->weights[200] = 250;
    p->weights[255] = 9;
    load_table(p, 256);
    set(p, "ACTIVATION", TABLE_U8_U8 | 1 << 12);
    operation(p, "POOL", SUM);
    EXPECT(p, U8, 512, 7, 250, 9);
    p = begin(S8, S8, 1, 1, 2);
    PUT(p, S8, 0, -128, 5);
    p->weights[0] = 0xf0;
    p->weights[133] = 3;
    load_table(p, 256);
    set(p, "ACTIVATION", TABLE_S8_S8 | 1 << 12);
    operation(p, "POOL", SUM);
    EXPECT(p, S8, 512, -16, 3);
}

static void tables_that_widen(void **state)
{
    (void)state;
    program *p = begin(S8, S16, 1, 1, 3);
    PUT(p, S8, 0, -128, 0, 127);
    static const int16_t narrow[] = {-30000, 1234, 32767};
    memcpy(p->weights, &narrow[0], 2);
    memcpy(p->weights + 2 * 128, &narrow[1], 2);
    memcpy(p->weights + 2 * 255, &narrow[2], 2);
    load_table(p, 512);
    set(p, "ACTIVATION", TABLE_S8_S16 | 1 << 12);
    operation(p, "POOL", SUM);
    EXPECT(p, S16, 512, -30000, 1234, 32767);
    p = begin(S8, S32, 1, 1, 3);
    PUT(p, S8, 0, -128, 0, 127);
    static const int32_t wide[] = {-2000000000, 123456, 2147483647};
    memcpy(p->weights, &wide[0], 4);
    memcpy(p->weights + 4 * 128, &wide[1], 4);
    memcpy(p->weights + 4 * 255, &wide[2], 4);
    load_table(p, 1024);
    set(p, "ACTIVATION", TABLE_S8_S32 | 1 << 12);
    operation(p, "POOL", SUM);
    EXPECT(p, S32, 512, -2000000000, 123456, 2147483647);
}

/* ---- elementwise ---- */

/* TFLite's ADD: operands scaled with dbl_rnd 20 for 8 bits. a * 2^20 / 2^21 with a first rounding of 2^10
 * beside the half of 2^20: halves away from zero, where NATURAL takes them up. */
static void operands_round_twice(void **state)
{
    (void)state;
    static const int expected[][4] = {{2, -2, 1, -1}, {2, -1, 1, -1}};
    for (int rounding = DOUBLE_SYMMETRIC; rounding <= NATURAL; rounding++) {
        program *p = begin_binary(S8, S8, 1, 1, 4);
        PUT(p, S8, 0, 3, -3, 2, -2);
        PUT(p, S8, 256, 0, 0, 0, 0);
        set_wide(p, "IFM_SCALE", scale(1 << 20, 21, 20, rounding));
        operation(p, "ELEMENTWISE", ADD);
        expect(p, S8, 512, 4, expected[rounding]);
    }
}

static void scalars_and_shifts(void **state)
{
    (void)state;
    program *p = begin_binary(S8, S8, 1, 1, 3);
    PUT(p, S8, 0, -1, -128, 64);
    set(p, "IFM2_PRECISION", ifm_precision(S8) | 3 << 14);
    set(p, "IFM2_BROADCAST", 8);
    set(p, "OP_SCALAR", 1);
    operation(p, "ELEMENTWISE", LSR);
    EXPECT(p, S8, 512, 127, 64, 32);
    p = begin_binary(S8, S8, 1, 1, 3);
    PUT(p, S8, 0, 7, -7, 6);
    PUT(p, S8, 256, 2, 2, -4);
    operation(p, "ELEMENTWISE", DIV);
    EXPECT(p, S8, 512, 3, -3, -1);
}

/* A chain keeps the values that were written, with their sign, when it is read as a wider type. */
static void chains_are_read_as_another_type(void **state)
{
    (void)state;
    static const int types[][2] = {{S8, S16}, {S16, S32}};
    static const int values[][3] = {{-5, 100, -128}, {-300, 300, 7}};
    for (int i = 0; i < 2; i++) {
        program *p = begin(types[i][0], types[i][0], 1, 1, 3);
        put(p, types[i][0], 0, 3, values[i]);
        set(p, "OFM_PRECISION", ofm_precision(types[i][0]) | GLOBAL | CHAINED);
        set(p, "OFM_REGION", 1); /* the buffer */
        operation(p, "POOL", SUM);
        set(p, "IFM_PRECISION", ifm_precision(types[i][1]) | CHAINED);
        set(p, "IFM_REGION", 1);
        set_map(p, "OFM", types[i][1], 1, 1, 3, 512);
        set(p, "OFM_PRECISION", ofm_precision(types[i][1]) | GLOBAL);
        operation(p, "ELEMENTWISE", ABS);
        EXPECT(p, types[i][1], 512, abs(values[i][0]), abs(values[i][1]), abs(values[i][2]));
    }
}

/* ---- DMA ---- */

/* Two groups of two runs of three bytes: source run i of group j at 10 j + 4 i, destination 20 j + 5 i. */
static void dma_in_three_dimensions(void **state)
{
    (void)state;
    program *p = new_program(&ns_npu_table_u85, CONFIG_U85_256, ID_U85);
    for (int i = 0; i < 32; i++)
        p->scratch[i] = (uint8_t)(i + 1);
    set(p, "DMA0_SRC_REGION", 1 | 2 << 9);
    set(p, "DMA0_DST_REGION", 1);
    set_wide(p, "DMA0_SRC", 0);
    set_wide(p, "DMA0_DST", 512);
    set_wide(p, "DMA0_LEN", 3);
    set(p, "DMA0_SIZE0", 2);
    set(p, "DMA0_SIZE1", 2);
    set_wide(p, "DMA0_SRC_STRIDE0", 4);
    set_wide(p, "DMA0_SRC_STRIDE1", 10);
    set_wide(p, "DMA0_DST_STRIDE0", 5);
    set_wide(p, "DMA0_DST_STRIDE1", 20);
    operation(p, "DMA_START", 0);
    EXPECT(p, S8, 512, 1, 2, 3, 0, 0, 5, 6, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11, 12, 13, 0, 0, 15, 16,
           17);
}

/* A gather whose indices are 64 bits wide: after each run of one index IDX_SKIP1 passes over the high word.
 */
static void dma_skips_between_indices(void **state)
{
    (void)state;
    program *p = new_program(&ns_npu_table_u85, CONFIG_U85_256, ID_U85);
    for (int i = 0; i < 16; i++)
        p->scratch[i] = (uint8_t)(i + 1);
    PUT(p, S32, 256, 3, 99, 1, 99, 2, 99);
    set(p, "DMA0_SRC_REGION", 1 | 2 << 9 | 1 << 11);
    set(p, "DMA0_DST_REGION", 1);
    set(p, "DMA0_IDX_REGION", 1);
    set_wide(p, "DMA0_SRC", 0);
    set_wide(p, "DMA0_DST", 512);
    set_wide(p, "DMA0_LEN", 4);
    set(p, "DMA0_SIZE0", 1);
    set(p, "DMA0_SIZE1", 3);
    set_wide(p, "DMA0_SRC_STRIDE0", 4);
    set_wide(p, "DMA0_SRC_STRIDE1", 0);
    set_wide(p, "DMA0_DST_STRIDE0", 4);
    set_wide(p, "DMA0_DST_STRIDE1", 4);
    set_wide(p, "DMA0_IDX", 256);
    set_wide(p, "DMA0_IDX_MAX", 3);
    set_wide(p, "DMA0_IDX_SKIP1", 4);
    operation(p, "DMA_START", 0);
    EXPECT(p, S8, 512, 13, 14, 15, 16, 5, 6, 7, 8, 9, 10, 11, 12);
}

static void dma_reports_an_index_out_of_range(void **state)
{
    (void)state;
    program *p = new_program(&ns_npu_table_u85, CONFIG_U85_256, ID_U85);
    PUT(p, S32, 256, 4);
    set(p, "DMA0_SRC_REGION", 1 | 1 << 9 | 1 << 11);
    set(p, "DMA0_DST_REGION", 1);
    set(p, "DMA0_IDX_REGION", 1);
    set_wide(p, "DMA0_SRC", 0);
    set_wide(p, "DMA0_DST", 512);
    set_wide(p, "DMA0_LEN", 4);
    set(p, "DMA0_SIZE0", 1);
    set_wide(p, "DMA0_SRC_STRIDE0", 4);
    set_wide(p, "DMA0_DST_STRIDE0", 4);
    set_wide(p, "DMA0_IDX", 256);
    set_wide(p, "DMA0_IDX_MAX", 3);
    operation(p, "DMA_START", 0);
    expect_failure(p, NS_ERROR_UNDEFINED, "is 4, outside 0 to DMA0_IDX_MAX 3");
}

/* One row of four bytes to the row that index 2 names. SIZE0 above 0 lets the index be read; at its reset
 * value, 0, the row goes to index 0. A DMA without an index does not look at SIZE0. */
static void dma_in_one_dimension_reads_an_index(void **state)
{
    (void)state;
    for (int size = 0; size <= 3; size++)
        for (int side = 0; side <= 2; side++) { /* none, source, destination is indexed */
            program *p = new_program(&ns_npu_table_u85, CONFIG_U85_256, ID_U85);
            for (int i = 0; i < 16; i++)
                p->scratch[i] = (uint8_t)(i + 1);
            PUT(p, S32, 256, 2);
            set(p, "DMA0_SRC_REGION", side == 1 ? 1 | 1 << 11 : 1);
            set(p, "DMA0_DST_REGION", side == 2 ? 1 | 1 << 11 : 1);
            set(p, "DMA0_IDX_REGION", 1);
            set_wide(p, "DMA0_SRC", 0);
            set_wide(p, "DMA0_DST", 512);
            set_wide(p, "DMA0_LEN", 4);
            if (size)
                set(p, "DMA0_SIZE0", size);
            set_wide(p, "DMA0_SRC_STRIDE0", 4);
            set_wide(p, "DMA0_DST_STRIDE0", 5);
            set_wide(p, "DMA0_IDX", 256);
            set_wide(p, "DMA0_IDX_MAX", 3);
            operation(p, "DMA_START", 0);
            if (side == 1 && size)
                EXPECT(p, S8, 512, 9, 10, 11, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
            else if (side == 2 && size)
                EXPECT(p, S8, 512, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4);
            else
                EXPECT(p, S8, 512, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        }
}

/* Strides of 40 bits and indices of 31 give offsets of over 64 bits: a fault, in the books of hazards too. */
static void dma_offsets_leave_64_bits(void **state)
{
    (void)state;
    for (int indexed = 0; indexed < 2; indexed++)
        for (int negative = 0; negative < 2; negative++) {
            const int64_t stride = negative ? -((int64_t)1 << 39) : ((int64_t)1 << 39) - 1;
            program *p = new_program(&ns_npu_table_u85, CONFIG_U85_256, ID_U85);
            p->hazards = true;
            set(p, "DMA0_SRC_REGION", 1 | 2 << 9 | indexed << 11);
            set(p, "DMA0_DST_REGION", 1);
            set(p, "DMA0_IDX_REGION", 1);
            set_wide(p, "DMA0_SRC", 0);
            set_wide(p, "DMA0_DST", 512);
            set_wide(p, "DMA0_LEN", 4);
            set(p, "DMA0_SIZE0", 0xffff);
            set(p, "DMA0_SIZE1", 0xffff);
            set_wide(p, "DMA0_SRC_STRIDE0", stride);
            set_wide(p, "DMA0_SRC_STRIDE1", stride);
            set_wide(p, "DMA0_DST_STRIDE0", stride);
            set_wide(p, "DMA0_DST_STRIDE1", stride);
            set_wide(p, "DMA0_IDX", 256);
            set_wide(p, "DMA0_IDX_MAX", 0x7fffffff);
            set_wide(p, "DMA0_IDX_SKIP1", stride);
            operation(p, "DMA_START", 0);
            expect_failure(p, NS_ERROR_UNDEFINED, "reach outside region 1");
        }
}

/* ---- 64 bits ---- */

static void put_wide(program *p, int base, int64_t value)
{
    memcpy(p->scratch + base, &value, sizeof value);
}

/* a OPERATION b of 64-bit elements; a fault that says `what`, or `expected` when it is NULL. */
static void check_wide(int elementwise, int64_t a, int64_t b, int64_t expected, const char *what)
{
    program *p = begin_binary(S64, S64, 1, 1, 1);
    put_wide(p, 0, a);
    put_wide(p, 256, b);
    operation(p, "ELEMENTWISE", elementwise);
    if (what) {
        expect_failure(p, NS_ERROR_UNDEFINED, what);
        return;
    }
    if (run(p) != NS_OK)
        fail_msg("%s", p->error.message);
    int64_t value;
    memcpy(&value, p->scratch + 512, sizeof value);
    assert_int_equal(value, expected);
    free(p);
}

/* Nothing says what the chip gives where a 64-bit result leaves 64 bits. */
static void wide_operands_do_not_wrap(void **state)
{
    (void)state;
    check_wide(ADD, INT64_MAX - 1, 1, INT64_MAX, NULL);
    check_wide(ADD, INT64_MAX, 1, 0, "9223372036854775807 + 1 leaves 64 bits");
    check_wide(ADD, INT64_MIN, -1, 0, "-9223372036854775808 + -1 leaves 64 bits");
    check_wide(SUB, INT64_MIN + 1, 1, INT64_MIN, NULL);
    check_wide(SUB, INT64_MIN, 1, 0, "-9223372036854775808 - 1 leaves 64 bits");
    check_wide(SUB, 0, INT64_MIN, 0, "0 - -9223372036854775808 leaves 64 bits");
    check_wide(MUL, (int64_t)1 << 40, -((int64_t)1 << 23), INT64_MIN, NULL);
    check_wide(MUL, (int64_t)1 << 40, (int64_t)1 << 23, 0, "1099511627776 * 8388608 leaves 64 bits");
    check_wide(MUL, INT64_MIN, -1, 0, "-9223372036854775808 * -1 leaves 64 bits");
    check_wide(DIV, INT64_MIN, 1, INT64_MIN, NULL);
    check_wide(DIV, INT64_MIN, -1, 0, "-9223372036854775808 divided by -1");
    check_wide(ABS, INT64_MIN + 1, 0, INT64_MAX, NULL);
    check_wide(ABS, INT64_MIN, 0, 0, "|-2^63| leaves 64 bits");
}

/* A scale that saturates at 64 bits leaves no room for the zero point. */
static void zero_point_behind_a_saturated_value(void **state)
{
    (void)state;
    program *p = begin(S64, S8, 1, 1, 1);
    set(p, "OFM_ZERO_POINT", 5);
    put_wide(p, 0, INT64_MAX);
    set_wide(p, "OFM_SCALE", scale(1 << 30, 0, 0, NATURAL));
    set(p, "ACTIVATION", 0);
    set(p, "ACTIVATION_MIN", -128);
    set(p, "ACTIVATION_MAX", 127);
    operation(p, "ELEMENTWISE", ABS);
    EXPECT(p, S8, 512, 127);
}

/* The pads of a reduction would make its IFM smaller than its OFM. */
static void reduce_sum_takes_no_padding(void **state)
{
    (void)state;
    static const char *const pads[] = {"IFM_PAD_TOP", "IFM_PAD_LEFT", "IFM_PAD_RIGHT", "IFM_PAD_BOTTOM"};
    for (size_t i = 0; i < sizeof pads / sizeof pads[0]; i++) {
        program *p = begin(S8, S32, 4, 4, 1);
        set(p, "IFM_DEPTH_M1", 7);
        set(p, pads[i], 1);
        operation(p, "POOL", REDUCE_SUM);
        expect_failure(p, NS_ERROR_UNSUPPORTED, "REDUCE_SUM with padding");
    }
}

/* Vela 5.1.0, ethos_u85_constraints.cpp, s_opDataTypeSupport: the IFM of a convolution has at most 16 bits,
 * that of a pool 32 (REDUCE_SUM, and MAX and MIN as reductions); only POOL NONE, which reads none, goes
 * with 64. */
static void operations_have_narrow_elements(void **state)
{
    (void)state;
    for (int pooling = MAX_POOL; pooling <= ARGMAX_Y; pooling++) {
        program *p = begin(S64, S32, 1, 1, 1);
        operation(p, "POOL", pooling);
        if (pooling != NONE_POOL)
            expect_failure(p, NS_ERROR_FAULT, "of 64-bit elements");
        else
            free(p);
    }
    static const int wide[] = {S32, S64};
    for (int i = 0; i < 2; i++) {
        program *p = begin(wide[i], S32, 1, 1, 1);
        operation(p, "CONV", 0);
        expect_failure(p, NS_ERROR_FAULT, i ? "a convolution of 64-bit" : "a convolution of 32-bit");
        p = begin_binary(S8, S32, 1, 1, 1);
        set_map(p, "IFM2", wide[i], 1, 1, 1, 256);
        set(p, "IFM2_PRECISION", ifm_precision(wide[i]));
        operation(p, "CONV", 1); /* weights from IFM2 */
        expect_failure(p, NS_ERROR_FAULT, i ? "weights of 64 bits" : "weights of 32 bits");
    }
}

/* ---- accumulators ---- */

/* SUM of `value` in accumulators that begin with `first`. */
static program *sum_onto(int value, int64_t first)
{
    program *p = begin(S8, S64, 1, 1, 1);
    set_map(p, "IFM2", S64, 1, 1, 1, 256);
    set(p, "IFM2_PRECISION", ifm_precision(S64));
    set(p, "ACC_FORMAT", ACC_I48 | ACC_FROM_IFM2);
    PUT(p, S8, 0, value);
    put_wide(p, 256, first);
    operation(p, "POOL", SUM);
    return p;
}

static void expect_wide(program *p, int64_t expected)
{
    int64_t value;
    if (run(p) != NS_OK)
        fail_msg("%s", p->error.message);
    memcpy(&value, p->scratch + 512, sizeof value);
    assert_int_equal(value, expected);
    free(p);
}

/* What accumulators begin with leaves 48 bits, or 64, together with the sum. */
static void preloaded_sums_fit_the_accumulator(void **state)
{
    (void)state;
    const int64_t most = ((int64_t)1 << 47) - 1;
    expect_wide(sum_onto(3, most - 3), most);
    expect_wide(sum_onto(-3, -most + 2), -most - 1);
    expect_failure(sum_onto(4, most - 3), NS_ERROR_UNDEFINED, "would hold 140737488355328,");
    expect_failure(sum_onto(-4, -most + 2), NS_ERROR_UNDEFINED, "would hold -140737488355329,");
    expect_failure(sum_onto(1, INT64_MAX), NS_ERROR_UNDEFINED, "would hold 9223372036854775807,");
    expect_failure(sum_onto(-1, INT64_MIN), NS_ERROR_UNDEFINED, "would hold -9223372036854775808,");
}

/* SUM of `value` with a bias of 48 bits and a scale of 1. */
static program *sum_and_bias(int value, int64_t bias)
{
    program *p = begin(S8, S64, 1, 1, 1);
    set(p, "OFM_PRECISION", ofm_precision(S64)); /* PER_CHANNEL */
    set(p, "ACC_FORMAT", ACC_I48);
    set(p, "SCALE_REGION", 0);
    set(p, "SCALE_BASE", 0);
    set(p, "SCALE_LENGTH", 16);
    memcpy(p->weights, &bias, 6);
    p->weights[6] = 1; /* scale; the shift behind it is 0 */
    PUT(p, S8, 0, value);
    operation(p, "POOL", SUM);
    return p;
}

static void a_sum_and_its_bias_fit_the_accumulator(void **state)
{
    (void)state;
    const int64_t most = ((int64_t)1 << 47) - 1;
    expect_wide(sum_and_bias(7, most - 7), most);
    expect_wide(sum_and_bias(-7, -most + 6), -most - 1);
    expect_failure(sum_and_bias(1, most), NS_ERROR_UNDEFINED, "would hold 140737488355328,");
    expect_failure(sum_and_bias(-1, -most - 1), NS_ERROR_UNDEFINED, "would hold -140737488355329,");
}

/* ---- inputs and regions ---- */

static void inputs_fit_the_memory_that_is_given(void **state)
{
    (void)state;
    program *p = begin(S8, S8, 1, 1, 1);
    p->input_region = 2;
    set(p, "IFM_REGION", 2);
    PUT(p, S8, 0, 7);
    operation(p, "ELEMENTWISE", ABS);
    EXPECT(p, S8, 512, 7);
    p = begin(S8, S8, 1, 1, 1);
    p->input_region = 2;
    p->fast_scratch = SCRATCH - 1;
    set(p, "IFM_REGION", 2);
    operation(p, "ELEMENTWISE", ABS);
    expect_failure(p, NS_ERROR_INPUT,
                   "input 0 takes bytes 0x0 to 0x400 of region 2, of which the device gives only 0x3ff");
    p = begin(S8, S8, 1, 1, 1);
    p->weights_as_input = true;
    expect_failure(p, NS_ERROR_INPUT, "input 0 lies in region 0, which holds the weights and is read only");
    p = begin(S8, S8, 1, 1, 1);
    p->input_region = 8;
    expect_failure(p, NS_ERROR_INPUT, "input 0 lies in region 8");
}

/* ---- control ---- */

/* The flag is that of the last element written: RF_TRUE branches over the second addition of one. */
static void branch_follows_the_last_result(void **state)
{
    (void)state;
    for (int flag = 0; flag <= 1; flag++) {
        program *p = begin(S8, S8, 1, 1, 1);
        p->scratch[0] = (uint8_t)flag;
        operation(p, "POOL", SUM); /* 512: the flag */
        const int branch = p->count;
        operation(p, "BRANCH", 0);
        set_wide(p, "OFM_BASE0", 600);
        set(p, "OFM_ZERO_POINT", 9);
        operation(p, "POOL", SUM); /* 600: 9, unless branched over */
        p->words[branch] |= 1u << 16;
        p->words[branch + 1] = (uint32_t)p->count * 4;
        expect(p, S8, 600, 1, &(int){flag ? 0 : 9});
    }
}

static void endless_loop_is_given_up(void **state)
{
    (void)state;
    program *p = begin(S8, S8, 1, 1, 1);
    const int start = p->count;
    operation(p, "POOL", SUM);
    operation(p, "BRANCH", 0);
    p->words[p->count - 1] = (uint32_t)start * 4;
    expect_failure(p, NS_ERROR_FAULT, "the stream does not end");
}

/* IRQ and PMU_MASK do nothing to data. */
static void interrupts_change_nothing(void **state)
{
    (void)state;
    program *p = begin(S8, S8, 1, 1, 1);
    PUT(p, S8, 0, 3);
    operation(p, "IRQ", 1);
    operation(p, "PMU_MASK", 1);
    operation(p, "POOL", SUM);
    EXPECT(p, S8, 512, 3);
}

/* Taps that all lie in the padding add nothing: the IFM has no row. */
static void convolution_of_padding_only(void **state)
{
    (void)state;
    program *p = begin_binary(S8, S32, 1, 2, 1);
    PUT(p, S8, 0, 5, 6);
    PUT(p, S8, 256, 7);
    operation(p, "CONV", 1); /* weights from IFM2 */
    EXPECT(p, S32, 512, 35, 42);
    p = begin_binary(S8, S32, 1, 2, 1);
    PUT(p, S8, 0, 5, 6);
    PUT(p, S8, 256, 7);
    PUT(p, S32, 512, -1, -1);
    set(p, "IFM_PAD_TOP", 1);
    operation(p, "CONV", 1);
    EXPECT(p, S32, 512, 0, 0);
    p = begin(S8, S32, 1, 2, 1);
    set(p, "IFM_PAD_TOP", 1);
    operation(p, "POOL", MAX_POOL);
    expect_failure(p, NS_ERROR_UNDEFINED, "its extent is 0 x 2 x 1");
    p = begin(S8, S32, 1, 2, 1);
    set(p, "IFM_PAD_TOP", 2);
    operation(p, "POOL", SUM);
    expect_failure(p, NS_ERROR_UNDEFINED, "the pads leave an IFM of -1 x 2");
}

/* What nothing describes is refused. */
static void undescribed_modes_are_refused(void **state)
{
    (void)state;
    program *p = begin(S8, S8, 1, 1, 1);
    set(p, "IFM_PRECISION", ifm_precision(S8) | 1 << 14);
    operation(p, "POOL", SUM);
    expect_failure(p, NS_ERROR_UNSUPPORTED, "storage TILE3X1");
    p = begin(S8, S8, 1, 1, 1);
    set(p, "KERNEL_STRIDE", 1 << 5);
    operation(p, "POOL", SUM);
    expect_failure(p, NS_ERROR_UNSUPPORTED, "decomposition 4 x 4");
    p = begin_binary(S8, S8, 1, 1, 1);
    operation(p, "ELEMENTWISE", DIV);
    expect_failure(p, NS_ERROR_UNDEFINED, "0 divided by 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_equal_plain_c),
        cmocka_unit_test(argmax_down_a_column),
        cmocka_unit_test(argmax_along_a_row),
        cmocka_unit_test(min_pool_skips_padding),
        cmocka_unit_test(each_rounding),
        cmocka_unit_test(double_roundings),
        cmocka_unit_test(reversed_outputs),
        cmocka_unit_test(upscaled_images),
        cmocka_unit_test(resize_takes_a_pixel),
        cmocka_unit_test(resize_weighs_two_pixels),
        cmocka_unit_test(tables_of_eight_bits),
        cmocka_unit_test(tables_that_widen),
        cmocka_unit_test(operands_round_twice),
        cmocka_unit_test(scalars_and_shifts),
        cmocka_unit_test(chains_are_read_as_another_type),
        cmocka_unit_test(dma_in_three_dimensions),
        cmocka_unit_test(dma_skips_between_indices),
        cmocka_unit_test(dma_reports_an_index_out_of_range),
        cmocka_unit_test(dma_in_one_dimension_reads_an_index),
        cmocka_unit_test(dma_offsets_leave_64_bits),
        cmocka_unit_test(wide_operands_do_not_wrap),
        cmocka_unit_test(zero_point_behind_a_saturated_value),
        cmocka_unit_test(reduce_sum_takes_no_padding),
        cmocka_unit_test(operations_have_narrow_elements),
        cmocka_unit_test(preloaded_sums_fit_the_accumulator),
        cmocka_unit_test(a_sum_and_its_bias_fit_the_accumulator),
        cmocka_unit_test(inputs_fit_the_memory_that_is_given),
        cmocka_unit_test(branch_follows_the_last_result),
        cmocka_unit_test(endless_loop_is_given_up),
        cmocka_unit_test(interrupts_change_nothing),
        cmocka_unit_test(convolution_of_padding_only),
        cmocka_unit_test(undescribed_modes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
