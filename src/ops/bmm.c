/* bmm: out[b, n, m] = sum over k of left[b, n, k] * right[b, k, m] (families/product.h). */
#include "ir/interface.h"
#include "ops/cases.h"
#include "ops/families/products.h"

typedef struct ns_bmm_case {
    int64_t x[3], y[3];
    ns_case_data x_data, y_data;
} ns_bmm_case;

/* Batch, rows, inner, columns. */
#define BMM(batch, rows, inner, columns, x_data, y_data) \
    (&(const ns_bmm_case){{(batch), (rows), (inner)}, {(batch), (inner), (columns)}, x_data, y_data})
#define RAND             \
    {                    \
        NS_UNIFORM, 0, 1 \
    }
#define NEGATIVE          \
    {                     \
        NS_NORMAL, 0, -10 \
    }
#define SHIFTED         \
    {                   \
        NS_NORMAL, 5, 5 \
    }

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "same_shape", BMM(2, 1, 1, 1, RAND, RAND)},
    {NS_LIST_SEED, "different_shapes", BMM(5, 3, 5, 2, RAND, RAND)},
    {NS_LIST_SEED, "rectangular", BMM(1, 55, 3, 44, RAND, RAND)},
    {NS_LIST_SEED, "batch10", BMM(10, 1, 10, 5, RAND, RAND)},
    {NS_LIST_SEED, "negative", BMM(2, 32, 64, 32, NEGATIVE, SHIFTED)},
    {NS_LIST_EXECUTORCH, "rand_same", BMM(2, 1, 1, 1, RAND, RAND)},
    {NS_LIST_EXECUTORCH, "rand_diff", BMM(5, 3, 5, 2, RAND, RAND)},
    {NS_LIST_EXECUTORCH, "rand_rect", BMM(1, 55, 3, 44, RAND, RAND)},
    {NS_LIST_EXECUTORCH, "rand_batch10", BMM(10, 1, 10, 5, RAND, RAND)},
    {NS_LIST_EXECUTORCH, "rand_neg", BMM(2, 32, 64, 32, NEGATIVE, SHIFTED)},
};

static ns_code build(const ns_aten_operator *op, const void *parameters, ns_case_maker *maker,
                     ns_error *error)
{
    const ns_bmm_case *bmm = parameters;
    int operands[2], result;
    NS_TRY(ns_case_input(maker, "x", 3, bmm->x, bmm->x_data, &operands[0], error));
    NS_TRY(ns_case_input(maker, "y", 3, bmm->y, bmm->y_data, &operands[1], error));
    NS_TRY(ns_aten_call(maker->program, op, 2, operands, NULL, &result, error));
    return ns_aten_add_output(maker->program, result, error);
}

const ns_aten_operator ns_aten_op_bmm = {
    .name = "bmm",
    .aten = "aten.bmm.default",
    NS_PRODUCT_FAMILY((&(const ns_product){3})),
    .catalogue = NS_CATALOGUE(PRODUCT, cases, 1, 0x1p-16, build),
};
