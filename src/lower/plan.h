/* Plan: the TOSA graph while it is made. Steps are TOSA operators; constants that only carry their parameters
 * (RESHAPE's shape, zero points, ...) are lists beside them, which emit.c makes tensors of. A plan exists
 * because ExecuTorch inserts rescales right after the value that they convert, not where the walk stands:
 * steps are kept in a list that can be extended in the middle. */
#ifndef NS_LOWER_PLAN_H
#define NS_LOWER_PLAN_H

#include "npuscope/graph.h"

typedef enum ns_step_kind {
    NS_STEP_CONSTANT, /* a placeholder with values */
    NS_STEP_INPUT,    /* an input of the graph */
    NS_STEP_OPERATOR,
} ns_step_kind;

/* Where a constant stands among the constants: ExecuTorch puts the zero biases that it makes in front of
 * the tables, and these in front of the program's own parameters (the passes that make them insert before
 * the first placeholder). */
typedef enum ns_constant_group {
    NS_CONSTANT_ZERO_BIAS,
    NS_CONSTANT_TABLE,
    NS_CONSTANT_PARAMETER,
    NS_CONSTANT_GROUP_COUNT
} ns_constant_group;

/* An operand that only carries a parameter: its tensor is "<operator's name><suffix>", and stands in front of
 * its operator. */
typedef struct ns_step_constant {
    const char *suffix; /* NULL: a CONST_SHAPE */
    bool shared;        /* CONST_SHAPE: one for all steps with the same list (InsertConstShapesPass) */
    ns_dtype dtype;
    int count;
    const int64_t *values;
} ns_step_constant;

enum { NS_STEP_CONSTANTS = 3 };

typedef struct ns_step {
    ns_step_kind kind;
    ns_op op; /* OPERATOR */
    ns_dtype dtype;
    int rank; /* of the result */
    int64_t shape[NS_MAX_RANK];
    int input_count;
    int *inputs; /* indices of steps */

    ns_attributes attributes; /* OPERATOR: those that it has; their lists are the plan's arena's or static */
    int constant_count;       /* OPERATOR: operands behind `inputs` */
    ns_step_constant constants[NS_STEP_CONSTANTS];
    int scale_count; /* RESCALE: 1, or one per channel of the last axis; emit.c makes its operands of them */
    const double *scales;

    ns_constant_group group; /* CONSTANT */
    const char *name;        /* CONSTANT, INPUT */
    const void *data;        /* CONSTANT: values in memory form */

    int next; /* in list order; -1 ends it */
} ns_step;

typedef struct ns_plan {
    ns_arena *arena;
    int step_count, step_capacity;
    ns_step *steps;
    int first, last; /* the list; -1 when it is empty */
    int input_count, output_count;
    int *inputs, *outputs;
} ns_plan;

#define NS_PLAN_FRONT (-1)
#define NS_PLAN_END (-2)

/* An operator step with one operand that has its type and shape, without attributes. It refers to *input. */
ns_step ns_plan_like(const ns_plan *plan, ns_op op, int *input);

/* Adds a constant of zeros (a zero point, a shift) to `step`'s operands. */
void ns_step_zero(ns_step *step, const char *suffix, ns_dtype dtype);

/* Adds a list to `step`'s operands, copied: with a suffix, or as a CONST_SHAPE for NULL. */
ns_code ns_step_list(ns_plan *plan, ns_step *step, const char *suffix, ns_dtype dtype, int count,
                     const int64_t *values, ns_error *error);

/* A copy of `count` values, for an attribute. */
ns_code ns_plan_list(ns_plan *plan, int count, const int32_t *values, ns_int_list *list, ns_error *error);

/* Adds a copy of `step` (its input list is copied too) after the step `after`, in front of all, or at the
 * end; `*index` is the new step's. */
ns_code ns_plan_add(ns_plan *plan, const ns_step *step, int after, int *index, ns_error *error);

/* The operators that several ATen operators share; each goes after the step `after`. */
ns_code ns_plan_rescale(ns_plan *plan, int input, ns_dtype dtype, int scale_count, const double *scales,
                        int after, int *index, ns_error *error);
ns_code ns_plan_reshape(ns_plan *plan, int input, int rank, const int64_t *shape, int after, int *index,
                        ns_error *error);
ns_code ns_plan_transpose(ns_plan *plan, int input, const int32_t *perms, int after, int *index,
                          ns_error *error);
/* A SLICE: on all axes, or of `size` elements from `start` on one axis, the others whole. */
ns_code ns_plan_slice_all(ns_plan *plan, int input, const int64_t *start, const int64_t *size, int after,
                          int *index, ns_error *error);
ns_code ns_plan_slice(ns_plan *plan, int input, int axis, int64_t start, int64_t size, int after, int *index,
                      ns_error *error);
ns_code ns_plan_concat(ns_plan *plan, int count, const int *inputs, int axis, int after, int *index,
                       ns_error *error);

/* Merges constants of equal type, shape and values, as FuseEqualPlaceholdersPass does, then writes the
 * graph: constants, inputs, operators in list order. */
ns_code ns_plan_emit(ns_plan *plan, ns_graph **graph, ns_error *error);

#endif
