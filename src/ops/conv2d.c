/* conv2d: out[n][o][y][x] = bias[o] + sum over c, i, j of
 * x[n][c][y * stride + i * dilation - padding][..] * w[o][c][i][j] (families/convolution.h). */
#include "ops/families/convolution.h"

const ns_aten_operator ns_aten_op_conv2d = {
    .name = "conv2d",
    .aten = "aten.conv2d.default",
    NS_CONVOLUTION_FAMILY((&(const ns_convolution){2, "[n, c, h, w]"})),
    .supported = ns_convolution_supported,
};
