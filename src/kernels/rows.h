/* Kernels over one row of elements. */
#ifndef NS_KERNELS_ROWS_H
#define NS_KERNELS_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- binary.c ---- */

/* Elementwise binary loops over one row; binary.def lists them. */

typedef enum ns_binary {
#define NS_BINARY(name, result, value, bad) NS_BINARY_##name,
#include "kernels/binary.def"
#undef NS_BINARY
    NS_BINARY_COUNT
} ns_binary;

/* out[i] = f(a[i * a_step], b[i * b_step]), i < count; steps are 0 or 1. Returns true when the
 * specification's REQUIRE fails for an element; `out` is then of no use. No overlap of `out` with a or b
 * unless equal element by element. */
typedef bool (*ns_binary_row)(const void *a, int a_step, const void *b, int b_step, void *out, size_t count);

/* One row of loops by element type: int8 (and bool), int16, int32, int64. */
typedef ns_binary_row ns_binary_rows[4];

extern const ns_binary_rows ns_binary_rows_c[NS_BINARY_COUNT];
#if defined(__x86_64__)
extern const ns_binary_rows ns_binary_rows_avx2[NS_BINARY_COUNT];
extern const ns_binary_rows ns_binary_rows_avx512[NS_BINARY_COUNT];
#endif

/* ---- rescale.c ---- */

/* Rescale: RESCALE's multiply, shift, round and clip over one row. */

typedef struct ns_rescale {
    int32_t input_zero_point;
    int32_t output_zero_point;
    int32_t low, high;   /* of the output type, as signed or unsigned as the operator says */
    bool input_unsigned; /* int8 and int16 inputs are zero-extended */
    bool wide;           /* scale32: the value must lie in [-2^(shift-1), 2^(shift-1)) */
    bool double_round;   /* with shift > 31, 2^30 is added for values >= 0 and subtracted for others */
} ns_rescale;

/* out[i] = clip(((in[i] - input zero point) * multiplier[i] + 2^(shift[i]-1) [+- 2^30]) >> shift[i]
 *               + output zero point, low, high)
 * for i < count; step 0: one multiplier and shift for all. Multipliers lie in [0, 2^31) (below 2^15 unless
 * `wide`), shifts in [2, 62]: the caller checks. Returns true when a REQUIRE fails for an element: a value
 * outside the range of its shift, or a result outside int32; `out` is then of no use. */
typedef bool (*ns_rescale_row)(const ns_rescale *rescale, const void *in, const int32_t *multiplier,
                               const int8_t *shift, int step, void *out, size_t count);

/* By input type (int8, int16, int32, int48 in 64 bits) and output type (int8, int16, int32). */
typedef ns_rescale_row ns_rescale_rows[4][3];

/* ROW(IN, OUT) for each, by their bits; and the table of functions row_<IN>_<OUT>. */
#define NS_RESCALE_TYPES(ROW) \
    ROW(8, 8)                 \
    ROW(8, 16)                \
    ROW(8, 32)                \
    ROW(16, 8) ROW(16, 16) ROW(16, 32) ROW(32, 8) ROW(32, 16) ROW(32, 32) ROW(48, 8) ROW(48, 16) ROW(48, 32)
#define NS_RESCALE_ROWS                                                                                    \
    {                                                                                                      \
        {row_8_8, row_8_16, row_8_32}, {row_16_8, row_16_16, row_16_32}, {row_32_8, row_32_16, row_32_32}, \
            {row_48_8, row_48_16, row_48_32},                                                              \
    }

extern const ns_rescale_rows ns_rescale_rows_c;
#if defined(__x86_64__)
extern const ns_rescale_rows ns_rescale_rows_avx2;
extern const ns_rescale_rows ns_rescale_rows_avx512;
#elif defined(__aarch64__)
extern const ns_rescale_rows ns_rescale_rows_neon;
#endif

/* ---- table.c ---- */

/* Table: interpolated lookup in 513 entries. */

/* out[i] = 128 * table[j] + (table[j + 1] - table[j]) * (in[i] mod 128) with j = floor(in[i] / 128) + 256,
 * i < count: 23 bits. The caller has checked that each slope it needs lies in int16. */
typedef void (*ns_table_row)(const int16_t *table, const int16_t *in, int32_t *out, size_t count);

void ns_table_row_c(const int16_t *table, const int16_t *in, int32_t *out, size_t count);
#if defined(__x86_64__)
void ns_table_row_avx2(const int16_t *table, const int16_t *in, int32_t *out, size_t count);
void ns_table_row_avx512(const int16_t *table, const int16_t *in, int32_t *out, size_t count);
void ns_table_row_avx512vbmi(const int16_t *table, const int16_t *in, int32_t *out, size_t count);
#elif defined(__aarch64__)
void ns_table_row_neon(const int16_t *table, const int16_t *in, int32_t *out, size_t count);
#endif

/* Fused: loops over int16 that do what several operators do, without their int32 results between. They stand
 * for the operators where no REQUIRE can fail; where the instruction set has none, the operators run one by
 * one. */

typedef enum ns_fused_op { NS_FUSED_ADD, NS_FUSED_SUB, NS_FUSED_MUL } ns_fused_op;

/* clip(((a * 2^left[0]) op (b * 2^left[1])) * multiplier + 2^(shift-1) >> shift) to int16. left in [0, 14], 0
 * for MUL; multiplier >= 0; shift in [33, 62]: the operands' result fits int32 ([-2^30, 2^30], or products of
 * int16), and so does the rest (kernels/rescale_high_avx2.h). */
typedef struct ns_fused_pair {
    ns_fused_op op;
    int left[2];
    int32_t multiplier;
    int shift;
    /* ADD and SUB: in place of 2^left a scale, (a * in_multiplier + 2^(in_shift-1)) >> in_shift;
     * in_multiplier >= 0, in_shift in [17, 46]: at most 2^29 + 1 in magnitude. */
    bool is_scaled;
    int32_t in_multiplier[2];
    int in_shift[2];
} ns_fused_pair;

/* out[i] from a[i * a_step] and b[i * b_step], i < count; steps are 0 or 1. */
typedef void (*ns_fused_pair_row)(const ns_fused_pair *pair, const int16_t *a, int a_step, const int16_t *b,
                                  int b_step, int16_t *out, size_t count);

/* table.h's result, rounded and shifted right by 7: base + (slope * fraction + 64 >> 7), which lies between
 * two entries. Each slope that is needed lies in int16. */
typedef void (*ns_fused_table_row)(const int16_t *table, const int16_t *in, int16_t *out, size_t count);

/* The sum of in[i] * 2^left, left in [0, 15], every partial sum of which fits int32; false where one does
 * not, or it cannot be told from the magnitudes' sum. count <= 32768. */
typedef bool (*ns_fused_sum)(const int16_t *in, size_t count, int left, int32_t *sum);

/* out[i] = a[i] * b[i]; false where a product leaves 32 bits, and `out` is of no use. */
typedef bool (*ns_fused_multiply)(const int32_t *a, const int32_t *b, int32_t *out, size_t count);

/* Clips in place; returns how many values lay outside. `at_ends`: whether one was INT16_MIN or INT16_MAX. */
typedef size_t (*ns_fused_clip)(int16_t *row, size_t count, int16_t low, int16_t high, bool *at_ends);

typedef struct ns_fused_kernels {
    ns_fused_pair_row pair;
    ns_fused_table_row table;
    ns_fused_sum sum;
    ns_fused_multiply multiply;
    ns_fused_clip clip;
} ns_fused_kernels;

#if defined(__x86_64__)
extern const ns_fused_kernels ns_fused_kernels_avx2;
extern const ns_fused_kernels ns_fused_kernels_avx512;
extern const ns_fused_kernels ns_fused_kernels_avx512vbmi;

/* `table` of each. */
void ns_fused_table_avx2(const int16_t *table, const int16_t *in, int16_t *out, size_t count);
void ns_fused_table_avx512(const int16_t *table, const int16_t *in, int16_t *out, size_t count);
void ns_fused_table_avx512vbmi(const int16_t *table, const int16_t *in, int16_t *out, size_t count);
#elif defined(__aarch64__)
extern const ns_fused_kernels ns_fused_kernels_neon;
#endif

/* ---- wide.c ---- */

/* Rows of 64-bit values, as the simulator's output stage has them. */

/* For each column: |value| < 2^31 and a multiplier below 2^31 keep the product to 62 bits, rounding terms of
 * at most 2^61 the sum to 63; shift in [0, 63]. */
typedef struct ns_wide_scales {
    const int64_t *multiplier, *positive, *negative, *shift; /* terms for values >= 0 and below */
} ns_wide_scales;

typedef struct ns_wide_clip {
    int64_t low, high, add; /* low <= high; `add` comes behind the clip */
} ns_wide_clip;

typedef struct ns_wide_kernels {
    /* The least and the largest value, and 0. */
    void (*range)(const int64_t *row, size_t count, int64_t *low, int64_t *high);
    /* row[r][i] += terms[i] */
    void (*add)(int64_t *row, size_t rows, const int64_t *terms, size_t columns);
    /* row[r][i] = (row[r][i] * multiplier[i] + term) >> shift[i] */
    void (*scale)(int64_t *row, size_t rows, size_t columns, const ns_wide_scales *scales);
    /* Returns how many values the clip changed. */
    int64_t (*clip)(int64_t *row, size_t count, const ns_wide_clip *clip);
} ns_wide_kernels;

void ns_wide_range_c(const int64_t *row, size_t count, int64_t *low, int64_t *high);
void ns_wide_scale_c(int64_t *row, size_t rows, size_t columns, const ns_wide_scales *s);
int64_t ns_wide_clip_c(int64_t *row, size_t count, const ns_wide_clip *clip);

extern const ns_wide_kernels ns_wide_kernels_c;
#if defined(__x86_64__)
extern const ns_wide_kernels ns_wide_kernels_avx2;
#elif defined(__aarch64__)
extern const ns_wide_kernels ns_wide_kernels_neon;
#endif

#endif
