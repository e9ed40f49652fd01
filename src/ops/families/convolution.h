/* Convolution over the last one to three axes: out[n, o, x] = bias[o] + sum over c, k of
 *   input[n, g * C + c, x * stride + k * dilation - padding] * weight[o, c, k],
 * g = o / (O / groups), C = channels / groups, input 0 outside its axes.
 * Exact sum of exact products to the bound of ns_double2, then rounded to double. */
#ifndef NS_OPS_FAMILIES_CONVOLUTION_H
#define NS_OPS_FAMILIES_CONVOLUTION_H

#include "lower/lowering.h"
#include "ops/families/elementwise.h"
#include "ops/families/window.h"

/* The parameters of every operator of the family: operands input, weight [o, c / groups, k..] and bias [o].
 */
enum {
    NS_CONVOLUTION_INPUT,
    NS_CONVOLUTION_WEIGHT,
    NS_CONVOLUTION_BIAS,
    NS_CONVOLUTION_STRIDE,
    NS_CONVOLUTION_PADDING,
    NS_CONVOLUTION_DILATION,
    NS_CONVOLUTION_GROUPS,
};

/* What the family needs of its operator. */
typedef struct ns_convolution {
    int axes;          /* 1 to 3 */
    const char *shape; /* of its input, for messages: "[n, c, w]" */
} ns_convolution;

/* All hooks but supported; `convolution` is a const ns_convolution *. */
#define NS_CONVOLUTION_FAMILY(convolution)                                                                  \
    NS_PARAMETERS({"input", NS_ATEN_TENSOR}, {"weight", NS_ATEN_TENSOR}, {"bias", NS_ATEN_OPTIONAL_TENSOR}, \
                  {"stride", NS_ATEN_INTS, .otherwise = NS_INTS(1, ((const int64_t[]){1}))},                \
                  {"padding", NS_ATEN_INTS, .otherwise = NS_INTS(1, ((const int64_t[]){0}))},               \
                  {"dilation", NS_ATEN_INTS, .otherwise = NS_INTS(1, ((const int64_t[]){1}))},              \
                  {"groups", NS_ATEN_INT, .otherwise = NS_INT(1)}),                                         \
        .family = (convolution), .infer = ns_convolution_infer, .exact = ns_convolution_exact,              \
        .float32 = ns_aten_rounded, .annotation = NS_ANNOTATION_OWN, .weight = 1, .bias = 2,                \
        .lower = ns_convolution_lower, .reads = ns_convolution_reads, .terms = ns_convolution_terms,        \
        .term_kind = NS_TERMS_SUM, .slope = ns_slope_product, .bound = ns_bound_product

ns_code ns_convolution_infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error);
ns_code ns_convolution_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                             ns_error *error);
void ns_convolution_terms(const ns_aten_program *program, const ns_aten_node *node, size_t element,
                          ns_term_visit visit, void *context);

/* The U55's rules: backends/arm/operator_support/convolution_support.py. ExecuTorch calls the first axis of
 * the kernel x and the second y. */
ns_code ns_convolution_supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                                 ns_error *error);

/* ---- lowering (convolution_lower.c) ---- */
ns_code ns_convolution_lower(ns_lowering *lowering, int node, ns_error *error);
void ns_convolution_reads(const ns_lowering *lowering, int node, int operand, ns_layout *layout);

/* Parts of it that other products of an input, weights and a bias share: operands as above. The bias as an
 * INT48 constant of `outputs` values, zeros under `name` where there is none; and the RESCALE of the product
 * `step` to the node's own scale, one for each scale of the weights. */
ns_code ns_convolution_add_bias(ns_lowering *lowering, const ns_aten_node *self, int64_t outputs,
                                const char *name, int *step, ns_error *error);
ns_code ns_convolution_rescale(ns_lowering *lowering, int node, int step, int *result, ns_error *error);

/* The kernel over the input's axes; `out` is not filled in. */
ns_window ns_convolution_window(const ns_aten_node *node, const ns_aten_node *input,
                                const ns_aten_node *weight);

#endif
