/* conv2d: out[n][o][y][x] = bias[o] + sum over c, i, j of
 * x[n][c][y * stride + i * dilation - padding][..] * w[o][c][i][j] (families/convolution.h). */
#include "ops/cases.h"
#include "ops/families/products.h"

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "k3",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 4, 10, 10), NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 4, 8, 4, 3, 3),
              NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 1, 8), {"padding", NS_LIST(2, 1, 1)})},
    {NS_LIST_SEED, "stride2_nobias",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 12, 12), NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 4, 6, 3, 3, 3),
              NS_NO_OPERAND, {"stride", NS_LIST(2, 2, 2)})},
    {NS_LIST_SEED, "depthwise",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 8, 10, 10), NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 4, 8, 1, 3, 3),
              NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 1, 8), {"padding", NS_LIST(2, 1, 1)}, {"groups", NS_INT(8)})},
    {NS_LIST_SEED, "dilation2",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 4, 12, 12), NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 4, 4, 4, 3, 3),
              NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 1, 4), {"dilation", NS_LIST(2, 2, 2)})},
    {NS_LIST_SEED, "per_tensor",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 4, 10, 10), NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 4, 8, 4, 1, 1),
              NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 1, 8)),
     true},
};

const ns_aten_operator ns_aten_op_conv2d = {
    .name = "conv2d",
    .aten = "aten.conv2d.default",
    NS_CONVOLUTION_FAMILY((&(const ns_convolution){2, "[n, c, h, w]"})),
    .supported = ns_convolution_supported,
    .catalogue = NS_CALL_CATALOGUE(PRODUCT, cases),
};
