/* upsample_nearest2d: element [floor(y * h / H), floor(x * w / W)] of [n, c, h, w]: RESIZE on INT16, no
 * RESCALE (families/resize.h). Ethos-U55: batch 1, and 2, 4 or 8 times both ways. */
#include "ops/cases.h"
#include "ops/families/movement.h"

enum { INPUT, OUTPUT_SIZE, SCALE_FACTORS };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    return ns_resize_infer(program, node, &node->attributes[OUTPUT_SIZE], &node->attributes[SCALE_FACTORS],
                           error);
}

static bool source(const ns_aten_program *program, const ns_aten_node *node, size_t element, int *operand,
                   int64_t *from)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    int64_t at[NS_MAX_RANK] = {0};
    ns_coordinates(node, element, at);
    for (int i = 2; i < 4; i++)
        at[i] = at[i] * input->shape[i] / node->shape[i];
    *operand = 0;
    *from = ns_broadcast_element(input, input->rank, at);
    return true;
}

static ns_code supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                         ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    const int64_t times = node->shape[2] / input->shape[2];
    const bool even = node->shape[2] == times * input->shape[2] && node->shape[3] == times * input->shape[3];
    if (target != NS_TARGET_U55 || (input->shape[0] == 1 && even && (times == 2 || times == 4 || times == 8)))
        return NS_OK;
    return ns_keep_off(node, target, error, "U55 nearest-neighbor resize requires %s.",
                       input->shape[0] == 1 ? "equal 2x, 4x, or 8x scale factors" : "batch size 1");
}

static ns_code lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    const ns_aten_node *input = ns_aten_operand(lowering->program, result, 0);
    ns_resize_axis axes[2];
    ns_layout layout;
    int step = 0;
    for (int i = 0; i < 2; i++)
        axes[i] = ns_resize_ratio(input->shape[2 + i], result->shape[2 + i], NS_RESIZE_FLOOR);
    NS_TRY(ns_resize_step(lowering, node, axes, true, &step, error));
    ns_resize_reads(lowering, node, 0, &layout);
    return ns_lowering_set(lowering, node, &layout, step, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "double",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 5, 5), {"output_size", NS_LIST(2, 10, 10)})},
    {NS_LIST_SEED, "one_way",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 5, 6), {"output_size", NS_LIST(2, 5, 12)})},
};

const ns_aten_operator ns_aten_op_upsample_nearest2d = {
    .name = "upsample_nearest2d",
    .aten = "aten.upsample_nearest2d.vec",
    NS_PARAMETERS({"input", NS_ATEN_TENSOR}, {"output_size", NS_ATEN_INTS},
                  {"scale_factors", NS_ATEN_REALS, .otherwise = NS_ABSENT}),
    NS_MOVE_FAMILY((&(const ns_move){.source = source})),
    .infer = infer,
    .supported = supported,
    .lower = lower,
    .reads = ns_resize_reads,
    .catalogue = NS_CALL_CATALOGUE(POOL, cases),
};
