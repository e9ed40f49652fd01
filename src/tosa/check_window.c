#include "tosa/check.h"

#include <stdio.h>

/* Names of spatial axes, outermost first: the last `axes` of them. */
static const char axis_names[3] = {'D', 'H', 'W'};

/* The specification's idiv_check(size, stride) + 1 against the output's dim: the division leaves no rest. */
static ns_code check_output_dim(const ns_check *check, char axis, int64_t output, int64_t size,
                                int64_t stride)
{
    if (size < 0 || size % stride)
        return NS_CHECK_FAIL(
            check, "along %c the window moves over %lld elements, which the stride %lld does not divide",
            axis, (long long)size, (long long)stride);
    const int64_t expected = size / stride + 1;
    if (output != expected)
        return NS_CHECK_FAIL(check, "O%c is %lld; input, padding, kernel and stride give %lld", axis,
                             (long long)output, (long long)expected);
    return NS_OK;
}

/* AVG_POOL2D, MAX_POOL2D: kernel and stride at least 1, padding at least 0 and below the kernel;
 * OH = (IH + pad_top + pad_bottom - kernel_y) / stride_y + 1 without rest, OW alike; zero points 0
 * unless int8. */
ns_code ns_check_pool(const ns_check *check)
{
    const ns_attributes *a = &check->operator->attributes;
    NS_TRY(ns_check_list(check, "kernel", &a->kernel, 2, 1, "MAX_KERNEL", NS_LEVEL_MAX_KERNEL));
    NS_TRY(ns_check_list(check, "stride", &a->stride, 2, 1, "MAX_STRIDE", NS_LEVEL_MAX_STRIDE));
    NS_TRY(ns_check_list(check, "pad", &a->pad, 4, 0, "MAX_KERNEL", NS_LEVEL_MAX_KERNEL));
    for (int i = 1; i < check->operator->input_count; i++)
        NS_TRY(ns_check_zero_point(check, i));
    const ns_tensor *input = ns_check_input(check, 0), *output = ns_check_output(check, 0);
    for (int i = 0; i < 2; i++) {
        const int64_t before = a->pad.values[2 * i], after = a->pad.values[2 * i + 1];
        const int64_t kernel = a->kernel.values[i];
        if (before >= kernel || after >= kernel)
            return NS_CHECK_FAIL(check, "padding %lld and %lld along %c must be below the kernel's %lld",
                                 (long long)before, (long long)after, axis_names[i + 1], (long long)kernel);
        NS_TRY(check_output_dim(check, axis_names[i + 1], output->shape[1 + i],
                                input->shape[1 + i] + before + after - kernel, a->stride.values[i]));
    }
    return NS_OK;
}

/* A bias has one value for each output channel, or one for all. */
static ns_code check_bias(const ns_check *check)
{
    const int64_t given = ns_check_dim(check, "BC");
    const ns_tensor *output = ns_check_output(check, 0);
    const int64_t channels = output->shape[output->rank - 1];
    if (given == channels || given == 1)
        return NS_OK;
    return NS_CHECK_FAIL(check, "the bias has %lld values; it takes 1 or the %lld output channels",
                         (long long)given, (long long)channels);
}

/* CONV2D, CONV3D, DEPTHWISE_CONV2D: padding at least 0, stride and dilation at least 1;
 * OH = (IH - 1 + pad_top + pad_bottom - (KH - 1) * dilation_y) / stride_y + 1 without rest, the others
 * alike; the bias has 1 or OC values; zero points 0 unless int8. */
ns_code ns_check_convolution(const ns_check *check)
{
    const ns_attributes *a = &check->operator->attributes;
    const int axes = check->operator->op == NS_OP_CONV3D ? 3 : 2;
    NS_TRY(ns_check_list(check, "pad", &a->pad, 2 * axes, 0, "MAX_KERNEL", NS_LEVEL_MAX_KERNEL));
    NS_TRY(ns_check_list(check, "stride", &a->stride, axes, 1, "MAX_STRIDE", NS_LEVEL_MAX_STRIDE));
    NS_TRY(ns_check_list(check, "dilation", &a->dilation, axes, 1, NULL, 0));
    NS_TRY(ns_check_zero_point(check, 3));
    NS_TRY(ns_check_zero_point(check, 4));
    NS_TRY(check_bias(check));
    const ns_tensor *input = ns_check_input(check, 0), *weight = ns_check_input(check, 1);
    const ns_tensor *output = ns_check_output(check, 0);
    /* A depthwise weight is [KH, KW, C, M], the others are [OC, .., IC]. */
    const int first = check->operator->op == NS_OP_DEPTHWISE_CONV2D ? 0 : 1;
    for (int i = 0; i < axes; i++) {
        const char axis = axis_names[3 - axes + i];
        const int64_t kernel = weight->shape[first + i], dilation = a->dilation.values[i];
        char what[32];
        snprintf(what, sizeof what, "dilation * K%c", axis);
        NS_TRY(ns_check_level(check, what, dilation * kernel, "MAX_KERNEL", NS_LEVEL_MAX_KERNEL));
        NS_TRY(check_output_dim(check, axis, output->shape[1 + i],
                                input->shape[1 + i] - 1 + a->pad.values[2 * i] + a->pad.values[2 * i + 1] -
                                    (kernel - 1) * dilation,
                                a->stride.values[i]));
    }
    return NS_OK;
}

/* TRANSPOSE_CONV2D: out_pad above -K, stride at least 1; OH = (IH - 1) * stride_y + out_pad_top +
 * out_pad_bottom + KH, OW alike; the bias has 1 or OC values; zero points 0 unless int8. */
ns_code ns_check_transpose_convolution(const ns_check *check)
{
    const ns_attributes *a = &check->operator->attributes;
    NS_TRY(ns_check_list(check, "out_pad", &a->out_pad, 4, INT32_MIN, "MAX_KERNEL", NS_LEVEL_MAX_KERNEL));
    NS_TRY(ns_check_list(check, "stride", &a->stride, 2, 1, "MAX_STRIDE", NS_LEVEL_MAX_STRIDE));
    NS_TRY(ns_check_zero_point(check, 3));
    NS_TRY(ns_check_zero_point(check, 4));
    NS_TRY(check_bias(check));
    const ns_tensor *input = ns_check_input(check, 0), *weight = ns_check_input(check, 1);
    const ns_tensor *output = ns_check_output(check, 0);
    for (int i = 0; i < 2; i++) {
        const char axis = axis_names[1 + i];
        const int64_t before = a->out_pad.values[2 * i], after = a->out_pad.values[2 * i + 1];
        const int64_t kernel = weight->shape[1 + i];
        char what[16];
        snprintf(what, sizeof what, "K%c", axis);
        NS_TRY(ns_check_level(check, what, kernel, "MAX_KERNEL", NS_LEVEL_MAX_KERNEL));
        if (before <= -kernel || after <= -kernel)
            return NS_CHECK_FAIL(check,
                                 "out_pad %lld and %lld along %c must be above minus the kernel's %lld",
                                 (long long)before, (long long)after, axis, (long long)kernel);
        const int64_t expected = (input->shape[1 + i] - 1) * a->stride.values[i] + before + after + kernel;
        if (output->shape[1 + i] != expected)
            return NS_CHECK_FAIL(check, "O%c is %lld; input, stride, out_pad and kernel give %lld", axis,
                                 (long long)output->shape[1 + i], (long long)expected);
    }
    return NS_OK;
}

/* MATMUL: shapes by name; zero points 0 unless int8. */
ns_code ns_check_matmul(const ns_check *check)
{
    NS_TRY(ns_check_zero_point(check, 2));
    return ns_check_zero_point(check, 3);
}

/* FFT2D, RFFT2D: H and W are powers of two; RFFT2D's outputs have W / 2 + 1 columns. */
ns_code ns_check_fft(const ns_check *check)
{
    const ns_tensor *input = ns_check_input(check, 0);
    for (int i = 1; i < 3; i++) {
        const int64_t size = input->shape[i];
        if (size & (size - 1))
            return NS_CHECK_FAIL(check, "%c is %lld; it must be a power of two", axis_names[i],
                                 (long long)size);
        NS_TRY(ns_check_level(check, i == 1 ? "H" : "W", size, "MAX_KERNEL", NS_LEVEL_MAX_KERNEL));
    }
    if (check->operator->op != NS_OP_RFFT2D)
        return NS_OK;
    for (int i = 0; i < 2; i++)
        if (ns_check_output(check, i)->shape[2] != input->shape[2] / 2 + 1)
            return NS_CHECK_FAIL(check, "output %d has %lld columns; W / 2 + 1 is %lld", i,
                                 (long long)ns_check_output(check, i)->shape[2],
                                 (long long)input->shape[2] / 2 + 1);
    return NS_OK;
}
