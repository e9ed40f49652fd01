/* Block-scaled tensors: the elements of the last dim share a scale, a power of two (fp8ue8m0), in blocks of
 * block_size (OCP Microscaling formats 1.0). CAST_FROM_BLOCK_SCALED: output = element * scale.
 * CAST_TO_BLOCK_SCALED: scale = the least power of two by which the type's largest value exceeds the block's
 * largest magnitude, element = input / scale to nearest. MATMUL_T_BLOCK_SCALED: output[n, h, w] = sum over c
 * of A[n, h, c] * B[n or 0, w, c]. CONV2D_BLOCK_SCALED: as CONV2D. RESHAPE_BLOCK_SCALED leaves elements and
 * scales where they are; ROW_GATHER and ROW_GATHER_BLOCK_SCALED: output[n, w * row_count + r] = values[n,
 * indices[n, w] + r]. */
#include <math.h>
#include <string.h>

#include "eval/real.h"

static bool has_scales(const ns_tensor *data, const ns_tensor *scales, size_t block)
{
    const int last = data->rank - 1;
    if (last < 0 || scales->rank != data->rank || scales->dtype != NS_DTYPE_FP8UE8M0 || block < 1 ||
        data->shape[last] % (int64_t)block)
        return false;
    for (int d = 0; d < last; d++)
        if (scales->shape[d] != data->shape[d])
            return false;
    return scales->shape[last] == data->shape[last] / (int64_t)block;
}

/* Element `index`, scaled; NaN where the scale is. */
static double get(const ns_tensor *data, const ns_tensor *scales, size_t block, size_t index)
{
    return ns_real_get(data, index) * ns_real_get(scales, index / block);
}

static ns_code cast_from(ns_eval_call *call, size_t block, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 2, 2, 1, error));
    const ns_tensor *data = call->inputs[0], *scales = call->inputs[1];
    ns_tensor *out = call->outputs[0];
    if (!has_scales(data, scales, block))
        return ns_eval_bad_shape(scales, "the scale", error);
    if (!ns_shape_equal(data, out))
        return ns_eval_bad_shape(out, "the output", error);
    for (size_t i = 0; i < ns_tensor_count(data); i++)
        ns_real_set(out, i, get(data, scales, block, i));
    return NS_OK;
}

static double largest_value(ns_dtype dtype)
{
    switch (dtype) {
    case NS_DTYPE_FP8E4M3:
        return 448;
    case NS_DTYPE_FP8E5M2:
        return 57344;
    case NS_DTYPE_FP6E3M2:
        return 28;
    case NS_DTYPE_FP6E2M3:
        return 7.5;
    case NS_DTYPE_MXINT8:
        return 127 * 0x1p-6;
    default: /* fp4e2m1 */
        return 6;
    }
}

/* The shared exponent of a block, or 128 where it holds a NaN or infinity. */
static int shared_exponent(const ns_tensor *in, size_t first, size_t block, ns_dtype dtype)
{
    double most = 0;
    for (size_t i = 0; i < block; i++) {
        const double x = fabs(ns_real_get(in, first + i));
        if (!isfinite(x))
            return 128;
        most = x > most ? x : most;
    }
    const double largest = largest_value(dtype);
    int exponent = most > 0 ? ilogb(most) - ilogb(largest) : -127;
    exponent += most >= ldexp(largest, exponent);
    return exponent < -127 ? -127 : exponent > 127 ? 127 : exponent;
}

static void set_element(ns_tensor *out, size_t index, double value)
{
    const double most = largest_value(out->dtype);
    const double held = value > most ? most : value < -most ? -most : value;
    if (out->dtype == NS_DTYPE_MXINT8)
        ((int8_t *)out->data)[index] = (int8_t)(isnan(held) ? 0 : rint(held * 64));
    else
        ns_real_set(out, index, held);
}

static ns_code cast_to(ns_eval_call *call, size_t block, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 1, 1, 2, error));
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0], *scales = call->outputs[1];
    if (!has_scales(out, scales, block))
        return ns_eval_bad_shape(scales, "the scale", error);
    if (!ns_shape_equal(in, out))
        return ns_eval_bad_shape(out, "the output", error);
    for (size_t b = 0; b < ns_tensor_count(scales); b++) {
        const int exponent = shared_exponent(in, b * block, block, out->dtype);
        ((uint8_t *)scales->data)[b] = (uint8_t)(exponent + 127);
        for (size_t i = b * block; i < (b + 1) * block; i++)
            set_element(out, i, exponent == 128 ? NAN : ldexp(ns_real_get(in, i), -exponent));
    }
    return NS_OK;
}

static ns_code matmul(ns_eval_call *call, size_t block, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 4, 4, 1, error));
    const ns_tensor *a = call->inputs[0], *a_scales = call->inputs[1];
    const ns_tensor *b = call->inputs[2], *b_scales = call->inputs[3];
    ns_tensor *out = call->outputs[0];
    if (a->rank != 3 || !has_scales(a, a_scales, block))
        return ns_eval_bad_shape(a_scales, "A's scale", error);
    if (b->rank != 3 || !has_scales(b, b_scales, block) || b->shape[2] != a->shape[2] ||
        (b->shape[0] != 1 && b->shape[0] != a->shape[0]))
        return ns_eval_bad_shape(b, "B", error);
    const size_t h = (size_t)a->shape[1], w = (size_t)b->shape[1], c = (size_t)a->shape[2];
    if (out->rank != 3 || out->shape[0] != a->shape[0] || out->shape[1] != a->shape[1] ||
        out->shape[2] != b->shape[1])
        return ns_eval_bad_shape(out, "the output", error);
    for (size_t i = 0; i < ns_tensor_count(out); i++) {
        NS_TRY(ns_budget_check_time(call->budget, error));
        const size_t row = i / w, column = (b->shape[0] == 1 ? 0 : row / h * w) + i % w;
        double sum = 0;
        for (size_t k = 0; k < c; k++)
            sum += get(a, a_scales, block, row * c + k) * get(b, b_scales, block, column * c + k);
        ns_real_set(out, i, sum);
    }
    return NS_OK;
}

/* Elements times their scales, in the call's scratch. */
static ns_code load(ns_eval_call *call, const ns_tensor *data, const ns_tensor *scales, size_t block,
                    double **out, ns_error *error)
{
    if (data->rank != 4 || !has_scales(data, scales, block))
        return ns_eval_bad_shape(scales, "the scale", error);
    NS_TRY(ns_real_load(data, call->scratch, out, error));
    for (size_t i = 0; i < ns_tensor_count(data); i++)
        (*out)[i] *= ns_real_get(scales, i / block);
    return NS_OK;
}

/* Height and width from the operands; stride and dilation at least 1. */
static ns_code read_windows(const ns_eval_call *call, ns_real_windows *g, ns_error *error)
{
    const ns_tensor *in = call->inputs[0], *weight = call->inputs[2], *out = call->outputs[0];
    const ns_tensor *pad = call->inputs[5], *stride = call->inputs[6], *dilation = call->inputs[7];
    if (ns_tensor_count(pad) != 4 || ns_tensor_count(stride) != 2 || ns_tensor_count(dilation) != 2)
        return ns_fail(error, NS_ERROR_INPUT, "pad, stride or dilation has the wrong number of values");
    if (out->rank != 4 || out->shape[0] != in->shape[0] || out->shape[3] != weight->shape[0] ||
        weight->shape[3] != in->shape[3])
        return ns_eval_bad_shape(out, "the output", error);
    *g = (ns_real_windows){.batches = (size_t)in->shape[0],
                           .in_channels = (size_t)in->shape[3],
                           .out_channels = (size_t)out->shape[3],
                           .multiplier = 1};
    for (int a = 0; a < 3; a++) {
        const size_t axis = a ? (size_t)a - 1 : 0;
        g->in[a] = a ? in->shape[a] : 1;
        g->out[a] = a ? out->shape[a] : 1;
        g->kernel[a] = a ? weight->shape[a] : 1;
        g->before[a] = a ? ns_tensor_get(pad, 2 * axis) : 0;
        g->stride[a] = a ? ns_tensor_get(stride, axis) : 1;
        g->dilation[a] = a ? ns_tensor_get(dilation, axis) : 1;
        if (g->stride[a] < 1 || g->dilation[a] < 1 || g->stride[a] > INT32_MAX ||
            g->dilation[a] > INT32_MAX || g->before[a] < 0 || g->before[a] > INT32_MAX)
            return ns_fail(error, NS_ERROR_INPUT, "a stride, dilation or padding is outside its range");
    }
    return NS_OK;
}

static ns_code conv2d(ns_eval_call *call, size_t block, ns_error *error)
{
    ns_real_windows windows;
    double *in, *weights;
    NS_TRY(ns_eval_expect_operands(call, 8, 8, 1, error));
    NS_TRY(load(call, call->inputs[0], call->inputs[1], block, &in, error));
    NS_TRY(load(call, call->inputs[2], call->inputs[3], block, &weights, error));
    NS_TRY(read_windows(call, &windows, error));
    return ns_real_convolve(call, &windows, in, weights, call->inputs[4], error);
}

/* Elements, and scales where block_size is above 1. */
static ns_code expect_pairs(const ns_eval_call *call, int others, ns_error *error)
{
    if (call->output_count < 1 || call->output_count > 2)
        return ns_fail(error, NS_ERROR_INPUT, "it has %d outputs, not 1 or 2", call->output_count);
    NS_TRY(ns_eval_expect_operands(call, call->output_count + others, call->output_count + others,
                                   call->output_count, error));
    for (int i = 0; i < call->output_count; i++)
        if (call->outputs[i]->dtype != call->inputs[i]->dtype)
            return ns_fail(error, NS_ERROR_INPUT, "output %d is of another type than its input", i);
    return NS_OK;
}

static ns_code reshape(ns_eval_call *call, ns_error *error)
{
    NS_TRY(expect_pairs(call, 1, error));
    for (int i = 0; i < call->output_count; i++) {
        const size_t count = ns_tensor_count(call->inputs[i]);
        if (ns_tensor_count(call->outputs[i]) != count)
            return ns_eval_bad_shape(call->outputs[i], "the output", error);
        memcpy(call->outputs[i]->data, call->inputs[i]->data,
               count * (size_t)ns_dtype_bytes(call->inputs[i]->dtype));
    }
    return NS_OK;
}

/* Rows of values [N, K, C] to out [N, W * rows, C]. */
static ns_code gather_rows(const ns_tensor *values, const ns_tensor *indices, int64_t rows, ns_tensor *out,
                           ns_error *error)
{
    if (values->rank != 3 || out->rank != 3 || indices->rank != 2 || indices->shape[0] != values->shape[0] ||
        out->shape[0] != values->shape[0] || out->shape[1] != indices->shape[1] * rows ||
        out->shape[2] != values->shape[2])
        return ns_eval_bad_shape(out, "the output", error);
    const size_t bytes = (size_t)values->shape[2] * (size_t)ns_dtype_bytes(values->dtype);
    for (size_t i = 0; i < ns_tensor_count(indices); i++) {
        const int64_t index = ns_tensor_get(indices, i), k = values->shape[1];
        if (index < 0 || index > k - rows)
            return ns_fail(error, NS_ERROR_UNPREDICTABLE, "index %zu is %lld: rows %lld to %lld of %lld", i,
                           (long long)index, (long long)index, (long long)(index + rows - 1), (long long)k);
        const size_t from = i / (size_t)indices->shape[1] * (size_t)k + (size_t)index;
        memcpy((char *)out->data + i * (size_t)rows * bytes, (const char *)values->data + from * bytes,
               (size_t)rows * bytes);
    }
    return NS_OK;
}

static ns_code row_gather(ns_eval_call *call, ns_error *error)
{
    int64_t rows;
    NS_TRY(expect_pairs(call, 2, error));
    NS_TRY(ns_eval_scalar(call->inputs[call->input_count - 1], "row_count", &rows, error));
    if (rows < 1 || rows > INT32_MAX)
        return ns_fail(error, NS_ERROR_INPUT, "row_count is %lld", (long long)rows);
    for (int i = 0; i < call->output_count; i++)
        NS_TRY(
            gather_rows(call->inputs[i], call->inputs[call->input_count - 2], rows, call->outputs[i], error));
    return NS_OK;
}

ns_code ns_eval_block_scaled(ns_eval_call *call, ns_error *error)
{
    const size_t block = call->attributes->block_size;
    switch (call->node->op) {
    case NS_OP_CAST_FROM_BLOCK_SCALED:
        return cast_from(call, block, error);
    case NS_OP_CAST_TO_BLOCK_SCALED:
        return cast_to(call, block, error);
    case NS_OP_CONV2D_BLOCK_SCALED:
        return conv2d(call, block, error);
    case NS_OP_RESHAPE_BLOCK_SCALED:
        return reshape(call, error);
    case NS_OP_ROW_GATHER:
    case NS_OP_ROW_GATHER_BLOCK_SCALED:
        return row_gather(call, error);
    default:
        return matmul(call, block, error);
    }
}
