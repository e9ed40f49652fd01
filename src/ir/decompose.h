/* Decomposing: the program after the passes that ExecuTorch 1.5.0 runs before it annotates: operators with a
 * decomposition become it; everything else stays. */
#ifndef NS_IR_DECOMPOSE_H
#define NS_IR_DECOMPOSE_H

#include "ir/program.h"

ns_code ns_aten_decompose(const ns_aten_program *program, ns_arena *arena, ns_aten_program **out,
                          ns_error *error);

#endif
