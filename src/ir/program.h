/* ATen programs: float operators as a PyTorch module exports them, and the points where ExecuTorch's
 * quantiser puts quantise and dequantise. One program, four readers: `ideal` computes it in exact reals,
 * `quant` observes it and fills in the quantisation, the stage `quantised` computes it with
 * fake-quantise at those points, `lower` turns it into a TOSA graph.
 *
 * This room knows no operator by name: what one means stands in src/ops/<operator>.c, behind the struct of
 * ir/operator.h.
 *
 * The way of a program: build it (ir/build.h: what the user writes), ns_aten_decompose (ir/decompose.h: what
 * ExecuTorch's quantiser sees), ns_quantise_program (quant/quantise.h); ns_aten_evaluate (ir/evaluate.h).
 */
#ifndef NS_IR_PROGRAM_H
#define NS_IR_PROGRAM_H

#include "npuscope/quant.h"

struct ns_aten_operator; /* ir/operator.h */

/* ---- attributes ----
 * An operator declares a list of typed parameters in the order of PyTorch's schema; a node has one value for
 * each. Which member counts is the parameter's type: integer for INT, BOOL and CHOICE, real for REAL, the
 * list for INTS, reals for REALS. */
typedef struct ns_aten_attribute {
    bool none; /* None: an optional value that the caller left out */
    int64_t integer;
    double real;
    int count;
    const int64_t *list;
    const double *reals;
} ns_aten_attribute;

/* Initialisers. The program copies a list. */
#define NS_INT(value)      \
    {                      \
        .integer = (value) \
    }
#define NS_BOOL(value) NS_INT(value)
#define NS_REAL(value)  \
    {                   \
        .real = (value) \
    }
#define NS_ABSENT    \
    {                \
        .none = true \
    }
#define NS_INTS(count_, values)             \
    {                                       \
        .count = (count_), .list = (values) \
    }

/* One argument of a call, by the name that the operator's parameter has. */
typedef struct ns_aten_argument {
    const char *name; /* NULL ends a list */
    ns_aten_attribute value;
} ns_aten_argument;

/* NS_ARGUMENTS({"dim", NS_INT(1)}, {"keepdim", NS_BOOL(true)}) */
#define NS_ARGUMENTS(...) ((const ns_aten_argument[]){__VA_ARGS__, {NULL, {.none = true}}})

/* ---- nodes ---- */
typedef enum ns_aten_kind {
    NS_ATEN_CALL,      /* of an operator */
    NS_ATEN_INPUT,     /* a value that the caller gives */
    NS_ATEN_PARAMETER, /* a constant float tensor of the program */
} ns_aten_kind;

typedef struct ns_aten_node {
    const char *name; /* unique in its program; ExecuTorch's name where the program came from there */
    int namesakes;    /* nodes that wanted the same name later: they have name_1, name_2, ... */
    ns_aten_kind kind;
    const struct ns_aten_operator *op; /* CALL; NULL otherwise */
    int input_count;
    int *inputs;                   /* indices of earlier nodes; -1: an absent optional operand */
    ns_aten_attribute *attributes; /* CALL: one per parameter of the operator; those of tensors are unused */

    ns_dtype dtype; /* of the result: FP32 for reals, which the quantiser scales; INT32 and BOOL stay */
    int rank;       /* of the result */
    int64_t shape[NS_MAX_RANK];
    const float *data; /* PARAMETER: its values; NULL otherwise */
    bool filled;       /* PARAMETER: what a call of full makes, which ExecuTorch computes beforehand */
    bool reshaped;     /* PARAMETER: a constant under another shape, which it computes beforehand too */
    const int32_t *quantised; /* PARAMETER with quantisation: its integers, as ExecuTorch freezes them; of
                                 INT32 or BOOL: its values; or NULL */
    ns_quantisation quantisation;
} ns_aten_node;

typedef struct ns_aten_program {
    ns_arena *arena;
    int node_count, node_capacity;
    ns_aten_node *nodes; /* operands before users */
    int *named;          /* 2 * node_capacity slots: a node's index + 1 behind its name's hash, or 0 */
    int input_count, output_count;
    int *inputs;              /* indices of INPUT nodes in call order */
    const int *input_numbers; /* of a part of a program: each input's place among all that the whole
                                 quantises, after which ExecuTorch names it; NULL: the inputs come first */
    int *outputs;             /* indices of result nodes */
} ns_aten_program;

/* Elements of a node's result. */
size_t ns_aten_count(const ns_aten_node *node);

/* "[2, 3]" in `text`. */
const char *ns_aten_shape_text(const ns_aten_node *node, char *text, size_t size);

/* The node of operand `index`, NULL where it is absent. */
const ns_aten_node *ns_aten_operand(const ns_aten_program *program, const ns_aten_node *node, int index);

#endif
