/* Real: operators on floating-point types. Elements are gone through as double, which holds each of them
 * exactly, and a result is rounded once, to nearest with ties to even, whatever acc_type says: at most half a
 * unit in its last place, plus the double's own error, from the exact value. That lies within every bound of
 * the specification (1.0, "Floating-point requirements"). */
#ifndef NS_EVAL_REAL_H
#define NS_EVAL_REAL_H

#include "eval/call.h"
#include "num/interface.h"

/* All elements, in `arena`; for zero points and weights too. */
ns_code ns_real_load(const ns_tensor *tensor, ns_arena *arena, double **out, ns_error *error);

/* The larger (sign 1) or smaller (-1) of two; of a NaN: NaN, or with NAN_MODE IGNORE the other. */
double ns_real_extreme(double a, double b, int sign, unsigned nan_mode);

/* NS_ERROR_INPUT unless a floating-point operand's zero point is 0. */
ns_code ns_real_zero_point(const ns_tensor *zero_point, ns_error *error);

/* A convolution's windows. Axis 0 is depth, 1 height, 2 width; what an operator lacks has size 1. */
typedef struct ns_real_windows {
    bool transposed, depthwise;
    int64_t in[3], out[3], kernel[3], stride[3], before[3], dilation[3];
    size_t batches, in_channels, out_channels, multiplier;
} ns_real_windows;

/* The sums of all windows, from the input's elements and the weights [OC, kernel.., IC], depthwise ones
 * [kernel.., C, M]; the bias has one element, or one for each output channel. */
ns_code ns_real_convolve(ns_eval_call *call, const ns_real_windows *windows, const double *in,
                         const double *weights, const ns_tensor *bias, ns_error *error);

/* Resize: where RESIZE's outputs lie between its inputs. */

typedef struct ns_resize_axis {
    int64_t n, d, offset, in, out;
} ns_resize_axis;

typedef struct ns_resize {
    ns_resize_axis axes[2]; /* height, width */
    size_t batches, channels;
    bool bilinear;
} ns_resize;

/* The four inputs around an output: elements of channel 0, above left, above right, below left, below right
 * (the nearest one four times, where not bilinear); distances from the first in units of 1 / n. */
typedef struct ns_resize_place {
    size_t corners[4];
    int64_t dy, dx;
} ns_resize_place;

/* Checks operands, shapes and attributes; not the types. */
ns_code ns_resize_read(const ns_eval_call *call, ns_resize *resize, ns_error *error);

/* Output position (n, y, x), counted row by row. */
ns_resize_place ns_resize_place_at(const ns_resize *resize, size_t position);

/* The functions; real_functions.def says which operator uses which. */
#define NS_REAL_FUNCTION(op, function) ns_code ns_real_##function(ns_eval_call *call, ns_error *error);
#include "eval/real_functions.def"
#undef NS_REAL_FUNCTION

#endif
