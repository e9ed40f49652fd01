#include "lower/lowering.h"

#include <math.h>
#include <string.h>

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for the lowered graph");
}

ns_code ns_lowering_set(ns_lowering *lowering, int node, const ns_layout *layout, int step, ns_error *error)
{
    ns_lowered **end = &lowering->values[node];
    while (*end)
        end = &(*end)->next;
    *end = NS_ARENA_NEW(lowering->arena, ns_lowered);
    if (!*end)
        return no_memory(error);
    **end = (ns_lowered){.layout = *layout, .step = step};
    return NS_OK;
}

ns_code ns_lowering_set_own(ns_lowering *lowering, int node, int step, ns_error *error)
{
    const ns_layout own = ns_layout_own(lowering->program->nodes[node].rank);
    return ns_lowering_set(lowering, node, &own, step, error);
}

/* What it takes to come from one layout to another: a view is cheap, a transpose is not. */
static int distance(const ns_layout *from, const ns_layout *to, const int64_t *own)
{
    const ns_layout bare_from = ns_layout_bare(from), bare_to = ns_layout_bare(to);
    if (ns_layout_equal(from, to))
        return 0;
    if (ns_layout_is_view(from, to, own))
        return 1;
    return 10 + (bare_from.rank != from->rank) + (bare_to.rank != to->rank);
}

static const ns_lowered *nearest(const ns_lowering *lowering, int node, const ns_layout *wanted)
{
    const int64_t *own = lowering->program->nodes[node].shape;
    const ns_lowered *best = lowering->values[node];
    for (const ns_lowered *value = best; value; value = value->next)
        if (distance(&value->layout, wanted, own) < distance(&best->layout, wanted, own))
            best = value;
    return best;
}

/* Ethos-U55 transposes at most this many elements of an axis. */
#define MAX_TRANSPOSE_U55 65536

/* TRANSPOSE; on U55 in parts of the axis `axis` and those behind it that move, where one is too long
 * (DecomposePermuteForU55Pass). */
static ns_code transpose(ns_lowering *lowering, int input, const int32_t *perms, int axis, int *step,
                         ns_error *error)
{
    const int rank = lowering->plan.steps[input].rank;
    if (lowering->target != NS_TARGET_U55 || axis >= rank)
        return ns_plan_transpose(&lowering->plan, input, perms, NS_PLAN_END, step, error);
    const int64_t size = lowering->plan.steps[input].shape[axis];
    if (size <= MAX_TRANSPOSE_U55 || perms[axis] == axis)
        return transpose(lowering, input, perms, axis + 1, step, error);
    int count = (int)((size + MAX_TRANSPOSE_U55 - 1) / MAX_TRANSPOSE_U55), to = 0;
    int *parts = NS_ARENA_ARRAY(lowering->arena, (size_t)count, int);
    if (!parts)
        return no_memory(error);
    for (int i = 0; i < count; i++) {
        int64_t start = (int64_t)i * MAX_TRANSPOSE_U55;
        int64_t part = size - start < MAX_TRANSPOSE_U55 ? size - start : MAX_TRANSPOSE_U55;
        NS_TRY(ns_plan_slice(&lowering->plan, input, axis, start, part, NS_PLAN_END, &parts[i], error));
        NS_TRY(transpose(lowering, parts[i], perms, axis + 1, &parts[i], error));
    }
    while (perms[to] != axis)
        to++;
    return ns_plan_concat(&lowering->plan, count, parts, to, NS_PLAN_END, step, error);
}

/* One step of the way from a value's layout to `to`: a view all the way where that is enough; else the axes
 * of 1 go first, and then the others move. */
static ns_code approach(ns_lowering *lowering, int node, const ns_lowered *from, const ns_layout *to,
                        ns_error *error)
{
    const int64_t *own = lowering->program->nodes[node].shape;
    const ns_layout bare_from = ns_layout_bare(&from->layout), bare_to = ns_layout_bare(to);
    const bool view = ns_layout_is_view(&from->layout, to, own);
    const bool stripped = bare_from.rank == from->layout.rank;
    const ns_layout *next = view ? to : stripped ? &bare_to : &bare_from;
    int64_t shape[NS_MAX_RANK];
    int step = 0;
    if (view || !stripped) {
        ns_layout_shape(next, own, shape);
        NS_TRY(ns_plan_reshape(&lowering->plan, from->step, next->rank, shape, NS_PLAN_END, &step, error));
        return ns_lowering_set(lowering, node, next, step, error);
    }
    int32_t perms[NS_MAX_RANK];
    for (int i = 0; i < next->rank; i++)
        for (int j = 0; j < from->layout.rank; j++)
            if (from->layout.axes[j] == next->axes[i])
                perms[i] = j;
    NS_TRY(transpose(lowering, from->step, perms, 0, &step, error));
    return ns_lowering_set(lowering, node, next, step, error);
}

ns_code ns_lowering_value(ns_lowering *lowering, int node, const ns_layout *layout, int *step,
                          ns_error *error)
{
    const ns_aten_node *self = &lowering->program->nodes[node];
    if (ns_layout_bare(layout).rank != self->rank)
        return ns_fail(error, NS_ERROR_INTERNAL, "%s has rank %d, its layout is for another", self->name,
                       self->rank);
    for (;;) {
        const ns_lowered *from = nearest(lowering, node, layout);
        if (!from)
            return ns_fail(error, NS_ERROR_INTERNAL, "%s has no value", self->name);
        *step = from->step;
        if (ns_layout_equal(&from->layout, layout))
            return NS_OK;
        NS_TRY(approach(lowering, node, from, layout, error));
    }
}

ns_code ns_lowering_own(ns_lowering *lowering, int node, int *step, ns_error *error)
{
    const ns_layout own = ns_layout_own(lowering->program->nodes[node].rank);
    return ns_lowering_value(lowering, node, &own, step, error);
}

/* The layout, without axes of 1, in which `user` reads its operand `index`. */
static ns_layout reader_layout(const ns_lowering *lowering, int user, int index)
{
    const ns_aten_node *node = &lowering->program->nodes[user];
    ns_layout layout = ns_layout_own(ns_aten_operand(lowering->program, node, index)->rank);
    if (node->op->reads)
        node->op->reads(lowering, user, index, &layout);
    return ns_layout_bare(&layout);
}

void ns_lowering_writes(const ns_lowering *lowering, int node, ns_layout *layout)
{
    const ns_aten_program *program = lowering->program;
    const ns_layout own = ns_layout_own(program->nodes[node].rank);
    bool read = false;
    *layout = own;
    for (int i = 0; i < program->output_count; i++)
        if (program->outputs[i] == node)
            return;
    for (int i = node + 1; i < program->node_count; i++) {
        const ns_aten_node *user = &program->nodes[i];
        for (int j = 0; j < user->input_count; j++) {
            if (user->inputs[j] != node)
                continue;
            const ns_layout wanted = reader_layout(lowering, i, j);
            if (read && !ns_layout_equal(&wanted, layout)) {
                *layout = own;
                return;
            }
            *layout = wanted;
            read = true;
        }
    }
    if (ns_layout_is_view(layout, &own, program->nodes[node].shape))
        *layout = own;
}

void ns_lowering_reads_as_written(const ns_lowering *lowering, int node, int operand, ns_layout *layout)
{
    (void)operand;
    ns_lowering_writes(lowering, node, layout);
}

ns_dtype ns_lowering_dtype(const ns_lowering *lowering, int node)
{
    const ns_aten_node *self = &lowering->program->nodes[node];
    return self->quantisation.present ? self->quantisation.dtype : self->dtype;
}

double ns_lowering_scale(const ns_lowering *lowering, int node)
{
    return (double)lowering->program->nodes[node].quantisation.scales[0];
}

/* The INT32 value that `step` narrows to INT16 with `scale`, where it is an operator's own narrowing. */
static bool narrowed_from(const ns_plan *plan, int step, int *source, double *scale)
{
    const ns_step *narrow = &plan->steps[step];
    if (narrow->kind != NS_STEP_OPERATOR || narrow->op != NS_OP_RESCALE || narrow->scale_count != 1)
        return false;
    const ns_step *wide = &plan->steps[narrow->inputs[0]];
    /* RESCALE behind TABLE and convolutions is made by later passes. */
    if (wide->dtype != NS_DTYPE_INT32 || wide->op == NS_OP_TABLE)
        return false;
    *source = narrow->inputs[0];
    *scale = narrow->scales[0];
    return true;
}

/* The RESCALE that narrows a node's value from a convolution's accumulator in [n, h, w, c], or -1. */
static int narrowed_accumulator(const ns_lowering *lowering, int node)
{
    const ns_lowered *value = lowering->values[node];
    if (!value || value->layout.rank != 4 || ns_layout_bare(&value->layout).rank != 4)
        return -1;
    const ns_step *narrow = &lowering->plan.steps[value->step];
    if (narrow->kind != NS_STEP_OPERATOR || narrow->op != NS_OP_RESCALE)
        return -1;
    const ns_step *wide = &lowering->plan.steps[narrow->inputs[0]];
    const bool convolves = wide->op == NS_OP_CONV2D || wide->op == NS_OP_DEPTHWISE_CONV2D;
    return convolves && wide->dtype == NS_DTYPE_INT48 ? value->step : -1;
}

/* A reader that wants INT32 has it from the accumulator, with both scales in one RESCALE; the value changes
 * its layout after it (rewrite_conv_pass.py, _insert_a16w8_output_branches, of ExecuTorch 1.5.1). */
static ns_code widen_accumulator(ns_lowering *lowering, int node, int narrow, double factor, int *step,
                                 ns_error *error)
{
    ns_plan *plan = &lowering->plan;
    const int count = plan->steps[narrow].scale_count, accumulator = plan->steps[narrow].inputs[0];
    const ns_layout *layout = &lowering->values[node]->layout;
    double *scales = NS_ARENA_ARRAY(lowering->arena, (size_t)count, double);
    int32_t perms[NS_MAX_RANK] = {0};
    if (!scales)
        return no_memory(error);
    for (int i = 0; i < count; i++)
        scales[i] = plan->steps[narrow].scales[i] * factor;
    NS_TRY(ns_plan_rescale(plan, accumulator, NS_DTYPE_INT32, count, scales, narrow, step, error));
    for (int i = 0; i < layout->rank; i++)
        perms[layout->axes[i]] = i;
    return ns_plan_transpose(plan, *step, perms, *step, step, error);
}

ns_code ns_lowering_int32(ns_lowering *lowering, int operand, double scale, int *step, ns_error *error)
{
    const int narrow = narrowed_accumulator(lowering, operand);
    if (narrow >= 0)
        return widen_accumulator(lowering, operand, narrow, ns_lowering_scale(lowering, operand) / scale,
                                 step, error);
    int input = 0, source = 0;
    NS_TRY(ns_lowering_own(lowering, operand, &input, error));
    double factor = ns_lowering_scale(lowering, operand) / scale, narrowing = 0;
    /* Narrowing and widening that undo each other go (FuseConsecutiveRescalesPass, its tolerance). */
    if (narrowed_from(&lowering->plan, input, &source, &narrowing) && fabs(narrowing * factor - 1) < 1e-6) {
        *step = source;
        return NS_OK;
    }
    /* A call of full stands in front of its reader, and its RESCALE behind it, when it is computed
     * beforehand. */
    const int after = lowering->program->nodes[operand].filled ? NS_PLAN_END : input;
    return ns_plan_rescale(&lowering->plan, input, NS_DTYPE_INT32, 1, &factor, after, step, error);
}
