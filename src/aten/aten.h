/* ATen programs: float operators as a PyTorch module exports them, and the points where ExecuTorch's
 * quantiser puts quantise and dequantise. One program, four readers: `ideal` computes it in exact reals,
 * `quant` observes it and fills in the quantisation, the stage `quantised` computes it with
 * fake-quantise at those points, `lower` turns it into a TOSA graph. */
#ifndef NS_ATEN_ATEN_H
#define NS_ATEN_ATEN_H

#include "npuscope/tensor.h"

typedef enum ns_aten_op {
#define NS_ATEN_OPERATOR(name, text, inputs) NS_ATEN_##name,
#include "aten/operators.def"
#undef NS_ATEN_OPERATOR
    NS_ATEN_COUNT
} ns_aten_op;

#define NS_ATEN_MAX_INPUTS 3

typedef enum ns_pad_mode { NS_PAD_CONSTANT, NS_PAD_REFLECT, NS_PAD_REPLICATE, NS_PAD_CIRCULAR } ns_pad_mode;

/* How the result of a node is quantised: q = clamp(round_half_even(x / scale) + zero point, qmin, qmax)
 * (zero point 0 in every a16w8 configuration). */
typedef struct ns_quantisation {
    bool present;       /* false: the value stays real (no fake-quantise here) */
    ns_dtype dtype;     /* INT8, INT16 or INT32 */
    int64_t qmin, qmax; /* a16w8: [-32767, 32767], weights [-127, 127], bias [-2147483647, 2147483647] */
    int axis;           /* -1: one scale; else one scale per index of this axis */
    int count;          /* number of scales */
    float *scales;      /* > 0 */
} ns_quantisation;

typedef struct ns_aten_node {
    const char *name; /* ExecuTorch's name where the program came from there, else the operator's */
    ns_aten_op op;
    int input_count;
    int inputs[NS_ATEN_MAX_INPUTS]; /* indices of earlier nodes; -1: an absent optional operand (bias) */

    /* Attributes; each operator's file says which it uses. */
    int dim_count;
    int dims[NS_MAX_RANK]; /* MEAN, SUM, VAR: non-negative, ascending; 0 dims means all */
    bool keepdim;
    double correction;             /* VAR */
    int stride, padding, dilation; /* CONV1D; padding on both sides, zeros */
    int groups;                    /* CONV1D */
    int pad_left, pad_right;       /* PAD: last axis */
    ns_pad_mode pad_mode;          /* PAD */
    bool tanh_approximation;       /* GELU */

    int rank; /* of the result */
    int64_t shape[NS_MAX_RANK];
    const float *data; /* PARAMETER: the float values; NULL otherwise */
    ns_quantisation quantisation;
} ns_aten_node;

typedef struct ns_aten_program {
    ns_arena *arena;
    int node_count, node_capacity;
    ns_aten_node *nodes;
    int input_count, output_count;
    int *inputs;  /* indices of INPUT nodes in call order */
    int *outputs; /* indices of result nodes */
} ns_aten_program;

const char *ns_aten_op_text(ns_aten_op op);

#endif
