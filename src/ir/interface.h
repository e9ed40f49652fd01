/* What ir gives the rooms above it. */
#ifndef NS_IR_INTERFACE_H
#define NS_IR_INTERFACE_H

#include "ir/program.h"

/* ---- build.c ---- */

/* Building an ATen program. Every function checks its operands and infers the result's shape; NS_ERROR_INPUT
 * says which operand is wrong and what was expected. `*node` is the new node's index. */

/* An empty program in `arena`. */
ns_code ns_aten_program_new(ns_arena *arena, ns_aten_program **out, ns_error *error);

/* `name` NULL: "placeholder" or "get_attr"; made unique. Names and values are copied. An input has dtype
 * FP32. */
ns_code ns_aten_add_input(ns_aten_program *program, const char *name, int rank, const int64_t *shape,
                          int *node, ns_error *error);
ns_code ns_aten_add_parameter(ns_aten_program *program, const char *name, int rank, const int64_t *shape,
                              const float *data, int *node, ns_error *error);

/* An input of reals (FP32), integers (INT32) or truth values (BOOL); the last two reach the graph as they
 * are. */
ns_code ns_aten_add_typed_input(ns_aten_program *program, const char *name, ns_dtype dtype, int rank,
                                const int64_t *shape, int *node, ns_error *error);

/* A parameter of whole numbers (INT32) or truth values (BOOL: 0 and 1), which nothing quantises: `values` are
 * copied to `quantised`, and rounded to float32 in `data`. */
ns_code ns_aten_add_integer_parameter(ns_aten_program *program, const char *name, ns_dtype dtype, int rank,
                                      const int64_t *shape, const int32_t *values, int *node,
                                      ns_error *error);

/* A parameter all of one value that stands for a call of full (replace_scalar_with_tensor_pass.py). */
ns_code ns_aten_add_full(ns_aten_program *program, int rank, const int64_t *shape, float value, int *node,
                         ns_error *error);

/* Adds a copy of `constant`, a PARAMETER of another program or of this one. */
ns_code ns_aten_add_constant(ns_aten_program *program, const ns_aten_node *constant, int *node,
                             ns_error *error);

/* Adds a call of `op` with `input_count` operands (-1: absent) and the arguments of a list that a NULL name
 * ends (NULL: none); a parameter that is not named has its default. Its name is the operator's. */
ns_code ns_aten_call(ns_aten_program *program, const struct ns_aten_operator *op, int input_count,
                     const int *inputs, const ns_aten_argument *arguments, int *node, ns_error *error);

/* Adds a copy of `call`, a CALL of another program or of this one, with other operands: `inputs` has
 * call->input_count of them. */
ns_code ns_aten_add_copy(ns_aten_program *program, const ns_aten_node *call, const int *inputs, int *node,
                         ns_error *error);

/* Makes `node` the next result. */
ns_code ns_aten_add_output(ns_aten_program *program, int node, ns_error *error);

/* ---- decompose.c ---- */

/* Decomposing: the program after the passes that ExecuTorch 1.5.0 runs before it annotates: operators with a
 * decomposition become it; everything else stays. */

ns_code ns_aten_decompose(const ns_aten_program *program, ns_arena *arena, ns_aten_program **out,
                          ns_error *error);

/* ---- evaluate.c ---- */

/* Computing an ATen program. */

typedef enum ns_aten_mode {
    NS_ATEN_IDEAL,     /* exact reals: each result is the real function of its operands, rounded to double
                          (bounds stand in the operators' files) */
    NS_ATEN_FLOAT32,   /* what PyTorch's float run sees, up to its rounding inside operators: each result
                          rounded   to float32, or the operator's own float32 order of additions */
    NS_ATEN_QUANTISED, /* as IDEAL, with fake-quantise where a node has a quantisation */
} ns_aten_mode;

/* Computes every node. `inputs`: program->input_count tensors with the INPUT nodes' types and shapes.
 * (*values)[node] are the results in memory of `arena`, row-major. In QUANTISED mode they are values
 * after fake-quantise: integer * scale. NS_ERROR_UNSUPPORTED names an operator whose meaning is not known. */
ns_code ns_aten_evaluate(const ns_aten_program *program, ns_aten_mode mode, const ns_tensor *inputs,
                         ns_arena *arena, double ***values, ns_error *error);

/* One node, whose operands' values are there already; `input`: of an INPUT. */
ns_code ns_aten_evaluate_node(const ns_aten_program *program, int n, ns_aten_mode mode,
                              const ns_tensor *input, ns_arena *arena, double **values, ns_error *error);

#endif
