/* Kernel: what convolutions and pooling share: the geometry of taps over a padded image. */
#ifndef NS_NPU_KERNEL_H
#define NS_NPU_KERNEL_H

#include "npu/operations/operation.h"

/* The taps of one output coordinate along one axis that lie inside the image. */
typedef struct ns_npu_taps {
    int64_t first;  /* image coordinate of tap 0; may be outside */
    int begin, end; /* taps [begin, end) lie inside; begin >= end: none does */
} ns_npu_taps;

ns_npu_taps ns_npu_taps_of(int64_t out, int stride, int pad, int taps, int dilation, int64_t size);

/* The whole IFM as dense 16-bit values [y][x][c] with the pads as zeros around it, less the zero point; one
 * more element may be read past the end (the product kernel reads rows to an even length). */
typedef struct ns_npu_image {
    int16_t *data;
    int64_t height, width, depth; /* pads included */
} ns_npu_image;

/* NS_ERROR_UNSUPPORTED when a value less its zero point does not fit 16 bits (a 16-bit IFM with a zero
 * point), and for an image of over 2^28 elements. */
ns_code ns_npu_image_load(ns_npu_machine *machine, const ns_npu_operation *operation, ns_npu_image *out,
                          ns_error *error);

/* IFM2, less its zero point, as weights [o][i]. NS_ERROR_UNSUPPORTED as above. */
ns_code ns_npu_weights_from_ifm2(ns_npu_machine *machine, const ns_npu_operation *operation, ns_weights *out,
                                 ns_error *error);

#endif
