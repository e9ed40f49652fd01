/* Recurrent: layers of cells over a sequence: lstm, gru, rnn_tanh, rnn_relu. Decomposed before the quantiser
 * sees them (ExecuTorch 1.5.1, backends/arm/_passes/decompose_lstm_pass.py, decompose_gru_pass.py,
 * decompose_rnn_pass.py): each step of each direction is a select, two linear layers over all gates and the
 * cell; unsqueeze and cat put the steps together.
 *
 * Operands: input [t, n, i] or, batch first, [n, t, i]; the states that it begins with, [layers * directions,
 * n, h] each; for each layer and direction the weights [gates * h, i] and [gates * h, h] and two biases.
 * Results: the last layer's output, and each state after the last step; each is a call with its number as
 * "result". */
#ifndef NS_OPS_FAMILIES_RECURRENT_H
#define NS_OPS_FAMILIES_RECURRENT_H

#include "ir/operator.h"

enum { NS_RECURRENT_STATES = 2 };

/* What the family needs of its operator. */
typedef struct ns_recurrent {
    int gates;  /* rows of a weight, in units of the hidden size */
    int states; /* 1: hidden; 2: hidden and cell */
    /* Adds the cell: `linear` are the nodes [n, gates * hidden] made of the step's input and of the hidden
     * state; `states` are replaced. */
    ns_code (*cell)(ns_aten_program *program, const int linear[2], int64_t hidden, int *states,
                    ns_error *error);
    /* The same for unit `i` of one row in doubles; states[k][i] are replaced. */
    void (*compute)(const double *linear[2], int64_t hidden, int64_t i, double *const *states);
} ns_recurrent;

/* All hooks and the parameters; `hx` is the type of the states' operand. */
#define NS_RECURRENT_FAMILY(family_, hx)                                                      \
    NS_PARAMETERS({"input", NS_ATEN_TENSOR}, {"hx", (hx)}, {"params", NS_ATEN_TENSORS},       \
                  {"has_biases", NS_ATEN_BOOL, .required = true},                             \
                  {"num_layers", NS_ATEN_INT, .required = true}, {"dropout", NS_ATEN_REAL},   \
                  {"train", NS_ATEN_BOOL}, {"bidirectional", NS_ATEN_BOOL, .required = true}, \
                  {"batch_first", NS_ATEN_BOOL, .required = true}, {"result", NS_ATEN_INT}),  \
        .family = (family_), .results = 1 + NS_RECURRENT_STATES, .infer = ns_recurrent_infer, \
        .exact = ns_recurrent_exact, .float32 = ns_aten_rounded, .decompose = ns_recurrent_decompose

ns_code ns_recurrent_infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error);
/* In doubles: each linear layer's sum has n roundings of 2^-53. */
ns_code ns_recurrent_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                           ns_error *error);
ns_code ns_recurrent_decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs,
                               int *out, ns_error *error);

/* Gate `index` of a linear layer's result [n, gates * hidden]. */
ns_code ns_recurrent_gate(ns_aten_program *program, int linear, int64_t hidden, int index, int *out,
                          ns_error *error);

#endif
