/* Check: what the validator's parts share. One ns_check is one operator under examination. */
#ifndef NS_TOSA_CHECK_H
#define NS_TOSA_CHECK_H

#include "npuscope/graph.h"
#include "tosa/operand_info.h"

#define NS_MAX_SYMBOLS 16

/* A name of the specification's shapes ("N", "shape1") and what it stands for in this operator. */
typedef struct ns_symbol {
    const char *name;
    int length; /* of the name */
    int64_t value;
    const ns_tensor *shape; /* a whole shape; NULL for a dim */
    int operand;            /* which operand gave it, for messages */
} ns_symbol;

typedef struct ns_check {
    const ns_graph *graph;
    const ns_block *block;
    const ns_operator *operator;
    ns_error *error;
    const ns_type_mode *mode; /* the combination of types that ns_check_operands found; NULL: none needed */
    int symbol_count;
    ns_symbol symbols[NS_MAX_SYMBOLS];
} ns_check;

/* Fails with NS_ERROR_INPUT: an ERROR_IF of the specification holds. */
#define NS_CHECK_FAIL(check, ...) ns_fail((check)->error, NS_ERROR_INPUT, __VA_ARGS__)

/* Fails with NS_ERROR_UNSUPPORTED when `value` is above a limit of level 8K. */
ns_code ns_check_level(const ns_check *check, const char *what, int64_t value, const char *limit_name,
                       int64_t limit);

static inline const ns_tensor *ns_check_input(const ns_check *check, int index)
{
    return &check->block->tensors[check->operator->inputs[index]].tensor;
}
static inline const ns_tensor *ns_check_output(const ns_check *check, int index)
{
    return &check->block->tensors[check->operator->outputs[index]].tensor;
}

/* The value of the dim `name` ("OH"), which ns_check_operands has bound. */
int64_t ns_check_dim(const ns_check *check, const char *name);

/* The values of a shape operand; NULL where they are computed by operators (then they are not checked). */
static inline const int64_t *ns_check_shape_values(const ns_check *check, int input)
{
    return ns_check_input(check, input)->data;
}

/* Counts, types, ranks, named dims and compile-time constants, after operands.def and type_modes.def. */
ns_code ns_check_operands(ns_check *check);

/* An attribute list of exactly `count` values, each at least `least`. `level` is a limit of level 8K, or 0.
 */
ns_code ns_check_list(const ns_check *check, const char *name, const ns_int_list *list, int count,
                      int32_t least, const char *level_name, int64_t level);

/* Zero point operand `input` must be 0 unless its type is int8. */
ns_code ns_check_zero_point(const ns_check *check, int input);

/* The output shape is the broadcast of the first `inputs` input shapes. */
ns_code ns_check_broadcast(const ns_check *check, int inputs);

/* One family of operators each; what it checks stands on top of the function. */
ns_code ns_check_pool(const ns_check *check);
ns_code ns_check_convolution(const ns_check *check);
ns_code ns_check_transpose_convolution(const ns_check *check);
ns_code ns_check_matmul(const ns_check *check);
ns_code ns_check_fft(const ns_check *check);

ns_code ns_check_binary(const ns_check *check);
ns_code ns_check_select(const ns_check *check);
ns_code ns_check_clamp(const ns_check *check);
ns_code ns_check_negate(const ns_check *check);
ns_code ns_check_table(const ns_check *check);
ns_code ns_check_rescale(const ns_check *check);

ns_code ns_check_argmax(const ns_check *check);
ns_code ns_check_reduce(const ns_check *check);
ns_code ns_check_reverse(const ns_check *check);
ns_code ns_check_concat(const ns_check *check);
ns_code ns_check_pad(const ns_check *check);
ns_code ns_check_reshape(const ns_check *check);
ns_code ns_check_slice(const ns_check *check);
ns_code ns_check_tile(const ns_check *check);
ns_code ns_check_transpose(const ns_check *check);
ns_code ns_check_resize(const ns_check *check);

ns_code ns_check_const(const ns_check *check);
ns_code ns_check_cond_if(const ns_check *check);
ns_code ns_check_while_loop(const ns_check *check);
ns_code ns_check_variable(const ns_check *check);

/* COND_IF and WHILE_LOOP nest at most MAX_NESTING deep below the main block, and no block calls itself. */
ns_code ns_check_nesting(const ns_graph *graph, ns_error *error);

#endif
