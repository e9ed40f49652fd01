/* Writes a plan as a TOSA graph, with the names and the constants that ExecuTorch 1.5.0 gives its own:
 * backends/arm/operators/op_tosa_*.py add the constants in front of each operator, process_node.py the
 * placeholders first. */
#include "lower/plan.h"
#include "quant/interface.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* A CONST_SHAPE that later steps may use too. */
typedef struct shared_shape {
    const ns_step_constant *constant;
    int tensor;
} shared_shape;

typedef struct emitter {
    ns_plan *plan;
    ns_graph *graph;
    ns_block *block;
    int *tensors;            /* step -> tensor of the block */
    bool *used;              /* by step: an output needs it */
    int counts[NS_OP_COUNT]; /* names given so far, by operator */
    shared_shape *shapes;
    int shape_count;
    int *order, order_count; /* the constants that are used */
} emitter;

/* ExecuTorch's name of the FX node behind an operator, as it numbers them: "tosa_reduce_sum_default_1". */
static void make_name(emitter *emit, ns_op op, char *name, size_t size)
{
    int number = emit->counts[op]++;
    char lower[48];
    snprintf(lower, sizeof lower, "%s", ns_op_text(op));
    for (char *c = lower; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    if (number)
        snprintf(name, size, "tosa_%s_default_%d", lower, number);
    else
        snprintf(name, size, "tosa_%s_default", lower);
}

/* A constant named "<owner><suffix>" of `count` elements in one axis. */
static ns_code add_list(emitter *emit, const char *owner, const char *suffix, ns_dtype dtype, int count,
                        const int64_t *values, int *index, ns_error *error)
{
    char name[128];
    snprintf(name, sizeof name, "%s%s", owner, suffix);
    ns_tensor tensor;
    NS_TRY(ns_tensor_new(emit->plan->arena, dtype, 1, (int64_t[]){count}, &tensor, error));
    for (int i = 0; i < count; i++)
        ns_tensor_set(&tensor, (size_t)i, values[i]);
    return ns_block_add_const(emit->graph, emit->block, name, &tensor, index, error);
}

static ns_code add_zero(emitter *emit, const char *owner, const char *suffix, ns_dtype dtype, int *index,
                        ns_error *error)
{
    return add_list(emit, owner, suffix, dtype, 1, (int64_t[]){0}, index, error);
}

static ns_code add_shape(emitter *emit, const ns_step_constant *constant, int *index, ns_error *error)
{
    char name[64];
    make_name(emit, NS_OP_CONST_SHAPE, name, sizeof name);
    return ns_block_add_const_shape(emit->graph, emit->block, name, constant->count, constant->values, index,
                                    error);
}

/* The CONST_SHAPE of an earlier step with the same list, or a new one. */
static ns_code add_shared_shape(emitter *emit, const ns_step_constant *constant, int *tensor, ns_error *error)
{
    for (int i = 0; i < emit->shape_count; i++) {
        const ns_step_constant *other = emit->shapes[i].constant;
        if (other->count == constant->count &&
            !memcmp(other->values, constant->values, (size_t)other->count * sizeof *other->values)) {
            *tensor = emit->shapes[i].tensor;
            return NS_OK;
        }
    }
    NS_TRY(add_shape(emit, constant, tensor, error));
    emit->shapes[emit->shape_count++] = (shared_shape){constant, *tensor};
    return NS_OK;
}

static ns_code add_rescale_constants(emitter *emit, const ns_step *step, const char *name, int *inputs,
                                     ns_error *error)
{
    ns_dtype from = emit->plan->steps[step->inputs[0]].dtype;
    bool scale32 = from != NS_DTYPE_INT48;
    int64_t *multipliers = NS_ARENA_ARRAY(emit->plan->arena, (size_t)step->scale_count, int64_t);
    int64_t *shifts = NS_ARENA_ARRAY(emit->plan->arena, (size_t)step->scale_count, int64_t);
    if (!multipliers || !shifts)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", name);
    for (int i = 0; i < step->scale_count; i++) {
        int32_t multiplier = 0;
        int shift = 0;
        if (ns_quantise_multiplier(step->scales[i], scale32, &multiplier, &shift, error) != NS_OK)
            return ns_add_context(error, "%s, channel %d", name, i);
        multipliers[i] = multiplier;
        shifts[i] = shift;
    }
    NS_TRY(add_list(emit, name, "_multipliers", scale32 ? NS_DTYPE_INT32 : NS_DTYPE_INT16, step->scale_count,
                    multipliers, &inputs[1], error));
    NS_TRY(add_list(emit, name, "_shifts", NS_DTYPE_INT8, step->scale_count, shifts, &inputs[2], error));
    NS_TRY(add_zero(emit, name, "_input_zp", from, &inputs[3], error));
    return add_zero(emit, name, "_output_zp", step->dtype, &inputs[4], error);
}

/* Adds the constants of a step's operator to `inputs` behind the step's own operands. */
static ns_code add_operand_constants(emitter *emit, const ns_step *step, const char *name, int *inputs,
                                     int *input_count, ns_error *error)
{
    if (step->scale_count) {
        NS_TRY(add_rescale_constants(emit, step, name, inputs, error));
        *input_count = 5;
        return NS_OK;
    }
    for (int i = 0; i < step->constant_count; i++) {
        const ns_step_constant *constant = &step->constants[i];
        int *tensor = &inputs[(*input_count)++];
        if (constant->suffix)
            NS_TRY(add_list(emit, name, constant->suffix, constant->dtype, constant->count, constant->values,
                            tensor, error));
        else if (constant->shared)
            NS_TRY(add_shared_shape(emit, constant, tensor, error));
        else
            NS_TRY(add_shape(emit, constant, tensor, error));
    }
    return NS_OK;
}

static ns_code emit_operator(emitter *emit, int index, ns_error *error)
{
    const ns_step *step = &emit->plan->steps[index];
    char name[64];
    make_name(emit, step->op, name, sizeof name);
    int own = step->input_count;
    int *inputs = NS_ARENA_ARRAY(emit->plan->arena, (size_t)own + 5, int);
    if (!inputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", name);
    for (int i = 0; i < own; i++)
        inputs[i] = emit->tensors[step->inputs[i]];
    int input_count = own;
    NS_TRY(add_operand_constants(emit, step, name, inputs, &input_count, error));
    NS_TRY(ns_block_add_tensor(emit->graph, emit->block, name, step->dtype, step->rank, step->shape,
                               &emit->tensors[index], error));
    return ns_block_add_operator(
        emit->graph, emit->block,
        &(ns_operator_parts){step->op, &step->attributes, input_count, inputs, 1, &emit->tensors[index]},
        error);
}

static size_t constant_size(const ns_step *step)
{
    size_t count = 1;
    for (int i = 0; i < step->rank; i++)
        count *= (size_t)step->shape[i];
    return count * (size_t)ns_dtype_bytes(step->dtype);
}

static bool constants_equal(const ns_step *a, const ns_step *b)
{
    return a->dtype == b->dtype && a->rank == b->rank && !memcmp(a->shape, b->shape, sizeof a->shape) &&
           !memcmp(a->data, b->data, constant_size(a));
}

/* Marks what the outputs need. */
static void mark_used(emitter *emit)
{
    const ns_plan *plan = emit->plan;
    for (int i = 0; i < plan->output_count; i++)
        emit->used[plan->outputs[i]] = true;
    /* A step's inputs were made before it, so one walk down the indices is enough. */
    for (int i = plan->step_count - 1; i >= 0; i--)
        for (int j = 0; emit->used[i] && j < plan->steps[i].input_count; j++)
            emit->used[plan->steps[i].inputs[j]] = true;
}

/* The constants that are used, in the order of their groups; `order` has room for every step. */
static int order_constants(const emitter *emit, int *order)
{
    const ns_plan *plan = emit->plan;
    int count = 0;
    for (int group = 0; group < NS_CONSTANT_GROUP_COUNT; group++)
        for (int i = plan->first; i >= 0; i = plan->steps[i].next)
            if (plan->steps[i].kind == NS_STEP_CONSTANT && plan->steps[i].group == (ns_constant_group)group &&
                emit->used[i])
                order[count++] = i;
    return count;
}

/* Activations' constants stand in front of the rescale that reads them; weights, biases and tables in front
 * of everything. */
static bool stands_in_list(const ns_step *step)
{
    return step->group == NS_CONSTANT_PARAMETER && step->dtype == NS_DTYPE_INT16;
}

/* Emits a constant, or shares the tensor of an equal one that stands before it in `order`. */
static ns_code emit_constant(emitter *emit, int index, ns_error *error)
{
    const ns_plan *plan = emit->plan;
    const ns_step *step = &plan->steps[index];
    int place = 0, twins = 0;
    while (emit->order[place] != index)
        place++;
    for (int i = 0; i < emit->order_count; i++) {
        if (i == place || !constants_equal(step, &plan->steps[emit->order[i]]))
            continue;
        twins++;
        if (i < place) {
            emit->tensors[index] = emit->tensors[emit->order[i]];
            return NS_OK;
        }
    }
    char name[128];
    snprintf(name, sizeof name, "%s%s", step->name, twins ? "_common" : "");
    ns_tensor value = {.dtype = step->dtype, .rank = step->rank, .data = (void *)step->data};
    memcpy(value.shape, step->shape, sizeof value.shape);
    return ns_block_add_const(emit->graph, emit->block, name, &value, &emit->tensors[index], error);
}

static ns_code emit_constants(emitter *emit, ns_error *error)
{
    ns_plan *plan = emit->plan;
    emit->order = NS_ARENA_ARRAY(plan->arena, (size_t)plan->step_count, int);
    if (!emit->order)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the lowered graph");
    emit->order_count = order_constants(emit, emit->order);
    for (int i = 0; i < emit->order_count; i++)
        if (!stands_in_list(&plan->steps[emit->order[i]]))
            NS_TRY(emit_constant(emit, emit->order[i], error));
    return NS_OK;
}

static ns_code emit_all(emitter *emit, ns_error *error)
{
    ns_plan *plan = emit->plan;
    mark_used(emit);
    NS_TRY(emit_constants(emit, error));
    for (int i = 0; i < plan->input_count; i++) {
        const ns_step *step = &plan->steps[plan->inputs[i]];
        NS_TRY(ns_block_add_tensor(emit->graph, emit->block, step->name, step->dtype, step->rank, step->shape,
                                   &emit->tensors[plan->inputs[i]], error));
    }
    for (int i = plan->first; i >= 0; i = plan->steps[i].next)
        if (plan->steps[i].kind == NS_STEP_OPERATOR && emit->used[i])
            NS_TRY(emit_operator(emit, i, error));
        else if (plan->steps[i].kind == NS_STEP_CONSTANT && emit->used[i] && stands_in_list(&plan->steps[i]))
            NS_TRY(emit_constant(emit, i, error));
    int most = plan->input_count > plan->output_count ? plan->input_count : plan->output_count;
    int *indices = NS_ARENA_ARRAY(plan->arena, (size_t)most, int);
    if (!indices)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the lowered graph");
    for (int i = 0; i < plan->input_count; i++)
        indices[i] = emit->tensors[plan->inputs[i]];
    NS_TRY(ns_block_set_inputs(emit->graph, emit->block, plan->input_count, indices, error));
    for (int i = 0; i < plan->output_count; i++)
        indices[i] = emit->tensors[plan->outputs[i]];
    return ns_block_set_outputs(emit->graph, emit->block, plan->output_count, indices, error);
}

ns_code ns_plan_emit(ns_plan *plan, ns_graph **graph, ns_error *error)
{
    *graph = NULL;
    emitter emit = {.plan = plan};
    emit.tensors = NS_ARENA_ARRAY(plan->arena, (size_t)plan->step_count, int);
    emit.shapes = NS_ARENA_ARRAY(plan->arena, (size_t)plan->step_count, shared_shape);
    emit.used = NS_ARENA_ARRAY(plan->arena, (size_t)plan->step_count, bool);
    if (!emit.tensors || !emit.shapes || !emit.used)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the lowered graph");
    NS_TRY(ns_graph_new(&emit.graph, error));
    emit.block = &emit.graph->regions[0].blocks[0];
    ns_code code = emit_all(&emit, error);
    if (code != NS_OK)
        ns_graph_free(emit.graph);
    else
        *graph = emit.graph;
    return code;
}
