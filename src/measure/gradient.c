/* Derivatives are handed from the last node to the first. Each result of the operators below is a sum of
 * terms (ns_dependencies), and a term is a product of its elements or one element alone. */
#include "measure/gradient.h"

#include "measure/dependencies.h"

/* What a term of the operator is made of. */
typedef enum term_kind { UNKNOWN, LEAF, PRODUCT, DIFFERENCE } term_kind;

static term_kind kind_of(ns_aten_op op)
{
    switch (op) {
    case NS_ATEN_INPUT:
    case NS_ATEN_PARAMETER:
        return LEAF;
    case NS_ATEN_BMM:
    case NS_ATEN_CONV1D:
    case NS_ATEN_MUL:
    case NS_ATEN_PAD:
    case NS_ATEN_RESHAPE:
    case NS_ATEN_SUM:
        return PRODUCT;
    case NS_ATEN_SUB:
        return DIFFERENCE;
    default:
        return UNKNOWN;
    }
}

typedef struct walk {
    const ns_aten_node *node;
    double *const *values;
    double **gradient;
    double weight; /* derivative by the element at hand of `node` */
} walk;

static void add_term(void *context, const int64_t elements[NS_ATEN_MAX_INPUTS])
{
    const walk *w = context;
    for (int i = 0; i < w->node->input_count; i++) {
        if (elements[i] < 0)
            continue;
        double factor = w->weight;
        if (kind_of(w->node->op) == DIFFERENCE)
            factor *= i == 0 ? 1 : -1;
        else
            for (int other = 0; other < w->node->input_count; other++)
                if (other != i && elements[other] >= 0)
                    factor *= w->values[w->node->inputs[other]][elements[other]];
        w->gradient[w->node->inputs[i]][elements[i]] += factor;
    }
}

bool ns_gradient_known(const ns_aten_program *program)
{
    for (int i = 0; i < program->node_count; i++)
        if (kind_of(program->nodes[i].op) == UNKNOWN)
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
        const term_kind kind = kind_of(w.node->op);
        if (kind == UNKNOWN)
            return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: no rule for its derivative",
                           ns_aten_op_text(w.node->op));
        const size_t count = kind == LEAF ? 0 : ns_aten_count(w.node);
        for (size_t e = 0; e < count; e++) {
            w.weight = w.gradient[i][e];
            if (w.weight != 0)
                ns_dependencies(program, w.node, e, add_term, &w);
        }
    }
    *gradient = w.gradient;
    return NS_OK;
}
