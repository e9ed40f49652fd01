/* Kernels of products and of the orders they want. */
#ifndef NS_KERNELS_MATRIX_H
#define NS_KERNELS_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- transpose.c ---- */

/* Transpose: 16-bit elements, rows to columns. */

/* to[r * to_step + c] = from[c * from_step + r] for r < rows, c < columns. */
void ns_transpose_i16(const int16_t *from, size_t from_step, int16_t *to, size_t to_step, size_t rows,
                      size_t columns);

/* ---- requantise.c ---- */

/* Requantise: RESCALE of 48-bit sums to int16 with zero points 0, behind a matrix product or a depthwise
 * convolution while the sums are at hand.
 *
 * (v * m + 2^(s-1)) >> s with m < 2^15. For s < 33 multiplier and shift are raised together to m' = m *
 * 2^(t-s), t = max(s, 33). With h = floor(v * m' / 2^32) the result is (h + 2^(t-33)) >> (t - 32): 2^(t-1)
 * has no bits below 2^32, so that nothing carries out of the lower half. |v| * m' < 2^62 keeps |h| to 2^30,
 * and 2^(t-33) <= 2^29: all behind h fits 32 bits, and no REQUIRE can fail. */

typedef struct ns_requantise ns_requantise;

/* out[r * out_step + i] from sums[r * step + i] by the scale of column `column` + i, for r < rows, i < count;
 * `column` is a multiple of 8. |sum| is at most the bound that the scales were prepared for. */
typedef void (*ns_requantise_rows)(const ns_requantise *q, const int64_t *sums, size_t step, size_t rows,
                                   size_t column, size_t count, int16_t *out, size_t out_step);

/* Each array has `columns` values, made whole groups of 16. */
struct ns_requantise {
    ns_requantise_rows rows;
    int32_t *multiplier; /* m' */
    int32_t *half;       /* 2^(t-33) */
    int32_t *shift;      /* t - 32 */
};

/* Values that each array takes for so many columns. */
static inline size_t ns_requantise_size(size_t columns)
{
    return (columns + 15) / 16 * 16;
}

/* Fills the arrays, which have room; `per_channel`: a multiplier and shift for each column, else one for all.
 * False where a scale is not such as above for sums of at most `bound` in magnitude. */
bool ns_requantise_prepare(ns_requantise *q, const int32_t *multiplier, const int8_t *shift, bool per_channel,
                           size_t columns, int64_t bound);

void ns_requantise_rows_c(const ns_requantise *q, const int64_t *sums, size_t step, size_t rows,
                          size_t column, size_t count, int16_t *out, size_t out_step);
#if defined(__x86_64__)
void ns_requantise_rows_avx2(const ns_requantise *q, const int64_t *sums, size_t step, size_t rows,
                             size_t column, size_t count, int16_t *out, size_t out_step);
void ns_requantise_rows_avx512(const ns_requantise *q, const int64_t *sums, size_t step, size_t rows,
                               size_t column, size_t count, int16_t *out, size_t out_step);
#elif defined(__aarch64__)
void ns_requantise_rows_neon(const ns_requantise *q, const int64_t *sums, size_t step, size_t rows,
                             size_t column, size_t count, int16_t *out, size_t out_step);
#endif

/* ---- depthwise.c ---- */

/* Depthwise: sums over taps, channel by channel.
 *
 * Taps go in pairs, and weights are packed once: 16 channels' pairs after each other, the second and third
 * four of them exchanged, as interleaving two registers of 16 int16 leaves them for a widening multiply-add.
 */

#define NS_DEPTHWISE_CHANNELS 16

/* int16 elements that the weights of `taps` taps by `count` channels take when packed. */
static inline size_t ns_depthwise_packed_size(size_t taps, size_t count)
{
    return (taps + 1) / 2 * 2 * ((count + NS_DEPTHWISE_CHANNELS - 1) / NS_DEPTHWISE_CHANNELS) *
           NS_DEPTHWISE_CHANNELS;
}

/* Packs weights[tap * count + channel], into `packed`, which is zero. */
void ns_depthwise_pack(const int16_t *weights, size_t taps, size_t count, int16_t *packed);

/* Brings `count` values, whole groups of 16, into the order of packed channels. */
void ns_depthwise_order(int32_t *values, size_t count);

typedef struct ns_depthwise {
    const int16_t *const *in; /* for each tap its `count` values; taps are made even, by any values */
    const int16_t *packed;
    size_t taps, count;
    size_t block;         /* even, >= 2: so many products fit 32 bits together, as the caller has shown */
    const int64_t *start; /* `count` values */
    /* For ns_depthwise_scaled, in the order of packed channels: */
    const int32_t *start32;
    const ns_requantise *scale;
} ns_depthwise;

/* out[i] = start[i] + sum over t < taps of in[t][i] * weight[t][i], for i < count. */
typedef void (*ns_depthwise_i16)(const ns_depthwise *d, int64_t *out);

/* The same sums, requantised; all taps fit `block`, and the sums with `start32` 32 bits. */
typedef void (*ns_depthwise_scaled)(const ns_depthwise *d, int16_t *out);

void ns_depthwise_i16_c(const ns_depthwise *d, int64_t *out);
#if defined(__x86_64__)
void ns_depthwise_i16_avx2(const ns_depthwise *d, int64_t *out);
void ns_depthwise_scaled_avx2(const ns_depthwise *d, int16_t *out);
void ns_depthwise_i16_avx512(const ns_depthwise *d, int64_t *out);
void ns_depthwise_scaled_avx512(const ns_depthwise *d, int16_t *out);
#elif defined(__aarch64__)
void ns_depthwise_i16_neon(const ns_depthwise *d, int64_t *out);
void ns_depthwise_scaled_neon(const ns_depthwise *d, int16_t *out);
#endif

/* ---- gemm.c ---- */

/* sum of a[i] * b[i], i < count, exact in 64 bits for count < 2^32. */
int64_t ns_dot_i16_i16(const int16_t *a, const int16_t *b, size_t count);

/* Matrix products of int16 by int16 with exact sums.
 *
 * The right-hand side is packed once: columns in groups of 16, steps of k in pairs, so that one 512-bit
 * register holds one pair of steps for 16 columns, the operand of a widening multiply-add
 * (vpmaddwd, vpdpwssd). Missing columns and an odd last step are zero. */

#define NS_GEMM_COLUMNS 16

/* int16 elements that k steps by n columns take when packed. */
static inline size_t ns_gemm_packed_size(size_t k, size_t n)
{
    return (n + NS_GEMM_COLUMNS - 1) / NS_GEMM_COLUMNS * ((k + 1) / 2) * (2 * NS_GEMM_COLUMNS);
}

/* Packs n rows of k int8 values (the weights of a convolution: b[s][j] = rows[j * k + s] - zero), which must
 * fill `packed` whole; |value| <= 255. */
void ns_gemm_pack_i8(const int8_t *rows, size_t k, size_t n, int32_t zero, int16_t *packed);

/* Packs k rows of n int16 values, b[s][j] = rows[s * n + j], split in two that fit 8 bits and their sign:
 * b = 256 * high + low with low in [-128, 127] and high in [-128, 128]. */
typedef void (*ns_gemm_pack_split)(const int16_t *rows, size_t k, size_t n, int16_t *low, int16_t *high);
void ns_gemm_pack_split_i16(const int16_t *rows, size_t k, size_t n, int16_t *low, int16_t *high);

/* Where step `k` of column `n` lies; `steps` is the k that the matrix was packed for. */
static inline size_t ns_gemm_packed_index(size_t steps, size_t k, size_t n)
{
    size_t group = n / NS_GEMM_COLUMNS, column = n % NS_GEMM_COLUMNS;
    return (group * ((steps + 1) / 2) + k / 2) * (2 * NS_GEMM_COLUMNS) + 2 * column + k % 2;
}

/* Tiles: the packed right-hand side in bytes, 64 steps by 16 columns to a tile whose rows are four steps of
 * each column (gemm_amx.c). What is split takes two tiles, of lower bytes (unsigned) and of upper ones
 * (signed). */
#define NS_GEMM_TILE_STEPS 64
#define NS_GEMM_TILE_BYTES (NS_GEMM_TILE_STEPS * NS_GEMM_COLUMNS)

/* uint32_t that the tiles take. */
static inline size_t ns_gemm_tiles_size(size_t k, size_t n, bool split)
{
    return (n + NS_GEMM_COLUMNS - 1) / NS_GEMM_COLUMNS * ((k + NS_GEMM_TILE_STEPS - 1) / NS_GEMM_TILE_STEPS) *
           (NS_GEMM_TILE_BYTES / sizeof(uint32_t)) * (split ? 2 : 1);
}

/* Bytes that a call needs for sixteen left-hand rows. */
static inline size_t ns_gemm_tile_room(size_t k)
{
    return (k + NS_GEMM_TILE_STEPS - 1) / NS_GEMM_TILE_STEPS * 2 * NS_GEMM_TILE_BYTES;
}

/* Fills `tiles` whole; false where a value that is not split (packed_high is NULL) does not fit 8 bits. */
typedef bool (*ns_gemm_pack_tiles)(const int16_t *packed, const int16_t *packed_high, size_t k, size_t n,
                                   uint32_t *tiles);

/* c[i * c_step + j] = start[j] + sum over s < k of a[i * a_step + s] * b[s][j], for i < m, j < n. a's rows
 * are read to an even k: element k of an odd row must exist, its value does not matter. */
typedef struct ns_gemm_i16_call {
    const int16_t *a;
    size_t a_step;
    const int16_t *packed; /* b */
    size_t m, n, k;
    size_t block; /* steps whose sums are kept in 32 bits before they are added to 64: even, >= 2; the caller
                     has shown that no sum of that many products leaves int32 */
    const int64_t *start; /* NULL: zeros */
    int64_t *c;
    size_t c_step;
    const int16_t *packed_high; /* NULL; else b = 256 * this + packed */
    const uint32_t *tiles;      /* NULL; else b once more, by ns_gemm_pack_tiles */
    uint8_t *tile_room;         /* with `tiles`: ns_gemm_tile_room bytes, of this call's alone */
    /* NULL; else the sums are requantised to `out` while a tile of them is at hand, and c is not written. */
    const ns_requantise *scale;
    int16_t *out; /* rows c_step apart */
} ns_gemm_i16_call;

typedef void (*ns_gemm_i16)(const ns_gemm_i16_call *call);

void ns_gemm_i16_c(const ns_gemm_i16_call *call);

#if defined(__x86_64__)
void ns_gemm_i16_avx2(const ns_gemm_i16_call *call);
void ns_gemm_pack_split_avx2(const int16_t *rows, size_t k, size_t n, int16_t *low, int16_t *high);
void ns_gemm_i16_avx512(const ns_gemm_i16_call *call);
void ns_gemm_i16_avx512vnni(const ns_gemm_i16_call *call);
void ns_gemm_i16_amx(const ns_gemm_i16_call *call);
bool ns_gemm_pack_tiles_amx(const int16_t *packed, const int16_t *packed_high, size_t k, size_t n,
                            uint32_t *tiles);
#endif

#if defined(__aarch64__)
void ns_gemm_i16_neon(const ns_gemm_i16_call *call);
#endif

/* ---- gemm_f64.c ---- */

/* Matrix products of doubles, for values that may be integers (then the sums are exact: below 2^53) or reals
 * (then versions differ in the last bits: some fuse the multiplication with the addition, and each adds in
 * its own order).
 *
 * The right-hand side is packed once: columns in groups of 8, step by step; missing columns are zero. */

#define NS_GEMM_F64_COLUMNS 8

/* Doubles that k steps by n columns take when packed. */
static inline size_t ns_gemm_f64_packed_size(size_t k, size_t n)
{
    return (n + NS_GEMM_F64_COLUMNS - 1) / NS_GEMM_F64_COLUMNS * k * NS_GEMM_F64_COLUMNS;
}

/* Packs b[s][j] = values[s * step_k + j * step_n]; fills `packed` whole. */
void ns_gemm_f64_pack(const double *values, size_t step_k, size_t step_n, size_t k, size_t n, double *packed);

/* c[i * c_step + j] += sum over s < k of a[i * a_step + s] * b[s][j], for i < m, j < n. */
typedef struct ns_gemm_f64_call {
    const double *a;
    size_t a_step;
    const double *packed; /* b, of `steps` steps, from step `first` on */
    size_t first, steps;
    size_t m, n, k;
    double *c;
    size_t c_step;
} ns_gemm_f64_call;

typedef void (*ns_gemm_f64)(const ns_gemm_f64_call *call);

/* The same of floats, for what need not be exact; packed alike, from doubles. */
void ns_gemm_f32_pack(const double *values, size_t step_k, size_t step_n, size_t k, size_t n, float *packed);

typedef struct ns_gemm_f32_call {
    const float *a;
    size_t a_step;
    const float *packed;
    size_t first, steps;
    size_t m, n, k;
    float *c;
    size_t c_step;
} ns_gemm_f32_call;

typedef void (*ns_gemm_f32)(const ns_gemm_f32_call *call);

void ns_gemm_f32_c(const ns_gemm_f32_call *call);

void ns_gemm_f64_c(const ns_gemm_f64_call *call);
#if defined(__x86_64__)
void ns_gemm_f64_avx2(const ns_gemm_f64_call *call);
void ns_gemm_f32_avx2(const ns_gemm_f32_call *call);
void ns_gemm_f64_avx512(const ns_gemm_f64_call *call);
#endif
#if defined(__aarch64__)
void ns_gemm_f64_neon(const ns_gemm_f64_call *call);
void ns_gemm_f32_neon(const ns_gemm_f32_call *call);
#endif

#endif
