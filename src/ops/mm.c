/* mm: out[n, m] = sum over k of left[n, k] * right[k, m] (families/product.h). */
#include "ops/cases.h"
#include "ops/families/products.h"

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "square",
     NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8), NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8))},
    {NS_LIST_SEED, "rectangular",
     NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 2, 5, 16), NS_INPUT(NS_NORMAL, 0, 1, 2, 16, 3))},
};

const ns_aten_operator ns_aten_op_mm = {
    .name = "mm",
    .aten = "aten.mm.default",
    NS_PRODUCT_FAMILY((&(const ns_product){2})),
    .catalogue = NS_CALL_CATALOGUE(PRODUCT, cases),
};
