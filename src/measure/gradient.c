/* Derivatives are handed from the last node to the first. Each result is a sum of terms, each linear in
 * every factor (NS_TERMS_SUM). */
#include "measure/interface.h"

#include "ir/operator.h"

typedef struct walk {
    const ns_aten_node *node;
    double *const *values;
    double **gradient;
    double weight; /* derivative by the element at hand of `node` */
} walk;

static void add_term(void *context, const ns_term *term)
{
    const walk *w = context;
    double values[NS_TERM_FACTORS];
    for (int i = 0; i < term->count; i++)
        values[i] = w->values[w->node->inputs[term->factors[i].operand]][term->factors[i].element];
    for (int i = 0; i < term->count; i++)
        w->gradient[w->node->inputs[term->factors[i].operand]][term->factors[i].element] +=
            w->weight * w->node->op->slope(w->node, term, values, i);
}

static bool is_known(const ns_aten_node *node)
{
    return node->kind != NS_ATEN_CALL ||
           (node->op->term_kind == NS_TERMS_SUM && node->op->terms && node->op->slope);
}

bool ns_gradient_known(const ns_aten_program *program)
{
    for (int i = 0; i < program->node_count; i++)
        if (!is_known(&program->nodes[i]))
            return false;
    return true;
}

ns_code ns_gradient(const ns_aten_program *program, double *const *values, size_t element, ns_arena *arena,
                    double ***gradient, ns_error *error)
{
    walk w = {.values = values, .gradient = NS_ARENA_ARRAY(arena, (size_t)program->node_count, double *)};
    for (int i = 0; w.gradient && i < program->node_count; i++)
        if (!(w.gradient[i] = NS_ARENA_ARRAY(arena, ns_aten_count(&program->nodes[i]), double)))
            w.gradient = NULL;
    if (!w.gradient)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for derivatives");
    w.gradient[program->outputs[0]][element] = 1;
    for (int i = program->node_count - 1; i >= 0; i--) {
        w.node = &program->nodes[i];
        if (!is_known(w.node))
            return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: no rule for its derivative",
                           ns_aten_text(w.node));
        const size_t count = w.node->kind == NS_ATEN_CALL ? ns_aten_count(w.node) : 0;
        for (size_t e = 0; e < count; e++) {
            w.weight = w.gradient[i][e];
            if (w.weight != 0)
                w.node->op->terms(program, w.node, e, add_term, &w);
        }
    }
    *gradient = w.gradient;
    return NS_OK;
}
