/* Families that move elements and compute nothing. */
#ifndef NS_OPS_FAMILIES_MOVEMENT_H
#define NS_OPS_FAMILIES_MOVEMENT_H

#include "lower/lowering.h"
#include "ops/families/arithmetic.h"

/* ---- move.c ---- */

/* Move: operators whose result elements are copies of operand elements, or a filling. One function says where
 * each comes from; meaning, terms, slope and bound follow from it. Integers pass through, so operand and
 * result share one scale. */

/* What the family needs of its operator. */
typedef struct ns_move {
    /* The operand and its row-major element that result element `element` is; false: it is the filling. */
    bool (*source)(const ns_aten_program *program, const ns_aten_node *node, size_t element, int *operand,
                   int64_t *from);
    double (*filling)(const ns_aten_node *node); /* NULL: there is none */
} ns_move;

/* The hooks but infer, supported and lower; `move` is a const ns_move *. */
#define NS_MOVE_FAMILY(move)                                                               \
    .family = (move), .exact = ns_move_exact, .float32 = ns_aten_rounded,                  \
    .annotation = NS_ANNOTATION_SHARED, .terms = ns_move_terms, .term_kind = NS_TERMS_SUM, \
    .slope = ns_slope_one, .bound = ns_bound_sum

ns_code ns_move_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                      ns_error *error);
void ns_move_terms(const ns_aten_program *program, const ns_aten_node *node, size_t element,
                   ns_term_visit visit, void *context);

/* The source of an operator with one operand whose elements stay in order. */
bool ns_move_same(const ns_aten_program *program, const ns_aten_node *node, size_t element, int *operand,
                  int64_t *from);

/* ---- view.c ---- */

/* View: operators that keep the elements in row-major order and give them another shape: a RESHAPE, nothing
 * where the shape stays. */

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

/* ---- permute.c ---- */

/* Permute: operators that put a tensor's axes in another order: TRANSPOSE, or RESHAPE where only axes of size
 * 1 move. On Ethos-U55 an axis of over 65536 elements is transposed in parts (lower/lowering.c). */

typedef struct ns_permute {
    ns_move move; /* first: what the move family reads */
    /* The operand's axis that stands at each place of the result; NS_ERROR_INPUT where the attributes are
     * wrong. */
    ns_code (*axes)(const ns_aten_program *program, const ns_aten_node *node, int *axes, ns_error *error);
} ns_permute;

/* All hooks but the parameters; `axes` is the function above. */
#define NS_PERMUTE_FAMILY(axes)                                                                           \
    NS_MOVE_FAMILY((&(const ns_permute){{.source = ns_permute_source}, (axes)})),                         \
        .infer = ns_permute_infer, .only_view = ns_permute_is_identity, .supported = ns_supported_always, \
        .lower = ns_permute_lower

bool ns_permute_source(const ns_aten_program *program, const ns_aten_node *node, size_t element, int *operand,
                       int64_t *from);
bool ns_permute_is_identity(const ns_aten_program *program, const ns_aten_node *node);
ns_code ns_permute_infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error);
ns_code ns_permute_lower(ns_lowering *lowering, int node, ns_error *error);

/* ---- tile.c ---- */

/* Tile: operators that repeat their operand along its axes: RESHAPE where axes are added in front
 * (unsqueeze_before_repeat_pass.py), TILE; neither where nothing changes. */

/* All hooks but infer and the parameters: the result's shape says how often each axis repeats. */
#define NS_TILE_FAMILY                                                                              \
    NS_MOVE_FAMILY((&(const ns_move){.source = ns_tile_source})), .supported = ns_supported_always, \
                                                                  .lower = ns_tile_lower

bool ns_tile_source(const ns_aten_program *program, const ns_aten_node *node, size_t element, int *operand,
                    int64_t *from);
ns_code ns_tile_lower(ns_lowering *lowering, int node, ns_error *error);

/* ---- resize.c ---- */

/* Resize: [n, c, h, w] sampled at other sizes of h and w: TRANSPOSE to [n, h, w, c], RESIZE, and back. Output
 * position `at` of an axis lies at (at * denominator + offset) / numerator of the operand (TOSA 1.0, RESIZE);
 * ratios are doubled as ExecuTorch 1.5.1 does (backends/arm/_passes/rewrite_upsample.py). */

typedef struct ns_resize_axis {
    int64_t in, out, numerator, denominator, offset, border;
} ns_resize_axis;

/* Which point of the operand belongs to an output position. */
typedef enum ns_resize_centres {
    NS_RESIZE_CORNERS, /* the first and the last element of both lie on each other */
    NS_RESIZE_HALVES,  /* half an element's width at both ends */
    NS_RESIZE_FLOOR,   /* floor(at * in / out), PyTorch's nearest */
} ns_resize_centres;

/* Sizes of h and w: `size`, or where it has none, floor(operand's * factor). */
ns_code ns_resize_infer(const ns_aten_program *program, ns_aten_node *node, const ns_aten_attribute *size,
                        const ns_aten_attribute *factors, ns_error *error);

ns_resize_axis ns_resize_ratio(int64_t in, int64_t out, ns_resize_centres centres);

/* Shape of the result, both axes' ratios; the RESIZE's result is of type `dtype`. */
ns_code ns_resize_step(ns_lowering *lowering, int node, const ns_resize_axis axes[2], bool nearest, int *step,
                       ns_error *error);

/* The layout in which a RESIZE reads. */
void ns_resize_reads(const ns_lowering *lowering, int node, int operand, ns_layout *layout);

/* ---- part.c ---- */

/* Part: operators whose result is a box of their operand along one axis, every step-th element of it, with
 * the axis or without: slice, select, split, chunk. SLICE, and RESHAPE where the axis goes. With steps
 * between the elements (decompose_strided_slice_copy_pass.py): the SLICE, zeros behind it up to a multiple of
 * the step, the axis split by RESHAPE in groups of a step, the first of each group, and back. */

/* Elements start, start + step, .. start + (size - 1) * step of `axis`. */
typedef struct ns_part_range {
    int axis;
    int64_t start, size;
    int64_t step; /* 0: 1 */
    int64_t span; /* of a step over 1: elements from the first on that are looked at, up to size * step */
    bool drop;    /* the axis is not in the result; size is 1 */
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
