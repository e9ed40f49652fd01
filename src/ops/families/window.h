/* Window: a kernel that moves over the last one to three axes of a tensor [n, c, ..], as convolutions and
 * pools do. */
#ifndef NS_OPS_FAMILIES_WINDOW_H
#define NS_OPS_FAMILIES_WINDOW_H

#include "ir/operator.h"

enum { NS_WINDOW_AXES = 3 };

typedef struct ns_window {
    int rank; /* axes that it moves over, 1 to NS_WINDOW_AXES */
    int64_t in[NS_WINDOW_AXES], out[NS_WINDOW_AXES], kernel[NS_WINDOW_AXES];
    int64_t stride[NS_WINDOW_AXES], padding[NS_WINDOW_AXES], dilation[NS_WINDOW_AXES]; /* zeros, both sides */
} ns_window;

/* Value `axis` of a list with one entry for each axis or one for all. */
int64_t ns_window_value(const ns_aten_attribute *list, int axis);

/* Fills in `out`. NS_ERROR_INPUT names `text` where stride, padding or dilation are out of range or the
 * kernel is larger than the padded input. */
ns_code ns_window_infer(ns_window *window, const char *text, ns_error *error);

/* Places of the kernel. */
int64_t ns_window_taps(const ns_window *window);

/* Where tap `tap` of the window at row-major position `at` of the output lies in the input's axes, row-major;
 * false: in the padding. */
bool ns_window_tap(const ns_window *window, int64_t at, int64_t tap, int64_t *from);

#endif
