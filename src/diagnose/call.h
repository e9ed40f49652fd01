/* Call: what an operator's evaluation is given, and the values that it works on.
 *
 * Values are in code units: what an element's integer would be without rounding. Integers stay exact: sums of
 * int16 by int16 lie below 2^48. An operator runs in a mode, which says what of it is as in the file. */
#ifndef NS_DIAGNOSE_CALL_H
#define NS_DIAGNOSE_CALL_H

#include "diagnose/plan.h"

/* A loop that is compiled for AVX2 as well, where the loader can choose between the two: the same bits, for
 * nothing is contracted. */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define NS_DG_LOOP __attribute__((target_clones("avx2", "default")))
#else
#define NS_DG_LOOP
#endif

/* What is as TOSA says; everything else is ideal. */
enum {
    NS_DG_ROUND = 1,    /* the RESCALE at the stage's end rounds */
    NS_DG_CLAMP = 2,    /* it clamps to its type */
    NS_DG_TABLE = 4,    /* tables are straight between their knots */
    NS_DG_CONSTANT = 8, /* the constants 1/N are as in the file */
    NS_DG_INNER = 16,   /* inner operators round */
    NS_DG_TWICE = 32,   /* RESCALEs that ask for double rounding get it */
    NS_DG_IDEAL = 0,    /* no rounding, no clamp, smooth tables: the graph's real-valued self */
    NS_DG_TOSA = 63,
    NS_DG_BEST = NS_DG_ROUND | NS_DG_CLAMP, /* the best at this scale */
    /* Not in the file: */
    NS_DG_FIT = 64,        /* the result rounded to the best step that its type could have for these values */
    NS_DG_FINE = 128,      /* tables with knots `fine_step` codes apart, each rounded and clamped */
    NS_DG_HOLD_LEFT = 256, /* tables hold each segment's left knot */
    NS_DG_HOLD_RIGHT = 512, /* or its right one */
};

/* Element i is data[i] * scale: factors are carried along, so that most RESCALEs cost nothing. */
typedef struct ns_dg_value {
    double *data;
    ns_dg_array *array; /* owns the data; NULL: somebody else does */
    double scale;
    bool integer; /* all elements are known to be integers */
} ns_dg_value;

/* Values that take the place of constants: what a perturbation changes. */
typedef struct ns_dg_overrides {
    double **values; /* of each tensor, or NULL */
} ns_dg_overrides;

/* What one thread needs. */
typedef struct ns_dg_worker {
    const ns_dg_plan *plan;
    ns_dg_pool pool;
    ns_arena *scratch;                /* forgotten after each operator */
    ns_dg_array *lent;                /* large scratch of this operator, out of the pool */
    ns_dg_value *locals;              /* of each tensor, while a stage runs */
    int *uses;                        /* of each tensor: operators of the stage still to read it */
    const ns_dg_overrides *overrides; /* NULL: none */
    bool rough;                       /* floats are near enough for products of reals */
    double fine_step;                 /* codes, for NS_DG_FINE */
    int only_inner; /* the operator that alone keeps NS_DG_INNER, counted from 1; 0: all do */
} ns_dg_worker;

/* What an operator's function is given. */
typedef struct ns_dg_call {
    ns_dg_worker *worker;
    const ns_dg_plan *plan;
    const ns_operator *op;
    int index; /* of the operator */
    unsigned mode;
    bool final;                   /* it stores the stage's result */
    const ns_dg_value *inputs[8]; /* the first 8 */
    const ns_tensor *shapes[8];
    const ns_tensor *shape; /* of the result */
    size_t count;           /* elements of the result */
    ns_dg_value *out;
} ns_dg_call;

typedef ns_code (*ns_dg_function)(ns_dg_call *call, ns_error *error);

/* Room for the result: `count` elements, scale 1. */
ns_code ns_dg_make(ns_dg_call *call, ns_error *error);

/* Room for `count` doubles until the operator has run; not zeroed, 8 more may be read. NULL: no memory. Large
 * arrays come and go thousands of times: from the arena each would be new pages, zeroed twice. */
double *ns_dg_scratch(const ns_dg_call *call, size_t count);

/* The elements of operand `i` with its factor multiplied in; scratch memory of the worker where that is not
 * the data itself. */
ns_code ns_dg_elements(ns_dg_call *call, int i, const double **data, ns_error *error);

/* Rounds the result to the best step that its type could have for these values (evaluate_rescale.c). */
void ns_dg_fit_step(const ns_dg_call *call, double zero);

/* The largest absolute value; NaN counts for nothing. */
double ns_dg_largest(const double *values, size_t count);

/* Element 0 of operand `i`, which must be a constant of the file; 0 where there is none. */
double ns_dg_scalar(const ns_dg_call *call, int i);

/* The operators' evaluations, by families, one file each (evaluate_*.c). */
ns_code ns_dg_op_rescale(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_table(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_convolution(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_depthwise(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_matmul(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_binary(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_multiply(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_unary(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_clamp(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_cast(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_reduce(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_pool2d(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_resize(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_move(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_alias(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_control(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_on_integers(ns_dg_call *call, ns_error *error);

/* Matrix products. Where a run departs from R and is held against it, floats are near enough (R is kept in
 * floats; a rounding 140 dB below), and twice as fast. Never where integers must stay exact. */
typedef struct ns_dg_operands {
    const double *in, *packed;
    double *out;
    float *in32, *packed32, *out32; /* NULL: in doubles */
    double *bias;                   /* of one row of the result: added with out32 */
    double factor; /* of in32: its largest value is near 1, for codes may leave a float's range */
} ns_dg_operands;

/* Will floats do for this operator's products? */
bool ns_dg_is_rough(const ns_dg_call *call);

/* Makes the floats of the input's `in_count` elements and of the result, where packed32 is given. */
ns_code ns_dg_operands_narrow(const ns_dg_call *call, ns_dg_operands *o, size_t in_count, ns_error *error);

/* A product whose a, packed and c are within the operands' doubles. */
void ns_dg_product(const ns_dg_call *call, const ns_dg_operands *o, const ns_gemm_f64_call *p);

/* After the last of them; `results` are a row. */
void ns_dg_operands_finish(const ns_dg_call *call, const ns_dg_operands *o, size_t results);

#endif
