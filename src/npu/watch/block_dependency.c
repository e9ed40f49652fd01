/* Source: Vela 5.1.0, ethos_u55_register_cs_generator.cpp: CalcBlockDep, GetJobs. */
#include "npu/watch/internal.h"

#include "npu/memory/internal.h"

static int64_t ceil_divide(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

/* Job `index` of a box that is walked in blocks: depth first, then width, then height. */
static ns_npu_box job_box(int64_t height, int64_t width, int64_t depth, ns_npu_box block, int64_t index)
{
    int64_t z = ceil_divide(depth, block.c1), w = ceil_divide(width, block.x1);
    ns_npu_box box = {
        .y0 = index / (z * w) * block.y1, .x0 = index / z % w * block.x1, .c0 = index % z * block.c1};
    box.y1 = box.y0 + block.y1 < height ? box.y0 + block.y1 : height;
    box.x1 = box.x0 + block.x1 < width ? box.x0 + block.x1 : width;
    box.c1 = box.c0 + block.c1 < depth ? box.c0 + block.c1 : depth;
    return box;
}

static int64_t job_count(int64_t height, int64_t width, int64_t depth, ns_npu_box block)
{
    return ceil_divide(height, block.y1) * ceil_divide(width, block.x1) * ceil_divide(depth, block.c1);
}

/* Whether two boxes of feature maps share a byte. */
typedef struct hazard_ranges {
    const ns_npu_map *other;
    const ns_npu_box *box;
    int64_t low, high;
} hazard_ranges;

static bool overlaps_range(void *context, int64_t low, int64_t high)
{
    const hazard_ranges *ranges = context;
    return low < ranges->high && ranges->low < high;
}

static bool overlaps_other(void *context, int64_t low, int64_t high)
{
    hazard_ranges ranges = *(hazard_ranges *)context;
    ranges.low = low;
    ranges.high = high;
    return ns_npu_map_ranges(ranges.other, ranges.box, overlaps_range, &ranges);
}

static bool boxes_overlap(const ns_npu_map *a, ns_npu_box a_box, const ns_npu_map *b, ns_npu_box b_box)
{
    hazard_ranges ranges = {.other = b, .box = &b_box};
    return ns_npu_map_ranges(a, &a_box, overlaps_other, &ranges);
}

/* Depth of an IFM block of a convolution or a sum. Ethos-U55, U65: 16 for 16-bit elements and for part-kernel
 * order, else 32. Ethos-U85 (ethos_u85.cpp, FindBlockConfig): 16 for part-kernel order, 32 for 32-bit
 * elements and where 128 or 256 MACs have a micro-block of depth 16, 128 for sparse weights of 8-bit
 * elements, else 64. */
static int64_t ifm_block_depth(const ns_npu_config *config, const ns_npu_operation *operation)
{
    const ns_weight_order *weights = &operation->weights;
    if (weights->traversal == NS_WEIGHTS_PART_KERNEL && operation->kind == NS_NPU_CONV)
        return 16;
    if (config->product_bit != NS_NPU_PRODUCT_U85)
        return operation->ifm.bytes > 1 ? 16 : 32;
    if (operation->ifm.bytes > 2 ||
        (config->macs <= 256 && weights->ofm_ublock_depth == 16 && !weights->sparse))
        return 32;
    return weights->sparse && operation->ifm.bytes == 1 ? 128 : 64;
}

/* What one job of the operation reads of its IFM: the OFM block widened by kernel and stride, and the depth
 * of an IFM block, which is the OFM block's but for convolutions and sums. */
static ns_npu_box ifm_block(const ns_npu_config *config, const ns_npu_operation *operation)
{
    ns_npu_box block = {0};
    int64_t stride_y = operation->stride_y ? operation->stride_y : 1,
            stride_x = operation->stride_x ? operation->stride_x : 1;
    int64_t kernel_y =
        operation->kernel_height ? (operation->kernel_height - 1) * operation->dilation_y + 1 : 1;
    int64_t kernel_x =
        operation->kernel_width ? (operation->kernel_width - 1) * operation->dilation_x + 1 : 1;
    block.y1 = (operation->block_height - 1) * stride_y + kernel_y;
    block.x1 = (operation->block_width - 1) * stride_x + kernel_x;
    block.c1 = operation->block_depth;
    if (operation->kind == NS_NPU_CONV || operation->kind == NS_NPU_REDUCE_SUM)
        block.c1 = ifm_block_depth(config, operation);
    return block;
}

/* The stored elements of a box of an IFM that may be upscaled. */
static ns_npu_box stored_box(const ns_npu_map *ifm, ns_npu_box box)
{
    if (ifm->upscale == NS_NPU_UPSCALE_NONE)
        return box;
    return (ns_npu_box){.y0 = box.y0 / 2,
                        .y1 = ceil_divide(box.y1, 2),
                        .x0 = box.x0 / 2,
                        .x1 = ceil_divide(box.x1, 2),
                        .c0 = box.c0,
                        .c1 = box.c1};
}

/* The stored elements of a job's box of an OFM, whose axes may be exchanged or reversed. */
static ns_npu_box stored_job(const ns_npu_map *ofm, ns_npu_box box)
{
    const int64_t extents[3] = {ofm->height, ofm->width, ofm->depth};
    const int64_t low[3] = {box.y0, box.x0, box.c0}, high[3] = {box.y1, box.x1, box.c1};
    int64_t from[3], to[3];
    for (int k = 0; k < 3; k++) {
        const int axis = ofm->transposed ? ofm->stored_axis[k] : k;
        const bool reversed = ofm->reversed && ofm->reversed_axis == k;
        from[k] = reversed ? extents[axis] - high[axis] : low[axis];
        to[k] = reversed ? extents[axis] - low[axis] : high[axis];
    }
    return (ns_npu_box){from[0], to[0], from[1], to[1], from[2], to[2]};
}

bool ns_npu_jobs_collide(const ns_npu_config *config, const ns_npu_operation *operation,
                         const ns_npu_map *ifm, const ns_npu_operation *previous)
{
    const ns_npu_map *ofm = &previous->ofm, stored = ns_npu_map_stored(ofm);
    ns_npu_box reads = ifm_block(config, operation);
    ns_npu_box writes = {
        .y1 = previous->block_height, .x1 = previous->block_width, .c1 = previous->block_depth};
    int64_t read_count = job_count(ifm->height, ifm->width, ifm->depth, reads);
    int64_t write_count = job_count(ofm->height, ofm->width, ofm->depth, writes);
    for (int64_t i = 0; i < operation->block_dependency && i < read_count; i++)
        for (int64_t j = 0; i + j < operation->block_dependency && j < write_count; j++)
            if (boxes_overlap(ifm, stored_box(ifm, job_box(ifm->height, ifm->width, ifm->depth, reads, i)),
                              &stored,
                              stored_job(ofm, job_box(ofm->height, ofm->width, ofm->depth, writes,
                                                      write_count - 1 - j))))
                return true;
    return false;
}
