/* Pattern: what the matchers of known defects ask about a block: who made a tensor, who reads it, what a
 * constant holds. Every question about an absent operand has an answer, so that conditions can be chained. */
#ifndef NS_DEFECTS_PATTERN_H
#define NS_DEFECTS_PATTERN_H

#include "formats/tflite.h"
#include "npuscope/defects.h"

typedef struct ns_pattern {
    const ns_block *block;
    const int *producers; /* by tensor: the operator that made it, -1 for inputs of the block */
    const int *readers;   /* by tensor: how many operands of operators it is */
    unsigned family;      /* NS_FAMILY_*: the one that is asked about */
} ns_pattern;

typedef const ns_operator *ns_op_ref;

/* Makes the tables of one block in `arena`. */
ns_code ns_pattern_make(const ns_block *block, ns_arena *arena, ns_pattern *out, ns_error *error);

/* The tensor of operand `index`; NULL where there is none. */
const ns_tensor *ns_pattern_input(const ns_pattern *p, ns_op_ref op, int index);
const ns_tensor *ns_pattern_output(const ns_pattern *p, ns_op_ref op);

/* What stands before operand `index` and serves this operator alone, operators of the kind `skipped` that
 * nothing else reads left out (NS_OP_RESHAPE: TRANSPOSEs that move nothing, too); NULL where there is none.
 * NS_OP_COUNT: none is skipped. */
ns_op_ref ns_pattern_served_by(const ns_pattern *p, ns_op_ref op, int index, ns_op skipped);

/* The operator that made operand `index`, IDENTITY and what is one left out (a RESHAPE or TRANSPOSE to the
 * same shape); NULL for inputs of the block. */
ns_op_ref ns_pattern_from(const ns_pattern *p, ns_op_ref op, int index);

/* The same where it is an `want`; else NULL. */
ns_op_ref ns_pattern_from_op(const ns_pattern *p, ns_op_ref op, int index, ns_op want);

/* The next operator in the block's order, after `after` (NULL: the first), that reads the output of `op`. */
ns_op_ref ns_pattern_reader(const ns_pattern *p, ns_op_ref op, ns_op_ref after);

/* True where a RESHAPE, or a TRANSPOSE that only moves dims of 1, keeps the tensor and changes its shape. */
bool ns_pattern_is_view(const ns_pattern *p, ns_op_ref op);

/* Operators that Vela leaves out: RESHAPE, IDENTITY, and a TRANSPOSE that moves nothing but dims of 1. */
bool ns_pattern_keeps_tensor(const ns_pattern *p, ns_op_ref op);

/* Whether two TRANSPOSEs, the second of the first one's result, together move nothing but dims of 1. */
bool ns_pattern_undoes(const ns_pattern *p, ns_op_ref second, ns_op_ref first);

/* Whether a TRANSPOSE (NULL: false) exchanges the last two dims, and no others. */
bool ns_pattern_swaps_last(ns_op_ref transpose);

/* Whether a RESCALE to 8 or 16 bits alone reads the result. */
bool ns_pattern_narrows(const ns_pattern *p, ns_op_ref op);

/* Whether a window has padding of its own. */
bool ns_pattern_is_padded(ns_op_ref op);

/* A CONV3D that RewriteConv3D cannot make a CONV2D: of several depths, with a stride or padding along them.
 */
bool ns_pattern_has_depth(const ns_pattern *p, ns_op_ref op);

/* A convolution with a whole kernel of padding, of which it makes a PAD (RealiseKernelPadding). */
bool ns_pattern_realises_padding(const ns_pattern *p, ns_op_ref op);

/* The same with a stride or dilation that has to be taken apart. */
bool ns_pattern_makes_pad(const ns_pattern *p, ns_op_ref op);

/* CONCAT, PAD, or what makes a PAD; NULL: false. */
bool ns_pattern_joins(const ns_pattern *p, ns_op_ref op);

/* Whether such an operator alone reads the result, through RESHAPEs. */
bool ns_pattern_is_part(const ns_pattern *p, ns_op_ref op);

/* Elementwise operators of two operands. */
bool ns_pattern_is_binary(ns_op op);

/* Whether tensor `tensor` has two shapes: Vela's RemoveReshape (graphir_optimiser.cpp) gives a tensor the
 * shape of the RESHAPE that reads or makes it, and later passes that ask the tensor, not its connection, get
 * that one. */
bool ns_pattern_is_viewed(const ns_pattern *p, int tensor);

/* The same by another operator than the one that made the tensor: its own RESHAPE gives it its shape. */
bool ns_pattern_is_viewed_elsewhere(const ns_pattern *p, int tensor);

/* The only reader of the output of `op`, IDENTITY and what is one left out; NULL where there are none,
 * several, or the output is one of the block's. */
ns_op_ref ns_pattern_only_reader(const ns_pattern *p, ns_op_ref op);

/* True when the output of `op` is an output of the block. */
bool ns_pattern_is_result(const ns_pattern *p, ns_op_ref op);

/* Element `element` of a constant operand; `otherwise` where the operand is no constant or too short. */
int64_t ns_pattern_constant(const ns_pattern *p, ns_op_ref op, int index, size_t element, int64_t otherwise);

/* The dim that is `back` from the last one (0: the last); 1 where the rank is smaller. */
int64_t ns_pattern_dim(const ns_tensor *t, int back);

/* Product of the dims before the last three. */
int64_t ns_pattern_batch(const ns_tensor *t);

/* An attribute list's value, or `otherwise`. */
int32_t ns_pattern_list(const ns_int_list *list, int index, int32_t otherwise);

/* The integer that a RESCALE multiplies by; 0 where it is none, or has a left shift of its own. */
int64_t ns_pattern_integer_scale(const ns_pattern *p, ns_op_ref rescale);

/* Bitwise AND, OR and XOR, and shifts. */
bool ns_pattern_is_bitwise(ns_op op);

/* Whether the operator takes the RESCALE behind it in: an operation of MACs or a sum does, a product of
 * narrow operands, and an addition of two tensors that are multiplied by one small integer. */
bool ns_pattern_takes_rescale(const ns_pattern *p, ns_op_ref op);

/* Match: the conditions of the rows of known_defects.def. Each says whether the row's pattern is met where
 * `op` is the operator whose result goes wrong, on family p->family. */

#define NS_DEFECT(id, kind, releases, families, matcher, ...) \
    bool ns_defect_met_##matcher(const ns_pattern *p, ns_op_ref op);
#include "npuscope/known_defects.def"
#undef NS_DEFECT

/* Row tflite_reduce: whether an operator of a .tflite that is not compiled is such a reduction. An axis that
 * is no constant is no match. NS_ERROR_INPUT: malformed. */
ns_code ns_defect_met_tflite_reduce(const ns_tflite_subgraph *graph, const ns_tflite_operator *operator,
                                    bool * met, ns_error *error);

#endif
