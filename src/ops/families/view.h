/* View: operators that keep the elements in row-major order and give them another shape: a RESHAPE, nothing
 * where the shape stays. */
#ifndef NS_OPS_FAMILIES_VIEW_H
#define NS_OPS_FAMILIES_VIEW_H

#include "ops/families/move.h"

/* All hooks but infer and the parameters. */
#define NS_VIEW_FAMILY                                                                            \
    NS_MOVE_FAMILY((&(const ns_move){.source = ns_move_same})), .supported = ns_supported_always, \
                                                                .lower = ns_view_lower

/* only_view. */
bool ns_view_always(const ns_aten_program *program, const ns_aten_node *node);
bool ns_view_same_shape(const ns_aten_program *program, const ns_aten_node *node);

ns_code ns_view_lower(ns_lowering *lowering, int node, ns_error *error);

/* Gives `node` the shape: at most one dim may be -1, what is left over. NS_ERROR_INPUT where the elements do
 * not fit. */
ns_code ns_view_shape(const ns_aten_program *program, ns_aten_node *node, int rank, const int64_t *shape,
                      ns_error *error);

/* `dim` of a node whose infer has checked it, counted from the front of `rank` axes. */
static inline int ns_move_axis(int64_t dim, int rank)
{
    return (int)(dim < 0 ? dim + rank : dim);
}

/* `dim` counted from the front of `rank` axes; NS_ERROR_INPUT outside them. */
ns_code ns_move_dim(const ns_aten_node *node, int64_t dim, int rank, int *axis, ns_error *error);

#endif
