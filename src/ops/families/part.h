/* Part: operators whose result is a box of their operand along one axis, every step-th element of it, with
 * the axis or without: slice, select, split, chunk. SLICE, and RESHAPE where the axis goes. */
#ifndef NS_OPS_FAMILIES_PART_H
#define NS_OPS_FAMILIES_PART_H

#include "ops/families/view.h"

/* Elements start, start + 1, .. start + size - 1 of `axis`. */
typedef struct ns_part_range {
    int axis;
    int64_t start, size;
    bool drop; /* the axis is not in the result; size is 1 */
} ns_part_range;

typedef struct ns_part {
    ns_move move; /* first: what the move family reads */
    ns_code (*range)(const ns_aten_program *program, const ns_aten_node *node, ns_part_range *range,
                     ns_error *error);
} ns_part;

/* All hooks but the parameters; `range` is the function above. */
#define NS_PART_FAMILY(range)                                                \
    NS_MOVE_FAMILY((&(const ns_part){{.source = ns_part_source}, (range)})), \
        .infer = ns_part_infer, .supported = ns_supported_always, .lower = ns_part_lower

bool ns_part_source(const ns_aten_program *program, const ns_aten_node *node, size_t element, int *operand,
                    int64_t *from);
ns_code ns_part_infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error);
ns_code ns_part_lower(ns_lowering *lowering, int node, ns_error *error);

#endif
