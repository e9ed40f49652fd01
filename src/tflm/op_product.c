/* FULLY_CONNECTED and BATCH_MATMUL.
 * Source: micro/kernels/fully_connected.cc, fully_connected_common.cc, batch_matmul.cc,
 * internal/reference/fully_connected.h, batch_matmul.h, integer_ops/fully_connected.h. */
#include "tflm/internal.h"

/* One product of two matrices: out[r][c] = sum of a[r][k] * b[k][c], each with its own steps. */
typedef struct matrices {
    size_t rows, depth, columns;
    size_t a_row, a_depth, b_depth, b_column;
} matrices;

static ns_code charge(ns_tflm_call *call, size_t depth, ns_error *error)
{
    uint64_t work;
    if (__builtin_mul_overflow((uint64_t)call->outputs[0]->count, (uint64_t)depth, &work))
        work = UINT64_MAX;
    return ns_budget_spend(call->budget, work, error);
}

/* Codes and what a sum of products becomes. */
typedef struct codes {
    const int32_t *a, *b;
    int64_t a_zero, b_zero;
    const int64_t *bias; /* NULL: none */
    ns_tflm_finish finish;
    const ns_fixed_scale *scales;
    bool one_scale; /* else one for each column */
} codes;

/* Into the elements of `output` from `first` on. */
static void multiply_codes(const matrices *m, const codes *c, const ns_tflm_value *output, size_t first)
{
    for (size_t row = 0; row < m->rows; row++)
        for (size_t column = 0; column < m->columns; column++) {
            int64_t sum = c->bias ? c->bias[column] : 0;
            for (size_t k = 0; k < m->depth; k++)
                sum += (c->a[row * m->a_row + k * m->a_depth] - c->a_zero) *
                       (c->b[k * m->b_depth + column * m->b_column] - c->b_zero);
            ns_tflm_store(output, first + row * m->columns + column,
                          ns_tflm_finish_sum(&c->finish, sum, c->scales[c->one_scale ? 0 : column]));
        }
}

static void multiply_floats(const matrices *m, const float *a, const float *b, const float *bias, float low,
                            float high, float *out)
{
    for (size_t r = 0; r < m->rows; r++)
        for (size_t c = 0; c < m->columns; c++) {
            float sum = 0;
            for (size_t k = 0; k < m->depth; k++)
                sum += a[r * m->a_row + k * m->a_depth] * b[k * m->b_depth + c * m->b_column];
            out[r * m->columns + c] = ns_tflm_clamp_float(sum + (bias ? bias[c] : 0.0f), low, high);
        }
}

static ns_code dense_codes(ns_tflm_call *call, const matrices *m, uint8_t activation, ns_error *error)
{
    const ns_tflm_value *input = call->inputs[0], *filter = call->inputs[1], *output = call->outputs[0],
                        *bias = ns_tflm_operand(call, 2);
    /* A filter with a scale for each channel has no zero points (FullyConnectedPerChannel). */
    codes c = {.a_zero = input->tensor->zero_point,
               .b_zero = filter->tensor->scale_count > 1 ? 0 : filter->tensor->zero_point,
               .finish = {.offset = (int32_t)output->tensor->zero_point}};
    int32_t *in, *weights;
    int64_t *biases;
    ns_fixed_scale *scales;
    if (ns_tflm_type(filter) != NS_TFLITE_INT8 || ns_tflm_type(input) != ns_tflm_type(output))
        return ns_tflm_refuse_types(call, error);
    NS_TRY(ns_tflm_range(call, activation, output, &c.finish.low, &c.finish.high, error));
    NS_TRY(ns_tflm_bias(call, bias, m->columns, ns_tflm_type(input), &biases, &c.finish.wide, error));
    NS_TRY(ns_tflm_channel_scales(call, input, filter, output, m->columns, &scales, error));
    NS_TRY(ns_tflm_load(call, input, &in, error));
    NS_TRY(ns_tflm_load(call, filter, &weights, error));
    c.a = in;
    c.b = weights;
    c.bias = biases;
    c.scales = scales;
    multiply_codes(m, &c, output, 0);
    return NS_OK;
}

static ns_code dense_floats(ns_tflm_call *call, const matrices *m, uint8_t activation, ns_error *error)
{
    const ns_tflm_value *bias = ns_tflm_operand(call, 2);
    float low, high;
    if (ns_tflm_type(call->inputs[1]) != NS_TFLITE_FLOAT32 ||
        ns_tflm_type(call->outputs[0]) != NS_TFLITE_FLOAT32 || !ns_tflm_is_float_bias(bias))
        return ns_tflm_refuse_types(call, error);
    if (bias && bias->count != m->columns)
        return ns_tflm_refuse_shapes(call, error);
    NS_TRY(ns_tflm_float_range(call, activation, &low, &high, error));
    multiply_floats(m, call->inputs[0]->data, call->inputs[1]->data, bias ? bias->data : NULL, low, high,
                    call->outputs[0]->data);
    return NS_OK;
}

/* Options in schema.fbs: 0 activation, 1 weights_format (0: as they stand). */
ns_code ns_tflm_fully_connected(ns_tflm_call *call, ns_error *error)
{
    const ns_tflite_tensor *filter = call->inputs[1]->tensor;
    uint8_t activation, format;
    NS_TRY(ns_tflite_option_u8(call->operator, 0, 0, &activation, error));
    NS_TRY(ns_tflite_option_u8(call->operator, 1, 0, &format, error));
    if (filter->rank != 2 || format)
        return ns_tflm_refuse_shapes(call, error);
    matrices m = {.depth = (size_t)filter->shape[1], .columns = (size_t)filter->shape[0]};
    m.rows = m.columns ? call->outputs[0]->count / m.columns : 0;
    if (call->outputs[0]->count != m.rows * m.columns || call->inputs[0]->count != m.rows * m.depth)
        return ns_tflm_refuse_shapes(call, error);
    m.a_row = m.depth;
    m.a_depth = 1;
    m.b_depth = 1;
    m.b_column = m.depth;
    NS_TRY(charge(call, m.depth, error));
    return ns_tflm_type(call->inputs[0]) == NS_TFLITE_FLOAT32 ? dense_floats(call, &m, activation, error)
                                                              : dense_codes(call, &m, activation, error);
}

/* ---- BATCH_MATMUL ---- */

/* Dim `d` from the end of a shape, 1 beyond it. */
static size_t dim(const ns_tflite_tensor *tensor, int from_end)
{
    return from_end < tensor->rank ? (size_t)tensor->shape[tensor->rank - 1 - from_end] : 1;
}

static ns_code set_matrices(const ns_tflm_call *call, bool adj_x, bool adj_y, matrices *m, ns_error *error)
{
    const ns_tflite_tensor *a = call->inputs[0]->tensor, *b = call->inputs[1]->tensor,
                           *out = call->outputs[0]->tensor;
    if (a->rank < 2 || b->rank < 2 || out->rank < 2)
        return ns_tflm_refuse_shapes(call, error);
    m->rows = dim(a, adj_x ? 0 : 1);
    m->depth = dim(a, adj_x ? 1 : 0);
    m->columns = dim(b, adj_y ? 1 : 0);
    m->a_row = adj_x ? 1 : m->depth;
    m->a_depth = adj_x ? m->rows : 1;
    m->b_depth = adj_y ? 1 : m->columns;
    m->b_column = adj_y ? m->depth : 1;
    if (dim(b, adj_y ? 0 : 1) != m->depth || dim(out, 1) != m->rows || dim(out, 0) != m->columns)
        return ns_tflm_refuse_shapes(call, error);
    for (int d = 2; d < NS_MAX_RANK; d++)
        if ((dim(a, d) != dim(out, d) && dim(a, d) != 1) || (dim(b, d) != dim(out, d) && dim(b, d) != 1) ||
            (dim(out, d) != dim(a, d) && dim(out, d) != dim(b, d)))
            return ns_tflm_refuse_shapes(call, error);
    return NS_OK;
}

/* Where matrix `index` of the output's begins in an operand that is broadcast, in matrices. */
static size_t matrix_of(const ns_tflite_tensor *operand, const ns_tflite_tensor *out, size_t index)
{
    size_t place = 0, step = 1;
    for (int d = 2; d < NS_MAX_RANK; d++) {
        const size_t along = index % dim(out, d);
        index /= dim(out, d);
        place += dim(operand, d) == 1 ? 0 : along * step;
        step *= dim(operand, d);
    }
    return place;
}

static ns_code set_codes(ns_tflm_call *call, codes *c, ns_error *error)
{
    const ns_tflm_value *a = call->inputs[0], *b = call->inputs[1], *output = call->outputs[0];
    ns_fixed_scale *scales;
    int32_t *left, *right;
    NS_TRY(ns_tflm_channel_scales(call, a, b, output, 1, &scales, error));
    NS_TRY(ns_tflm_load(call, a, &left, error));
    NS_TRY(ns_tflm_load(call, b, &right, error));
    *c = (codes){.a = left,
                 .b = right,
                 .a_zero = a->tensor->zero_point,
                 .b_zero = b->tensor->zero_point,
                 .scales = scales,
                 .one_scale = true,
                 .finish = {.wide = ns_tflm_type(a) == NS_TFLITE_INT16,
                            .offset = (int32_t)output->tensor->zero_point,
                            .low = ns_tflm_least(ns_tflm_type(output)),
                            .high = ns_tflm_greatest(ns_tflm_type(output))}};
    return NS_OK;
}

static ns_code multiply(ns_tflm_call *call, const matrices *m, ns_error *error)
{
    const ns_tflm_value *a = call->inputs[0], *b = call->inputs[1], *output = call->outputs[0];
    const size_t each = m->rows * m->columns, count = each ? output->count / each : 0;
    const bool floats = ns_tflm_type(a) == NS_TFLITE_FLOAT32;
    codes all = {0};
    if (!floats)
        NS_TRY(set_codes(call, &all, error));
    for (size_t i = 0; i < count; i++) {
        const size_t at_a = matrix_of(a->tensor, output->tensor, i) * m->rows * m->depth,
                     at_b = matrix_of(b->tensor, output->tensor, i) * m->depth * m->columns;
        codes c = all;
        if (floats) {
            multiply_floats(m, (const float *)a->data + at_a, (const float *)b->data + at_b, NULL,
                            -__builtin_inff(), __builtin_inff(), (float *)output->data + i * each);
            continue;
        }
        c.a += at_a;
        c.b += at_b;
        multiply_codes(m, &c, output, i * each);
    }
    return NS_OK;
}

/* Options in schema.fbs: 0 adj_x, 1 adj_y: the last two dims stand the other way round. */
ns_code ns_tflm_batch_matmul(ns_tflm_call *call, ns_error *error)
{
    const ns_tflite_type type = ns_tflm_type(call->outputs[0]);
    bool adj_x, adj_y;
    matrices m;
    NS_TRY(ns_tflite_option_bool(call->operator, 0, false, &adj_x, error));
    NS_TRY(ns_tflite_option_bool(call->operator, 1, false, &adj_y, error));
    if (ns_tflm_type(call->inputs[0]) != type || ns_tflm_type(call->inputs[1]) != type ||
        (type != NS_TFLITE_FLOAT32 && type != NS_TFLITE_INT8 && type != NS_TFLITE_INT16))
        return ns_tflm_refuse_types(call, error);
    NS_TRY(set_matrices(call, adj_x, adj_y, &m, error));
    NS_TRY(charge(call, m.depth, error));
    return multiply(call, &m, error);
}
