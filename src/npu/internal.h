/* What the files of npu give each other. */
#ifndef NS_NPU_INTERNAL_H
#define NS_NPU_INTERNAL_H

#include "npu/machine.h"
#include "npu/memory/internal.h"
#include "npu/operations/operation.h"
#include "npu/stream/internal.h"
#include "npu/weights/interface.h"

/* ---- execute.c ---- */

/* Execute: an operation through its function, the output stage, and those who watch. */

/* What the command would do with the registers as they are now. From a stream's second run on it is kept,
 * where no branch was taken before it and no chip rule struck: then the registers are always the same. */
ns_code ns_npu_read_operation(ns_npu_machine *machine, const ns_npu_command *command, ns_npu_operation *out,
                              ns_error *error);

/* Executes an operation of a common kind. */
ns_code ns_npu_execute(ns_npu_machine *machine, ns_npu_operation *operation, ns_error *error);

/* ---- execute_dma.c ---- */

/* Execute DMA: a transfer, and those who watch it. */

/* Copies; a fault when a run reaches outside its memory. */
ns_code ns_npu_dma_run(ns_npu_machine *machine, const ns_npu_dma *dma, ns_error *error);

/* The families, by name. */

extern const ns_npu_family ns_npu_family_u55;
extern const ns_npu_family ns_npu_family_u65;
extern const ns_npu_family ns_npu_family_u85;

/* ---- family.c ---- */

/* Families: how each executes a stream (ns_npu_family). */

/* The family of a configuration. */
const ns_npu_family *ns_npu_family_of(const ns_npu_config *config);

/* ---- stream.c ---- */

/* Stream: a loaded command stream with its read-only data, its inputs and outputs, and the weights decoded
 * so far. */

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
    bool starts_known;           /* the container tells their zero points */
    const ns_npu_shared *shared; /* the scratch region's memory; NULL: fresh in every run */

    ns_npu_cached_weights *cache;
    size_t cache_count, cache_capacity, cache_bytes;
    size_t cache_next; /* where the next operation's are likely */

    size_t runs;                   /* begun so far */
    ns_npu_operation **operations; /* by command: as they were read in an earlier run; NULL: not kept */
};

/* Regions that Vela gives separate inputs and outputs (raw_writer.cpp, BasePointerIndex). */
#define NS_NPU_REGION_INPUTS 3
#define NS_NPU_REGION_OUTPUTS 4

/* Finishes a stream whose parts, regions, inputs and outputs are set: payload, configuration, commands, and
 * the bounds of inputs and outputs. */
ns_code ns_npu_stream_finish(ns_npu_stream *stream, ns_bytes payload, ns_accelerator accelerator,
                             ns_error *error);

/* ---- walk.c ---- */

/* Walk: a stream's operations in the order of its commands, with the registers that each would see, without
 * executing anything. Branches are not followed. */

typedef struct ns_npu_visit {
    const ns_npu_command *command; /* an operation command: block operation, DMA, wait, stop, ... */
    size_t index;                  /* of the command */
    const ns_npu_operation
        *operation;        /* NULL when it is no block operation, or its registers make no sense */
    const ns_npu_dma *dma; /* NULL when it is no DMA */
    const char *problem;   /* why `operation` or `dma` is NULL all the same; NULL otherwise */
} ns_npu_visit;

typedef ns_code ns_npu_visitor(void *context, ns_npu_machine *machine, const ns_npu_visit *visit,
                               ns_error *error);

/* `machine` in the visitor has the registers, but no memory. */
ns_code ns_npu_walk(ns_npu_stream *stream, ns_npu_visitor *visitor, void *context, ns_error *error);

#endif
