/* What the files of npu/watch give each other. */
#ifndef NS_NPU_WATCH_INTERNAL_H
#define NS_NPU_WATCH_INTERNAL_H

#include "npu/internal.h"
#include "npu/memory/internal.h"
#include "npu/operations/operation.h"

/* ---- block_dependency.c ---- */

/* Block dependency: what BLOCKDEP promises of the jobs, a block each, of an operation and of the one before.
 */

/* Whether a job of `operation` reads of `ifm` what a job of `previous` may still write. Jobs i of this
 * operation and j, counted from the end, of the one before may run together when i + j < BLOCKDEP. */
bool ns_npu_jobs_collide(const ns_npu_config *config, const ns_npu_operation *operation,
                         const ns_npu_map *ifm, const ns_npu_operation *previous);

/* ---- hazards.c ---- */

/* Hazards: whether waits and block dependencies promise what the data need.
 *
 * The NPU runs DMA transfers and block operations side by side. A stream orders them with OP_DMA_WAIT and
 * OP_KERNEL_WAIT (go on when at most n are outstanding), and block operations among themselves with BLOCKDEP.
 * Executing in order, as this simulator does, gives the right numbers whatever they say; this part keeps the
 * books of what may still be running and reports every access that nothing orders. */

typedef struct ns_npu_hazards ns_npu_hazards;

/* Books for a run, in `arena`; NULL when memory is out. Limits are the numbers of transfers and operations
 * that the NPU lets run before it stalls by itself. */
ns_npu_hazards *ns_npu_hazards_new(ns_arena *arena, int dma_limit, int kernel_limit);

/* Each does nothing when machine->hazards is NULL. Call before executing. */
void ns_npu_hazards_operation(ns_npu_machine *machine, const ns_npu_operation *operation);
void ns_npu_hazards_dma(ns_npu_machine *machine, const ns_npu_dma *dma);
void ns_npu_hazards_dma_wait(ns_npu_machine *machine, int outstanding);
void ns_npu_hazards_kernel_wait(ns_npu_machine *machine, int outstanding);

/* ---- inspect_parts.c ---- */

/* What both descriptions of a stream say of an operation. */

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

/* The least and largest factor, multiplier / 2^shift, of an operation that scales by channel. */
typedef struct ns_inspect_factors {
    bool known; /* the records lie in read-only memory, and decode */
    double low, high;
} ns_inspect_factors;

ns_code ns_inspect_look_at_factors(const ns_npu_stream *stream, const ns_npu_operation *operation,
                                   ns_arena *arena, ns_inspect_factors *out, ns_error *error);

/* Whether `only`, which ns_npu_inspect_some takes, names operation `number`; NULL: yes. */
bool ns_inspect_is_wanted(const ns_npu_operation *operation, int number, const char *only);
#define NS_INSPECT_NOTHING "no operation has the number or name '%s'"

/* "int16"; `text` has 16 bytes. */
const char *ns_inspect_type_text(const ns_npu_map *map, char *text);

/* ---- tap.c ---- */

/* Tap: hands what an operation stored to options->tap, and counts operations. */

/* Called after each operation, tap or not. The OFM is read back from memory, so what the callback sees is
 * what later operations read. */
ns_code ns_npu_tap_operation(ns_npu_machine *machine, const ns_npu_operation *operation, int64_t saturated,
                             ns_error *error);

#endif
