/* Variables: what a run keeps between operators by name. */
#ifndef NS_EVAL_CALL_H
#define NS_EVAL_CALL_H

#include "kernels/kernels.h"
#include "npuscope/eval.h"

typedef struct ns_eval_slot {
    struct ns_eval_slot *next;
    const char *name;
    ns_tensor tensor;
    bool written;
} ns_eval_slot;

typedef struct ns_eval_variables {
    ns_arena *arena; /* lives as long as the run */
    ns_eval_slot *first;
} ns_eval_variables;

/* The variable of that name; NULL when it has not been declared. */
ns_eval_slot *ns_eval_find_variable(const ns_eval_variables *variables, const char *name);

/* Declares one, with its first value where it has one. */
ns_code ns_eval_add_variable(ns_eval_variables *variables, const ns_graph_tensor *declared, ns_error *error);

struct ns_eval_run;

/* Runs block `name`; the outputs' data are made in `results`. */
typedef ns_code (*ns_eval_run_block)(struct ns_eval_run *run, const char *name, int input_count,
                                     const ns_tensor *const *inputs, ns_arena *results, int output_count,
                                     ns_tensor *outputs, ns_error *error);

typedef struct ns_eval_call {
    struct ns_eval_run *run;      /* for operators that run other blocks */
    ns_eval_run_block run_block;  /* with `run` */
    ns_eval_variables *variables; /* of the run */
    const ns_block *block;
    const ns_operator *node;
    const ns_attributes *attributes;
    int input_count;
    const ns_tensor **inputs; /* with data */
    int output_count;
    ns_tensor **outputs; /* with the declared shape and type, and room for the data, not zeroed */
    ns_arena *scratch;   /* forgotten after the call */
    void **kept; /* NULL, or all operands but the first are constants: what the function derives from them and
                    puts here, in `kept_arena`, is there again when the graph is evaluated next */
    ns_arena *kept_arena;
    ns_budget *budget; /* the call's work is charged; long loops check the time */
    const ns_kernels *kernels;
} ns_eval_call;

/* Fills the outputs. Messages need not name the operator: the caller puts it in front. */
typedef ns_code (*ns_eval_function)(ns_eval_call *call, ns_error *error);

/* "element [0, 3, 2]" for element `index` of a tensor, in `text`; returns it. */
const char *ns_eval_element(const ns_tensor *tensor, size_t index, char *text, size_t size);

/* NS_ERROR_INPUT unless the call has that many operands (most < 0: any number from least on). */
ns_code ns_eval_expect_operands(const ns_eval_call *call, int least, int most, int outputs, ns_error *error);

/* NS_ERROR_UNSUPPORTED that names the tensor's type. */
ns_code ns_eval_unsupported_type(const ns_tensor *tensor, ns_error *error);

/* NS_ERROR_INPUT: the operands' shapes do not fit together. */
ns_code ns_eval_bad_shape(const ns_tensor *tensor, const char *what, ns_error *error);

/* The one value of a zero point or shift operand; NS_ERROR_INPUT when it has another number of elements. */
ns_code ns_eval_scalar(const ns_tensor *tensor, const char *what, int64_t *value, ns_error *error);

/* The one row of types for kernels that are indexed by element size: 0 to 3 for 1, 2, 4 and 8 bytes. */
static inline int ns_eval_size_index(ns_dtype dtype)
{
    int bytes = ns_dtype_bytes(dtype);
    return bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3;
}

/* ns_tensor_get and ns_tensor_set for loops: inline, so that the compiler takes the type's test out of them.
 */
static inline int64_t ns_eval_get(const void *data, int bytes, size_t index)
{
    switch (bytes) {
    case 1:
        return ((const int8_t *)data)[index];
    case 2:
        return ((const int16_t *)data)[index];
    case 4:
        return ((const int32_t *)data)[index];
    default:
        return ((const int64_t *)data)[index];
    }
}
static inline void ns_eval_set(void *data, int bytes, size_t index, int64_t value)
{
    switch (bytes) {
    case 1:
        ((int8_t *)data)[index] = (int8_t)value;
        break;
    case 2:
        ((int16_t *)data)[index] = (int16_t)value;
        break;
    case 4:
        ((int32_t *)data)[index] = (int32_t)value;
        break;
    default:
        ((int64_t *)data)[index] = value;
        break;
    }
}

/* The operators' functions; functions.def says which operator uses which. */
#define NS_EVAL_FUNCTION(op, function) ns_code ns_eval_##function(ns_eval_call *call, ns_error *error);
#include "eval/functions.def"
#undef NS_EVAL_FUNCTION

#endif
