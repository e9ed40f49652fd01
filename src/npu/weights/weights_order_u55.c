/* The order of weights of Ethos-U55 and U65. Facts: Vela 5.1.0, ethos_u55_weight_encoder.cpp
 * (EthosUWeightOrdering::GetNext).
 *
 *   for OFM block (of this core), IFM block, sub-kernel y, sub-kernel x
 *     for IFM micro-block (part-kernel only), OFM micro-block
 *       for tap, row by row, padded to a multiple of `round`
 *         for IFM micro-block (depth-first only, over the whole block, unclipped)
 *           for o in OFM micro-block, i in IFM micro-block: weight, or 0 outside
 *
 * Depthwise is part-kernel without an IFM axis. */
#include "npu/weights/internal.h"

enum { IFM_UBLOCK_DEPTH = 8, SUB_KERNEL = 8 };

typedef struct sub_kernel {
    int y, x, height, width;
    int taps; /* padded */
} sub_kernel;

typedef struct geometry {
    int ifm_block_depth, ofm_ublock_depth, round;
    int ifm_run; /* input channels of one slot row: the IFM micro-block, or 1 */
    bool part_kernel, depthwise;
} geometry;

/* The taps of one OFM micro-block at `o`: input channels i0 to i0 + ifm_depth. */
static void traverse_taps(const geometry *g, const sub_kernel *sub, int o, int i0, int ifm_depth,
                          ns_weight_cursor *cursor)
{
    for (int tap = 0; tap < sub->taps; tap++) {
        const int ky = tap / sub->width, kx = tap % sub->width;
        if (ky >= sub->height) {
            ns_weight_skip(cursor, (uint64_t)(sub->taps - tap) * (unsigned)(ifm_depth * g->ofm_ublock_depth));
            return;
        }
        for (int i = 0; i < ifm_depth; i += g->ifm_run)
            for (int channel = 0; channel < g->ofm_ublock_depth; channel++)
                ns_weight_run(cursor, o + channel, sub->y + ky, sub->x + kx, i0 + i, g->ifm_run);
    }
}

static void traverse_sub_kernel(const geometry *g, const sub_kernel *sub, int o0, int ofm_depth, int i0,
                                int ifm_depth, ns_weight_cursor *cursor)
{
    /* Part-kernel takes the IFM block a micro-block at a time, depth-first all of it at every tap. */
    const int inner = g->depthwise ? 1 : g->part_kernel ? IFM_UBLOCK_DEPTH : g->ifm_block_depth;
    const int outer = g->part_kernel && !g->depthwise ? ifm_depth : 1;
    for (int i = 0; i < outer; i += IFM_UBLOCK_DEPTH)
        for (int o = 0; o < ofm_depth; o += g->ofm_ublock_depth)
            traverse_taps(g, sub, o0 + o, i0 + i, inner, cursor);
}

void ns_weight_traverse_u55(const ns_weight_order *order, int stream, ns_weight_cursor *cursor)
{
    const bool wide = order->ifm_bits == 16;
    const geometry g = {
        .depthwise = order->traversal == NS_WEIGHTS_DEPTHWISE,
        .part_kernel = order->traversal == NS_WEIGHTS_PART_KERNEL,
        .ifm_block_depth = order->traversal == NS_WEIGHTS_PART_KERNEL || wide ? 16 : 32,
        .ofm_ublock_depth = order->ofm_ublock_depth,
        .round = order->traversal == NS_WEIGHTS_DEPTH_FIRST           ? 1
                 : order->traversal == NS_WEIGHTS_PART_KERNEL && wide ? 2
                                                                      : 4,
        .ifm_run = order->traversal == NS_WEIGHTS_DEPTHWISE ? 1 : IFM_UBLOCK_DEPTH,
    };
    const int block_depth = (order->ofm_block_depth + order->cores - 1 - stream) / order->cores;
    const int ifm_depth = g.depthwise ? 1 : order->ifm_depth;
    const int step_y = SUB_KERNEL / order->dilation_y, step_x = SUB_KERNEL / order->dilation_x;
    if (block_depth < 1)
        return;
    for (int o = 0; o < cursor->channels; o += block_depth)
        for (int i = 0; i < ifm_depth; i += g.ifm_block_depth)
            for (int y = 0; y < order->kernel_height; y += step_y)
                for (int x = 0; x < order->kernel_width; x += step_x) {
                    const int height = ns_least(order->kernel_height - y, step_y);
                    const int width = ns_least(order->kernel_width - x, step_x);
                    const sub_kernel sub = {y, x, height, width, ns_round_up(height * width, g.round)};
                    traverse_sub_kernel(&g, &sub, o, ns_least(block_depth, cursor->channels - o), i,
                                        ns_least(g.ifm_block_depth, ifm_depth - i), cursor);
                }
}
