/* Call: what an operator's function is given. */
#ifndef NS_EVAL_CALL_H
#define NS_EVAL_CALL_H

#include "kernels/kernels.h"
#include "npuscope/eval.h"

struct ns_eval_run;

typedef struct ns_eval_call {
    struct ns_eval_run *run; /* for operators that run other blocks or keep variables */
    const ns_block *block;
    const ns_operator *node;
    const ns_attributes *attributes;
    int input_count;
    const ns_tensor **inputs; /* with data */
    int output_count;
    ns_tensor **outputs; /* with the declared shape and type, and room for the data, not zeroed */
    ns_arena *scratch;   /* forgotten after the call */
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

/* `count` elements from `first`, `step` elements apart, in 64 bits. */
void ns_eval_load(const ns_tensor *tensor, size_t first, size_t step, size_t count, int64_t *out);

/* The one row of types for kernels that are indexed by element size: 0 to 3 for 1, 2, 4 and 8 bytes. */
static inline int ns_eval_size_index(ns_dtype dtype)
{
    int bytes = ns_dtype_bytes(dtype);
    return bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3;
}

/* Runs block `name`; the outputs' data are made in `results`. */
ns_code ns_eval_run_block(struct ns_eval_run *run, const char *name, int input_count,
                          const ns_tensor *const *inputs, ns_arena *results, int output_count,
                          ns_tensor *outputs, ns_error *error);

/* The run's variable of that name, its data kept until the run ends; NULL when it has not been declared. */
typedef struct ns_eval_slot {
    struct ns_eval_slot *next;
    const char *name;
    ns_tensor tensor;
    bool written;
} ns_eval_slot;

ns_eval_slot *ns_eval_find_variable(struct ns_eval_run *run, const char *name);
ns_code ns_eval_add_variable(struct ns_eval_run *run, const ns_graph_tensor *declared, ns_error *error);

/* The operators' functions; functions.def says which operator uses which. */
#define NS_EVAL_FUNCTION(op, function) ns_code ns_eval_##function(ns_eval_call *call, ns_error *error);
#include "eval/functions.def"
#undef NS_EVAL_FUNCTION

#endif
