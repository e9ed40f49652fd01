/* First-order and exact: each rule below is the largest |f(x + e) - f(x)| for |e| up to the operand's bound,
 * not a linear estimate. A product of terms is bounded term by term (triangle inequality). */
#include "measure/bound.h"

#include <math.h>

#include "measure/dependencies.h"

/* The largest slope of gelu is 1.12890 (at sqrt 2, where the second derivative vanishes), that of the tanh
 * approximation 1.12899 (near 1.4185; by finite differences in steps of 0.0001 over [-6, 6]). */
#define GELU_SLOPE 1.13

/* torch computes x / scale and integer * scale in float32, which adds less than three roundings. */
#define FLOAT_ROUNDING 0x3p-24

typedef struct bound_state {
    const ns_aten_node *node;
    const double *values[NS_ATEN_MAX_INPUTS]; /* of the operands; NULL: absent */
    const double *bounds[NS_ATEN_MAX_INPUTS];
    size_t terms;
    double sum;
} bound_state;

static double product_bound(double a, double a_bound, double b, double b_bound)
{
    return fabs(a) * b_bound + fabs(b) * a_bound + a_bound * b_bound;
}

static double reciprocal_bound(double x, double bound)
{
    const double least = fabs(x) - bound;
    return least > 0 ? 1 / least - 1 / fabs(x) : INFINITY;
}

static void add_term(void *context, const int64_t elements[NS_ATEN_MAX_INPUTS])
{
    bound_state *s = context;
    double value[NS_ATEN_MAX_INPUTS] = {0}, bound[NS_ATEN_MAX_INPUTS] = {0};
    for (int i = 0; i < s->node->input_count; i++)
        if (elements[i] >= 0) {
            value[i] = s->values[i][elements[i]];
            bound[i] = s->bounds[i][elements[i]];
        }
    s->terms++;
    switch (s->node->op) {
    case NS_ATEN_BMM:
    case NS_ATEN_MUL:
        s->sum += product_bound(value[0], bound[0], value[1], bound[1]);
        break;
    case NS_ATEN_CONV1D: /* a bias comes alone, with both factors 0 */
        s->sum += product_bound(value[0], bound[0], value[1], bound[1]) + bound[2];
        break;
    case NS_ATEN_EXP:
        s->sum += exp(value[0]) * expm1(bound[0]);
        break;
    case NS_ATEN_RECIPROCAL:
        s->sum += reciprocal_bound(value[0], bound[0]);
        break;
    case NS_ATEN_GELU:
        s->sum += GELU_SLOPE * bound[0];
        break;
    default: /* MEAN (divided at the end), PAD, RESHAPE, SUB, SUM */
        s->sum += bound[0] + bound[1];
    }
}

/* Half a step of the element's own scale. */
static double half_step(const ns_aten_node *node, size_t element)
{
    const ns_quantisation *quantisation = &node->quantisation;
    if (!quantisation->present)
        return 0;
    size_t index = 0;
    if (quantisation->axis >= 0) {
        size_t inner = 1;
        for (int i = quantisation->axis + 1; i < node->rank; i++)
            inner *= (size_t)node->shape[i];
        index = element / inner % (size_t)node->shape[quantisation->axis];
    }
    return (double)quantisation->scales[index] / 2;
}

static ns_code bound_node(const ns_aten_program *program, int index, double *const *ideal, double **bounds,
                          ns_error *error)
{
    bound_state state = {.node = &program->nodes[index]};
    if (state.node->op == NS_ATEN_VAR)
        return ns_fail(error, NS_ERROR_INTERNAL, "%s: var has no error bound before it is decomposed",
                       state.node->name);
    for (int i = 0; i < state.node->input_count; i++)
        if (state.node->inputs[i] >= 0) {
            state.values[i] = ideal[state.node->inputs[i]];
            state.bounds[i] = bounds[state.node->inputs[i]];
        }
    for (size_t element = 0; element < ns_aten_count(state.node); element++) {
        state.sum = 0;
        state.terms = 0;
        ns_dependencies(program, state.node, element, add_term, &state);
        if (state.node->op == NS_ATEN_MEAN && state.terms > 0)
            state.sum /= (double)state.terms;
        const double rounding =
            state.node->quantisation.present
                ? half_step(state.node, element) + FLOAT_ROUNDING * (fabs(ideal[index][element]) + state.sum)
                : 0;
        bounds[index][element] = state.sum + rounding;
    }
    return NS_OK;
}

ns_code ns_format_bound(const ns_aten_program *program, double *const *ideal, ns_arena *arena, double **bound,
                        ns_error *error)
{
    double **bounds = NS_ARENA_ARRAY(arena, (size_t)program->node_count, double *);
    if (!bounds)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for error bounds");
    for (int i = 0; i < program->node_count; i++) {
        bounds[i] = NS_ARENA_ARRAY(arena, ns_aten_count(&program->nodes[i]), double);
        if (!bounds[i])
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for error bounds");
        NS_TRY(bound_node(program, i, ideal, bounds, error));
    }
    *bound = bounds[program->outputs[0]];
    return NS_OK;
}
