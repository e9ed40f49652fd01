#include "ir/interface.h"

#include "ir/operator.h"
#include "npuscope/budget.h"

static ns_code check_inputs(const ns_aten_program *program, const ns_tensor *inputs, ns_error *error)
{
    for (int i = 0; i < program->input_count; i++) {
        const ns_aten_node *node = &program->nodes[program->inputs[i]];
        bool fits = inputs[i].dtype == node->dtype && inputs[i].rank == node->rank && inputs[i].data;
        for (int d = 0; fits && d < node->rank; d++)
            fits = inputs[i].shape[d] == node->shape[d];
        if (!fits) {
            char wanted[128], got[128];
            return ns_fail(error, NS_ERROR_INPUT, "input %d (%s) must be %s %s, got %s", i, node->name,
                           ns_aten_shape_text(node, wanted, sizeof wanted), ns_dtype_text(node->dtype),
                           ns_tensor_describe(&inputs[i], got, sizeof got));
        }
    }
    return NS_OK;
}

/* ---- work ---- */

static void count_term(void *context, const ns_term *term)
{
    (void)term;
    ++*(uint64_t *)context;
}

static ns_code add_node(const ns_aten_node *node, ns_error *error)
{
    return ns_add_context(error, "node '%s' (%s)", node->name, node->op->aten);
}

/* What a call does, charged before it is done: its elements, each with as many terms as one in the middle
 * has, and what it reads. */
static ns_code spend(const ns_aten_program *program, const ns_aten_node *node, ns_budget *budget,
                     ns_error *error)
{
    const uint64_t count = ns_aten_count(node);
    uint64_t each = 0, work = 0;
    for (int i = 0; i < node->input_count; i++) {
        const ns_aten_node *operand = ns_aten_operand(program, node, i);
        work += operand ? ns_aten_count(operand) : 0;
    }
    if (node->op->terms && count)
        node->op->terms(program, node, count / 2, count_term, &each);
    work += each && count > UINT64_MAX / 2 / each ? UINT64_MAX / 2 : count * (each ? each : 1);
    return ns_budget_spend(budget, work, error) == NS_OK ? NS_OK : add_node(node, error);
}

ns_code ns_aten_check_time(const ns_aten_operands *operands, ns_error *error)
{
    return ns_budget_check_time(ns_arena_budget(operands->program->arena), error);
}

ns_code ns_aten_spend(const ns_aten_operands *operands, int64_t work, ns_error *error)
{
    return ns_budget_spend(ns_arena_budget(operands->program->arena), (uint64_t)work, error);
}

static ns_code evaluate_call(const ns_aten_program *program, const ns_aten_node *node, ns_aten_mode mode,
                             double *const *values, ns_arena *arena, double *out, ns_error *error)
{
    const size_t count = (size_t)node->input_count, parameters = (size_t)node->op->parameter_count;
    /* Operands that the call leaves out behind its last one are absent too. */
    const size_t room = count > parameters ? count : parameters;
    const ns_aten_node **nodes = NS_ARENA_ARRAY(arena, room, const ns_aten_node *);
    const double **operands = NS_ARENA_ARRAY(arena, room, const double *);
    if (!nodes || !operands)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: out of memory for %zu operands", node->name, count);
    for (size_t i = 0; i < count; i++) {
        nodes[i] = ns_aten_operand(program, node, (int)i);
        operands[i] = nodes[i] ? values[node->inputs[i]] : NULL;
    }
    const ns_aten_compute compute = mode == NS_ATEN_FLOAT32 ? node->op->float32 : node->op->exact;
    if (!compute)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: the %s meaning of %s is not known", node->name,
                       mode == NS_ATEN_FLOAT32 ? "float32" : "exact", node->op->aten);
    NS_TRY(spend(program, node, ns_arena_budget(arena), error));
    const ns_code code = compute(node, &(ns_aten_operands){program, nodes, operands}, out, error);
    return ns_code_ends_run(code) ? add_node(node, error) : code;
}

static double input_value(const ns_tensor *input, size_t i)
{
    return input->dtype == NS_DTYPE_FP32 ? (double)((const float *)input->data)[i]
                                         : (double)ns_tensor_get(input, i);
}

static ns_code compute_node(const ns_aten_program *program, const ns_aten_node *node, ns_aten_mode mode,
                            double *const *values, const ns_tensor *input, ns_arena *arena, double *out,
                            ns_error *error)
{
    if (node->kind == NS_ATEN_CALL)
        return evaluate_call(program, node, mode, values, arena, out, error);
    for (size_t i = 0; i < ns_aten_count(node); i++)
        out[i] = node->kind == NS_ATEN_INPUT ? input_value(input, i) : (double)node->data[i];
    return NS_OK;
}

ns_code ns_aten_evaluate_node(const ns_aten_program *program, int n, ns_aten_mode mode,
                              const ns_tensor *input, ns_arena *arena, double **values, ns_error *error)
{
    const ns_aten_node *node = &program->nodes[n];
    const ns_quantisation *quantisation = &node->quantisation;
    const size_t count = ns_aten_count(node);
    const bool quantised = mode == NS_ATEN_QUANTISED && quantisation->present;
    values[n] = NS_ARENA_ARRAY(arena, count, double);
    if (!values[n])
        return ns_fail(error, NS_ERROR_MEMORY, "%s: out of memory for %zu values", node->name, count);
    if (node->kind == NS_ATEN_PARAMETER && node->dtype != NS_DTYPE_FP32) {
        for (size_t i = 0; i < count; i++)
            values[n][i] = node->quantised[i];
        return NS_OK;
    }
    if (quantised && node->quantised)
        return ns_dequantise_values(quantisation, node->rank, node->shape, node->quantised, values[n], error);
    NS_TRY(compute_node(program, node, mode, values, input, arena, values[n], error));
    for (size_t i = 0; mode == NS_ATEN_FLOAT32 && i < count; i++)
        values[n][i] = (double)(float)values[n][i];
    return quantised ? ns_fake_quantise(quantisation, node->rank, node->shape, values[n], error) : NS_OK;
}

ns_code ns_aten_evaluate(const ns_aten_program *program, ns_aten_mode mode, const ns_tensor *inputs,
                         ns_arena *arena, double ***values, ns_error *error)
{
    NS_TRY(check_inputs(program, inputs, error));
    double **results = NS_ARENA_ARRAY(arena, (size_t)program->node_count, double *);
    if (!results)
        return ns_fail(error, NS_ERROR_MEMORY, "out of memory for the results of %d nodes",
                       program->node_count);
    int next_input = 0;
    for (int n = 0; n < program->node_count; n++) {
        const ns_tensor *input = program->nodes[n].kind == NS_ATEN_INPUT ? &inputs[next_input++] : NULL;
        NS_TRY(ns_aten_evaluate_node(program, n, mode, input, arena, results, error));
    }
    *values = results;
    return NS_OK;
}
