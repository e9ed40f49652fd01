/* mm: out[n, m] = sum over k of left[n, k] * right[k, m] (families/product.h). */
#include "ops/families/product.h"

const ns_aten_operator ns_aten_op_mm = {
    .name = "mm",
    .aten = "aten.mm.default",
    NS_PRODUCT_FAMILY((&(const ns_product){2})),
};
