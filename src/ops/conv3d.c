/* conv3d: conv2d with a third axis in front, [n, c, d, h, w] (families/convolution.h). A depthwise one is
 * split into groups like any other (decompose_grouped_conv_pass.py, rewrite_conv_pass.py). */
#include "ops/cases.h"
#include "ops/families/products.h"

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "k3",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 5, 1, 2, 5, 8, 8), NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 5, 4, 2, 3, 3, 3),
              NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 1, 4))},
    {NS_LIST_SEED, "k1",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 5, 1, 2, 4, 6, 6), NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 5, 3, 2, 1, 1, 1),
              NS_NO_OPERAND)},
};

const ns_aten_operator ns_aten_op_conv3d = {
    .name = "conv3d",
    .aten = "aten.conv3d.default",
    NS_CONVOLUTION_FAMILY((&(const ns_convolution){3, "[n, c, d, h, w]"})),
    .supported = ns_convolution_supported,
    .catalogue = NS_CALL_CATALOGUE(PRODUCT, cases),
};
