/* Values: what the instructions of an ExecuTorch program work on (schema/program.fbs, EValue). */
#ifndef NS_PROGRAM_VALUE_H
#define NS_PROGRAM_VALUE_H

#include "base/bytes.h"
#include "npuscope/program.h"

/* Every kind, once, with its number in the union KernelTypes.
 *   NS_VALUE_KIND(NAME, code, "text") */
#define NS_VALUE_KINDS(NS_VALUE_KIND)                   \
    NS_VALUE_KIND(NONE, 1, "None")                      \
    NS_VALUE_KIND(INT, 2, "an integer")                 \
    NS_VALUE_KIND(BOOL, 3, "a bool")                    \
    NS_VALUE_KIND(DOUBLE, 4, "a real")                  \
    NS_VALUE_KIND(TENSOR, 5, "a tensor")                \
    NS_VALUE_KIND(STRING, 6, "a string")                \
    NS_VALUE_KIND(INT_LIST, 7, "a list of integers")    \
    NS_VALUE_KIND(DOUBLE_LIST, 8, "a list of reals")    \
    NS_VALUE_KIND(BOOL_LIST, 9, "a list of bools")      \
    NS_VALUE_KIND(TENSOR_LIST, 10, "a list of tensors") \
    NS_VALUE_KIND(OPTIONAL_TENSOR_LIST, 11, "a list of optional tensors")

typedef enum ns_value_kind {
#define NS_VALUE_KIND(name, code, text) NS_VALUE_##name = code,
    NS_VALUE_KINDS(NS_VALUE_KIND)
#undef NS_VALUE_KIND
} ns_value_kind;

const char *ns_value_kind_text(ns_value_kind kind);

typedef struct ns_value {
    ns_value_kind kind;
    union {
        int64_t integer;
        bool boolean;
        double real;
        ns_program_tensor tensor;
        const char *string;
        struct {
            int count;
            int *indices; /* INT_LIST and the tensor lists: indices of values; -1: an absent tensor */
            double *reals;
            bool *booleans;
        } list;
    } as;
} ns_value;

/* Where a tensor's bytes come from when a run begins. */
typedef enum ns_tensor_home {
    NS_HOME_NONE,     /* bound by a caller or during the run */
    NS_HOME_CONSTANT, /* in the file; never written */
    NS_HOME_PLANNED,  /* at an offset of a planned buffer */
} ns_tensor_home;

typedef struct ns_value_plan {
    ns_tensor_home home;
    const uint8_t *initial; /* CONSTANT: the data; PLANNED: the initial state, or NULL */
    int buffer;             /* PLANNED: index into the plan's buffers */
    uint64_t offset;
} ns_value_plan;

/* Sets the element count from the shape. NS_ERROR_INPUT for a negative dim or over 2^40 elements. */
ns_code ns_program_tensor_count(ns_program_tensor *tensor, ns_error *error);

/* Element strides (in elements) for the dim order: stride[dim_order[rank-1]] = 1 and so on outwards. */
void ns_program_tensor_strides(const ns_program_tensor *tensor, int64_t *strides);

/* True when the dim order is 0, 1, 2, ... */
bool ns_program_tensor_is_contiguous(const ns_program_tensor *tensor);

/* Gives a tensor a new shape of the same rank within its capacity. */
ns_code ns_program_tensor_resize(ns_program_tensor *tensor, const int64_t *shape, ns_error *error);

/* "[1, 3, 12] float32" in `text`; returns it. */
const char *ns_program_tensor_describe(const ns_program_tensor *tensor, char *text, size_t size);

#endif
