/* Computing an ATen program. */
#ifndef NS_IR_EVALUATE_H
#define NS_IR_EVALUATE_H

#include "ir/program.h"

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

#endif
