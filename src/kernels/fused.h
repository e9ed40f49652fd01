/* Fused: loops over int16 that do what several operators do, without their int32 results between. They stand
 * for the operators where no REQUIRE can fail; where the instruction set has none, the operators run one by
 * one. */
#ifndef NS_KERNELS_FUSED_H
#define NS_KERNELS_FUSED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ns_fused_op { NS_FUSED_ADD, NS_FUSED_SUB, NS_FUSED_MUL } ns_fused_op;

/* clip(((a * 2^left[0]) op (b * 2^left[1])) * multiplier + 2^(shift-1) >> shift) to int16. left in [0, 14], 0
 * for MUL; multiplier >= 0; shift in [33, 62]: the operands' result fits int32 ([-2^30, 2^30], or products of
 * int16), and so does the rest (kernels/rescale_high_avx2.h). */
typedef struct ns_fused_pair {
    ns_fused_op op;
    int left[2];
    int32_t multiplier;
    int shift;
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

typedef struct ns_fused_kernels {
    ns_fused_pair_row pair;
    ns_fused_table_row table;
    ns_fused_sum sum;
} ns_fused_kernels;

#if defined(__x86_64__)
extern const ns_fused_kernels ns_fused_kernels_avx2;
#endif

#endif
