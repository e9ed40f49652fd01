#include "measure/dependencies.h"

/* The coordinates of row-major element `element`. */
static void coordinates(const ns_aten_node *node, size_t element, int64_t *at)
{
    for (int i = node->rank - 1; i >= 0; i--) {
        at[i] = (int64_t)(element % (size_t)node->shape[i]);
        element /= (size_t)node->shape[i];
    }
}

/* The row-major element of `node` at coordinates `at` of a shape of `rank` dims that it broadcasts to. */
static int64_t broadcast_element(const ns_aten_node *node, int rank, const int64_t *at)
{
    int64_t element = 0;
    for (int i = 0; i < node->rank; i++)
        element = element * node->shape[i] + (node->shape[i] == 1 ? 0 : at[rank - node->rank + i]);
    return element;
}

static void visit_bmm(const ns_aten_node *a, const ns_aten_node *node, const int64_t *at,
                      ns_dependency_visit visit, void *context)
{
    const int64_t rows = a->shape[1], inner = a->shape[2], columns = node->shape[2];
    for (int64_t k = 0; k < inner; k++) {
        const int64_t elements[] = {(at[0] * rows + at[1]) * inner + k, (at[0] * inner + k) * columns + at[2],
                                    -1};
        visit(context, elements);
    }
}

static void visit_conv1d(const ns_aten_node *input, const ns_aten_node *weight, const ns_aten_node *node,
                         const int64_t *at, ns_dependency_visit visit, void *context)
{
    const int64_t channels = weight->shape[1], kernel = weight->shape[2], length = input->shape[2];
    const int64_t group = at[1] / (node->shape[1] / node->groups);
    for (int64_t c = 0; c < channels; c++)
        for (int64_t j = 0; j < kernel; j++) {
            const int64_t position = at[2] * node->stride + j * node->dilation - node->padding;
            if (position < 0 || position >= length)
                continue;
            const int64_t elements[] = {(at[0] * input->shape[1] + group * channels + c) * length + position,
                                        (at[1] * channels + c) * kernel + j, -1};
            visit(context, elements);
        }
    if (node->inputs[2] >= 0) {
        const int64_t elements[] = {-1, -1, at[1]};
        visit(context, elements);
    }
}

/* The kept dims are fixed by `at`; the reduced ones are counted through, last dim fastest. */
static void visit_reduction(const ns_aten_node *input, const ns_aten_node *node, const int64_t *at,
                            ns_dependency_visit visit, void *context)
{
    bool reduced[NS_MAX_RANK] = {false};
    for (int i = 0; i < node->dim_count; i++)
        reduced[node->dims[i]] = true;
    int64_t from[NS_MAX_RANK] = {0};
    for (int i = 0, o = 0; i < input->rank; i++) {
        from[i] = reduced[i] ? 0 : at[o];
        o += node->keepdim || !reduced[i];
    }
    int moved;
    do {
        const int64_t elements[] = {broadcast_element(input, input->rank, from), -1, -1};
        visit(context, elements);
        for (moved = input->rank - 1; moved >= 0; moved--) {
            if (!reduced[moved])
                continue;
            if (++from[moved] < input->shape[moved])
                break;
            from[moved] = 0;
        }
    } while (moved >= 0);
}

/* Where a position outside [0, length) of a padded axis comes from; -1: nowhere. */
static int64_t padded_position(ns_pad_mode mode, int64_t position, int64_t length)
{
    if (position >= 0 && position < length)
        return position;
    const bool left = position < 0;
    switch (mode) {
    case NS_PAD_CONSTANT:
        break;
    case NS_PAD_REFLECT:
        return left ? -position : 2 * (length - 1) - position;
    case NS_PAD_REPLICATE:
        return left ? 0 : length - 1;
    case NS_PAD_CIRCULAR:
        return left ? position + length : position - length;
    }
    return -1;
}

static void visit_pad(const ns_aten_node *input, const ns_aten_node *node, size_t element,
                      ns_dependency_visit visit, void *context)
{
    const int64_t length = input->shape[node->rank - 1], width = node->shape[node->rank - 1];
    const int64_t row = (int64_t)element / width, column = (int64_t)element % width;
    const int64_t position = padded_position(node->pad_mode, column - node->pad_left, length);
    if (position < 0)
        return;
    const int64_t elements[] = {row * length + position, -1, -1};
    visit(context, elements);
}

void ns_dependencies(const ns_aten_program *program, const ns_aten_node *node, size_t element,
                     ns_dependency_visit visit, void *context)
{
    const ns_aten_node *operands[NS_ATEN_MAX_INPUTS] = {NULL};
    for (int i = 0; i < node->input_count; i++)
        operands[i] = node->inputs[i] < 0 ? NULL : &program->nodes[node->inputs[i]];
    int64_t at[NS_MAX_RANK] = {0};
    coordinates(node, element, at);
    switch (node->op) {
    case NS_ATEN_INPUT:
    case NS_ATEN_PARAMETER:
    case NS_ATEN_COUNT:
        return;
    case NS_ATEN_BMM:
        visit_bmm(operands[0], node, at, visit, context);
        return;
    case NS_ATEN_CONV1D:
        visit_conv1d(operands[0], operands[1], node, at, visit, context);
        return;
    case NS_ATEN_MEAN:
    case NS_ATEN_SUM:
    case NS_ATEN_VAR:
        visit_reduction(operands[0], node, at, visit, context);
        return;
    case NS_ATEN_PAD:
        visit_pad(operands[0], node, element, visit, context);
        return;
    case NS_ATEN_RESHAPE: {
        const int64_t elements[] = {(int64_t)element, -1, -1};
        visit(context, elements);
        return;
    }
    case NS_ATEN_EXP:
    case NS_ATEN_GELU:
    case NS_ATEN_RECIPROCAL:
    case NS_ATEN_MUL:
    case NS_ATEN_SUB: {
        int64_t elements[NS_ATEN_MAX_INPUTS] = {-1, -1, -1};
        for (int i = 0; i < node->input_count; i++)
            elements[i] = broadcast_element(operands[i], node->rank, at);
        visit(context, elements);
    }
    }
}
