/* view: the same elements in row-major order under another shape; one dim may be -1, what is left over. */
#include "ops/cases.h"
#include "ops/families/movement.h"

enum { SELF, SHAPE };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_attribute *shape = &node->attributes[SHAPE];
    return ns_view_shape(program, node, shape->count, shape->list, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "flat", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 3, 2, 3, 4), {"size", NS_LIST(1, 24)})},
    {NS_LIST_SEED, "split",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 3, 1, 6, 10), {"size", NS_LIST(4, 1, 2, 3, 10)})},
};

const ns_aten_operator ns_aten_op_view = {
    .name = "view",
    .aten = "aten.view.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"size", NS_ATEN_INTS, .required = true}),
    NS_VIEW_FAMILY,
    .only_view = ns_view_always,
    .infer = infer,
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};
