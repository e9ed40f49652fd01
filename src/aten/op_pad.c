/* PAD: out[.., x] = input[.., source(x - left)] on the last axis; outside the input, by mode: constant: the
 * value; reflect: -1 -> 1, w -> w - 2 (widths below w); replicate: the nearest edge; circular: -1 -> w - 1,
 * w -> 0 (widths up to w). Copies only. */
#include "aten/operator.h"

#include <inttypes.h>

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    NS_TRY(ns_aten_infer_same(program, node, error));
    if (node->rank < 1)
        return ns_fail(error, NS_ERROR_INPUT, "aten.pad.default needs a last axis, got a scalar");
    int64_t width = node->shape[node->rank - 1];
    int64_t limit = 1 << 20;
    if ((unsigned)node->pad_mode > NS_PAD_CIRCULAR)
        return ns_fail(error, NS_ERROR_INPUT, "aten.pad.default: mode %d is unknown", (int)node->pad_mode);
    if (node->pad_mode == NS_PAD_REFLECT)
        limit = width - 1;
    else if (node->pad_mode == NS_PAD_CIRCULAR)
        limit = width;
    else if (node->pad_mode == NS_PAD_REPLICATE && width < 1)
        limit = 0;
    if (node->pad_left < 0 || node->pad_right < 0 || node->pad_left > limit || node->pad_right > limit)
        return ns_fail(error, NS_ERROR_INPUT, "aten.pad.default: widths %d and %d are outside 0 to %" PRId64,
                       node->pad_left, node->pad_right, limit < 0 ? 0 : limit);
    node->shape[node->rank - 1] += node->pad_left + node->pad_right;
    return NS_OK;
}

/* Index into the row for position `x` outside [0, width). */
static int64_t source(ns_pad_mode mode, int64_t x, int64_t width)
{
    if (mode == NS_PAD_REFLECT)
        return x < 0 ? -x : 2 * (width - 1) - x;
    if (mode == NS_PAD_REPLICATE)
        return x < 0 ? 0 : width - 1;
    return x < 0 ? x + width : x - width;
}

static ns_code evaluate(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                        ns_error *error)
{
    (void)error;
    int64_t width = operands->nodes[0]->shape[node->rank - 1], padded = node->shape[node->rank - 1];
    size_t rows = padded ? ns_aten_count(node) / (size_t)padded : 0;
    const double *row = operands->values[0];
    for (size_t r = 0; r < rows; r++, row += width) {
        for (int64_t i = 0; i < padded; i++) {
            int64_t x = i - node->pad_left;
            if (x >= 0 && x < width)
                *out++ = row[x];
            else
                *out++ = node->pad_mode == NS_PAD_CONSTANT ? node->pad_value
                                                           : row[source(node->pad_mode, x, width)];
        }
    }
    return NS_OK;
}

const ns_aten_operator ns_aten_operator_PAD = {.infer = infer, .evaluate = evaluate};

ns_code ns_aten_add_pad(ns_aten_program *program, int input, int left, int right, ns_pad_mode mode,
                        double value, int *node, ns_error *error)
{
    ns_aten_node prototype = {.op = NS_ATEN_PAD,
                              .input_count = 1,
                              .inputs = {input},
                              .pad_left = left,
                              .pad_right = right,
                              .pad_mode = mode,
                              .pad_value = value};
    return ns_aten_add(program, &prototype, node, error);
}
