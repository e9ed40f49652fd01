#include "aten/operator.h"

static const ns_aten_operator *const operators[NS_ATEN_COUNT] = {
#define NS_ATEN_OPERATOR(name, text, inputs) [NS_ATEN_##name] = &ns_aten_operator_##name,
#include "aten/operators.def"
#undef NS_ATEN_OPERATOR
};

static ns_code check_inputs(const ns_aten_program *program, const ns_tensor *inputs, ns_error *error)
{
    for (int i = 0; i < program->input_count; i++) {
        const ns_aten_node *node = &program->nodes[program->inputs[i]];
        bool fits = inputs[i].dtype == NS_DTYPE_FP32 && inputs[i].rank == node->rank && inputs[i].data;
        for (int d = 0; fits && d < node->rank; d++)
            fits = inputs[i].shape[d] == node->shape[d];
        if (!fits) {
            char wanted[128], got[128];
            return ns_fail(error, NS_ERROR_INPUT, "input %d (%s) must be %s fp32, got %s", i, node->name,
                           ns_aten_shape_text(node, wanted, sizeof wanted),
                           ns_tensor_describe(&inputs[i], got, sizeof got));
        }
    }
    return NS_OK;
}

static ns_code evaluate_node(const ns_aten_program *program, const ns_aten_node *node, ns_aten_mode mode,
                             double *const *values, const ns_tensor *input, double *out, ns_error *error)
{
    size_t count = ns_aten_count(node);
    const float *leaf = node->op == NS_ATEN_PARAMETER ? node->data : input ? input->data : NULL;
    if (leaf) {
        for (size_t i = 0; i < count; i++)
            out[i] = (double)leaf[i];
        return NS_OK;
    }
    ns_aten_operands operands = {{NULL}, {NULL}};
    for (int i = 0; i < node->input_count; i++) {
        if (node->inputs[i] < 0)
            continue;
        operands.nodes[i] = &program->nodes[node->inputs[i]];
        operands.values[i] = values[node->inputs[i]];
    }
    const ns_aten_operator *row = operators[node->op];
    if (mode == NS_ATEN_FLOAT32 && row->evaluate_float32)
        return row->evaluate_float32(node, &operands, out, error);
    return row->evaluate(node, &operands, out, error);
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
        const ns_aten_node *node = &program->nodes[n];
        const ns_quantisation *quantisation = &node->quantisation;
        size_t count = ns_aten_count(node);
        results[n] = NS_ARENA_ARRAY(arena, count, double);
        if (!results[n])
            return ns_fail(error, NS_ERROR_MEMORY, "%s: out of memory for %zu values", node->name, count);
        const ns_tensor *input = node->op == NS_ATEN_INPUT ? &inputs[next_input++] : NULL;
        bool quantised = mode == NS_ATEN_QUANTISED && quantisation->present;
        if (quantised && node->quantised) {
            NS_TRY(ns_dequantise_values(quantisation, node->rank, node->shape, node->quantised, results[n],
                                        error));
            continue;
        }
        NS_TRY(evaluate_node(program, node, mode, results, input, results[n], error));
        if (mode == NS_ATEN_FLOAT32) {
            for (size_t i = 0; i < count; i++)
                results[n][i] = (double)(float)results[n][i];
        } else if (quantised) {
            NS_TRY(ns_fake_quantise(quantisation, node->rank, node->shape, results[n], error));
        }
    }
    *values = results;
    return NS_OK;
}
