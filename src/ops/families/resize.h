/* Resize: [n, c, h, w] sampled at other sizes of h and w: TRANSPOSE to [n, h, w, c], RESIZE, and back. Output
 * position `at` of an axis lies at (at * denominator + offset) / numerator of the operand (TOSA 1.0, RESIZE);
 * ratios are doubled as ExecuTorch 1.5.1 does (backends/arm/_passes/rewrite_upsample.py). */
#ifndef NS_OPS_FAMILIES_RESIZE_H
#define NS_OPS_FAMILIES_RESIZE_H

#include "lower/lowering.h"
#include "ops/families/elementwise.h"

typedef struct ns_resize_axis {
    int64_t in, out, numerator, denominator, offset, border;
} ns_resize_axis;

/* Which point of the operand belongs to an output position. */
typedef enum ns_resize_centres {
    NS_RESIZE_CORNERS, /* the first and the last element of both lie on each other */
    NS_RESIZE_HALVES,  /* half an element's width at both ends */
    NS_RESIZE_FLOOR,   /* floor(at * in / out), PyTorch's nearest */
} ns_resize_centres;

/* Sizes of h and w: `size`, or where it has none, floor(operand's * factor). */
ns_code ns_resize_infer(const ns_aten_program *program, ns_aten_node *node, const ns_aten_attribute *size,
                        const double *factors, ns_error *error);

ns_resize_axis ns_resize_ratio(int64_t in, int64_t out, ns_resize_centres centres);

/* Shape of the result, both axes' ratios; the RESIZE's result is of type `dtype`. */
ns_code ns_resize_step(ns_lowering *lowering, int node, const ns_resize_axis axes[2], bool nearest, int *step,
                       ns_error *error);

/* The layout in which a RESIZE reads. */
void ns_resize_reads(const ns_lowering *lowering, int node, int operand, ns_layout *layout);

#endif
