/* rms_norm: x / sqrt(mean of squares + eps) * weight over the last axes; eps is float32's own where none is
 * given. ExecuTorch 1.5.1's quantiser does not know it, and what it becomes later is not quantised either: it
 * stays on the CPU. Squares and their sum are double-double, so that the result is right to 2^-50 or so. */
#include <float.h>
#include <math.h>

#include "num/interface.h"
#include "ops/cases.h"
#include "ops/families/arithmetic.h"

enum { INPUT, SHAPE, WEIGHT, EPSILON };

static int64_t count_of(const ns_aten_attribute *shape)
{
    int64_t count = 1;
    for (int i = 0; i < shape->count; i++)
        count *= shape->list[i];
    return count;
}

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_attribute *shape = &node->attributes[SHAPE];
    const ns_aten_node *weight = ns_aten_operand(program, node, 1);
    NS_TRY(ns_infer_same(program, node, error));
    bool fits = shape->count >= 1 && shape->count <= node->rank && (!weight || weight->rank == shape->count);
    for (int i = 0; fits && i < shape->count; i++)
        fits = shape->list[i] == node->shape[node->rank - shape->count + i] &&
               (!weight || weight->shape[i] == shape->list[i]);
    return fits ? NS_OK
                : ns_fail(error, NS_ERROR_INPUT,
                          "%s: normalized_shape is not the end of x's shape, or not that of weight",
                          node->op->aten);
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    const ns_aten_attribute *epsilon = &node->attributes[EPSILON];
    const int64_t count = count_of(&node->attributes[SHAPE]);
    const double *weight = node->input_count > 1 ? operands->values[1] : NULL;
    const double least = epsilon->none ? (double)FLT_EPSILON : epsilon->real, *x = operands->values[0];
    for (int64_t row = 0; count && row < (int64_t)ns_aten_count(node) / count; row++, x += count) {
        ns_double2 sum = {0, 0};
        for (int64_t i = 0; i < count; i++) {
            NS_TRY(ns_aten_check_time_at(operands, (size_t)i, error));
            ns_double2_add_product(&sum, x[i], x[i]);
        }
        const double root = sqrt(ns_double2_divide(sum, (double)count) + least);
        for (int64_t i = 0; i < count; i++)
            *out++ = x[i] / root * (weight ? weight[i] : 1);
    }
    return NS_OK;
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "last",
     NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 3, 2, 3, 16), NS_WEIGHT(NS_UNIFORM, 0.5, 1, 1, 16),
              {"normalized_shape", NS_LIST(1, 16)})},
};

const ns_aten_operator ns_aten_op_rms_norm = {
    .name = "rms_norm",
    .aten = "aten.rms_norm.default",
    NS_PARAMETERS({"input", NS_ATEN_TENSOR}, {"normalized_shape", NS_ATEN_INTS, .required = true},
                  {"weight", NS_ATEN_OPTIONAL_TENSOR}, {"eps", NS_ATEN_REAL, .otherwise = NS_ABSENT}),
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .annotation = NS_ANNOTATION_FLOAT,
    .catalogue = NS_CALL_CATALOGUE(COMPOSITE, cases),
};
