/* linear: out[.., o] = bias[o] + sum over i of x[.., i] * w[o][i]; exact sum of exact products to the bound
 * of ns_double2. RESHAPE to [rows, 1, 1, i], CONV2D 1x1 to INT48, RESCALE with 16-bit multipliers, RESHAPE
 * back (ExecuTorch 1.5.1, backends/arm/_passes/decompose_linear_pass.py, rewrite_conv_pass.py). */
#include "lower/lowering.h"
#include "num/interface.h"
#include "ops/cases.h"
#include "ops/families/arithmetic.h"
#include "ops/families/products.h"

enum { X, WEIGHT, BIAS };

static const char EDGE[] = "aten_convolution_default";

static int64_t inner_of(const ns_aten_node *weight)
{
    return weight->shape[weight->rank - 1];
}

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *x = ns_aten_operand(program, node, X),
                       *weight = ns_aten_operand(program, node, WEIGHT),
                       *bias = ns_aten_operand(program, node, BIAS);
    char left[128], right[128];
    if (x->rank < 1 || weight->rank != 2 || x->shape[x->rank - 1] != weight->shape[1])
        return ns_fail(error, NS_ERROR_INPUT, "%s needs [.., i] and a weight [o, i], got %s and %s",
                       node->op->aten, ns_aten_shape_text(x, left, sizeof left),
                       ns_aten_shape_text(weight, right, sizeof right));
    if (bias && (bias->rank != 1 || bias->shape[0] != weight->shape[0]))
        return ns_fail(error, NS_ERROR_INPUT, "%s needs a bias [%lld], got %s", node->op->aten,
                       (long long)weight->shape[0], ns_aten_shape_text(bias, left, sizeof left));
    NS_TRY(ns_infer_same(program, node, error));
    node->shape[node->rank - 1] = weight->shape[0];
    return NS_OK;
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    const int64_t outputs = operands->nodes[WEIGHT]->shape[0], inner = inner_of(operands->nodes[WEIGHT]);
    for (size_t e = 0; e < ns_aten_count(node); e++) {
        const int64_t row = (int64_t)e / outputs, o = (int64_t)e % outputs;
        NS_TRY(ns_aten_check_time(operands, error));
        ns_double2 sum = {operands->values[BIAS] ? operands->values[BIAS][o] : 0, 0};
        for (int64_t i = 0; i < inner; i++)
            ns_double2_add_product(&sum, operands->values[X][row * inner + i],
                                   operands->values[WEIGHT][o * inner + i]);
        out[e] = sum.hi + sum.lo;
    }
    return NS_OK;
}

static ns_code float32(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                       ns_error *error)
{
    const int64_t outputs = operands->nodes[WEIGHT]->shape[0], inner = inner_of(operands->nodes[WEIGHT]);
    const int64_t rows = outputs ? (int64_t)ns_aten_count(node) / outputs : 0;
    for (int64_t row = 0; row < rows; row++)
        for (int64_t o = 0; o < outputs; o++) {
            NS_TRY(ns_aten_check_time(operands, error));
            const double *x = operands->values[X] + row * inner, *w = operands->values[WEIGHT] + o * inner;
            const float sum = ns_float32_product(x, w, inner, row, rows, o, outputs);
            *out++ = (double)(operands->values[BIAS] ? sum + (float)operands->values[BIAS][o] : sum);
        }
    return NS_OK;
}

static void terms(const ns_aten_program *program, const ns_aten_node *node, size_t element,
                  ns_term_visit visit, void *context)
{
    const ns_aten_node *weight = ns_aten_operand(program, node, WEIGHT);
    const int64_t outputs = weight->shape[0], inner = inner_of(weight);
    const int64_t row = (int64_t)element / outputs, o = (int64_t)element % outputs;
    for (int64_t i = 0; i < inner; i++) {
        const ns_term term = {2, {{X, row * inner + i}, {WEIGHT, o * inner + i}}};
        visit(context, &term);
    }
    if (ns_aten_operand(program, node, BIAS)) {
        const ns_term term = NS_TERM_1(BIAS, o);
        visit(context, &term);
    }
}

static ns_code supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                         ns_error *error)
{
    const int64_t inner = inner_of(ns_aten_operand(program, node, WEIGHT));
    if (target == NS_TARGET_U55 && (inner < 1 || inner > 65536))
        return ns_keep_off(node, target, error, "%lld features, supported are 1 to 65536", (long long)inner);
    return NS_OK;
}

static ns_code make_weight(ns_lowering *lowering, const ns_aten_node *self, int number, int *step,
                           ns_error *error)
{
    const ns_aten_node *weight = ns_aten_operand(lowering->program, self, WEIGHT);
    const int64_t shape[4] = {weight->shape[0], 1, 1, weight->shape[1]};
    ns_tensor values;
    NS_TRY(ns_tensor_new(lowering->arena, NS_DTYPE_INT8, 4, shape, &values, error));
    for (size_t i = 0; i < ns_tensor_count(&values); i++)
        ((int8_t *)values.data)[i] = (int8_t)weight->quantised[i];
    ns_step constant = {.kind = NS_STEP_CONSTANT,
                        .group = NS_CONSTANT_PARAMETER,
                        .dtype = NS_DTYPE_INT8,
                        .rank = 4,
                        .shape = {shape[0], 1, 1, shape[3]},
                        .data = values.data,
                        .name = ns_lowering_name(lowering, "", EDGE, number, "_weight_ohwi")};
    return constant.name ? ns_plan_add(&lowering->plan, &constant, NS_PLAN_END, step, error)
                         : ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", self->name);
}

static ns_code lower(ns_lowering *lowering, int node, ns_error *error)
{
    static int32_t pad[4], ones[2] = {1, 1};
    const ns_aten_node *self = &lowering->program->nodes[node];
    const int64_t inner = inner_of(ns_aten_operand(lowering->program, self, WEIGHT));
    const int64_t outputs = self->shape[self->rank - 1];
    const int64_t rows = outputs ? (int64_t)ns_aten_count(self) / outputs : 0;
    const int64_t shape[4] = {rows, 1, 1, inner};
    int inputs[3], step = 0, number = 0;
    NS_TRY(ns_lowering_take_numbers(lowering, EDGE, 1, &number, error));
    NS_TRY(ns_lowering_own(lowering, self->inputs[X], &inputs[0], error));
    NS_TRY(ns_plan_reshape(&lowering->plan, inputs[0], 4, shape, NS_PLAN_END, &inputs[0], error));
    NS_TRY(make_weight(lowering, self, number, &inputs[1], error));
    NS_TRY(ns_convolution_add_bias(lowering, self, outputs,
                                   ns_lowering_name(lowering, "", EDGE, number, "_bias"), &inputs[2], error));
    ns_step conv = ns_plan_like(&lowering->plan, NS_OP_CONV2D, &inputs[0]);
    ns_step_zero(&conv, "_input_zp", NS_DTYPE_INT16);
    ns_step_zero(&conv, "_weight_zp", NS_DTYPE_INT8);
    conv.dtype = NS_DTYPE_INT48;
    conv.input_count = 3;
    conv.inputs = inputs;
    conv.shape[3] = outputs;
    conv.attributes.acc_type = NS_DTYPE_INT48;
    conv.attributes.pad = (ns_int_list){4, pad};
    conv.attributes.stride = conv.attributes.dilation = (ns_int_list){2, ones};
    NS_TRY(ns_plan_add(&lowering->plan, &conv, NS_PLAN_END, &step, error));
    NS_TRY(ns_convolution_rescale(lowering, node, step, &step, error));
    NS_TRY(ns_plan_reshape(&lowering->plan, step, self->rank, self->shape, NS_PLAN_END, &step, error));
    return ns_lowering_set_own(lowering, node, step, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "bias",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 2, 5, 16), NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 2, 8, 16),
              NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 1, 8))},
    {NS_LIST_SEED, "no_bias",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 3, 1, 5, 16), NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 2, 8, 16),
              NS_NO_OPERAND)},
    {NS_LIST_SEED, "per_tensor",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 2, 5, 16), NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 2, 8, 16),
              NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 1, 8)),
     true},
};

const ns_aten_operator ns_aten_op_linear = {
    .name = "linear",
    .aten = "aten.linear.default",
    NS_PARAMETERS({"input", NS_ATEN_TENSOR}, {"weight", NS_ATEN_TENSOR}, {"bias", NS_ATEN_OPTIONAL_TENSOR}),
    .infer = infer,
    .exact = exact,
    .float32 = float32,
    .annotation = NS_ANNOTATION_OWN,
    .weight = WEIGHT,
    .bias = BIAS,
    .supported = supported,
    .lower = lower,
    .terms = terms,
    .term_kind = NS_TERMS_SUM,
    .slope = ns_slope_product,
    .bound = ns_bound_product,
    .catalogue = NS_CALL_CATALOGUE(PRODUCT, cases),
};
