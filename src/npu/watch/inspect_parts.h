/* What both descriptions of a stream say of an operation. */
#ifndef NS_NPU_INSPECT_PARTS_H
#define NS_NPU_INSPECT_PARTS_H

#include "npu/stream.h"
#include "npu/walk.h"

/* Weights of an operation as far as they can be told without running: those that lie in read-only memory. */
typedef struct ns_inspect_weights {
    bool known;
    uint64_t bytes;      /* compressed */
    size_t count, zeros; /* dense */
    int low, high;       /* value range */
    const char *problem; /* why they do not decode; NULL */
} ns_inspect_weights;

/* `problem` is made in `arena`. Fails only where memory or a budget is out. */
ns_code ns_inspect_look_at_weights(const ns_npu_stream *stream, const ns_npu_operation *operation,
                                   ns_arena *arena, ns_inspect_weights *out, ns_error *error);

/* Whether it has weights of its own, in a stream. */
bool ns_inspect_has_weights(const ns_npu_operation *operation);

/* "int16"; `text` has 16 bytes. */
const char *ns_inspect_type_text(const ns_npu_map *map, char *text);

#endif
