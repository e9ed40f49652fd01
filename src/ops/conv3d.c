/* conv3d: conv2d with a third axis in front, [n, c, d, h, w] (families/convolution.h). A depthwise one is
 * split into groups like any other (decompose_grouped_conv_pass.py, rewrite_conv_pass.py). */
#include "ops/families/convolution.h"

const ns_aten_operator ns_aten_op_conv3d = {
    .name = "conv3d",
    .aten = "aten.conv3d.default",
    NS_CONVOLUTION_FAMILY((&(const ns_convolution){3, "[n, c, d, h, w]"})),
    .supported = ns_convolution_supported,
};
