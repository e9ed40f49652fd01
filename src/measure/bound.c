/* First-order and exact: each rule below is the largest |f(x + e) - f(x)| for |e| up to the operand's bound,
 * not a linear estimate. A product of terms is bounded term by term (triangle inequality). */
#include "measure/interface.h"

#include <math.h>

#include "ir/operator.h"

/* torch computes x / scale and integer * scale in float32, which adds less than three roundings. */
#define FLOAT_ROUNDING 0x3p-24

typedef struct bound_state {
    const ns_aten_program *program;
    const ns_aten_node *node;
    double *const *values; /* by node */
    double *const *bounds;
    double sum;
} bound_state;

static void add_term(void *context, const ns_term *term)
{
    bound_state *s = context;
    double values[NS_TERM_FACTORS] = {0}, bounds[NS_TERM_FACTORS] = {0};
    for (int i = 0; i < term->count; i++) {
        const int operand = s->node->inputs[term->factors[i].operand];
        values[i] = s->values[operand][term->factors[i].element];
        bounds[i] = s->bounds[operand][term->factors[i].element];
    }
    s->sum += s->node->op->bound(s->program, s->node, term, values, bounds);
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

static void bound_node(const ns_aten_program *program, int index, double *const *ideal, double **bounds)
{
    bound_state state = {
        .program = program, .node = &program->nodes[index], .values = ideal, .bounds = bounds};
    for (size_t element = 0; element < ns_aten_count(state.node); element++) {
        state.sum = 0;
        if (state.node->kind == NS_ATEN_CALL)
            state.node->op->terms(program, state.node, element, add_term, &state);
        const double rounding =
            state.node->quantisation.present
                ? half_step(state.node, element) + FLOAT_ROUNDING * (fabs(ideal[index][element]) + state.sum)
                : 0;
        bounds[index][element] = state.sum + rounding;
    }
}

ns_code ns_format_bound(const ns_aten_program *program, double *const *ideal, ns_arena *arena, double ***out,
                        ns_error *error)
{
    double **bounds = NS_ARENA_ARRAY(arena, (size_t)program->node_count, double *);
    if (!bounds)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for error bounds");
    for (int i = 0; i < program->node_count; i++) {
        const ns_aten_node *node = &program->nodes[i];
        if (node->kind == NS_ATEN_CALL && (!node->op->terms || !node->op->bound))
            return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: the error bound of %s is not known", node->name,
                           ns_aten_text(node));
        bounds[i] = NS_ARENA_ARRAY(arena, ns_aten_count(&program->nodes[i]), double);
        if (!bounds[i])
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for error bounds");
        bound_node(program, i, ideal, bounds);
    }
    *out = bounds;
    return NS_OK;
}
