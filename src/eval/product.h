/* Product: sums of products for convolutions and matrix products, with the specification's accumulator
 * limits. A left-hand side of int16 rows is multiplied by a packed right-hand side. */
#ifndef NS_EVAL_PRODUCT_H
#define NS_EVAL_PRODUCT_H

#include "eval/call.h"

typedef struct ns_product {
    const ns_kernels *kernels;
    ns_tensor *out;       /* int32 or int48 */
    size_t k, n;          /* steps and columns */
    int16_t *packed;      /* kernels/gemm.h; the columns' values less their zero point */
    int16_t *packed_high; /* int16 columns are split, value = 256 * high + low; NULL when they fit 8 bits */
    int64_t *bias;        /* n values, or NULL */
    size_t block;         /* steps that a 32-bit sum can hold */
    bool careful;         /* an accumulator might leave its type: every step is checked */
    int64_t *low_sums;    /* room for one band of rows when split */
    int64_t *narrow;      /* room for one band of rows when the output is int32 */
} ns_product;

/* Rows that one call of ns_product_rows may have. */
#define NS_PRODUCT_BAND 96

/* Steps that a left-hand row takes: k rounded up to even. */
static inline size_t ns_product_row_size(size_t k)
{
    return (k + 1) / 2 * 2;
}

/* Makes room for `product` with k and n set, in `arena`. `split`: the columns are int16. The caller fills
 * `packed` and `packed_high` with ns_gemm_pack_*. */
ns_code ns_product_new(ns_product *product, const ns_kernels *kernels, ns_tensor *out, size_t k, size_t n,
                       bool split, ns_arena *arena, ns_error *error);

/* Sets the bias: one value, or one for each column, of the output's type. */
ns_code ns_product_bias(ns_product *product, const ns_tensor *bias, ns_arena *arena, ns_error *error);

/* To be called when all columns are set: derives the bounds. `largest`: of any left-hand value's magnitude.
 */
void ns_product_ready(ns_product *product, int64_t largest);

/* Rows first .. first + count - 1 of the output, seen as [rows][n], from `rows` with `step` elements between
 * them. count <= NS_PRODUCT_BAND; rows are read to an even number of steps. */
ns_code ns_product_rows(ns_product *product, const int16_t *rows, size_t step, size_t first, size_t count,
                        ns_error *error);

/* The same where no accumulator can leave its type (not `careful`), to `to`: n values of the output's type
 * for each row. */
void ns_product_fast_rows(ns_product *product, const int16_t *rows, size_t step, size_t count, void *to);

#endif
