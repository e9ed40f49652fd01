/* What the files of lower give each other. */
#ifndef NS_LOWER_INTERNAL_H
#define NS_LOWER_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "ir/program.h"
#include "npuscope/tensor.h"

/* ---- fold.c ---- */

/* Fold: calls of constants become constants, as ExecuTorch 1.5.1 computes them ahead of time
 * (backends/arm/_passes/fuse_constant_ops_pass.py): in float32 from the dequantised operands, then quantised.
 * What reads its operands through RESCALE stays: "RESCALE is left to the compiler". */

/* `*out` is `program`, quantised, with such calls as PARAMETERs of the same index; it lies in `arena` and in
 * `program`. */
ns_code ns_lower_fold(const ns_aten_program *program, ns_arena *arena, ns_aten_program **out,
                      ns_error *error);

/* ---- layout.c ---- */

/* Layout: how a node's value stands in memory: its axes in another order, with axes of 1 between them. */

#define NS_LAYOUT_ONE (-1)

/* axes[i]: the axis of the node's own shape that stands at i, or NS_LAYOUT_ONE for one of size 1 that the
 * node does not have. Every axis of the node stands in it once. A convolution in one dimension reads [n, c,
 * w] as {0, NS_LAYOUT_ONE, 2, 1}: [n, 1, w, c]. */
typedef struct ns_layout {
    int rank;
    int axes[NS_MAX_RANK];
} ns_layout;

/* The layout of a shape of `rank` axes as it is. */
ns_layout ns_layout_own(int rank);

/* The axes without those of size 1 that the node does not have. */
ns_layout ns_layout_bare(const ns_layout *layout);

bool ns_layout_equal(const ns_layout *a, const ns_layout *b);

/* The shape that a value of the node's shape `own` has in the layout. */
void ns_layout_shape(const ns_layout *layout, const int64_t *own, int64_t *shape);

/* True where the way from one to the other moves no element: ExecuTorch makes a view of it
 * (CanonicalizeViewCopyPermutePass). */
bool ns_layout_is_view(const ns_layout *from, const ns_layout *to, const int64_t *own);

#endif
