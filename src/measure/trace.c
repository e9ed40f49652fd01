/* One byte per element of each node says whether the result depends on it. The nodes are walked from the
 * last to the first, so a node's marks are complete before they are handed on to its operands. */
#include "measure/interface.h"

#include <math.h>

#include "ir/operator.h"

typedef struct trace {
    const ns_aten_node *node;
    uint8_t **marks; /* one array per node of the program */
} trace;

static void mark_operands(void *context, const ns_term *term)
{
    const trace *t = context;
    for (int i = 0; i < term->count; i++)
        t->marks[t->node->inputs[term->factors[i].operand]][term->factors[i].element] = 1;
}

/* Hands the marks of a node on to its operands; false: what its elements are made from is not known. */
static bool mark_node(const ns_aten_program *program, int index, trace *t)
{
    t->node = &program->nodes[index];
    for (size_t e = 0; t->node->kind == NS_ATEN_CALL && e < ns_aten_count(t->node); e++) {
        if (!t->marks[index][e])
            continue;
        if (!t->node->op->terms)
            return false;
        t->node->op->terms(program, t->node, e, mark_operands, t);
    }
    return true;
}

static void describe(const ns_aten_node *node, const uint8_t *marks, const ns_tensor *values,
                     ns_suite_operand *operand)
{
    *operand = (ns_suite_operand){.name = node->name, .minimum = INFINITY, .maximum = -INFINITY};
    for (size_t i = 0; i < ns_aten_count(node); i++) {
        if (!marks[i])
            continue;
        const double value = values->dtype == NS_DTYPE_FP32 ? (double)((const float *)values->data)[i]
                                                            : (double)ns_tensor_get(values, i);
        if (operand->shown < (int)(sizeof operand->values / sizeof operand->values[0]))
            operand->values[operand->shown++] = value;
        operand->minimum = fmin(operand->minimum, value);
        operand->maximum = fmax(operand->maximum, value);
        operand->count++;
    }
}

ns_code ns_trace(const ns_aten_program *program, const ns_tensor *inputs, int output, size_t element,
                 ns_arena *arena, ns_suite_operand **operands, int *count, ns_error *error)
{
    trace t = {NULL, NS_ARENA_ARRAY(arena, (size_t)program->node_count, uint8_t *)};
    *operands = NS_ARENA_ARRAY(arena, (size_t)program->input_count, ns_suite_operand);
    *count = 0;
    if (!t.marks || !*operands)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory to trace an element");
    for (int i = 0; i < program->node_count; i++)
        if (!(t.marks[i] = NS_ARENA_ARRAY(arena, ns_aten_count(&program->nodes[i]), uint8_t)))
            return ns_fail(error, NS_ERROR_MEMORY, "no memory to trace an element");
    t.marks[program->outputs[output]][element] = 1;
    for (int i = program->node_count - 1; i >= 0; i--)
        if (!mark_node(program, i, &t)) {
            *operands = NULL;
            return NS_OK;
        }
    for (int i = 0; i < program->input_count; i++) {
        const int node = program->inputs[i];
        ns_suite_operand operand;
        describe(&program->nodes[node], t.marks[node], &inputs[i], &operand);
        if (operand.count > 0)
            (*operands)[(*count)++] = operand;
    }
    return NS_OK;
}
