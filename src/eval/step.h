/* Step: an operator that can be run on some rows of its tensors at a time, as a link of a chain
 * (eval/chain.h). */
#ifndef NS_EVAL_STEP_H
#define NS_EVAL_STEP_H

#include "eval/call.h"

/* How an operand lies in the rows by columns that a step goes through. */
typedef enum ns_span {
    NS_SPAN_FULL,   /* an element for each */
    NS_SPAN_ROW,    /* an element for each row, the same in all its columns */
    NS_SPAN_COLUMN, /* an element for each column, the same in all rows */
    NS_SPAN_ONE,    /* one element */
} ns_span;

#define NS_STEP_OPERANDS 3

/* Some rows of a step: where its operands and its result begin. */
typedef struct ns_slab {
    size_t first; /* of the rows, in the whole */
    bool is_new;  /* the first slab of a run: what a step derives from whole operands is out of date */
    size_t rows, columns;
    const void *in[NS_STEP_OPERANDS];
    void *out;  /* rows * columns elements; of a reduction: one for each row */
    void *room; /* ns_step.room_size bytes, of this call's alone */
} ns_slab;

typedef struct ns_step ns_step;

/* Computes a slab. True: an element for which the specification's REQUIRE fails; the chain is then run again
 * operator by operator, and the operator's function reports it. */
typedef bool (*ns_step_function)(const ns_step *step, const ns_slab *slab);

/* The scales of the RESCALE of int48 to int16 behind a product (eval/op_rescale.c). */
typedef struct ns_step_scales {
    const int32_t *multipliers; /* one, or one for each column */
    const int8_t *shifts;
    bool per_channel;
    bool is_taken; /* set by the product's step, which then gives int16 */
} ns_step_scales;

struct ns_step {
    ns_step_function run;
    ns_span spans[NS_STEP_OPERANDS];
    const ns_kernels *kernels;
    const void *data;       /* the function's own */
    size_t room_size;       /* what a call of the function needs beside */
    ns_step_scales *scales; /* while it is prepared: NULL, or what it may take over */
};

/* Sets `run` and `data` (in the call's scratch, without pointers to the call's tensors: a step may serve the
 * next evaluation); spans and kernels are set. The operands that steps.def counts have no data yet, the
 * others (scales, zero points, tables) have. The operator's checks of types and parameters are made here,
 * those of shapes by the chain's rule; any error means: not in a chain. */
typedef ns_code (*ns_step_prepare)(ns_eval_call *call, ns_step *step, ns_error *error);

/* How far an operand's next element lies, and its next row's first. */
static inline void ns_step_steps(ns_span span, size_t columns, size_t *within, size_t *between)
{
    *within = span == NS_SPAN_FULL || span == NS_SPAN_COLUMN;
    *between = span == NS_SPAN_FULL ? columns : span == NS_SPAN_ROW ? 1 : 0;
}

/* Whether rows of such an operand may be seen as one. */
static inline bool ns_step_is_flat(ns_span span)
{
    return span == NS_SPAN_FULL || span == NS_SPAN_ONE;
}

/* A binary kernel over a slab. */
bool ns_step_run_binary(ns_binary_row kernel, const ns_step *step, const ns_slab *slab, int in_bytes,
                        int out_bytes);

/* TABLE and a RESCALE that shifts right by 7, in one: to int16. */
ns_code ns_step_table_rounded(ns_eval_call *call, ns_step *step, ns_error *error);

/* The scales of a RESCALE of int48 to int16; NULL where a product cannot take them over. */
const ns_step_scales *ns_step_rescale_scales(const ns_step *step);

#define NS_EVAL_STEP(op, form, operands, function) \
    ns_code ns_step_##function(ns_eval_call *call, ns_step *step, ns_error *error);
#include "eval/steps.def"
#undef NS_EVAL_STEP

#endif
