/* What npu/watch gives the rooms above it. */
#ifndef NS_NPU_WATCH_INTERFACE_H
#define NS_NPU_WATCH_INTERFACE_H

#include "base/interface.h"
#include "npu/internal.h"

/* ---- coverage.c ---- */

/* Coverage: which operations, register fields and values a set of streams executes. A field counts with the
 * value that it has when an operation is issued: a value that is overwritten first does not. */

typedef struct ns_npu_field_coverage {
    uint64_t count; /* operations issued with it written */
    int64_t low, high;
} ns_npu_field_coverage;

typedef struct ns_npu_coverage {
    const ns_npu_table *table;
    uint64_t streams;
    uint64_t *operations;                    /* by operation: times issued */
    ns_npu_field_coverage *operation_fields; /* by operation field */
    ns_npu_field_coverage *fields;           /* by field */
    uint64_t *values;                        /* by value of the table, operations and registers together */
} ns_npu_coverage;

/* An empty coverage of one family, in `arena`. */
ns_code ns_npu_coverage_new(const ns_npu_table *table, ns_arena *arena, ns_npu_coverage **out,
                            ns_error *error);

/* Adds a stream of that family. */
ns_code ns_npu_coverage_add(ns_npu_coverage *coverage, ns_npu_stream *stream, ns_error *error);

/* Coverage for a search: a number for each mode that the stream issues an operation in, and for each pair of
 * operations that follow each other. A mode is an operation with its parameter and the value of one
 * enumerated register (type, rounding, activation, broadcast, ..); equal modes have equal numbers on every
 * machine. */
ns_code ns_npu_coverage_modes(ns_npu_stream *stream, void (*take)(void *context, uint64_t mode),
                              void *context, ns_error *error);

/* What was executed, and after it what never was, as text, or as an object of a JSON array. */
void ns_npu_coverage_text(const ns_npu_coverage *coverage, ns_buffer *buffer);
void ns_npu_coverage_json(const ns_npu_coverage *coverage, ns_json *json);

/* ---- difference.c ---- */

/* Difference: the first operation at which two streams part, and the registers that it sees in each. */

typedef struct ns_npu_field_difference {
    const char *register_name, *name; /* "IFM_BASE0", its field */
    bool written[2];
    int64_t value[2];
} ns_npu_field_difference;

typedef struct ns_npu_difference {
    bool differs;
    size_t operations[2]; /* block operations and DMAs of each stream */
    size_t operation;     /* number of the first that differs, among them, from 0 */
    const char *name[2];  /* "OP_CONV"; NULL: that stream has ended */
    int64_t command[2];   /* index of its command; -1: the same */
    int field_count;      /* 0: they are other operations */
    const ns_npu_field_difference *fields;
} ns_npu_difference;

/* Compares two streams for one accelerator, without executing them; the lists lie in `arena`, the names live
 * as long as the program. Branches are not followed. */
ns_code ns_npu_stream_difference(ns_npu_stream *a, ns_npu_stream *b, ns_arena *arena, ns_npu_difference *out,
                                 ns_error *error);

/* "operation 3, OP_CONV (command 41): IFM_BASE0.ADDRESS 0 against 16", without a newline. */
void ns_npu_difference_text(const ns_npu_difference *difference, ns_buffer *buffer);

/* ---- inspect_text.c and inspect_json.c ---- */

/* Inspect: a stream in readable form: configuration, memory map, operations, weights, scales, commands. */

/* Appends the description as text. Operations whose registers make no sense are shown with the reason. */
ns_code ns_npu_inspect_text(ns_npu_stream *stream, ns_buffer *buffer, ns_error *error);

/* The same of some operations, without DMA and commands: `only` is an operation's number, or words of its
 * name
 * ("CONV", "elementwise mul"); NULL: all. NS_ERROR_USAGE: it names none. */
ns_code ns_npu_inspect_some(ns_npu_stream *stream, const char *only, ns_buffer *buffer, ns_error *error);

/* The same as one object of a JSON document (docs/inspect.md), `key` its name there or NULL. */
ns_code ns_npu_inspect_json(ns_npu_stream *stream, ns_json *json, const char *key, ns_error *error);
ns_code ns_npu_inspect_some_json(ns_npu_stream *stream, const char *only, ns_json *json, const char *key,
                                 ns_error *error);

#endif
