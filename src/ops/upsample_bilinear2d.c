/* upsample_bilinear2d: [n, c, h, w] sampled between its elements at other sizes of h and w: RESIZE to INT48,
 * RESCALE by 1 / (numerator_y * numerator_x); the result takes the operand's scale (families/resize.h).
 * Ethos-U55 has none. */
#include <math.h>

#include "ops/cases.h"
#include "ops/families/movement.h"

enum { INPUT, OUTPUT_SIZE, ALIGN_CORNERS, SCALE_FACTORS };

static void axes_of(const ns_aten_node *node, const ns_aten_node *input, ns_resize_axis axes[2])
{
    const ns_resize_centres centres =
        node->attributes[ALIGN_CORNERS].integer ? NS_RESIZE_CORNERS : NS_RESIZE_HALVES;
    for (int i = 0; i < 2; i++)
        axes[i] = ns_resize_ratio(input->shape[2 + i], node->shape[2 + i], centres);
}

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    return ns_resize_infer(program, node, &node->attributes[OUTPUT_SIZE], &node->attributes[SCALE_FACTORS],
                           error);
}

/* The elements around a position, held inside the axis, and the part of the second. */
static void around(const ns_resize_axis *axis, int64_t at, int64_t places[2], double *part)
{
    const double position =
        fmax((double)(at * axis->denominator + axis->offset) / (double)axis->numerator, 0);
    places[0] = (int64_t)fmin(floor(position), (double)(axis->in - 1));
    places[1] = places[0] + 1 < axis->in ? places[0] + 1 : places[0];
    *part = position - floor(position);
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    ns_resize_axis axes[2];
    const double *plane = operands->values[0];
    axes_of(node, operands->nodes[0], axes);
    for (int64_t k = 0; k < node->shape[0] * node->shape[1]; k++, plane += axes[0].in * axes[1].in)
        for (int64_t y = 0; y < axes[0].out; y++)
            for (int64_t x = 0; x < axes[1].out; x++) {
                int64_t rows[2], columns[2];
                double down, right;
                NS_TRY(ns_aten_check_time_at(operands, (size_t)x, error));
                around(&axes[0], y, rows, &down);
                around(&axes[1], x, columns, &right);
                const double *top = plane + rows[0] * axes[1].in, *bottom = plane + rows[1] * axes[1].in;
                *out++ = (1 - down) * ((1 - right) * top[columns[0]] + right * top[columns[1]]) +
                         down * ((1 - right) * bottom[columns[0]] + right * bottom[columns[1]]);
            }
    return NS_OK;
}

static ns_code supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                         ns_error *error)
{
    (void)program;
    return target == NS_TARGET_U55 ? ns_keep_off(node, target, error, "Op is not supported on U55.") : NS_OK;
}

static ns_code lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    ns_resize_axis axes[2];
    ns_layout layout;
    int step = 0;
    axes_of(result, ns_aten_operand(lowering->program, result, 0), axes);
    NS_TRY(ns_resize_step(lowering, node, axes, false, &step, error));
    const double scale = 1 / (double)(axes[0].numerator * axes[1].numerator);
    NS_TRY(ns_plan_rescale(&lowering->plan, step, NS_DTYPE_INT16, 1, &scale, NS_PLAN_END, &step, error));
    ns_resize_reads(lowering, node, 0, &layout);
    return ns_lowering_set(lowering, node, &layout, step, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "double",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 5, 5), {"output_size", NS_LIST(2, 10, 10)})},
    {NS_LIST_SEED, "aligned",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 5, 5), {"output_size", NS_LIST(2, 9, 9)},
              {"align_corners", NS_BOOL(true)})},
};

const ns_aten_operator ns_aten_op_upsample_bilinear2d = {
    .name = "upsample_bilinear2d",
    .aten = "aten.upsample_bilinear2d.vec",
    NS_PARAMETERS({"input", NS_ATEN_TENSOR}, {"output_size", NS_ATEN_INTS}, {"align_corners", NS_ATEN_BOOL},
                  {"scale_factors", NS_ATEN_REALS, .otherwise = NS_ABSENT}),
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .annotation = NS_ANNOTATION_RESULT_AS_OPERAND,
    .supported = supported,
    .lower = lower,
    .reads = ns_resize_reads,
    .catalogue = NS_CALL_CATALOGUE(POOL, cases),
};
