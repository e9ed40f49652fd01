#include "lower/lower.h"

#include <stdio.h>
#include <string.h>

#include "lower/lowering.h"

static const struct {
    const char *text, *accelerator;
} targets[NS_TARGET_COUNT] = {
#define NS_TARGET(name, text, accelerator) [NS_TARGET_##name] = {text, accelerator},
#include "lower/target.def"
#undef NS_TARGET
};

const char *ns_target_text(ns_target target)
{
    return (unsigned)target < NS_TARGET_COUNT ? targets[target].text : "?";
}

ns_code ns_target_parse(const char *text, ns_target *target, ns_error *error)
{
    char known[64] = "";
    for (int i = 0; i < NS_TARGET_COUNT; i++) {
        if (!strcmp(text, targets[i].text)) {
            *target = (ns_target)i;
            return NS_OK;
        }
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "", targets[i].text);
    }
    return ns_fail(error, NS_ERROR_USAGE, "target \"%s\" is none of %s", text, known);
}

static ns_code (*const operators[NS_ATEN_COUNT])(ns_lowering *, int, ns_error *) = {
    [NS_ATEN_BMM] = ns_lower_bmm,
    [NS_ATEN_CONV1D] = ns_lower_conv1d,
    [NS_ATEN_EXP] = ns_lower_exp,
    [NS_ATEN_GELU] = ns_lower_gelu,
    [NS_ATEN_MUL] = ns_lower_mul,
    [NS_ATEN_PAD] = ns_lower_pad,
    [NS_ATEN_RECIPROCAL] = ns_lower_reciprocal,
    [NS_ATEN_RESHAPE] = ns_lower_reshape,
    [NS_ATEN_SUB] = ns_lower_sub,
    [NS_ATEN_SUM] = ns_lower_sum,
};

static bool is_activation(const ns_quantisation *quantisation)
{
    return quantisation->present && quantisation->dtype == NS_DTYPE_INT16 && quantisation->axis < 0 &&
           quantisation->count == 1;
}

/* What the operators' files rely on. */
static ns_code check_quantisation(const ns_aten_program *program, ns_error *error)
{
    for (int i = 0; i < program->node_count; i++) {
        const ns_aten_node *node = &program->nodes[i];
        bool parameter = node->op == NS_ATEN_PARAMETER;
        if (parameter ? !node->quantisation.present || !node->quantised : !is_activation(&node->quantisation))
            return ns_fail(error, NS_ERROR_INPUT, "%s (%s) has no %s", node->name, ns_aten_op_text(node->op),
                           parameter ? "quantised values" : "per-tensor int16 quantisation");
        for (int j = 0; j < node->input_count; j++) {
            if (node->inputs[j] < 0)
                continue;
            const ns_aten_node *operand = &program->nodes[node->inputs[j]];
            bool weight = node->op == NS_ATEN_CONV1D && j > 0;
            if (weight ? operand->op != NS_ATEN_PARAMETER : !is_activation(&operand->quantisation))
                return ns_fail(error, NS_ERROR_INPUT, "operand %d of %s is not %s", j, node->name,
                               weight ? "a parameter" : "quantised to int16 per tensor");
        }
    }
    return NS_OK;
}

static ns_code add_parameter(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *self = &lowering->program->nodes[node];
    /* Weights and biases are made by their convolution, which knows the layout; everything else is INT16. */
    if (self->quantisation.dtype != NS_DTYPE_INT16)
        return NS_OK;
    ns_tensor values;
    NS_TRY(ns_tensor_new(lowering->arena, NS_DTYPE_INT16, self->rank, self->shape, &values, error));
    for (size_t i = 0; i < ns_aten_count(self); i++)
        ns_tensor_set(&values, i, self->quantised[i]);
    ns_step constant = {.kind = NS_STEP_CONSTANT,
                        .group = NS_CONSTANT_PARAMETER,
                        .dtype = NS_DTYPE_INT16,
                        .rank = self->rank,
                        .data = values.data};
    memcpy(constant.shape, self->shape, sizeof constant.shape);
    constant.name = ns_lowering_parameter_name(lowering, node);
    if (!constant.name)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", self->name);
    return ns_plan_add(&lowering->plan, &constant, NS_PLAN_END,
                       &lowering->values[node].steps[NS_LAYOUT_LOGICAL], error);
}

static ns_code add_input(ns_lowering *lowering, int node, int number, ns_error *error)
{
    const ns_aten_node *self = &lowering->program->nodes[node];
    const char *base = "quantized_decomposed_quantize_per_tensor_default";
    const char *name = number ? ns_arena_format(lowering->arena, "%s_%d", base, number) : base;
    if (!name)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", self->name);
    ns_step input = {.kind = NS_STEP_INPUT, .dtype = NS_DTYPE_INT16, .rank = self->rank, .name = name};
    memcpy(input.shape, self->shape, sizeof input.shape);
    NS_TRY(ns_plan_add(&lowering->plan, &input, NS_PLAN_END, &lowering->values[node].steps[NS_LAYOUT_LOGICAL],
                       error));
    lowering->plan.inputs[number] = lowering->values[node].steps[NS_LAYOUT_LOGICAL];
    return NS_OK;
}

/* Parameters first, then inputs, as placeholders stand in an exported program; then the operators. */
static ns_code add_steps(ns_lowering *lowering, ns_error *error)
{
    const ns_aten_program *program = lowering->program;
    for (int i = 0; i < program->node_count; i++)
        if (program->nodes[i].op == NS_ATEN_PARAMETER)
            NS_TRY(add_parameter(lowering, i, error));
    for (int i = 0; i < program->input_count; i++)
        NS_TRY(add_input(lowering, program->inputs[i], i, error));
    for (int i = 0; i < program->node_count; i++) {
        const ns_aten_node *node = &program->nodes[i];
        if (node->op == NS_ATEN_PARAMETER || node->op == NS_ATEN_INPUT)
            continue;
        if (!operators[node->op])
            return ns_fail(error, NS_ERROR_INTERNAL, "%s (%s) is not lowered: is the program decomposed?",
                           node->name, ns_aten_op_text(node->op));
        NS_TRY(operators[node->op](lowering, i, error));
    }
    for (int i = 0; i < program->output_count; i++)
        NS_TRY(ns_lowering_value(lowering, program->outputs[i], NS_LAYOUT_LOGICAL, &lowering->plan.outputs[i],
                                 error));
    return NS_OK;
}

static ns_code lower_in(ns_arena *arena, const ns_aten_program *program, ns_target target, ns_graph **graph,
                        ns_error *error)
{
    ns_lowering lowering = {.program = program,
                            .target = target,
                            .arena = arena,
                            .plan = {.arena = arena,
                                     .first = -1,
                                     .last = -1,
                                     .input_count = program->input_count,
                                     .output_count = program->output_count}};
    lowering.values = NS_ARENA_ARRAY(arena, (size_t)program->node_count, ns_lowered_value);
    lowering.plan.inputs = NS_ARENA_ARRAY(arena, (size_t)program->input_count, int);
    lowering.plan.outputs = NS_ARENA_ARRAY(arena, (size_t)program->output_count, int);
    if (!lowering.values || !lowering.plan.inputs || !lowering.plan.outputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the lowered graph");
    for (int i = 0; i < program->node_count; i++)
        lowering.values[i] = (ns_lowered_value){.steps = {-1, -1, -1}};
    NS_TRY(add_steps(&lowering, error));
    return ns_plan_emit(&lowering.plan, graph, error);
}

ns_code ns_lower(const ns_aten_program *program, ns_target target, ns_graph **graph, ns_error *error)
{
    *graph = NULL;
    NS_TRY(check_quantisation(program, error));
    NS_TRY(ns_lower_supported(program, target, error));
    ns_arena *arena = ns_arena_new();
    if (!arena)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the lowered graph");
    ns_code code = lower_in(arena, program, target, graph, error);
    ns_arena_free(arena);
    return code;
}
