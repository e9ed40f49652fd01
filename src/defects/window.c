/* Known defects of convolutions, poolings and resizes. */
#include <string.h>

#include "defects/pattern.h"

bool ns_defect_met_resize_nearest_odd(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_RESIZE || op->attributes.mode != NS_RESIZE_NEAREST)
        return false;
    const ns_tensor *y = ns_pattern_output(p, op);
    for (int axis = 0; axis < 2; axis++) {
        const int64_t n = ns_pattern_constant(p, op, 1, (size_t)(2 * axis), 1),
                      d = ns_pattern_constant(p, op, 1, (size_t)(2 * axis + 1), 1);
        if (d > 0 && n / d >= 4 && ns_pattern_constant(p, op, 2, (size_t)axis, 0) < 0 &&
            y->shape[1 + axis] % (n / d) != 0)
            return true;
    }
    return false;
}

bool ns_defect_met_resize_double_round(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_RESCALE || op->attributes.rounding_mode != NS_DOUBLE_ROUND)
        return false;
    ns_op_ref resize = ns_pattern_from_op(p, op, 0, NS_OP_RESIZE);
    const int64_t m = ns_pattern_constant(p, op, 1, 0, 0), shift = ns_pattern_constant(p, op, 2, 0, 0);
    return resize && resize->attributes.mode == NS_RESIZE_BILINEAR && shift > 31 && m > 0 &&
           (m & (m - 1)) == 0;
}

static bool is_conv(ns_op_ref op)
{
    return op->op == NS_OP_CONV2D || op->op == NS_OP_DEPTHWISE_CONV2D;
}

/* Height and width of a kernel. */
static int64_t kernel(const ns_pattern *p, ns_op_ref op, int axis)
{
    if (!is_conv(op) && op->op != NS_OP_CONV3D)
        return ns_pattern_list(&op->attributes.kernel, axis, 1);
    const ns_tensor *w = ns_pattern_input(p, op, 1);
    return w->shape[axis + (op->op == NS_OP_CONV3D ? 2 : op->op == NS_OP_CONV2D)];
}

static bool is_far(ns_op_ref op)
{
    return ns_pattern_list(&op->attributes.stride, 0, 1) > 3 ||
           ns_pattern_list(&op->attributes.stride, 1, 1) > 3;
}

/* The rows or columns that the kernel of a convolution spans. */
static int64_t reach(const ns_pattern *p, ns_op_ref op, int axis)
{
    return (kernel(p, op, axis) - 1) * ns_pattern_list(&op->attributes.dilation, axis, 1) + 1;
}

/* A CONV3D of 1 x 1 x 1, whose depths are batches, with a stride over 3. */
static bool is_conv3d_of_places(const ns_pattern *p, ns_op_ref op)
{
    const ns_tensor *x = ns_pattern_input(p, op, 0), *w = ns_pattern_input(p, op, 1);
    const ns_int_list *stride = &op->attributes.stride;
    return w->shape[1] == 1 && w->shape[2] == 1 && w->shape[3] == 1 && x->shape[0] * x->shape[1] > 1 &&
           (ns_pattern_list(stride, 1, 1) > 3 || ns_pattern_list(stride, 2, 1) > 3);
}

/* UnrollKernelStrides makes one operation of each window, of the first batch; a convolution of 1 x 1, unlike
 * others, has not been taken apart by batches before. Its padding, which is a whole kernel, is a PAD. */
bool ns_defect_met_conv_stride_batch(const ns_pattern *p, ns_op_ref op)
{
    if (op->op == NS_OP_CONV3D)
        return is_conv3d_of_places(p, op);
    const bool one = op->op == NS_OP_DEPTHWISE_CONV2D && /* of one channel, it is made a CONV2D */
                     ns_pattern_input(p, op, 0)->shape[3] == 1 && ns_pattern_output(p, op)->shape[3] > 1;
    return (op->op == NS_OP_CONV2D || one) && ns_pattern_input(p, op, 0)->shape[0] > 1 && is_far(op) &&
           kernel(p, op, 0) == 1 && kernel(p, op, 1) == 1;
}

/* More than one block: of more than 16 channels, or of more rows, columns or places than a block of int16
 * has. */
static bool is_large(const ns_pattern *p, ns_op_ref op)
{
    const ns_tensor *y = ns_pattern_output(p, op);
    return y->shape[3] > 16 || (ns_pattern_input(p, op, 0)->dtype == NS_DTYPE_INT16 &&
                                (y->shape[1] > 16 || y->shape[2] > 16 || y->shape[1] * y->shape[2] > 256));
}

/* The PAD of zeros that a convolution takes in, of less than the kernel on each side; NULL where there is
 * none. */
static ns_op_ref pad_taken_in(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref pad = ns_pattern_from_op(p, op, 0, NS_OP_PAD);
    if (!pad || ns_pattern_constant(p, pad, 2, 0, 1) != 0)
        return NULL;
    for (int i = 0; i < 4; i++)
        if (ns_pattern_constant(p, pad, 1, (size_t)i + 2, 0) >= reach(p, op, i / 2))
            return NULL;
    return pad;
}

/* Side `side` (top, bottom, left, right) of the padding that the NPU's operation has: where any side is the
 * kernel's span or more, RealiseKernelPadding makes all of it a PAD that stays. */
static int64_t padding(const ns_pattern *p, ns_op_ref op, int side)
{
    const ns_int_list *own = &op->attributes.pad;
    for (int i = 0; i < 4; i++)
        if (ns_pattern_list(own, i, 0) >= reach(p, op, i / 2))
            return 0;
    ns_op_ref pad = pad_taken_in(p, op);
    return ns_pattern_list(own, side, 0) + (pad ? ns_pattern_constant(p, pad, 1, (size_t)side + 2, 0) : 0);
}

/* A stride over 3 that DecomposeForStrides makes one operation of each tap for: UnrollKernelStrides, which
 * makes one of each window, leaves padding, a dilation and a depthwise convolution to it. */
static bool is_in_taps(const ns_pattern *p, ns_op_ref op)
{
    const ns_int_list *dilation = &op->attributes.dilation;
    const bool depthwise = op->op == NS_OP_DEPTHWISE_CONV2D && (ns_pattern_input(p, op, 0)->shape[3] > 1 ||
                                                                ns_pattern_output(p, op)->shape[3] == 1);
    bool padded = false;
    for (int i = 0; i < 4; i++)
        padded |= padding(p, op, i) > 0;
    return is_far(op) && (depthwise || padded || ns_pattern_list(dilation, 0, 1) > 1 ||
                          ns_pattern_list(dilation, 1, 1) > 1);
}

bool ns_defect_met_conv_stride_padded(const ns_pattern *p, ns_op_ref op)
{
    return is_conv(op) && is_large(p, op) && is_in_taps(p, op);
}

/* What a tap of the kernel sees along an axis, of the image without the convolution's padding or a PAD's. */
typedef struct tap_view {
    bool always_outside, outside_at_the_end;
} tap_view;

static tap_view view_of_tap(const ns_pattern *p, ns_op_ref op, int axis, int64_t tap)
{
    const ns_attributes *a = &op->attributes;
    ns_op_ref pad = pad_taken_in(p, op);
    const int64_t size = ns_pattern_input(p, pad ? pad : op, 0)->shape[1 + axis],
                  windows = ns_pattern_output(p, op)->shape[1 + axis];
    tap_view view = {.always_outside = true};
    for (int64_t i = 0; i < windows; i++) {
        const int64_t at = i * ns_pattern_list(&a->stride, axis, 1) +
                           tap * ns_pattern_list(&a->dilation, axis, 1) - padding(p, op, 2 * axis);
        const bool outside = at < 0 || at >= size;
        view.always_outside &= outside;
        view.outside_at_the_end |= outside && i == windows - 1;
    }
    return view;
}

/* True where some tap of the kernel sees only padding along `axis` in all windows, or, with a stride over 3
 * and a dilation along it, in the last. */
static bool has_idle_tap(const ns_pattern *p, ns_op_ref op, int axis)
{
    const ns_attributes *a = &op->attributes;
    const bool both = ns_pattern_list(&a->stride, axis, 1) > 3 && ns_pattern_list(&a->dilation, axis, 1) > 1;
    bool any = false;
    for (int i = 0; i < 2; i++)
        any |= padding(p, op, 2 * axis + i) > 0;
    for (int64_t tap = 0; any && tap < kernel(p, op, axis); tap++) {
        const tap_view view = view_of_tap(p, op, axis, tap);
        if (view.always_outside || (both && view.outside_at_the_end))
            return true;
    }
    return false;
}

/* The earliest of the windows that are the last of an operation: with a dilation over 2 each of these has
 * every so manyth window. */
static int64_t first_of_last(int64_t windows, int64_t dilation)
{
    const int64_t operations = dilation > 2 ? dilation : 1;
    return windows > operations ? windows - operations : 0;
}

/* A stride over 3 along an axis with several windows and of several taps, or with a dilation: each tap
 * is an operation on every so many rows or columns, and the first tap lies more than one of those before the
 * image in all windows, so that the operation's image has less than none. */
static bool passes_image(const ns_pattern *p, ns_op_ref op)
{
    const ns_attributes *a = &op->attributes;
    const ns_tensor *y = ns_pattern_output(p, op);
    bool far = false, apart = false, passes = false;
    for (int axis = 0; axis < 2; axis++) {
        const int64_t stride = ns_pattern_list(&a->stride, axis, 1),
                      dilation = ns_pattern_list(&a->dilation, axis, 1), windows = y->shape[1 + axis];
        far |= stride > 3 && windows > 1;
        apart |= dilation > 1 || (stride > 3 && kernel(p, op, axis) > 1);
        passes |= first_of_last(windows, dilation) * stride - padding(p, op, 2 * axis) <= -dilation;
    }
    return far && apart && passes;
}

/* DecomposeForStrides and HandleDilation make one operation of each tap, of which some have fewer rows; with
 * one block all are right. */
bool ns_defect_met_conv_stride_dilated(const ns_pattern *p, ns_op_ref op)
{
    bool blocks = false;
    for (int i = 1; i < 4; i++)
        blocks |= is_conv(op) && ns_pattern_output(p, op)->shape[i] > 16;
    return is_conv(op) && is_in_taps(p, op) &&
           (passes_image(p, op) || (blocks && (has_idle_tap(p, op, 0) || has_idle_tap(p, op, 1))));
}

/* True where no window along height (0) or width (1) meets the image (IsAllPaddingAxis). A CONV3D has depths
 * before them. */
static bool sees_only_padding(const ns_pattern *p, ns_op_ref op, int axis)
{
    const ns_attributes *a = &op->attributes;
    const int place = axis + (op->op == NS_OP_CONV3D);
    const int64_t size = ns_pattern_input(p, op, 0)->shape[1 + place],
                  count = ns_pattern_output(p, op)->shape[1 + place];
    const int64_t reach = (kernel(p, op, axis) - 1) * ns_pattern_list(&a->dilation, place, 1);
    for (int64_t i = 0; i < count; i++) {
        const int64_t from =
            i * ns_pattern_list(&a->stride, place, 1) - ns_pattern_list(&a->pad, 2 * place, 0);
        if (from < size && from + reach >= 0)
            return false;
    }
    return true;
}

/* The depths of a CONV3D, each an operation that is left out where it sees only padding. */
static bool sees_no_depth(const ns_pattern *p, ns_op_ref op)
{
    const ns_attributes *a = &op->attributes;
    const int64_t size = ns_pattern_input(p, op, 0)->shape[1], taps = ns_pattern_input(p, op, 1)->shape[1];
    for (int64_t i = 0; i < ns_pattern_output(p, op)->shape[1]; i++)
        for (int64_t k = 0; k < taps; k++) {
            const int64_t at = i * ns_pattern_list(&a->stride, 0, 1) +
                               k * ns_pattern_list(&a->dilation, 0, 1) - ns_pattern_list(&a->pad, 0, 0);
            if (at >= 0 && at < size)
                return false;
        }
    return true;
}

bool ns_defect_met_conv3d_only_padding(const ns_pattern *p, ns_op_ref op)
{
    return op->op == NS_OP_CONV3D && sees_no_depth(p, op);
}

bool ns_defect_met_conv_only_padding(const ns_pattern *p, ns_op_ref op)
{
    return (is_conv(op) || op->op == NS_OP_CONV3D) &&
           (sees_only_padding(p, op, 0) || sees_only_padding(p, op, 1));
}

/* PAD that a convolution takes in, and a last window that lies behind the image. */
bool ns_defect_met_pad_conv_last(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref pad = is_conv(op) ? ns_pattern_from_op(p, op, 0, NS_OP_PAD) : NULL;
    if (!pad || ns_pattern_constant(p, pad, 2, 0, 1) != 0)
        return false;
    for (int axis = 0; axis < 2; axis++) {
        const int64_t before = ns_pattern_constant(p, pad, 1, (size_t)(2 + 2 * axis), 0);
        const int64_t size = ns_pattern_input(p, pad, 0)->shape[1 + axis],
                      count = ns_pattern_output(p, op)->shape[1 + axis];
        const int32_t stride = ns_pattern_list(&op->attributes.stride, axis, 1);
        if (stride > 1 && (count - 1) * stride - before >= size)
            return true;
    }
    return false;
}

bool ns_defect_met_transpose_conv_row(const ns_pattern *p, ns_op_ref op)
{
    return op->op == NS_OP_TRANSPOSE_CONV2D && ns_pattern_list(&op->attributes.stride, 0, 1) > 1 &&
           ns_pattern_output(p, op)->shape[1] == 1 && ns_pattern_input(p, op, 0)->shape[1] > 1;
}

/* DecomposeConv3D makes one operation of each depth of the kernel, and DecomposeForStrides of each tap; the
 * sums are kept in between, of one block only. */
bool ns_defect_met_conv3d_kept(const ns_pattern *p, ns_op_ref op)
{
    const ns_attributes *a = &op->attributes;
    if (op->op != NS_OP_CONV3D)
        return false;
    bool padded = false;
    for (int i = 2; i < 6; i++)
        padded |= ns_pattern_list(&a->pad, i, 0) > 0;
    const bool far = ns_pattern_list(&a->stride, 1, 1) > 3 || ns_pattern_list(&a->stride, 2, 1) > 3;
    const bool many = ns_pattern_output(p, op)->shape[4] > 16;
    return far ? many || padded : many && ns_pattern_input(p, op, 1)->shape[1] > 1;
}

static bool adds_rows(ns_op_ref op)
{
    for (int i = 0; op->op == NS_OP_TRANSPOSE_CONV2D && i < op->attributes.out_pad.count; i++)
        if (op->attributes.out_pad.values[i] > 0)
            return true;
    return false;
}

/* Positive out_pad is filled with the bias, by an operation of its own; the second one's is wrong. */
bool ns_defect_met_transpose_conv_pads(const ns_pattern *p, ns_op_ref op)
{
    if (!adds_rows(op))
        return false;
    for (ns_op_ref before = p->block->operators; before < op; before++)
        if (adds_rows(before))
            return true;
    return false;
}

/* Where the TRANSPOSE of an image has taken a dim (0: batch, 1: height, 2: width, 3: channels). */
static int place_of(ns_op_ref transpose, int dim)
{
    const ns_int_list *perms = &transpose->attributes.perms;
    for (int i = 0; i < perms->count; i++)
        if (perms->values[i] == dim)
            return i;
    return -1;
}

/* A dilation over 2 along an axis of which the result has one row or column. */
static bool is_apart(const ns_pattern *p, ns_op_ref conv, int axis)
{
    return ns_pattern_list(&conv->attributes.dilation, axis, 1) > 2 &&
           ns_pattern_output(p, conv)->shape[1 + axis] == 1;
}

/* A dilation over 2 is taken apart (HandleDilation), with steps along the result's rows or columns; where
 * there is one of those, a TRANSPOSE that is fused and puts the channels before the others has another dim in
 * its place. */
bool ns_defect_met_dilated_transpose(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref conv = op->op == NS_OP_TRANSPOSE ? ns_pattern_served_by(p, op, 0, NS_OP_RESCALE) : NULL;
    if (!conv || !is_conv(conv) || op->attributes.perms.count != 4)
        return false;
    for (int axis = 0; axis < 2; axis++)
        if (is_apart(p, conv, axis) && ns_pattern_list(&conv->attributes.dilation, 1 - axis, 1) == 1)
            return place_of(op, 3) < place_of(op, 2 - axis);
    return false;
}

/* A sum over another axis than the last is given such a TRANSPOSE: over the width, or where there is one row
 * too over any but the channels, with a dilation along the width; with one along both, whichever it is. */
bool ns_defect_met_dilated_sum(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref conv = op->op == NS_OP_REDUCE_SUM ? ns_pattern_served_by(p, op, 0, NS_OP_RESCALE) : NULL;
    if (!conv || !is_conv(conv) || op->attributes.axis > 2)
        return false;
    const ns_int_list *dilation = &conv->attributes.dilation;
    if (is_apart(p, conv, 1))
        return op->attributes.axis == 2 || ns_pattern_output(p, conv)->shape[1] == 1 ||
               ns_pattern_list(dilation, 0, 1) > 1;
    return is_apart(p, conv, 0) && ns_pattern_list(dilation, 1, 1) > 1;
}

static bool widens(const ns_pattern *p, ns_op_ref rescale)
{
    return ns_pattern_integer_scale(p, rescale) == 1 &&
           ns_dtype_bits(ns_pattern_input(p, rescale, 0)->dtype) <
               ns_dtype_bits(ns_pattern_output(p, rescale)->dtype);
}

static bool is_nearest(const ns_pattern *p, ns_op_ref op)
{
    const bool enlarges = ns_pattern_constant(p, op, 1, 0, 0) > ns_pattern_constant(p, op, 1, 1, 0) ||
                          ns_pattern_constant(p, op, 1, 2, 0) > ns_pattern_constant(p, op, 1, 3, 0);
    return op->op == NS_OP_RESIZE && op->attributes.mode == NS_RESIZE_NEAREST && enlarges;
}

/* The RESCALE to another type is fused into the pooling that the RESIZE is made of, whose result keeps the
 * narrow one, and its size. A reader that alone takes the RESCALE in leaves nothing of it; unsigned numbers
 * are read as signed ones. */
bool ns_defect_met_resize_widened(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref before = ns_pattern_served_by(p, op, 0, NS_OP_COUNT);
    if (op->op == NS_OP_RESIZE)
        return is_nearest(p, op) && before && before->op == NS_OP_RESCALE && widens(p, before);
    if (op->op != NS_OP_RESCALE || !before || !is_nearest(p, before))
        return false;
    return ns_pattern_only_reader(p, op)
               ? op->attributes.output_unsigned && ns_pattern_integer_scale(p, op) == 1
               : widens(p, op);
}

/* ---- weights that are there twice ---- */

static bool same_values(const ns_tensor *a, const ns_tensor *b)
{
    return a && b && a->data && b->data && a->dtype == b->dtype && ns_shape_equal(a, b) &&
           memcmp(a->data, b->data, ns_tensor_count(a) * (size_t)ns_dtype_bytes(a->dtype)) == 0;
}

/* The scales that an operation's result is given: those of the RESCALE that alone reads it, or none. */
static bool same_scales(const ns_pattern *p, ns_op_ref a, ns_op_ref b)
{
    a = ns_pattern_only_reader(p, a);
    b = ns_pattern_only_reader(p, b);
    const bool scaled = a && a->op == NS_OP_RESCALE, other = b && b->op == NS_OP_RESCALE;
    return scaled == other &&
           (!scaled || (same_values(ns_pattern_input(p, a, 1), ns_pattern_input(p, b, 1)) &&
                        same_values(ns_pattern_input(p, a, 2), ns_pattern_input(p, b, 2))));
}

/* Encoded weights are kept, without their zero point, and with the biases beside them, under the weights and
 * the scales alone. */
bool ns_defect_met_same_weights(const ns_pattern *p, ns_op_ref op)
{
    if (!is_conv(op) && op->op != NS_OP_CONV3D && op->op != NS_OP_TRANSPOSE_CONV2D)
        return false;
    for (ns_op_ref before = p->block->operators; before < op; before++) {
        if (before->op != op->op || !same_values(ns_pattern_input(p, before, 1), ns_pattern_input(p, op, 1)))
            continue;
        const bool biases = same_values(ns_pattern_input(p, before, 2), ns_pattern_input(p, op, 2)),
                   zero_points = same_values(ns_pattern_input(p, before, 4), ns_pattern_input(p, op, 4));
        if (!zero_points || (!biases && same_scales(p, before, op)))
            return true;
    }
    return false;
}
