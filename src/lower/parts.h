/* Parts: of a program that ExecuTorch's partitioner does not give a target as a whole, the parts that it
 * does: delegates of their own, with the CPU between them. */
#ifndef NS_LOWER_PARTS_H
#define NS_LOWER_PARTS_H

#include "ir/program.h"
#include "ir/target.h"

/* `(*parts)[0 .. *count)` are programs in `arena`, each as large as can be without needing its own result, in
 * the order of their first calls: inputs are what a part reads from outside, results what is read outside,
 * each in the order of `program`, decomposed and quantised. *count is 0 where nothing but views is left.
 * `program` keeps what they share. */
ns_code ns_lower_parts(const ns_aten_program *program, ns_target target, ns_arena *arena,
                       ns_aten_program **parts, int *count, ns_error *error);

#endif
