/* view: the same elements in row-major order under another shape; one dim may be -1, what is left over. */
#include "ops/families/view.h"

enum { SELF, SHAPE };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_attribute *shape = &node->attributes[SHAPE];
    return ns_view_shape(program, node, shape->count, shape->list, error);
}

const ns_aten_operator ns_aten_op_view = {
    .name = "view",
    .aten = "aten.view.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"size", NS_ATEN_INTS, .required = true}),
    NS_VIEW_FAMILY,
    .only_view = ns_view_always,
    .infer = infer,
};
