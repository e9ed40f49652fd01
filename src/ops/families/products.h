/* Families of products and windows. */
#ifndef NS_OPS_FAMILIES_PRODUCTS_H
#define NS_OPS_FAMILIES_PRODUCTS_H

#include "ir/operator.h"
#include "lower/lowering.h"
#include "ops/families/arithmetic.h"

/* ---- product.c ---- */

/* Product: matrix products over the last two axes of two operands whose axes in front are equal: MATMUL to
 * INT48, RESCALE with 16-bit multipliers. Source: ExecuTorch 1.5.0, backends/arm/_passes/rewrite_matmul.py,
 * mm_to_bmm_pass.py; operator_support/ethos_u55_support.py. */

/* What the family needs of its operator. */
typedef struct ns_product {
    int rank; /* of operands and result: 2, or 3 with a batch in front */
} ns_product;

/* All hooks and the parameters; `product` is a const ns_product *. */
#define NS_PRODUCT_FAMILY(product)                                                                         \
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"mat2", NS_ATEN_TENSOR}),                                     \
        .family = (product), .infer = ns_product_infer, .exact = ns_product_exact,                         \
        .float32 = ns_product_float32, .annotation = NS_ANNOTATION_OWN, .supported = ns_product_supported, \
        .lower = ns_product_lower, .terms = ns_product_terms, .term_kind = NS_TERMS_SUM,                   \
        .slope = ns_slope_product, .bound = ns_bound_product

ns_code ns_product_infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error);
ns_code ns_product_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                         ns_error *error);
ns_code ns_product_float32(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                           ns_error *error);
ns_code ns_product_supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                             ns_error *error);
ns_code ns_product_lower(ns_lowering *lowering, int node, ns_error *error);
void ns_product_terms(const ns_aten_program *program, const ns_aten_node *node, size_t element,
                      ns_term_visit visit, void *context);

/* ---- window.c ---- */

/* Window: a kernel that moves over the last one to three axes of a tensor [n, c, ..], as convolutions and
 * pools do. */

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

/* ---- convolution.c ---- */

/* Convolution over the last one to three axes: out[n, o, x] = bias[o] + sum over c, k of
 *   input[n, g * C + c, x * stride + k * dilation - padding] * weight[o, c, k],
 * g = o / (O / groups), C = channels / groups, input 0 outside its axes.
 * Exact sum of exact products to the bound of ns_double2, then rounded to double. */

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

/* How the padding was given, which its attribute's `integer` says: a list, or a word, "valid": none, "same":
 * what keeps the size. Of a kernel with an even span PyTorch puts the odd element behind, in a PAD of its
 * own. */
enum { NS_CONVOLUTION_LIST, NS_CONVOLUTION_VALID, NS_CONVOLUTION_SAME, NS_CONVOLUTION_UNEVEN };
extern const char *const ns_convolution_words[];

/* What the family needs of its operator. */
typedef struct ns_convolution {
    int axes;          /* 1 to 3 */
    const char *shape; /* of its input, for messages: "[n, c, w]" */
} ns_convolution;

/* All hooks but supported; `convolution` is a const ns_convolution *. */
#define NS_CONVOLUTION_FAMILY(convolution)                                                        \
    NS_CONVOLUTION_MEANING(convolution), .annotation = NS_ANNOTATION_OWN, .weight = 1, .bias = 2, \
                                         .lower = ns_convolution_lower, .reads = ns_convolution_reads

/* The hooks of what the quantiser does not know, too. */
#define NS_CONVOLUTION_MEANING(convolution)                                                                 \
    NS_PARAMETERS({"input", NS_ATEN_TENSOR}, {"weight", NS_ATEN_TENSOR}, {"bias", NS_ATEN_OPTIONAL_TENSOR}, \
                  {"stride", NS_ATEN_INTS, .otherwise = NS_INTS(1, ((const int64_t[]){1}))},                \
                  {"padding", NS_ATEN_INTS, .otherwise = NS_INTS(1, ((const int64_t[]){0})),                \
                   .choices = ns_convolution_words},                                                        \
                  {"dilation", NS_ATEN_INTS, .otherwise = NS_INTS(1, ((const int64_t[]){1}))},              \
                  {"groups", NS_ATEN_INT, .otherwise = NS_INT(1)}),                                         \
        .family = (convolution), .infer = ns_convolution_infer, .exact = ns_convolution_exact,              \
        .float32 = ns_aten_rounded, .terms = ns_convolution_terms, .term_kind = NS_TERMS_SUM,               \
        .slope = ns_slope_product, .bound = ns_bound_product

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

/* ---- pool.c ---- */

/* Pool: the mean or the largest element of a window that moves over the last two axes of [n, c, h, w]:
 * TRANSPOSE to [n, h, w, c], AVG_POOL2D or MAX_POOL2D on INT16, and back; the result takes the operand's
 * scale. What the windows leave over is taken from the padding behind, then from the operand by a SLICE
 * (ExecuTorch 1.5.1, backends/arm/_passes/rewrite_avg_pool2d_pass.py, rewrite_max_pool2d_pass.py,
 * size_adjust_input_pass.py; operators/operator_validation_utils.py, adjust_pooling_pad_if_needed). */

/* A window; axis 0 is h, axis 1 is w. */
typedef struct ns_pool_window {
    int64_t in[2], out[2], kernel[2], stride[2], before[2];
    int64_t behind[2]; /* may be negative: elements of the operand that no window reads */
} ns_pool_window;

/* Checks the attributes and fills in the window. A stride list that is empty is the kernel. `ceil_mode`: a
 * last window may reach beyond the padding, if it begins inside the operand or the padding in front. */
ns_code ns_pool_measure(const ns_aten_node *node, const ns_aten_node *input, const ns_aten_attribute *kernel,
                        const ns_aten_attribute *stride, const ns_aten_attribute *padding, bool ceil_mode,
                        ns_pool_window *window, ns_error *error);

/* The operand's range of axis `axis` that output position `at` reads: [*from, *to). */
void ns_pool_range(const ns_pool_window *window, int axis, int64_t at, int64_t *from, int64_t *to);

/* A result element: of output position (y, x) of a plane [h, w] of the operand. */
typedef double ns_pool_cell(const ns_aten_node *node, const ns_pool_window *window, const double *plane,
                            int64_t y, int64_t x);

/* `exact` of a pool: `cell` of every element. `window` has in and out, and what else `cell` reads. */
ns_code ns_pool_exact(const ns_aten_node *node, const ns_pool_window *window,
                      const ns_aten_operands *operands, ns_pool_cell *cell, double *out, ns_error *error);

/* Shape and type of a result. */
void ns_pool_infer(const ns_pool_window *window, const ns_aten_node *input, ns_aten_node *node);

ns_code ns_pool_lower(ns_lowering *lowering, int node, ns_op op, const ns_pool_window *window,
                      ns_error *error);
/* The pool itself, AVG_POOL2D or MAX_POOL2D on INT16: `*step` is its operand [n, h, w, c], then its result.
 */
ns_code ns_pool_step(ns_lowering *lowering, ns_op op, const ns_pool_window *window, int *step,
                     ns_error *error);
/* The layout in which a pool reads its operand. */
void ns_pool_reads(const ns_lowering *lowering, int node, int operand, ns_layout *layout);

/* The U55's rules that both kinds share (operator_support/pool_2d_support.py). */
ns_code ns_pool_supported(const char *name, const ns_aten_node *node, const ns_aten_node *input,
                          const ns_pool_window *window, ns_target target, ns_error *error);

/* ---- recurrent.c ---- */

/* Recurrent: layers of cells over a sequence: lstm, gru, rnn_tanh, rnn_relu. Decomposed before the quantiser
 * sees them (ExecuTorch 1.5.1, backends/arm/_passes/decompose_lstm_pass.py, decompose_gru_pass.py,
 * decompose_rnn_pass.py): each step of each direction is a select, two linear layers over all gates and the
 * cell; unsqueeze and cat put the steps together.
 *
 * Operands: input [t, n, i] or, batch first, [n, t, i]; the states that it begins with, [layers * directions,
 * n, h] each; for each layer and direction the weights [gates * h, i] and [gates * h, h] and two biases.
 * Results: the last layer's output, and each state after the last step; each is a call with its number as
 * "result". */

enum { NS_RECURRENT_STATES = 2 };

/* What the family needs of its operator. */
typedef struct ns_recurrent {
    int gates;  /* rows of a weight, in units of the hidden size */
    int states; /* 1: hidden; 2: hidden and cell */
    /* Adds the cell: `linear` are the nodes [n, gates * hidden] made of the step's input and of the hidden
     * state; `states` are replaced. */
    ns_code (*cell)(ns_aten_program *program, const int linear[2], int64_t hidden, int *states,
                    ns_error *error);
    /* The same for unit `i` of one row in doubles; states[k][i] are replaced. */
    void (*compute)(const double *linear[2], int64_t hidden, int64_t i, double *const *states);
} ns_recurrent;

/* All hooks and the parameters; `hx` is the type of the states' operand. */
#define NS_RECURRENT_FAMILY(family_, hx)                                                      \
    NS_PARAMETERS({"input", NS_ATEN_TENSOR}, {"hx", (hx)}, {"params", NS_ATEN_TENSORS},       \
                  {"has_biases", NS_ATEN_BOOL, .required = true},                             \
                  {"num_layers", NS_ATEN_INT, .required = true}, {"dropout", NS_ATEN_REAL},   \
                  {"train", NS_ATEN_BOOL}, {"bidirectional", NS_ATEN_BOOL, .required = true}, \
                  {"batch_first", NS_ATEN_BOOL, .required = true}, {"result", NS_ATEN_INT}),  \
        .family = (family_), .results = 1 + NS_RECURRENT_STATES, .infer = ns_recurrent_infer, \
        .exact = ns_recurrent_exact, .float32 = ns_aten_rounded, .decompose = ns_recurrent_decompose

ns_code ns_recurrent_infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error);
/* In doubles: each linear layer's sum has n roundings of 2^-53. */
ns_code ns_recurrent_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                           ns_error *error);
ns_code ns_recurrent_decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs,
                               int *out, ns_error *error);

/* Gate `index` of a linear layer's result [n, gates * hidden]. */
ns_code ns_recurrent_gate(ns_aten_program *program, int linear, int64_t hidden, int index, int *out,
                          ns_error *error);

#endif
