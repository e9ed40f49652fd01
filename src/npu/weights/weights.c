/* Weights: from streams and their order to the dense array. */
#include "npu/weights/interface.h"

#include "npu/weights/internal.h"

int ns_weights_ublock_depth_u55(int macs_per_core)
{
    return macs_per_core == 32 ? 4 : 8;
}

int ns_weights_ublock_depth_u85(int macs, int ublock_field)
{
    enum { ROWS_1X1, ROWS_1X2, ROWS_1X4, ROWS_2X2, ROWS_2X4, ROWS_4X4, FIELDS };
    static const struct {
        int macs;
        uint8_t depth[FIELDS];
    } variants[] = {
        {128, {[ROWS_1X2] = 8, [ROWS_1X1] = 16}},
        {256, {[ROWS_1X2] = 16, [ROWS_1X4] = 8, [ROWS_2X2] = 8}},
        {512, {[ROWS_2X2] = 16, [ROWS_1X4] = 16}},
        {1024, {[ROWS_2X2] = 32, [ROWS_1X4] = 32, [ROWS_2X4] = 16}},
        {2048, {[ROWS_2X2] = 64, [ROWS_1X4] = 64, [ROWS_4X4] = 16}},
    };
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
        if (variants[i].macs == macs && ublock_field >= 0 && ublock_field < FIELDS)
            return variants[i].depth[ublock_field];
    return 0;
}

int ns_weights_cores_u85(int macs)
{
    switch (macs) {
    case 128:
    case 256:
        return 1;
    case 512:
        return 2;
    case 1024:
    case 2048:
        return 4;
    default:
        return 0;
    }
}

typedef void traverse_function(const ns_weight_order *order, int stream, ns_weight_cursor *cursor);

/* A decoding in progress. */
typedef struct decoding {
    const ns_weight_order *order;
    traverse_function *traverse;
    bool interleaved_channels;                       /* channel c lies in stream c % cores */
    int streams;                                     /* coded streams */
    ns_weight_cursor cursors[NS_WEIGHT_STREAMS_MAX]; /* one for each core */
} decoding;

static ns_code check_order(const ns_weight_order *order, ns_error *error)
{
    const struct {
        const char *name;
        int value, low, high;
    } limits[] = {
        {"OFM depth", order->ofm_depth, 1, 1 << 16},
        {"kernel height", order->kernel_height, 1, 1 << 16},
        {"kernel width", order->kernel_width, 1, 1 << 16},
        {"IFM depth", order->ifm_depth, 1, 1 << 16},
        {"vertical dilation", order->dilation_y, 1, 2},
        {"horizontal dilation", order->dilation_x, 1, 2},
        {"OFM block depth", order->ofm_block_depth, 1, 1 << 16},
        {"OFM micro-block depth", order->ofm_ublock_depth, 4, 64},
        {"core count", order->cores, 1, NS_WEIGHT_STREAMS_MAX},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (limits[i].value < limits[i].low || limits[i].value > limits[i].high)
            return ns_fail(error, NS_ERROR_FAULT, "weights: %s is %d, outside %d to %d", limits[i].name,
                           limits[i].value, limits[i].low, limits[i].high);
    return NS_OK;
}

/* Slots beyond this many for each byte do not exist: a run of zeros grows by at most 8 with each bit, a
 * weight takes at least one. It bounds time and memory before either is spent. */
enum { SLOTS_PER_BYTE = 72 };

static ns_code check_size(const ns_weight_order *order, const ns_bytes *streams, int stream_count,
                          uint64_t count, const char *what, ns_error *error)
{
    uint64_t bytes = 0;
    for (int i = 0; i < stream_count; i++)
        bytes += streams[i].size;
    if (count > NS_WEIGHTS_MAX)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "weights: %d x %d x %d x %d is more than 2^28 %s",
                       order->ofm_depth, order->kernel_height, order->kernel_width, order->ifm_depth, what);
    if (count > bytes * SLOTS_PER_BYTE)
        return ns_fail(
            error, NS_ERROR_FAULT,
            "weights: %llu bytes of streams cannot hold %llu %s (OFM depth %d, kernel %d x %d, IFM depth %d)",
            (unsigned long long)bytes, (unsigned long long)count, what, order->ofm_depth,
            order->kernel_height, order->kernel_width, order->ifm_depth);
    return NS_OK;
}

static ns_code count_slots(decoding *job, const ns_bytes *streams, ns_weights *weights, uint64_t *total,
                           ns_error *error)
{
    const ns_weight_order *order = job->order;
    *total = 0;
    for (int core = 0; core < order->cores; core++) {
        ns_weight_cursor *cursor = &job->cursors[core];
        *cursor = (ns_weight_cursor){.weights = weights, .channel_step = 1, .channels = order->ofm_depth};
        if (job->interleaved_channels) {
            cursor->first_channel = core;
            cursor->channel_step = order->cores;
            cursor->channels = (order->ofm_depth + order->cores - 1 - core) / order->cores;
        }
        job->traverse(order, core, cursor);
        *total += cursor->position;
    }
    return check_size(order, streams, job->streams, *total, "weights and padding slots", error);
}

/* The fast format has all cores in one stream, a weight block of each in turn; a block is what a core
 * takes for `round` taps of one pair of micro-blocks (Vela 5.1.0, EthosU85WeightOrderingFwd). Every core
 * has the same number of whole blocks, for the traversal pads taps to `round`. */
static void split_fast(const decoding *job, const int16_t *symbols, int16_t *out)
{
    const ns_weight_order *order = job->order;
    const size_t block = ns_weight_block_u85(order), cores = (size_t)order->cores;
    const size_t each = (size_t)job->cursors[0].position;
    for (size_t core = 0; core < cores; core++)
        for (size_t at = 0; at < each; at += block)
            memcpy(out + core * each + at, symbols + at * cores + core * block, block * sizeof *out);
}

static ns_code decode_streams(const decoding *job, const ns_bytes *streams, int16_t *symbols, uint64_t total,
                              ns_arena *scratch, ns_error *error)
{
    if (job->order->fast) {
        int16_t *mixed = NS_ARENA_ARRAY(scratch, total, int16_t);
        if (!mixed)
            return ns_fail(error, NS_ERROR_MEMORY, "out of memory for %llu weights",
                           (unsigned long long)total);
        NS_TRY(ns_weights_fwd(streams[0], mixed, total, error));
        split_fast(job, mixed, symbols);
        return NS_OK;
    }
    for (int i = 0; i < job->streams; i++) {
        const ns_code code = ns_weights_mlw(streams[i], symbols, job->cursors[i].position, error);
        if (code != NS_OK) {
            ns_add_context(error, "stream %d of %d", i, job->streams);
            return code;
        }
        symbols += job->cursors[i].position;
    }
    return NS_OK;
}

static ns_code place(decoding *job, const int16_t *symbols, ns_weights *weights, ns_error *error)
{
    uint64_t placed = 0;
    for (size_t i = 0; i < weights->count; i++)
        weights->values[i] = NS_WEIGHT_UNSET;
    for (int core = 0; core < job->order->cores; core++) {
        ns_weight_cursor *cursor = &job->cursors[core];
        const uint64_t count = cursor->position;
        cursor->position = cursor->placed = 0;
        cursor->symbols = symbols;
        job->traverse(job->order, core, cursor);
        if (cursor->stray)
            return ns_fail(
                error, NS_ERROR_FAULT,
                "weights: slot %llu of core %d is padding but holds %d; the stream belongs to another "
                "shape, block or variant",
                (unsigned long long)cursor->stray_position, core, symbols[cursor->stray_position]);
        if (cursor->twice)
            return ns_fail(error, NS_ERROR_INTERNAL, "weights: the order of core %d hits a weight twice",
                           core);
        placed += cursor->placed;
        symbols += count;
    }
    if (placed != weights->count)
        return ns_fail(error, NS_ERROR_FAULT,
                       "weights: an OFM block depth of %d reaches only %llu of %zu weights",
                       job->order->ofm_block_depth, (unsigned long long)placed, weights->count);
    return NS_OK;
}

static ns_code decode(decoding *job, const ns_bytes *streams, ns_arena *arena, ns_arena *scratch,
                      ns_weights *out, ns_error *error)
{
    const ns_weight_order *order = job->order;
    NS_TRY(check_order(order, error));
    const bool depthwise = order->traversal == NS_WEIGHTS_DEPTHWISE;
    job->streams = order->fast ? 1 : order->cores;
    *out = (ns_weights){.depthwise = depthwise,
                        .ofm_depth = order->ofm_depth,
                        .kernel_height = order->kernel_height,
                        .kernel_width = order->kernel_width,
                        .ifm_depth = depthwise ? 1 : order->ifm_depth};
    /* Each factor is at most 2^16, so that the first three fit 48 bits; saturate before the fourth. */
    const uint64_t rows =
        (uint64_t)out->ofm_depth * (uint64_t)out->kernel_height * (uint64_t)out->kernel_width;
    const uint64_t dense = rows > NS_WEIGHTS_MAX ? rows : rows * (uint64_t)out->ifm_depth;
    NS_TRY(check_size(order, streams, job->streams, dense, "weights", error));
    uint64_t total;
    NS_TRY(count_slots(job, streams, out, &total, error));
    NS_TRY(ns_budget_spend(ns_arena_budget(arena), total, error));
    out->count = dense;
    out->values = NS_ARENA_ARRAY(arena, out->count, int16_t);
    int16_t *symbols = NS_ARENA_ARRAY(scratch, total, int16_t);
    if (!out->values || !symbols)
        return ns_fail(error, NS_ERROR_MEMORY, "out of memory for %llu weights", (unsigned long long)total);
    NS_TRY(decode_streams(job, streams, symbols, total, scratch, error));
    return place(job, symbols, out, error);
}

static ns_code decode_with_scratch(decoding *job, const ns_bytes *streams, ns_arena *arena, ns_weights *out,
                                   ns_error *error)
{
    ns_arena *scratch = ns_arena_new_within(ns_arena_budget(arena));
    if (!scratch)
        return ns_fail(error, NS_ERROR_MEMORY, "out of memory for weights");
    const ns_code code = decode(job, streams, arena, scratch, out, error);
    ns_arena_free(scratch);
    return code;
}

ns_code ns_weights_decode_u55(const ns_weight_order *order, const ns_bytes *streams, ns_arena *arena,
                              ns_weights *out, ns_error *error)
{
    decoding job = {.order = order, .traverse = ns_weight_traverse_u55, .interleaved_channels = true};
    if (order->fast || order->sparse)
        return ns_fail(error, NS_ERROR_FAULT,
                       "weights: Ethos-U55 and U65 have neither fast nor sparse weights");
    return decode_with_scratch(&job, streams, arena, out, error);
}

ns_code ns_weights_decode_u85(const ns_weight_order *order, const ns_bytes *streams, ns_arena *arena,
                              ns_weights *out, ns_error *error)
{
    decoding job = {.order = order, .traverse = ns_weight_traverse_u85};
    if (order->fast && order->traversal == NS_WEIGHTS_DEPTHWISE)
        return ns_fail(error, NS_ERROR_FAULT, "weights: depthwise convolution has no fast weight format");
    if (order->stride_y < 1 || order->stride_y > 4 || order->stride_x < 1 || order->stride_x > 4)
        return ns_fail(error, NS_ERROR_FAULT, "weights: a stride of %d x %d is outside 1 to 4",
                       order->stride_y, order->stride_x);
    if (order->cores < 1 || order->ofm_ublock_depth % (4 * order->cores))
        return ns_fail(error, NS_ERROR_FAULT,
                       "weights: a micro-block of depth %d does not divide among %d cores",
                       order->ofm_ublock_depth, order->cores);
    return decode_with_scratch(&job, streams, arena, out, error);
}
