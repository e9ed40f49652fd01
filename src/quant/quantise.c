/* The plan of ExecuTorch 1.5.0's quantiser (backends/arm/quantizer: quantization_annotator.py,
 * arm_quantizer_utils.py SharedQspecQuantizer, quantization_config.py) on a decomposed program:
 * every real result and operand has a 16-bit histogram observer, and operators say which of them share one
 * (ns_annotation); weights have min-max observers of 8 bits; a bias takes the product of its convolution's
 * scales. */
#include "quant/interface.h"

#include "ir/operator.h"

#include "ir/interface.h"
#include "quant/internal.h"

/* What a node's value is to the quantiser. */
typedef enum ns_role { NS_ROLE_ACTIVATION, NS_ROLE_WEIGHT, NS_ROLE_BIAS, NS_ROLE_NONE } ns_role;

typedef struct ns_plan {
    const ns_quantise_options *options;
    ns_arena *scratch;
    ns_role *roles;
    int *convolutions; /* WEIGHT, BIAS: the node that uses it */
    int *groups;   /* ACTIVATION: an earlier node of its group of shared observers; itself: it is the first */
    double *fixed; /* by first node of a group: the scale that an operator fixes; 0: observed */
    ns_histogram_observer *observers;
} ns_plan;

static ns_code out_of_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "out of memory for the quantiser");
}

static ns_code plan_convolution(ns_plan *plan, const ns_aten_program *program, int n, ns_error *error)
{
    const ns_aten_node *node = &program->nodes[n];
    for (int i = 1; i < node->input_count; i++) {
        int operand = node->inputs[i];
        if (operand < 0 || (i != node->op->weight && i != node->op->bias))
            continue;
        if (program->nodes[operand].kind != NS_ATEN_PARAMETER)
            return ns_fail(error, NS_ERROR_UNSUPPORTED,
                           "%s: the %s must be a parameter of the program, it is %s", node->name,
                           i == node->op->weight ? "weight" : "bias", program->nodes[operand].name);
        if (plan->convolutions[operand] >= 0)
            return ns_fail(error, NS_ERROR_UNSUPPORTED,
                           "%s: parameter %s already belongs to %s; add a copy for each user", node->name,
                           program->nodes[operand].name, program->nodes[plan->convolutions[operand]].name);
        plan->roles[operand] = i == node->op->weight ? NS_ROLE_WEIGHT : NS_ROLE_BIAS;
        plan->convolutions[operand] = n;
    }
    return NS_OK;
}

/* The first node of the group that `n` belongs to. */
static int group_of(const ns_plan *plan, int n)
{
    while (plan->groups[n] != n)
        n = plan->groups[n];
    return n;
}

/* Puts the groups of two nodes together, if both have scales. */
static void join(ns_plan *plan, const ns_aten_program *program, int a, int b)
{
    if (a < 0 || b < 0 || program->nodes[a].dtype != NS_DTYPE_FP32 ||
        program->nodes[b].dtype != NS_DTYPE_FP32)
        return;
    const int first = group_of(plan, a), second = group_of(plan, b);
    plan->groups[first > second ? first : second] = first < second ? first : second;
}

static ns_code share(ns_plan *plan, const ns_aten_program *program, int n, ns_error *error)
{
    const ns_aten_node *node = &program->nodes[n];
    switch (node->op->annotation) {
    case NS_ANNOTATION_SHARED:
        for (int i = 0; i < node->input_count; i++)
            join(plan, program, n, node->inputs[i]);
        return NS_OK;
    case NS_ANNOTATION_RESULT_AS_OPERAND:
        join(plan, program, n, node->inputs[0]);
        return NS_OK;
    case NS_ANNOTATION_OPERANDS_ALIKE:
        for (int i = 1; i < node->input_count; i++)
            join(plan, program, node->inputs[0], node->inputs[i]);
        return NS_OK;
    case NS_ANNOTATION_NONE:
        plan->roles[n] = NS_ROLE_NONE;
        return NS_OK;
    case NS_ANNOTATION_OWN:
    case NS_ANNOTATION_FLOAT:
        return NS_OK;
    case NS_ANNOTATION_UNKNOWN:
        break;
    }
    return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: how ExecuTorch quantises %s is not known", node->name,
                   ns_aten_text(node));
}

static ns_code plan_call(ns_plan *plan, const ns_aten_program *program, int n, ns_error *error)
{
    const ns_aten_node *node = &program->nodes[n];
    if (ns_aten_decomposes(program, node))
        return ns_fail(error, NS_ERROR_INPUT, "%s: decompose %s before the program is quantised", node->name,
                       ns_aten_text(node));
    NS_TRY(share(plan, program, n, error));
    if (node->op->input_scale > 0)
        plan->fixed[group_of(plan, node->inputs[0])] = node->op->input_scale;
    return node->op->weight || node->op->bias ? plan_convolution(plan, program, n, error) : NS_OK;
}

/* A weight or bias has one user. */
static ns_code check_users(const ns_plan *plan, const ns_aten_program *program, int n, ns_error *error)
{
    for (int i = 0; i < program->nodes[n].input_count; i++) {
        int operand = program->nodes[n].inputs[i];
        if (operand >= 0 && plan->convolutions[operand] >= 0 && plan->convolutions[operand] != n)
            return ns_fail(error, NS_ERROR_UNSUPPORTED,
                           "%s: parameter %s is a weight or bias of %s; add a copy for each user",
                           program->nodes[n].name, program->nodes[operand].name,
                           program->nodes[plan->convolutions[operand]].name);
    }
    return NS_OK;
}

/* Whether call `node` gives its operands and its result observers of its own; one that shares takes its
 * neighbours'. */
static bool annotates(const ns_aten_node *node)
{
    return node->kind == NS_ATEN_CALL && node->op->annotation != NS_ANNOTATION_FLOAT &&
           node->op->annotation != NS_ANNOTATION_SHARED && node->op->annotation != NS_ANNOTATION_NONE;
}

/* What nobody annotates stays float: the program's inputs and outputs are always annotated. */
static ns_code leave_float(ns_plan *plan, const ns_aten_program *program, ns_error *error)
{
    bool *annotated = NS_ARENA_ARRAY(plan->scratch, (size_t)program->node_count, bool);
    if (!annotated)
        return out_of_memory(error);
    for (int n = 0; n < program->node_count; n++) {
        const ns_aten_node *node = &program->nodes[n];
        if (node->kind == NS_ATEN_INPUT || annotates(node))
            annotated[group_of(plan, n)] = true;
        for (int i = 0; annotates(node) && i < node->input_count; i++)
            if (node->inputs[i] >= 0)
                annotated[group_of(plan, node->inputs[i])] = true;
    }
    for (int i = 0; i < program->output_count; i++)
        annotated[group_of(plan, program->outputs[i])] = true;
    for (int n = 0; n < program->node_count; n++)
        if (plan->roles[n] == NS_ROLE_ACTIVATION && !annotated[group_of(plan, n)])
            plan->roles[n] = NS_ROLE_NONE;
    return NS_OK;
}

static ns_code make_plan(ns_plan *plan, const ns_aten_program *program, ns_error *error)
{
    size_t count = (size_t)program->node_count;
    plan->roles = NS_ARENA_ARRAY(plan->scratch, count, ns_role);
    plan->convolutions = NS_ARENA_ARRAY(plan->scratch, count, int);
    plan->groups = NS_ARENA_ARRAY(plan->scratch, count, int);
    plan->fixed = NS_ARENA_ARRAY(plan->scratch, count, double);
    plan->observers = NS_ARENA_ARRAY(plan->scratch, count, ns_histogram_observer);
    if (!plan->roles || !plan->convolutions || !plan->groups || !plan->fixed || !plan->observers)
        return out_of_memory(error);
    for (int n = 0; n < program->node_count; n++) {
        plan->roles[n] = program->nodes[n].dtype == NS_DTYPE_FP32 ? NS_ROLE_ACTIVATION : NS_ROLE_NONE;
        plan->convolutions[n] = -1;
        plan->groups[n] = n;
    }
    for (int n = 0; n < program->node_count; n++)
        if (program->nodes[n].kind == NS_ATEN_CALL)
            NS_TRY(plan_call(plan, program, n, error));
    for (int n = 0; n < program->node_count; n++)
        NS_TRY(check_users(plan, program, n, error));
    return leave_float(plan, program, error);
}

static ns_code observe(ns_plan *plan, const ns_aten_program *program, const ns_tensor *inputs,
                       ns_arena *arena, ns_error *error)
{
    double **values = NULL;
    NS_TRY(ns_aten_evaluate(program, NS_ATEN_FLOAT32, inputs, arena, &values, error));
    for (int n = 0; n < program->node_count; n++) {
        const ns_aten_node *node = &program->nodes[n];
        if (plan->roles[n] != NS_ROLE_ACTIVATION)
            continue;
        size_t count = ns_aten_count(node);
        float *rounded = NS_ARENA_ARRAY(arena, count, float);
        if (!rounded)
            return out_of_memory(error);
        for (size_t i = 0; i < count; i++)
            rounded[i] = (float)values[n][i];
        ns_histogram_observer *observer = &plan->observers[group_of(plan, n)];
        if (!observer->histogram)
            NS_TRY(ns_histogram_new(plan->scratch, observer, error));
        if (ns_histogram_observe(observer, rounded, count, error) != NS_OK)
            return ns_add_context(error, "calibrating %s", node->name);
    }
    return NS_OK;
}

static ns_code set_scales(ns_aten_program *program, int n, ns_dtype dtype, int64_t qmax, int axis, int count,
                          ns_error *error)
{
    ns_quantisation *quantisation = &program->nodes[n].quantisation;
    *quantisation = (ns_quantisation){
        .present = true, .dtype = dtype, .qmin = -qmax, .qmax = qmax, .axis = axis, .count = count};
    quantisation->scales = NS_ARENA_ARRAY(program->arena, (size_t)count, float);
    return quantisation->scales ? NS_OK : out_of_memory(error);
}

static ns_code scale_activation(const ns_plan *plan, ns_aten_program *program, int n, ns_error *error)
{
    NS_TRY(set_scales(program, n, NS_DTYPE_INT16, 32767, -1, 1, error));
    float low = 0, high = 0;
    float epsilon = (float)plan->options->epsilon;
    const double fixed = plan->fixed[group_of(plan, n)];
    /* torchao's default for an observer that saw nothing finite is 1. */
    bool seen = ns_histogram_range(&plan->observers[group_of(plan, n)], &low, &high);
    program->nodes[n].quantisation.scales[0] = fixed > 0 ? (float)fixed
                                               : seen    ? ns_symmetric_scale(low, high, 32767, epsilon)
                                                         : 1;
    return NS_OK;
}

/* The values of a weight with axis `axis` in front. */
static ns_code by_channel(const ns_plan *plan, const ns_aten_node *node, int axis, const float **out,
                          ns_error *error)
{
    const int64_t outer = axis ? node->shape[0] : 1, channels = node->shape[axis];
    const int64_t count = (int64_t)ns_aten_count(node), inner = count / (count ? outer * channels : 1);
    float *values = NS_ARENA_ARRAY(plan->scratch, (size_t)count, float);
    *out = node->data;
    if (axis == 0)
        return NS_OK;
    if (!values)
        return out_of_memory(error);
    for (int64_t i = 0; i < count; i++)
        values[(i / inner % channels * outer + i / inner / channels) * inner + i % inner] = node->data[i];
    *out = values;
    return NS_OK;
}

/* Epsilon of weights: get_symmetric_a16w8_quantization_config passes none on to
 * get_symmetric_quantization_config, whose default is 2^-16. */
static ns_code scale_weight(const ns_plan *plan, ns_aten_program *program, int n, ns_error *error)
{
    const ns_aten_node *node = &program->nodes[n];
    const ns_aten_node *convolution = &program->nodes[plan->convolutions[n]];
    const int axis = convolution->op->weight_axis;
    /* ExecuTorch 1.5.1 then has a scale for each input channel (_adjust_weight_qspec_for_conv_transpose in
     * quantization_annotator.py), and no scales for a bias. */
    if (plan->options->per_channel && axis == 1 && node->shape[axis] != convolution->shape[1])
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "%s: a transposed convolution of several groups with scales per channel is not "
                       "quantised; per tensor it is",
                       convolution->name);
    int channels = plan->options->per_channel ? (int)node->shape[axis] : 1;
    const float *values = NULL;
    NS_TRY(
        set_scales(program, n, NS_DTYPE_INT8, 127, plan->options->per_channel ? axis : -1, channels, error));
    NS_TRY(by_channel(plan, node, axis, &values, error));
    size_t per_channel = channels ? ns_aten_count(node) / (size_t)channels : 0;
    ns_min_max_scales(values, (size_t)channels, per_channel, 127, 0x1p-16f, node->quantisation.scales);
    return NS_OK;
}

static ns_code scale_bias(const ns_plan *plan, ns_aten_program *program, int n, ns_error *error)
{
    const ns_aten_node *convolution = &program->nodes[plan->convolutions[n]];
    const ns_quantisation *input = &program->nodes[convolution->inputs[0]].quantisation;
    const ns_quantisation *weight =
        &program->nodes[convolution->inputs[convolution->op->weight]].quantisation;
    NS_TRY(
        set_scales(program, n, NS_DTYPE_INT32, INT32_MAX, weight->axis < 0 ? -1 : 0, weight->count, error));
    for (int i = 0; i < weight->count; i++)
        program->nodes[n].quantisation.scales[i] = input->scales[0] * weight->scales[i];
    return NS_OK;
}

static ns_code freeze_parameter(ns_aten_program *program, int n, ns_error *error)
{
    ns_aten_node *node = &program->nodes[n];
    int32_t *integers = NS_ARENA_ARRAY(program->arena, ns_aten_count(node), int32_t);
    if (!integers)
        return out_of_memory(error);
    node->quantised = integers;
    return ns_quantise_values(&node->quantisation, node->rank, node->shape, node->data, integers, error);
}

static ns_code quantise(ns_plan *plan, ns_aten_program *program, int sample_count, const ns_tensor *samples,
                        ns_error *error)
{
    NS_TRY(make_plan(plan, program, error));
    for (int s = 0; s < sample_count; s++) {
        ns_arena *arena = ns_arena_new_like(program->arena);
        if (!arena)
            return out_of_memory(error);
        ns_code code =
            observe(plan, program, samples + (size_t)s * (size_t)program->input_count, arena, error);
        ns_arena_free(arena);
        if (code != NS_OK && sample_count > 1)
            return ns_add_context(error, "sample %d", s);
        NS_TRY(code);
    }
    for (int role = NS_ROLE_ACTIVATION; role <= NS_ROLE_BIAS; role++) {
        for (int n = 0; n < program->node_count; n++) {
            if ((int)plan->roles[n] != role)
                continue;
            if (role == NS_ROLE_ACTIVATION)
                NS_TRY(scale_activation(plan, program, n, error));
            else if (role == NS_ROLE_WEIGHT)
                NS_TRY(scale_weight(plan, program, n, error));
            else
                NS_TRY(scale_bias(plan, program, n, error));
            if (program->nodes[n].kind == NS_ATEN_PARAMETER)
                NS_TRY(freeze_parameter(program, n, error));
        }
    }
    return NS_OK;
}

ns_code ns_quantise_program(ns_aten_program *program, const ns_quantise_options *options, int sample_count,
                            const ns_tensor *samples, ns_error *error)
{
    if (!(options->epsilon > 0) || !((float)options->epsilon > 0))
        return ns_fail(error, NS_ERROR_INPUT, "epsilon %g must be above 0", options->epsilon);
    if (sample_count < 1)
        return ns_fail(error, NS_ERROR_INPUT, "calibration needs at least one sample");
    ns_plan plan = {.options = options, .scratch = ns_arena_new_like(program->arena)};
    if (!plan.scratch)
        return out_of_memory(error);
    ns_code code = quantise(&plan, program, sample_count, samples, error);
    ns_arena_free(plan.scratch);
    return code;
}
