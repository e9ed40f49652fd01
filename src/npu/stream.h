/* Stream: a loaded command stream with its read-only data, its inputs and outputs, and the weights decoded
 * so far. */
#ifndef NS_NPU_STREAM_H
#define NS_NPU_STREAM_H

#include "npu/config.h"
#include "npu/stream/decode.h"
#include "npu/weights/weights_order.h"

/* One operation's decoded weights, found by the order and the compressed bytes. */
typedef struct ns_npu_cached_weights {
    uint64_t hash;
    ns_weight_order order;
    ns_bytes streams[NS_WEIGHT_STREAMS_MAX];
    ns_weights weights;
} ns_npu_cached_weights;

struct ns_npu_stream {
    ns_arena *arena;
    const ns_npu_config *config;
    uint32_t config_word, id_word; /* of the payload */
    ns_bytes words;
    ns_npu_command *commands;
    size_t command_count;

    ns_bytes weights; /* bound to region weight_region, read only */
    int weight_region, scratch_region, scratch_fast_region;
    uint64_t scratch_size, scratch_fast_size; /* fast 0: the same memory as scratch */
    uint64_t input_size, output_size;         /* of regions 3 and 4; 0: not separate */
    int input_count, output_count;
    ns_npu_io *inputs, *outputs;
    int variable_count; /* each place once */
    ns_npu_io *variables;
    bool starts_known; /* the container tells their zero points */

    ns_npu_cached_weights *cache;
    size_t cache_count, cache_capacity, cache_bytes;
};

/* Regions that Vela gives separate inputs and outputs (raw_writer.cpp, BasePointerIndex). */
#define NS_NPU_REGION_INPUTS 3
#define NS_NPU_REGION_OUTPUTS 4

/* Finishes a stream whose parts, regions, inputs and outputs are set: payload, configuration, commands, and
 * the bounds of inputs and outputs. */
ns_code ns_npu_stream_finish(ns_npu_stream *stream, ns_bytes payload, ns_accelerator accelerator,
                             ns_error *error);

#endif
