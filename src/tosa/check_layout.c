#include "tosa/check.h"

static ns_code check_axis(const ns_check *check)
{
    const int axis = check->operator->attributes.axis;
    const int rank = ns_check_input(check, 0)->rank;
    if (axis < 0 || axis >= rank)
        return NS_CHECK_FAIL(check, "axis %d is outside 0 to %d", axis, rank - 1);
    return NS_OK;
}

static ns_code check_equal_rank(const ns_check *check)
{
    const int input = ns_check_input(check, 0)->rank, output = ns_check_output(check, 0)->rank;
    if (input != output)
        return NS_CHECK_FAIL(check, "the output has rank %d, the input has %d: they must be equal", output,
                             input);
    return NS_OK;
}

static ns_code check_output_dim(const ns_check *check, int dim, int64_t expected)
{
    const int64_t given = ns_check_output(check, 0)->shape[dim];
    if (given != expected)
        return NS_CHECK_FAIL(check, "dim %d of the output is %lld; it must be %lld", dim, (long long)given,
                             (long long)expected);
    return NS_OK;
}

/* One value of a shape operand. Its range keeps sums and products with dims below 2^31 in range. */
static ns_code check_value(const ns_check *check, const char *what, int dim, int64_t value, int64_t least)
{
    if (value < least)
        return NS_CHECK_FAIL(check, "%s[%d] is %lld; it must be at least %lld", what, dim, (long long)value,
                             (long long)least);
    return ns_check_level(check, what, value, "MAX_LOG2_SIZE", ((int64_t)1 << NS_LEVEL_MAX_LOG2_SIZE) - 1);
}

/* ARGMAX: axis inside the rank; the output's shape is the input's without the axis. */
ns_code ns_check_argmax(const ns_check *check)
{
    NS_TRY(check_axis(check));
    const ns_tensor *input = ns_check_input(check, 0), *output = ns_check_output(check, 0);
    const int axis = check->operator->attributes.axis;
    if (output->rank != input->rank - 1)
        return NS_CHECK_FAIL(check, "the output has rank %d; it must be %d", output->rank, input->rank - 1);
    for (int i = 0; i < output->rank; i++)
        NS_TRY(check_output_dim(check, i, input->shape[i < axis ? i : i + 1]));
    return NS_OK;
}

/* REDUCE_*: axis inside the rank; the output's dim there is 1, the others are the input's. */
ns_code ns_check_reduce(const ns_check *check)
{
    NS_TRY(check_axis(check));
    NS_TRY(check_equal_rank(check));
    const ns_tensor *input = ns_check_input(check, 0);
    for (int i = 0; i < input->rank; i++)
        NS_TRY(check_output_dim(check, i, i == check->operator->attributes.axis ? 1 : input->shape[i]));
    return NS_OK;
}

/* REVERSE: axis inside the rank. */
ns_code ns_check_reverse(const ns_check *check)
{
    return check_axis(check);
}

/* CONCAT: at least one input; axis inside the rank; the output's dim there is the sum of the inputs', the
 * others are equal in all. */
ns_code ns_check_concat(const ns_check *check)
{
    if (!check->operator->input_count)
        return NS_CHECK_FAIL(check, "it needs at least one input");
    NS_TRY(check_axis(check));
    NS_TRY(check_equal_rank(check));
    const ns_tensor *first = ns_check_input(check, 0);
    const int axis = check->operator->attributes.axis;
    int64_t sum = 0;
    for (int i = 0; i < check->operator->input_count; i++) {
        const ns_tensor *input = ns_check_input(check, i);
        if (input->rank != first->rank)
            return NS_CHECK_FAIL(check, "input %d has rank %d, input 0 has %d: they must be equal", i,
                                 input->rank, first->rank);
        for (int j = 0; j < first->rank; j++)
            if (j != axis && input->shape[j] != first->shape[j])
                return NS_CHECK_FAIL(check, "dim %d of input %d is %lld; of input 0 it is %lld", j, i,
                                     (long long)input->shape[j], (long long)first->shape[j]);
        sum += input->shape[axis];
    }
    for (int i = 0; i < first->rank; i++)
        NS_TRY(check_output_dim(check, i, i == axis ? sum : first->shape[i]));
    return NS_OK;
}

/* PAD: padding at least 0; each dim of the output is before + input + after. */
ns_code ns_check_pad(const ns_check *check)
{
    NS_TRY(check_equal_rank(check));
    const ns_tensor *input = ns_check_input(check, 0);
    const int64_t *padding = ns_check_shape_values(check, 1);
    for (int i = 0; padding && i < input->rank; i++) {
        NS_TRY(check_value(check, "padding", 2 * i, padding[2 * i], 0));
        NS_TRY(check_value(check, "padding", 2 * i + 1, padding[2 * i + 1], 0));
        NS_TRY(check_output_dim(check, i, padding[2 * i] + input->shape[i] + padding[2 * i + 1]));
    }
    return NS_OK;
}

/* RESHAPE: input and output have as many elements; the output has the shape that the operand says. */
ns_code ns_check_reshape(const ns_check *check)
{
    const ns_tensor *input = ns_check_input(check, 0), *output = ns_check_output(check, 0);
    if (ns_tensor_count(input) != ns_tensor_count(output))
        return NS_CHECK_FAIL(check, "the output has %zu elements, the input has %zu: they must be equal",
                             ns_tensor_count(output), ns_tensor_count(input));
    if (ns_check_input(check, 1)->shape[0] != output->rank)
        return NS_CHECK_FAIL(check, "the shape operand has %lld values; the output has rank %d",
                             (long long)ns_check_input(check, 1)->shape[0], output->rank);
    const int64_t *shape = ns_check_shape_values(check, 1);
    for (int i = 0; shape && i < output->rank; i++)
        NS_TRY(check_output_dim(check, i, shape[i]));
    return NS_OK;
}

/* SLICE: start at least 0, size at least 1, start + size inside the input; the output's dims are size. */
ns_code ns_check_slice(const ns_check *check)
{
    NS_TRY(check_equal_rank(check));
    const ns_tensor *input = ns_check_input(check, 0);
    const int64_t *start = ns_check_shape_values(check, 1), *size = ns_check_shape_values(check, 2);
    for (int i = 0; start && size && i < input->rank; i++) {
        NS_TRY(check_value(check, "start", i, start[i], 0));
        NS_TRY(check_value(check, "size", i, size[i], 1));
        if (start[i] + size[i] > input->shape[i])
            return NS_CHECK_FAIL(check, "start[%d] + size[%d] is %lld; the input's dim is %lld", i, i,
                                 (long long)(start[i] + size[i]), (long long)input->shape[i]);
        NS_TRY(check_output_dim(check, i, size[i]));
    }
    return NS_OK;
}

/* TILE: each dim of the output is the input's times its multiple. */
ns_code ns_check_tile(const ns_check *check)
{
    NS_TRY(check_equal_rank(check));
    const ns_tensor *input = ns_check_input(check, 0);
    const int64_t *multiples = ns_check_shape_values(check, 1);
    for (int i = 0; multiples && i < input->rank; i++) {
        NS_TRY(check_value(check, "multiples", i, multiples[i], 1));
        NS_TRY(check_output_dim(check, i, input->shape[i] * multiples[i]));
    }
    return NS_OK;
}

/* TRANSPOSE: perms is a permutation of the axes; dim i of the output is dim perms[i] of the input. */
ns_code ns_check_transpose(const ns_check *check)
{
    NS_TRY(check_equal_rank(check));
    const ns_tensor *input = ns_check_input(check, 0);
    const ns_int_list *perms = &check->operator->attributes.perms;
    NS_TRY(ns_check_list(check, "perms", perms, input->rank, 0, NULL, 0));
    unsigned used = 0;
    for (int i = 0; i < input->rank; i++) {
        const int axis = perms->values[i];
        if (axis >= input->rank || used >> axis & 1)
            return NS_CHECK_FAIL(check, "perms[%d] is %d, %s", i, axis,
                                 axis >= input->rank ? "outside the rank" : "which is there twice");
        used |= 1u << axis;
        NS_TRY(check_output_dim(check, i, input->shape[axis]));
    }
    return NS_OK;
}

/* One axis of RESIZE: `n`, `d`, offset and border as the specification names them. */
static ns_code check_resize_axis(const ns_check *check, char axis, int64_t n, int64_t d, int64_t offset,
                                 int64_t border, int64_t input, int64_t output)
{
    if (n <= 0 || d <= 0 || n > 1 << 11 || d >= 16 * n)
        return NS_CHECK_FAIL(check,
                             "scale %lld / %lld along %c: both must be above 0, the first at most 2048, "
                             "the second below 16 times the first",
                             (long long)n, (long long)d, axis);
    if (n > NS_LEVEL_MAX_SCALE * d)
        return ns_fail(check->error, NS_ERROR_UNSUPPORTED,
                       "scale %lld / %lld along %c: level 8K allows %d (MAX_SCALE)", (long long)n,
                       (long long)d, axis, NS_LEVEL_MAX_SCALE);
    if (offset < -n || offset >= 16 * n)
        return NS_CHECK_FAIL(check, "offset %lld along %c is outside -scale_n to 16 * scale_n - 1",
                             (long long)offset, axis);
    if (border < -16 * n || border >= n)
        return NS_CHECK_FAIL(check, "border %lld along %c is outside -16 * scale_n to scale_n - 1",
                             (long long)border, axis);
    const int64_t size = (input - 1) * n - offset + border;
    if (size < 0 || size % d || output != size / d + 1)
        return NS_CHECK_FAIL(
            check, "O%c is %lld; ((I%c - 1) * scale_n - offset + border) / scale_d + 1 is (%lld / %lld) + 1",
            axis, (long long)output, axis, (long long)size, (long long)d);
    return NS_OK;
}

/* RESIZE: dims below 16384; scale, offset and border in range; OH and OW follow from them without rest;
 * integers keep their type with NEAREST_NEIGHBOR only. */
ns_code ns_check_resize(const ns_check *check)
{
    const ns_tensor *input = ns_check_input(check, 0), *output = ns_check_output(check, 0);
    for (int i = 1; i < 3; i++)
        if (input->shape[i] >= 16384 || output->shape[i] >= 16384)
            return NS_CHECK_FAIL(check, "dim %d is %lld to %lld; both must be below 16384", i,
                                 (long long)input->shape[i], (long long)output->shape[i]);
    const bool nearest = check->operator->attributes.mode == NS_RESIZE_NEAREST;
    if (ns_dtype_is_integer(input->dtype) && (input->dtype == output->dtype) != nearest)
        return NS_CHECK_FAIL(check, "%s to %s is not what its mode makes", ns_dtype_text(input->dtype),
                             ns_dtype_text(output->dtype));
    const int64_t *scale = ns_check_shape_values(check, 1), *offset = ns_check_shape_values(check, 2);
    const int64_t *border = ns_check_shape_values(check, 3);
    if (!scale || !offset || !border)
        return NS_OK;
    NS_TRY(check_resize_axis(check, 'H', scale[0], scale[1], offset[0], border[0], input->shape[1],
                             output->shape[1]));
    return check_resize_axis(check, 'W', scale[2], scale[3], offset[1], border[1], input->shape[2],
                             output->shape[2]);
}
