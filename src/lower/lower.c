#include "lower/interface.h"

#include <string.h>

#include "lower/internal.h"
#include "lower/lowering.h"

static bool is_activation(const ns_quantisation *quantisation)
{
    return quantisation->present && quantisation->dtype == NS_DTYPE_INT16 && quantisation->axis < 0 &&
           quantisation->count == 1;
}

static ns_code check_operand(const ns_aten_program *program, const ns_aten_node *node, int index,
                             ns_error *error)
{
    const ns_aten_node *operand = ns_aten_operand(program, node, index);
    const bool weight = index > 0 && (index == node->op->weight || index == node->op->bias);
    if (!operand || operand->dtype != NS_DTYPE_FP32)
        return NS_OK;
    if (weight ? operand->kind != NS_ATEN_PARAMETER : !is_activation(&operand->quantisation))
        return ns_fail(error, NS_ERROR_INPUT, "operand %d of %s is not %s", index, node->name,
                       weight ? "a parameter" : "quantised to int16 per tensor");
    return NS_OK;
}

/* What the operators' files rely on. */
static ns_code check_quantisation(const ns_aten_program *program, ns_error *error)
{
    for (int i = 0; i < program->node_count; i++) {
        const ns_aten_node *node = &program->nodes[i];
        bool parameter = node->kind == NS_ATEN_PARAMETER, real = node->dtype == NS_DTYPE_FP32;
        if (parameter ? (real && !node->quantisation.present) || !node->quantised
                      : real && !is_activation(&node->quantisation))
            return ns_fail(error, NS_ERROR_INPUT, "%s (%s) has no %s", node->name, ns_aten_text(node),
                           parameter ? "quantised values" : "per-tensor int16 quantisation");
        for (int j = 0; j < node->input_count; j++)
            NS_TRY(check_operand(program, node, j, error));
    }
    return NS_OK;
}

/* What ExecuTorch computes beforehand stands in front of the constants that were made before
 * (ComputeConstantOpsAOTPass, FuseConstantArgsPass); whole numbers keep their own name. */
static ns_code name_constant(ns_lowering *lowering, int node, ns_step *constant, ns_error *error)
{
    const ns_aten_node *self = &lowering->program->nodes[node];
    const char *edge = self->filled ? "aten_full_default" : "aten_view_copy_default";
    int number = 0;
    if (self->filled || self->reshaped) {
        NS_TRY(ns_lowering_take_numbers(lowering, edge, 1, &number, error));
        constant->name =
            ns_lowering_name(lowering, "", edge, number, self->filled ? "_pre_computed" : "_fused_const");
        constant->group = NS_CONSTANT_TABLE;
    } else if (self->dtype != NS_DTYPE_FP32) {
        constant->name = ns_arena_format(lowering->arena, "b_%s", self->name);
    } else {
        constant->name = ns_lowering_parameter_name(lowering, node);
    }
    return constant->name ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", self->name);
}

static ns_code add_parameter(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *self = &lowering->program->nodes[node];
    const ns_dtype dtype = ns_lowering_dtype(lowering, node);
    /* Weights and biases are made by their convolution, which knows the layout; every other real is INT16. */
    if (self->quantisation.present && dtype != NS_DTYPE_INT16)
        return NS_OK;
    ns_tensor values;
    NS_TRY(ns_tensor_new(lowering->arena, dtype, self->rank, self->shape, &values, error));
    for (size_t i = 0; i < ns_aten_count(self); i++)
        ns_tensor_set(&values, i, self->quantised[i]);
    ns_step constant = {.kind = NS_STEP_CONSTANT,
                        .group = NS_CONSTANT_PARAMETER,
                        .dtype = dtype,
                        .rank = self->rank,
                        .data = values.data};
    memcpy(constant.shape, self->shape, sizeof constant.shape);
    NS_TRY(name_constant(lowering, node, &constant, error));
    int step = 0;
    NS_TRY(ns_plan_add(&lowering->plan, &constant,
                       constant.group == NS_CONSTANT_TABLE ? NS_PLAN_FRONT : NS_PLAN_END, &step, error));
    return ns_lowering_set_own(lowering, node, step, error);
}

static ns_code add_input(ns_lowering *lowering, int node, int number, ns_error *error)
{
    const ns_aten_node *self = &lowering->program->nodes[node];
    const char *base = "quantized_decomposed_quantize_per_tensor_default";
    int quantised = 0; /* of the inputs before; what is no real comes as it is, under its own name */
    for (int i = 0; i < number; i++)
        quantised += lowering->program->nodes[lowering->program->inputs[i]].dtype == NS_DTYPE_FP32;
    if (lowering->program->input_numbers)
        quantised = lowering->program->input_numbers[number];
    const char *name = self->dtype != NS_DTYPE_FP32 ? self->name
                       : quantised ? ns_arena_format(lowering->arena, "%s_%d", base, quantised)
                                   : base;
    if (!name)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", self->name);
    ns_step input = {
        .kind = NS_STEP_INPUT, .dtype = ns_lowering_dtype(lowering, node), .rank = self->rank, .name = name};
    memcpy(input.shape, self->shape, sizeof input.shape);
    NS_TRY(ns_plan_add(&lowering->plan, &input, NS_PLAN_END, &lowering->plan.inputs[number], error));
    return ns_lowering_set_own(lowering, node, lowering->plan.inputs[number], error);
}

/* Parameters first, then inputs, as placeholders stand in an exported program; then the operators. */
static ns_code add_steps(ns_lowering *lowering, ns_error *error)
{
    const ns_aten_program *program = lowering->program;
    for (int i = 0; i < program->node_count; i++)
        if (program->nodes[i].kind == NS_ATEN_PARAMETER)
            NS_TRY(add_parameter(lowering, i, error));
    for (int i = 0; i < program->input_count; i++)
        NS_TRY(add_input(lowering, program->inputs[i], i, error));
    for (int i = 0; i < program->node_count; i++) {
        const ns_aten_node *node = &program->nodes[i];
        if (node->kind != NS_ATEN_CALL)
            continue;
        if (ns_aten_decomposes(program, node))
            return ns_fail(error, NS_ERROR_INTERNAL, "%s (%s) is not lowered: is the program decomposed?",
                           node->name, ns_aten_text(node));
        if (!node->op->lower)
            return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: the lowering of %s is not known", node->name,
                           ns_aten_text(node));
        NS_TRY(node->op->lower(lowering, i, error));
    }
    for (int i = 0; i < program->output_count; i++)
        NS_TRY(ns_lowering_own(lowering, program->outputs[i], &lowering->plan.outputs[i], error));
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
    lowering.values = NS_ARENA_ARRAY(arena, (size_t)program->node_count, ns_lowered *);
    lowering.plan.inputs = NS_ARENA_ARRAY(arena, (size_t)program->input_count, int);
    lowering.plan.outputs = NS_ARENA_ARRAY(arena, (size_t)program->output_count, int);
    if (!lowering.values || !lowering.plan.inputs || !lowering.plan.outputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the lowered graph");
    NS_TRY(add_steps(&lowering, error));
    return ns_plan_emit(&lowering.plan, graph, error);
}

ns_code ns_lower(const ns_aten_program *program, ns_target target, ns_graph **graph, ns_error *error)
{
    *graph = NULL;
    NS_TRY(ns_lower_supported(program, target, error)); /* a value that is kept off has no quantisation */
    NS_TRY(check_quantisation(program, error));
    ns_arena *arena = ns_arena_new_like(program->arena);
    if (!arena)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the lowered graph");
    ns_aten_program *folded = NULL;
    ns_code code = ns_lower_fold(program, arena, &folded, error);
    if (code == NS_OK)
        code = lower_in(arena, folded, target, graph, error);
    ns_arena_free(arena);
    return code;
}
