/* elu: out = scale * x above 0, scale * alpha * (e^(input_scale * x) - 1) elsewhere; MPFR's expm1, then
 * double. */
#include <math.h>

#include "ir/interface.h"
#include "ops/declared.h"
#include "ops/families/arithmetic.h"

enum { SELF, ALPHA, SCALE, INPUT_SCALE };

static double real(const ns_aten_node *node, double x)
{
    const ns_aten_attribute *a = node->attributes;
    if (x > 0)
        return x * a[SCALE].real;
    return ns_mpfr_round(mpfr_expm1, x * a[INPUT_SCALE].real) * a[ALPHA].real * a[SCALE].real;
}

/* In the order of PyTorch's kernel (aten/src/ATen/native/cpu/Elu.h). */
static float float32(const ns_aten_node *node, float x)
{
    const ns_aten_attribute *a = node->attributes;
    if (x > 0)
        return x * (float)a[SCALE].real;
    const float product = (float)(a[ALPHA].real * a[SCALE].real);
    return (float)expm1((double)(x * (float)a[INPUT_SCALE].real)) * product;
}

/* With factors of at least 0 it rises everywhere; what it does with others is not looked into. */
static double bound(const ns_aten_program *program, const ns_aten_node *node, const ns_term *term,
                    const double *values, const double *bounds)
{
    for (int p = ALPHA; p <= INPUT_SCALE; p++)
        if (node->attributes[p].real < 0)
            return INFINITY;
    return ns_table_bound_monotone(program, node, term, values, bounds);
}

#define ALPHA_1_3 NS_ARGUMENTS({"alpha", NS_REAL(1.3)})

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_UNARY(NS_RAMP, -8, 0.1, 1, 160)},
    {NS_LIST_SEED, "rank2", NS_UNARY(NS_NORMAL, 0, 1, 2, 8, 8)},
    {NS_LIST_SEED, "rank3", NS_UNARY(NS_NORMAL, 0, 1, 3, 1, 4, 10)},
    {NS_LIST_SEED, "alpha", NS_UNARY_WITH(ALPHA_1_3, NS_NORMAL, 0, 1, 2, 8, 8)},
};

const ns_aten_operator ns_aten_op_elu = {
    .name = "elu",
    .aten = "aten.elu.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"alpha", NS_ATEN_REAL, .otherwise = NS_REAL(1)},
                  {"scale", NS_ATEN_REAL, .otherwise = NS_REAL(1)},
                  {"input_scale", NS_ATEN_REAL, .otherwise = NS_REAL(1)}),
    NS_TABLE_FAMILY((&(const ns_table){.real = real, .float32 = float32})),
    .bound = bound,
    .catalogue = NS_CATALOGUE(UNARY, cases, NS_EXECUTORCH_QTOL, NS_EXECUTORCH_EPSILON, ns_unary_build),
};

/* ---- celu and selu: elu with other factors, before the quantiser sees them (ConvertEluFamilyToEluPass) ----
 */

typedef struct factors {
    double alpha, scale, input_scale;
} factors;

static factors celu(const ns_aten_node *node)
{
    const double alpha = node->attributes[ALPHA].real;
    return (factors){alpha, 1, 1 / alpha};
}

static factors selu(const ns_aten_node *node)
{
    (void)node;
    return (factors){1.6732632423543772848, 1.0507009873554804934, 1};
}

typedef factors factors_of(const ns_aten_node *node);

static ns_code exact_of_form(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                             ns_error *error)
{
    factors_of *const *of = node->op->family;
    const factors f = (*of)(node);
    for (size_t i = 0; i < ns_aten_count(node); i++) {
        NS_TRY(ns_aten_check_time_at(operands, i, error));
        const double x = operands->values[0][i];
        out[i] = f.scale * (x > 0 ? x : f.alpha * ns_mpfr_round(mpfr_expm1, x * f.input_scale));
    }
    return NS_OK;
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    factors_of *const *of = node->op->family;
    const factors f = (*of)(node);
    return ns_aten_call(program, &ns_aten_op_elu, 1, inputs,
                        NS_ARGUMENTS({"alpha", NS_REAL(f.alpha)}, {"scale", NS_REAL(f.scale)},
                                     {"input_scale", NS_REAL(f.input_scale)}),
                        out, error);
}

#define FORM(of)                                                                        \
    .family = &(factors_of *const){of}, .infer = ns_infer_same, .exact = exact_of_form, \
    .float32 = ns_aten_rounded, .decompose = decompose

const ns_aten_operator ns_aten_op_celu = {
    .name = "celu",
    .aten = "aten.celu.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"alpha", NS_ATEN_REAL, .otherwise = NS_REAL(1)}),
    FORM(celu),
};

const ns_aten_operator ns_aten_op_selu = {
    .name = "selu",
    .aten = "aten.selu.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    FORM(selu),
};
