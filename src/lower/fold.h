/* Fold: calls of constants become constants, as ExecuTorch 1.5.1 computes them ahead of time
 * (backends/arm/_passes/fuse_constant_ops_pass.py): in float32 from the dequantised operands, then quantised.
 * What reads its operands through RESCALE stays: "RESCALE is left to the compiler". */
#ifndef NS_LOWER_FOLD_H
#define NS_LOWER_FOLD_H

#include "ir/program.h"

/* `*out` is `program`, quantised, with such calls as PARAMETERs of the same index; it lies in `arena` and in
 * `program`. */
ns_code ns_lower_fold(const ns_aten_program *program, ns_arena *arena, ns_aten_program **out,
                      ns_error *error);

#endif
