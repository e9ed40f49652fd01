/* Matrix products in AMX's tiles. A tile is 16 rows of 64 bytes; TDPB<s or u><s or u>D adds to 16 by 16 sums
 * of 32 bits what 64 steps of bytes give. An int16 is 256 * high + low, high signed and low unsigned, and so
 * is each int16 of a right-hand side that does not fit 8 bits:
 *
 *   int16 by int8     a * b = 256 * (high * b)  + low * b                  TDPBSSD, TDPBUSD
 *   int16 by int16    a * b = 65536 * (high * high') + 256 * (high * low' + low * high') + low * low'
 *                                                                          TDPBSSD, TDPBSUD and TDPBUSD,
 * TDPBUUD
 *
 * Each line's sums keep to 32 bits for `most_steps`; they meet in 64 bits. Rows behind the last sixteen,
 * other shapes and what would not be faster (pays) are gemm_avx512.c's. */
#include <immintrin.h>

#include "kernels/matrix.h"

#define ALWAYS static inline __attribute__((always_inline))

enum { ROWS = 16, STEPS = NS_GEMM_TILE_STEPS, TILE = NS_GEMM_TILE_BYTES, MOST_PARTS = 3 };

/* 32-bit sums of a tile by the power of 256 that they are worth. */
typedef int32_t parts[MOST_PARTS][ROWS * NS_GEMM_COLUMNS];

/* The largest product of the parts is 255 * 128 in magnitude, or 255 * 255; where two go into one sum, 2 *
 * 255 * 128. */
static size_t most_steps(bool split)
{
    return INT32_MAX / (split ? 2 * 255 * 128 : 255 * 128);
}

static size_t chunks_of(size_t k)
{
    return (k + STEPS - 1) / STEPS;
}

/* ---- what is packed once ---- */

/* Of two pairs of int16 the bytes 0 and 2 of each, in order: four steps of a column. */
ALWAYS uint32_t four_steps(uint32_t first, uint32_t second)
{
    return (first & 0xff) | (first >> 8 & 0xff00) | (second & 0xff) << 16 | (second << 8 & 0xff000000);
}

/* The upper bytes of low + 256 * high, as four_steps takes them. */
ALWAYS uint32_t upper_bytes(uint32_t low, uint32_t high)
{
    return (low >> 8 & 0xff00ff) + (high & 0xff00ff);
}

/* One row of a tile: pairs p and p + 1 of sixteen columns; no second where there is none. */
ALWAYS void pack_row(const uint32_t *low, const uint32_t *high, bool has_second, uint32_t *to)
{
    static const uint32_t none[NS_GEMM_COLUMNS];
    const uint32_t *low2 = has_second ? low + NS_GEMM_COLUMNS : none;
    const uint32_t *high2 = has_second && high ? high + NS_GEMM_COLUMNS : none;
    for (int l = 0; l < NS_GEMM_COLUMNS; l++)
        to[l] = four_steps(low[l], low2[l]);
    for (int l = 0; high && l < NS_GEMM_COLUMNS; l++)
        to[TILE / 4 + l] = four_steps(upper_bytes(low[l], high[l]), upper_bytes(low2[l], high2[l]));
}

static bool fit_bytes(const int16_t *values, size_t count)
{
    uint16_t off = 0;
    for (size_t i = 0; i < count; i++)
        off |= (uint16_t)(values[i] + 128);
    return off < 256;
}

bool ns_gemm_pack_tiles_amx(const int16_t *packed, const int16_t *packed_high, size_t k, size_t n,
                            uint32_t *tiles)
{
    const size_t pairs = (k + 1) / 2, chunks = chunks_of(k), size = packed_high ? TILE / 2 : TILE / 4;
    const uint32_t *low = (const uint32_t *)(const void *)packed;
    const uint32_t *high = (const uint32_t *)(const void *)packed_high;
    if (!packed_high && !fit_bytes(packed, ns_gemm_packed_size(k, n)))
        return false;
    for (size_t j = 0; j < n; j += NS_GEMM_COLUMNS)
        for (size_t c = 0; c < chunks; c++, tiles += size)
            for (size_t row = 0; row < STEPS / 4; row++) {
                const size_t p = c * (STEPS / 2) + 2 * row,
                             at = (j / NS_GEMM_COLUMNS * pairs + p) * NS_GEMM_COLUMNS;
                uint32_t *to = tiles + row * NS_GEMM_COLUMNS;
                if (p < pairs) {
                    pack_row(low + at, high ? high + at : NULL, p + 1 < pairs, to);
                    continue;
                }
                for (int l = 0; l < NS_GEMM_COLUMNS; l++)
                    to[l] = to[high ? TILE / 4 + l : l] = 0;
            }
    return true;
}

/* ---- left-hand rows ---- */

/* 64 bytes of 64 words that fit them, in order. */
ALWAYS __m512i in_order(__m512i bytes)
{
    return _mm512_permutexvar_epi64(_mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0), bytes);
}

/* The words from `from` on, zeros behind `count`. */
ALWAYS __m512i load_words(const int16_t *from, size_t count)
{
    return _mm512_maskz_loadu_epi16(count >= 32 ? ~(__mmask32)0 : ((__mmask32)1 << count) - 1, from);
}

/* One row's 64 steps as a row of a tile of lower bytes and of one of upper bytes behind it. */
ALWAYS void split_steps(const int16_t *from, size_t count, uint8_t *to)
{
    const __m512i mask = _mm512_set1_epi16(255);
    const __m512i first = load_words(from, count);
    const __m512i second = count > 32 ? load_words(from + 32, count - 32) : _mm512_setzero_si512();
    const __m512i low = _mm512_packus_epi16(_mm512_and_si512(first, mask), _mm512_and_si512(second, mask));
    const __m512i high = _mm512_packs_epi16(_mm512_srai_epi16(first, 8), _mm512_srai_epi16(second, 8));
    _mm512_storeu_si512(to, in_order(low));
    _mm512_storeu_si512(to + TILE, in_order(high));
}

/* Sixteen rows from row i on: for each 64 steps two tiles. */
static void split_rows(const ns_gemm_i16_call *call, size_t i)
{
    for (size_t r = 0; r < ROWS; r++) {
        const int16_t *from = call->a + (i + r) * call->a_step;
        uint8_t *to = call->tile_room + r * STEPS;
        size_t s = 0;
        for (; s + STEPS <= call->k; s += STEPS, to += 2 * TILE)
            split_steps(from + s, STEPS, to);
        if (s < call->k)
            split_steps(from + s, call->k - s, to);
    }
    __asm__ volatile("" ::: "memory"); /* the compiler does not know that tiles are loaded from memory */
}

/* ---- sums ---- */

/* Sixteen rows by sixteen columns, or by 32 (`two`: the next group's tiles lie `next` bytes on). */
ALWAYS void sum_bytes(const uint8_t *a, const uint8_t *b, size_t chunks, const bool two, size_t next,
                      parts *sums)
{
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (size_t c = 0; c < chunks; c++, a += 2 * TILE, b += TILE) {
        _tile_loadd(4, a, STEPS);
        _tile_loadd(5, a + TILE, STEPS);
        _tile_loadd(6, b, STEPS);
        _tile_dpbusd(0, 4, 6);
        _tile_dpbssd(1, 5, 6);
        if (two) {
            _tile_loadd(7, b + next, STEPS);
            _tile_dpbusd(2, 4, 7);
            _tile_dpbssd(3, 5, 7);
        }
    }
    _tile_stored(0, sums[0][0], STEPS);
    _tile_stored(1, sums[0][1], STEPS);
    if (two) {
        _tile_stored(2, sums[1][0], STEPS);
        _tile_stored(3, sums[1][1], STEPS);
    }
}

/* The same by sixteen columns of two bytes each. */
ALWAYS void sum_words(const uint8_t *a, const uint8_t *b, size_t chunks, parts *sums)
{
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    for (size_t c = 0; c < chunks; c++, a += 2 * TILE, b += 2 * TILE) {
        _tile_loadd(4, a, STEPS);
        _tile_loadd(5, a + TILE, STEPS);
        _tile_loadd(6, b, STEPS);
        _tile_loadd(7, b + TILE, STEPS);
        _tile_dpbuud(0, 4, 6);
        _tile_dpbssd(2, 5, 7);
        _tile_dpbusd(1, 4, 7);
        _tile_dpbsud(1, 5, 6);
    }
    _tile_stored(0, (*sums)[0], STEPS);
    _tile_stored(1, (*sums)[1], STEPS);
    _tile_stored(2, (*sums)[2], STEPS);
}

/* Eight sums in 64 bits. */
ALWAYS __m512i add_parts(const parts *sums, size_t at, const int count)
{
    __m512i sum = _mm512_setzero_si512();
#pragma GCC unroll 3
    for (int p = count - 1; p >= 0; p--) {
        const __m256i part = _mm256_loadu_si256((const __m256i *)(const void *)&(*sums)[p][at]);
        sum = _mm512_add_epi64(_mm512_slli_epi64(sum, 8), _mm512_cvtepi32_epi64(part));
    }
    return sum;
}

/* A tile's sums, of rows i .. i + 15 and of columns from j on, to where they go. */
ALWAYS void finish(const ns_gemm_i16_call *call, const parts *sums, const int count, size_t i, size_t j)
{
    const size_t columns = call->n - j < NS_GEMM_COLUMNS ? call->n - j : NS_GEMM_COLUMNS;
    const __mmask16 some = (__mmask16)((1u << columns) - 1);
    int64_t kept[ROWS * NS_GEMM_COLUMNS];
    int64_t *to = call->scale ? kept : call->c + i * call->c_step + j;
    const size_t step = call->scale ? NS_GEMM_COLUMNS : call->c_step;
    __m512i start[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
    if (call->start) {
        start[0] = _mm512_maskz_loadu_epi64((__mmask8)some, call->start + j);
        start[1] = _mm512_maskz_loadu_epi64((__mmask8)(some >> 8), call->start + j + 8);
    }
    for (size_t r = 0; r < ROWS; r++) {
        const __m512i first = add_parts(sums, r * NS_GEMM_COLUMNS, count);
        const __m512i second = add_parts(sums, r * NS_GEMM_COLUMNS + 8, count);
        _mm512_mask_storeu_epi64(to + r * step, (__mmask8)some, _mm512_add_epi64(first, start[0]));
        _mm512_mask_storeu_epi64(to + r * step + 8, (__mmask8)(some >> 8),
                                 _mm512_add_epi64(second, start[1]));
    }
    if (call->scale)
        call->scale->rows(call->scale, kept, NS_GEMM_COLUMNS, ROWS, j, columns,
                          call->out + i * call->c_step + j, call->c_step);
}

/* Rows i .. i + 15. */
static void sixteen_rows(const ns_gemm_i16_call *call, size_t i)
{
    const size_t chunks = chunks_of(call->k), group = chunks * (call->packed_high ? 2 : 1) * TILE;
    const uint8_t *b = (const uint8_t *)call->tiles;
    parts sums[2];
    split_rows(call, i);
    for (size_t j = 0; j < call->n;) {
        if (call->packed_high) {
            sum_words(call->tile_room, b, chunks, sums);
            finish(call, sums, 3, i, j);
        } else if (call->n - j > NS_GEMM_COLUMNS) {
            sum_bytes(call->tile_room, b, chunks, true, group, sums);
            finish(call, &sums[0], 2, i, j);
            j += NS_GEMM_COLUMNS, b += group;
            finish(call, &sums[1], 2, i, j);
        } else {
            sum_bytes(call->tile_room, b, chunks, false, 0, sums);
            finish(call, sums, 2, i, j);
        }
        j += NS_GEMM_COLUMNS, b += group;
    }
}

/* ---- the choice ---- */

/* Cycles, derived and not measured: 16 for a TDP of 16 rows; for a tile of sums what storing, adding and the
 * last TDP's latency take; for 64 steps of 16 rows their splitting (bench/mca.py); for a call LDTILECFG.
 * vpdpwssd: two of 16 columns and two steps each a cycle. */
static bool pays(const ns_gemm_i16_call *call)
{
    enum { PRODUCT = 16, FINISH = 200, SPLIT = 100, CALL = 250 };
    const size_t tiles = call->m / ROWS, groups = (call->n + NS_GEMM_COLUMNS - 1) / NS_GEMM_COLUMNS;
    const size_t chunks = chunks_of(call->k), products = call->packed_high ? 4 : 2;
    const size_t amx = tiles * (groups * (chunks * products * PRODUCT + FINISH) + chunks * SPLIT) + CALL;
    const size_t avx512 = tiles * groups * ROWS * ((call->k + 1) / 2) * (products / 2) / 2;
    return amx < avx512 && call->k <= most_steps(call->packed_high != NULL);
}

/* Palette 1, all tiles of 16 rows by 64 bytes. */
typedef struct tile_shapes {
    uint8_t palette, start_row, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
} tile_shapes;

static const tile_shapes whole = {.palette = 1,
                                  .bytes = {STEPS, STEPS, STEPS, STEPS, STEPS, STEPS, STEPS, STEPS},
                                  .rows = {ROWS, ROWS, ROWS, ROWS, ROWS, ROWS, ROWS, ROWS}};

void ns_gemm_i16_amx(const ns_gemm_i16_call *call)
{
    if (!call->tiles || !pays(call)) {
        ns_gemm_i16_avx512vnni(call);
        return;
    }
    ns_gemm_i16_call rest = *call;
    const size_t done = call->m / ROWS * ROWS;
    _tile_loadconfig(&whole);
    for (size_t i = 0; i < done; i += ROWS)
        sixteen_rows(call, i);
    _tile_release();
    rest.a += done * call->a_step;
    rest.m -= done;
    if (call->scale)
        rest.out += done * call->c_step;
    else
        rest.c += done * call->c_step;
    if (rest.m)
        ns_gemm_i16_avx512vnni(&rest);
}
