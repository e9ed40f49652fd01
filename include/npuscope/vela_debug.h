/* Vela's debug database (--enable-debug-db, an XML file of tables): which operation of a command stream comes
 * from which operator of the graph, and what the tensor that it writes is called. */
#ifndef NPUSCOPE_VELA_DEBUG_H
#define NPUSCOPE_VELA_DEBUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "npuscope/arena.h"
#include "npuscope/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One operation of the stream. */
typedef struct ns_vela_debug_operation {
    size_t word;        /* of its command in the stream (ns_npu_tap.word) */
    const char *name;   /* Vela's: "ReduceMax" */
    const char *output; /* the tensor that it writes, behind what is fused into it; "" where not known */
    const char *source; /* of the graph, without what is fused into it, in Vela's spelling:
                         "ReduceMin"; "" where not known */
    int index;          /* of that operator in the graph; -1: not known */
    int64_t shape[4];   /* n, h, w, c of the tensor that it writes, as Vela sees it; zeros: not known */
} ns_vela_debug_operation;

/* One tensor as Vela placed it. */
typedef struct ns_vela_debug_tensor {
    const char *name;
    const char *type; /* "Int16" */
    uint64_t address, size;
    bool brick; /* NHCWB16 */
} ns_vela_debug_tensor;

typedef struct ns_vela_debug {
    int operation_count;
    ns_vela_debug_operation *operations; /* by `word` */
    int tensor_count;
    ns_vela_debug_tensor *tensors;
} ns_vela_debug;

/* Reads the file's bytes; everything in `arena`. NS_ERROR_INPUT names the table and the line. */
ns_code ns_vela_debug_read(const void *data, size_t size, ns_arena *arena, ns_vela_debug **out,
                           ns_error *error);

/* The operation whose command stands at `word`; NULL for none. */
const ns_vela_debug_operation *ns_vela_debug_find(const ns_vela_debug *debug, size_t word);

#ifdef __cplusplus
}
#endif

#endif
