/* ATen programs: float operators as a PyTorch module exports them, and the points where ExecuTorch's
 * quantiser puts quantise and dequantise. One program, four readers: `ideal` computes it in exact reals,
 * `quant` observes it and fills in the quantisation, the stage `quantised` computes it with
 * fake-quantise at those points, `lower` turns it into a TOSA graph.
 *
 * The way of a program: build it with ns_aten_add_* (what the user writes, MEAN and VAR included),
 * ns_aten_decompose (what ExecuTorch's quantiser sees), ns_quantise_program (quant/quantise.h). */
#ifndef NS_ATEN_ATEN_H
#define NS_ATEN_ATEN_H

#include "npuscope/quant.h"

typedef enum ns_aten_op {
#define NS_ATEN_OPERATOR(name, text, inputs) NS_ATEN_##name,
#include "aten/operators.def"
#undef NS_ATEN_OPERATOR
    NS_ATEN_COUNT
} ns_aten_op;

#define NS_ATEN_MAX_INPUTS 3

typedef enum ns_pad_mode { NS_PAD_CONSTANT, NS_PAD_REFLECT, NS_PAD_REPLICATE, NS_PAD_CIRCULAR } ns_pad_mode;

typedef struct ns_aten_node {
    const char *name; /* unique in its program; ExecuTorch's name where the program came from there */
    ns_aten_op op;
    int input_count;
    int inputs[NS_ATEN_MAX_INPUTS]; /* indices of earlier nodes; -1: an absent optional operand (bias) */

    /* Attributes; each operator's file says which it uses. */
    int dim_count;
    int dims[NS_MAX_RANK]; /* MEAN, SUM, VAR: non-negative, distinct, in the caller's order; never none
                              unless the rank is 0 (the builder replaces "none" by all) */
    bool keepdim;
    double correction;             /* VAR */
    int stride, padding, dilation; /* CONV1D; padding on both sides, zeros */
    int groups;                    /* CONV1D */
    int pad_left, pad_right;       /* PAD: last axis */
    ns_pad_mode pad_mode;          /* PAD */
    double pad_value;              /* PAD in constant mode */
    bool tanh_approximation;       /* GELU */

    int rank; /* of the result */
    int64_t shape[NS_MAX_RANK];
    const float *data; /* PARAMETER: the float values; NULL otherwise */
    const int32_t
        *quantised; /* PARAMETER with quantisation: its integers, as ExecuTorch freezes them; or NULL */
    ns_quantisation quantisation;
} ns_aten_node;

typedef struct ns_aten_program {
    ns_arena *arena;
    int node_count, node_capacity;
    ns_aten_node *nodes; /* operands before users */
    int input_count, output_count;
    int *inputs;  /* indices of INPUT nodes in call order */
    int *outputs; /* indices of result nodes */
} ns_aten_program;

/* "aten.bmm.default" for NS_ATEN_BMM; "?" outside the enum. */
const char *ns_aten_op_text(ns_aten_op op);

/* ---- building (program.c and op_<name>.c) ----
 * Every function checks its operands and infers the result's shape; NS_ERROR_INPUT says which operand
 * is wrong and what was expected. `*node` is the new node's index. */

/* An empty program in `arena`. */
ns_code ns_aten_program_new(ns_arena *arena, ns_aten_program **out, ns_error *error);

/* Adds `prototype` (op, inputs, attributes; rank and shape for INPUT, PARAMETER and RESHAPE; data for
 * PARAMETER; name NULL: the operator's name, made unique). Name and data are copied. The functions
 * below all end here. */
ns_code ns_aten_add(ns_aten_program *program, const ns_aten_node *prototype, int *node, ns_error *error);

ns_code ns_aten_add_input(ns_aten_program *program, const char *name, int rank, const int64_t *shape,
                          int *node, ns_error *error);
ns_code ns_aten_add_parameter(ns_aten_program *program, const char *name, int rank, const int64_t *shape,
                              const float *data, int *node, ns_error *error);

/* [b, n, k] x [b, k, m] -> [b, n, m] */
ns_code ns_aten_add_bmm(ns_aten_program *program, int a, int b, int *node, ns_error *error);

/* Input [n, c, w], weight [o, c / groups, k], bias [o] or -1 for none -> [n, o, w']. stride >= 1,
 * padding >= 0 (zeros, both sides), dilation >= 1. */
ns_code ns_aten_add_conv1d(ns_aten_program *program, int input, int weight, int bias, int stride, int padding,
                           int dilation, int groups, int *node, ns_error *error);

ns_code ns_aten_add_exp(ns_aten_program *program, int input, int *node, ns_error *error);
ns_code ns_aten_add_reciprocal(ns_aten_program *program, int input, int *node, ns_error *error);
ns_code ns_aten_add_gelu(ns_aten_program *program, int input, bool tanh_approximation, int *node,
                         ns_error *error);

/* Elementwise; operands broadcast as PyTorch's do. */
ns_code ns_aten_add_mul(ns_aten_program *program, int a, int b, int *node, ns_error *error);
ns_code ns_aten_add_sub(ns_aten_program *program, int a, int b, int *node, ns_error *error);

/* Reductions over `dims` (-rank to rank - 1, distinct); dim_count 0 means all dims. */
ns_code ns_aten_add_mean(ns_aten_program *program, int input, int dim_count, const int *dims, bool keepdim,
                         int *node, ns_error *error);
ns_code ns_aten_add_sum(ns_aten_program *program, int input, int dim_count, const int *dims, bool keepdim,
                        int *node, ns_error *error);
/* Sum of squared differences from the mean over max(0, n - correction), n the number of reduced elements. */
ns_code ns_aten_add_var(ns_aten_program *program, int input, int dim_count, const int *dims,
                        double correction, bool keepdim, int *node, ns_error *error);

/* Pads the last axis; negative widths are refused. `value` is used in constant mode only. */
ns_code ns_aten_add_pad(ns_aten_program *program, int input, int left, int right, ns_pad_mode mode,
                        double value, int *node, ns_error *error);
ns_code ns_aten_add_reshape(ns_aten_program *program, int input, int rank, const int64_t *shape, int *node,
                            ns_error *error);

/* Makes `node` the next result. */
ns_code ns_aten_add_output(ns_aten_program *program, int node, ns_error *error);

/* Elements of a node's result. */
size_t ns_aten_count(const ns_aten_node *node);

/* ---- decomposing (decompose.c) ----
 * The program after the passes that ExecuTorch 1.5.0 runs before it annotates: MEAN and VAR become
 * RESHAPE, SUM, MUL, SUB and constant PARAMETERs; everything else stays. */
ns_code ns_aten_decompose(const ns_aten_program *program, ns_arena *arena, ns_aten_program **out,
                          ns_error *error);

/* ---- computing (evaluate.c and op_<name>.c) ---- */
typedef enum ns_aten_mode {
    NS_ATEN_IDEAL,     /* exact reals: each result is the real function of its operands, rounded to double
                          (bounds stand in the operators' files) */
    NS_ATEN_FLOAT32,   /* the same, each result rounded to float32, and SUM in PyTorch's order of float32
                          additions: what PyTorch's float run sees up to its rounding inside operators */
    NS_ATEN_QUANTISED, /* as IDEAL, with fake-quantise where a node has a quantisation */
} ns_aten_mode;

/* Computes every node. `inputs`: program->input_count FP32 tensors with the INPUT nodes' shapes.
 * (*values)[node] are the results in memory of `arena`, row-major. In QUANTISED mode they are values
 * after fake-quantise: integer * scale. */
ns_code ns_aten_evaluate(const ns_aten_program *program, ns_aten_mode mode, const ns_tensor *inputs,
                         ns_arena *arena, double ***values, ns_error *error);

#endif
