/* Tile: operators that repeat their operand along its axes: RESHAPE where axes are added in front
 * (unsqueeze_before_repeat_pass.py), TILE; neither where nothing changes. */
#ifndef NS_OPS_FAMILIES_TILE_H
#define NS_OPS_FAMILIES_TILE_H

#include "ops/families/view.h"

/* All hooks but infer and the parameters: the result's shape says how often each axis repeats. */
#define NS_TILE_FAMILY                                                                              \
    NS_MOVE_FAMILY((&(const ns_move){.source = ns_tile_source})), .supported = ns_supported_always, \
                                                                  .lower = ns_tile_lower

bool ns_tile_source(const ns_aten_program *program, const ns_aten_node *node, size_t element, int *operand,
                    int64_t *from);
ns_code ns_tile_lower(ns_lowering *lowering, int node, ns_error *error);

#endif
