/* Coverage: which operations, register fields and values a set of streams executes. A field counts with the
 * value that it has when an operation is issued: a value that is overwritten first does not. */
#ifndef NS_NPU_COVERAGE_H
#define NS_NPU_COVERAGE_H

#include "base/json.h"
#include "npu/stream.h"

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

/* What was executed, and after it what never was, as text, or as an object of a JSON array. */
void ns_npu_coverage_text(const ns_npu_coverage *coverage, ns_buffer *buffer);
void ns_npu_coverage_json(const ns_npu_coverage *coverage, ns_json *json);

#endif
