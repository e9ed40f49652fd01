/* Walk: a stream's operations in the order of its commands, with the registers that each would see, without
 * executing anything. Branches are not followed. */
#ifndef NS_NPU_WALK_H
#define NS_NPU_WALK_H

#include "npu/memory/dma.h"
#include "npu/operations/operation.h"

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
