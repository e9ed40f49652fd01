/* Permute: operators that put a tensor's axes in another order: TRANSPOSE, or RESHAPE where only axes of size
 * 1 move. On Ethos-U55 an axis of over 65536 elements is transposed in parts (lower/lowering.c). */
#ifndef NS_OPS_FAMILIES_PERMUTE_H
#define NS_OPS_FAMILIES_PERMUTE_H

#include "ops/families/move.h"

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

#endif
