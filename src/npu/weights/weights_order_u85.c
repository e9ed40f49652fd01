/* The order of weights of Ethos-U85. Facts: Vela 5.1.0, ethos_u85_weight_encoder.cpp
 * (EthosU85WeightOrdering::GetNext); the depth of the IFM block, which no register holds: ethos_u85.cpp
 * (FindBlockConfig).
 *
 *   for OFM block
 *     for IFM block, up in one OFM block and down in the next, from where the last one ended
 *       for sub-kernel x, sub-kernel y
 *         for IFM micro-block, OFM micro-block
 *           for stride phase y, stride phase x (one phase when depth-first)
 *             for ky, for kx (odd rows from right to left) among the taps of the phase
 *               for IFM step of 8 (16 if sparse, 1 depthwise)
 *                 for every cores-th group of 4 output channels: for o in 4, i in step: weight, or 0 outside
 *               depthwise: zeros after every 10 taps
 *           zeros for the taps that a multiple of `round` lacks */
#include "npu/weights/internal.h"

enum { GROUP = 4, SUB_KERNEL = 8 };

typedef struct geometry {
    int ifm_block_depth, ifm_ublock_depth, ifm_step;
    int ofm_ublock_depth;
    int stride_y, stride_x, round;
    int depthwise_padding; /* taps of zeros after `round` taps */
    int cores, core;
    bool depthwise;
} geometry;

typedef struct sub_kernel {
    int y, x, height, width;
} sub_kernel;

/* Depth of the IFM block, which Vela's FindBlockConfig derives and the stream does not state. */
static int ifm_block_depth(const ns_weight_order *order)
{
    if (order->traversal == NS_WEIGHTS_PART_KERNEL)
        return 16;
    if (order->ifm_bits == 32 || (order->macs <= 256 && order->ofm_ublock_depth == 16 && !order->sparse))
        return 32;
    return order->sparse && order->ifm_bits == 8 ? 128 : 64;
}

static void fill_geometry(const ns_weight_order *order, geometry *g)
{
    const bool wide = order->ifm_bits == 16;
    g->ifm_block_depth = ifm_block_depth(order);
    g->ofm_ublock_depth = order->ofm_ublock_depth;
    g->ifm_step = order->sparse ? 16 : 8;
    g->stride_y = order->stride_y;
    g->stride_x = order->stride_x;
    g->cores = order->cores;
    switch (order->traversal) {
    case NS_WEIGHTS_DEPTH_FIRST:
        g->round = 1;
        g->ifm_ublock_depth = g->ifm_block_depth;
        g->stride_y = g->stride_x = 1;
        break;
    case NS_WEIGHTS_PART_KERNEL:
        g->round = wide || order->sparse ? 10 : 5;
        g->ifm_ublock_depth = wide && !order->sparse ? 8 : g->ifm_block_depth;
        break;
    case NS_WEIGHTS_DEPTHWISE:
        g->depthwise = true;
        g->round = 10;
        g->ifm_ublock_depth = g->ifm_step = 1;
        g->depthwise_padding = !wide && order->macs <= 256 ? 0 : order->macs <= 512 ? 2 : 6;
        break;
    }
}

size_t ns_weight_block_u85(const ns_weight_order *order)
{
    geometry g = {0};
    fill_geometry(order, &g);
    return (size_t)(g.ofm_ublock_depth * g.ifm_ublock_depth * g.round / g.cores);
}

/* One tap of one OFM micro-block: its share of output channels for this core. */
static void traverse_tap(const geometry *g, int o, int y, int x, int i0, ns_weight_cursor *cursor)
{
    for (int i = 0; i < g->ifm_ublock_depth; i += g->ifm_step)
        for (int group = g->core * GROUP; group < g->ofm_ublock_depth; group += GROUP * g->cores)
            for (int channel = 0; channel < GROUP; channel++)
                ns_weight_run(cursor, o + group + channel, y, x, i0 + i, g->ifm_step);
}

/* All taps of a sub-kernel for one pair of micro-blocks. */
static void traverse_taps(const geometry *g, const sub_kernel *sub, int o, int i, ns_weight_cursor *cursor)
{
    const uint64_t tap_slots = (uint64_t)(g->ifm_ublock_depth * g->ofm_ublock_depth / g->cores);
    int left = ns_round_up(sub->height * sub->width, g->round);
    for (int phase_y = 0; phase_y < g->stride_y; phase_y++)
        for (int phase_x = 0; phase_x < g->stride_x; phase_x++) {
            const int height = (sub->height + g->stride_y - 1 - phase_y) / g->stride_y;
            const int width = (sub->width + g->stride_x - 1 - phase_x) / g->stride_x;
            for (int ky = 0; ky < height; ky++)
                for (int kx = 0; kx < width; kx++) {
                    const int column = ky % 2 ? width - 1 - kx : kx;
                    traverse_tap(g, o, sub->y + phase_y + ky * g->stride_y,
                                 sub->x + phase_x + column * g->stride_x, i, cursor);
                    left--;
                    if (g->depthwise && left % g->round == 0)
                        ns_weight_skip(cursor, (uint64_t)g->depthwise_padding * tap_slots);
                }
        }
    if (left > 0)
        ns_weight_skip(cursor, (uint64_t)(left + g->depthwise_padding) * tap_slots);
}

static void traverse_blocks(const geometry *g, const sub_kernel *sub, int o0, int ofm_depth, int i0,
                            int ifm_depth, ns_weight_cursor *cursor)
{
    for (int i = 0; i < ifm_depth; i += g->ifm_ublock_depth)
        for (int o = 0; o < ofm_depth; o += g->ofm_ublock_depth)
            traverse_taps(g, sub, o0 + o, i0 + i, cursor);
}

void ns_weight_traverse_u85(const ns_weight_order *order, int stream, ns_weight_cursor *cursor)
{
    geometry g = {.core = stream};
    fill_geometry(order, &g);
    const int ifm_depth = g.depthwise ? 1 : order->ifm_depth;
    const int ifm_blocks = (ifm_depth + g.ifm_block_depth - 1) / g.ifm_block_depth;
    const int step_y = SUB_KERNEL / order->dilation_y, step_x = SUB_KERNEL / order->dilation_x;
    bool down = false;
    for (int o = 0; o < order->ofm_depth; o += order->ofm_block_depth, down = !down)
        for (int block = 0; block < ifm_blocks; block++) {
            const int i = (down ? ifm_blocks - 1 - block : block) * g.ifm_block_depth;
            for (int x = 0; x < order->kernel_width; x += step_x)
                for (int y = 0; y < order->kernel_height; y += step_y) {
                    const sub_kernel sub = {y, x, ns_least(order->kernel_height - y, step_y),
                                            ns_least(order->kernel_width - x, step_x)};
                    traverse_blocks(&g, &sub, o, ns_least(order->ofm_block_depth, order->ofm_depth - o), i,
                                    ns_least(g.ifm_block_depth, ifm_depth - i), cursor);
                }
        }
}
