/* Pool: the mean or the largest element of a window that moves over the last two axes of [n, c, h, w]:
 * TRANSPOSE to [n, h, w, c], AVG_POOL2D or MAX_POOL2D on INT16, and back; the result takes the operand's
 * scale. What the windows leave over is taken from the padding behind, then from the operand by a SLICE
 * (ExecuTorch 1.5.1, backends/arm/_passes/rewrite_avg_pool2d_pass.py, rewrite_max_pool2d_pass.py,
 * size_adjust_input_pass.py; operators/operator_validation_utils.py, adjust_pooling_pad_if_needed). */
#ifndef NS_OPS_FAMILIES_POOL_H
#define NS_OPS_FAMILIES_POOL_H

#include "lower/lowering.h"
#include "ops/families/elementwise.h"

/* A window; axis 0 is h, axis 1 is w. */
typedef struct ns_pool_window {
    int64_t in[2], out[2], kernel[2], stride[2], before[2];
    int64_t behind[2]; /* may be negative: elements of the operand that no window reads */
} ns_pool_window;

/* Checks the attributes and fills in the window. A stride list that is empty is the kernel. `ceil_mode`: a
 * last window may reach beyond the padding, if it begins inside the operand or the padding in front. */
ns_code ns_pool_measure(const ns_aten_node *node, const ns_aten_node *input, const ns_aten_attribute *kernel,
                        const ns_aten_attribute *stride, const ns_aten_attribute *padding, bool ceil_mode,
                        ns_pool_window *window, ns_error *error);

/* The operand's range of axis `axis` that output position `at` reads: [*from, *to). */
void ns_pool_range(const ns_pool_window *window, int axis, int64_t at, int64_t *from, int64_t *to);

/* A result element: of output position (y, x) of a plane [h, w] of the operand. */
typedef double ns_pool_cell(const ns_aten_node *node, const ns_pool_window *window, const double *plane,
                            int64_t y, int64_t x);

/* `exact` of a pool: `cell` of every element. `window` has in and out, and what else `cell` reads. */
void ns_pool_exact(const ns_aten_node *node, const ns_pool_window *window, const double *operand,
                   ns_pool_cell *cell, double *out);

/* Shape and type of a result. */
void ns_pool_infer(const ns_pool_window *window, const ns_aten_node *input, ns_aten_node *node);

ns_code ns_pool_lower(ns_lowering *lowering, int node, ns_op op, const ns_pool_window *window,
                      ns_error *error);
/* The pool itself, AVG_POOL2D or MAX_POOL2D on INT16: `*step` is its operand [n, h, w, c], then its result.
 */
ns_code ns_pool_step(ns_lowering *lowering, ns_op op, const ns_pool_window *window, int *step,
                     ns_error *error);
/* The layout in which a pool reads its operand. */
void ns_pool_reads(const ns_lowering *lowering, int node, int operand, ns_layout *layout);

/* The U55's rules that both kinds share (operator_support/pool_2d_support.py). */
ns_code ns_pool_supported(const ns_aten_node *node, const ns_aten_node *input, const ns_pool_window *window,
                          ns_target target, ns_error *error);

#endif
