/* What the files of tflm give each other. */
#ifndef NS_TFLM_INTERNAL_H
#define NS_TFLM_INTERNAL_H

#include <stdint.h>

#include "npu/stream/internal.h"
#include "num/interface.h"
#include "tflm/call.h"

static inline int32_t ns_tflm_clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* Model: what a model that is read consists of. */

/* A row of operators.def. */
typedef struct ns_tflm_kernel_info {
    const char *name;
    ns_tflm_kernel *function;
    int least, most; /* inputs */
    int outputs;     /* -1: one or more */
} ns_tflm_kernel_info;

/* Inputs of an ethos-u operator that are no tensors of the model: command stream, read-only data, scratch,
 * fast scratch. */
#define NS_TFLM_NPU_INPUTS 4

/* One operator of a subgraph. */
typedef struct ns_tflm_node {
    const ns_tflm_kernel_info *kernel; /* NULL: the NPU's, or one that is missing */
    ns_npu_stream *stream;             /* of an ethos-u operator */
    ns_tflm_value **inputs, **outputs;
} ns_tflm_node;

typedef struct ns_tflm_graph {
    const ns_tflite_subgraph *subgraph;
    ns_tflm_node *nodes;
    ns_tflm_value *values; /* of the subgraph's tensors */
    bool has_run;          /* of one that CALL_ONCE calls */
} ns_tflm_graph;

struct ns_tflm {
    ns_arena *arena;
    ns_tflite file;
    ns_accelerator accelerator;
    ns_tflm_graph *graphs; /* file.subgraph_count of them */
    ns_tflm_value **inputs, **outputs;
    int part_count;
    ns_npu_stream **parts;
    ns_npu_shared scratch; /* of several parts: Vela lets them hand each other bytes that no tensor names */
    int variable_count;
    ns_tflm_variable *variables;
    bool has_run;
};

/* ---- quantised.c ---- */

/* Quantised: what the kernels of quantised operators have in common. */

/* Limits of a fused activation (schema.fbs, ActivationFunctionType: NONE, RELU, RELU_N1_TO_1, RELU6), as
 * codes of an integer output and as floats. NS_ERROR_UNSUPPORTED for the others. */
ns_code ns_tflm_range(const ns_tflm_call *call, uint8_t activation, const ns_tflm_value *output, int32_t *low,
                      int32_t *high, ns_error *error);
ns_code ns_tflm_float_range(const ns_tflm_call *call, uint8_t activation, float *low, float *high,
                            ns_error *error);

/* A float between the limits, as std::min(std::max(value, low), high): a NaN becomes the lower one. */
static inline float ns_tflm_clamp_float(float value, float low, float high)
{
    const float raised = value < low ? low : value;
    return high < raised ? high : raised;
}

/* What one channel of a product is scaled by: input * filter / output, in double. `channels` scales in the
 * call's arena, from one or as many of the filter's. (tflite-micro of October 2026; at 90b983c2b3f1
 * GetQuantizedConvolutionMultipler multiplies as floats where there is no bias.) */
ns_code ns_tflm_channel_scales(ns_tflm_call *call, const ns_tflm_value *input, const ns_tflm_value *filter,
                               const ns_tflm_value *output, size_t channels, ns_fixed_scale **out,
                               ns_error *error);

/* A bias of int32 or int64 with `count` elements, as int64; NULL data where there is none. *wide: sums are
 * 64 bits wide, as they are for int16 inputs unless the bias is int32. */
ns_code ns_tflm_bias(ns_tflm_call *call, const ns_tflm_value *bias, size_t count, ns_tflite_type input,
                     int64_t **out, bool *wide, ns_error *error);

/* A sum scaled, offset and clamped to an element of the output. */
typedef struct ns_tflm_finish {
    bool wide;
    int32_t offset, low, high;
} ns_tflm_finish;
int32_t ns_tflm_finish_sum(const ns_tflm_finish *finish, int64_t sum, ns_fixed_scale scale);

/* Steps of two operands that are broadcast to the output, in elements along each of its dims.
 * NS_ERROR_INPUT when the shapes do not broadcast to it. */
ns_code ns_tflm_broadcast(const ns_tflm_call *call, const ns_tflm_value *operand, const ns_tflm_value *output,
                          size_t *steps, ns_error *error);

/* Moves `index` to the next element of `output`, and the place of an operand with it. */
void ns_tflm_next(const ns_tflite_tensor *output, int64_t *index, size_t *a, const size_t *a_steps, size_t *b,
                  const size_t *b_steps);

/* ---- window.c ---- */

/* Window: where the windows of convolutions and pools lie. NHWC. */

typedef struct ns_tflm_window_options {
    bool same; /* padding SAME; else VALID */
    int64_t stride_h, stride_w, dilation_h, dilation_w;
} ns_tflm_window_options;

typedef struct ns_tflm_window {
    int64_t in_h, in_w, out_h, out_w, filter_h, filter_w;
    int64_t stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
} ns_tflm_window;

/* A pixel of the output: batch, and where its window begins. */
typedef struct ns_tflm_spot {
    int64_t batch, top, left;
} ns_tflm_spot;

/* Reads padding, stride_w and stride_h, which follow each other from slot `padding` on, and the dilations
 * from their slots (negative: none). */
ns_code ns_tflm_window_read(const ns_tflm_call *call, int padding, int dilation_w, int dilation_h,
                            ns_tflm_window_options *out, ns_error *error);

/* For input 0 and output 0, of rank 4. NS_ERROR_INPUT when the output's shape is another than the options
 * give. */
ns_code ns_tflm_window_set(const ns_tflm_call *call, const ns_tflm_window_options *options, int64_t filter_h,
                           int64_t filter_w, ns_tflm_window *out, ns_error *error);

/* Charges the taps of all windows, each of `depth` channels. */
ns_code ns_tflm_window_work(const ns_tflm_call *call, const ns_tflm_window *window, int64_t depth,
                            ns_error *error);

/* Pixel `index` of the output, batches included. */
void ns_tflm_window_spot(const ns_tflm_window *window, int64_t index, ns_tflm_spot *out);

/* The pixel of the input, batches included, under tap (y, x); false outside the image. */
static inline bool ns_tflm_window_pixel(const ns_tflm_window *window, const ns_tflm_spot *spot, int64_t y,
                                        int64_t x, int64_t *out)
{
    const int64_t in_y = spot->top + y * window->dilation_h, in_x = spot->left + x * window->dilation_w;
    *out = (spot->batch * window->in_h + in_y) * window->in_w + in_x;
    return in_y >= 0 && in_y < window->in_h && in_x >= 0 && in_x < window->in_w;
}

#endif
