/* Kernels of ExecuTorch's Cortex-M backend that have no window, on int8 codes in memory order
 * (backends/cortex_m/ops at cff6f4dd32e6, which call CMSIS-NN; arithmetic of CMSIS-NN at 99f736a63036,
 * without single rounding). They look at memory, not at dim orders, and so do these. */
#include <math.h>

#include "program/element.h"
#include "program/internal.h"

#define OFFSET_LIMIT 65536 /* of codes in a product: sums stay inside int64 */

ns_code ns_cortex_m_integers(ns_call *call, int first, int count, int32_t *out, ns_error *error)
{
    for (int i = 0; i < count; i++) {
        int64_t value;
        NS_TRY(ns_call_integer(call, first + i, &value, error));
        if (value < INT32_MIN || value > INT32_MAX)
            return ns_fail(error, NS_ERROR_INPUT, "%s: argument %d is %lld, beyond 32 bits", call->name,
                           first + i, (long long)value);
        out[i] = (int32_t)value;
    }
    return NS_OK;
}

ns_code ns_cortex_m_offset(const ns_call *call, int32_t offset, ns_error *error)
{
    return offset >= -OFFSET_LIMIT && offset <= OFFSET_LIMIT
               ? NS_OK
               : ns_fail(error, NS_ERROR_INPUT, "%s: an offset of %d", call->name, (int)offset);
}

static ns_code check_bytes(const ns_call *call, int index, const ns_program_tensor *tensor, ns_error *error)
{
    return tensor->scalar == NS_SCALAR_INT8
               ? NS_OK
               : ns_fail(error, NS_ERROR_INPUT, "%s: argument %d is a tensor of %s, expected int8",
                         call->name, index, ns_scalar_text(tensor->scalar));
}

ns_code ns_cortex_m_bytes(ns_call *call, int index, ns_program_tensor **out, ns_error *error)
{
    NS_TRY(ns_call_tensor(call, index, out, error));
    return check_bytes(call, index, *out, error);
}

ns_code ns_cortex_m_result(ns_call *call, int index, ns_program_tensor **out, ns_error *error)
{
    NS_TRY(ns_call_output(call, index, out, error));
    return check_bytes(call, index, *out, error);
}

ns_code ns_cortex_m_shift(ns_call *call, int32_t shift, ns_error *error)
{
    return shift >= -31 && shift <= 31
               ? NS_OK
               : ns_fail(error, NS_ERROR_INPUT, "%s: a shift of %d, expected -31 to 31", call->name,
                         (int)shift);
}

ns_code ns_cortex_m_words(ns_call *call, int index, size_t count, const int32_t **out, ns_error *error)
{
    ns_program_tensor *tensor;
    NS_TRY(ns_call_optional_tensor(call, index, &tensor, error));
    *out = tensor ? tensor->data : NULL;
    return !tensor || (tensor->scalar == NS_SCALAR_INT32 && tensor->count == count)
               ? NS_OK
               : ns_fail(error, NS_ERROR_INPUT, "%s: argument %d must be %zu elements of int32", call->name,
                         index, count);
}

static ns_code refuse_shapes(const ns_call *call, ns_error *error)
{
    return ns_fail(error, NS_ERROR_INPUT, "%s: the shapes of its tensors do not fit", call->name);
}

static bool same_shape(const ns_program_tensor *a, const ns_program_tensor *b)
{
    return a->rank == b->rank && memcmp(a->shape, b->shape, (size_t)a->rank * sizeof a->shape[0]) == 0;
}

/* ---- two operands ---- */

/* Codes of two operands; one of them may be as many as there are channels (the second dim of four), and is
 * then repeated. */
typedef struct pair {
    ns_program_tensor *a, *b, *out;
    const int8_t *x, *y;
    size_t a_count, b_count;
    int8_t *result;
} pair;

static bool is_channel_broadcast(const ns_program_tensor *a, const ns_program_tensor *b)
{
    return a->rank == 4 && b->rank == 4 && a->shape[1] == b->shape[1] &&
           ((int64_t)a->count == a->shape[1] || (int64_t)b->count == b->shape[1]);
}

static ns_code get_pair(ns_call *call, int b, int out, pair *p, ns_error *error)
{
    NS_TRY(ns_cortex_m_bytes(call, 0, &p->a, error));
    NS_TRY(ns_cortex_m_bytes(call, b, &p->b, error));
    NS_TRY(ns_cortex_m_result(call, out, &p->out, error));
    if ((!same_shape(p->a, p->b) && !is_channel_broadcast(p->a, p->b)) || p->out->rank != p->a->rank)
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "%s broadcasts channels only: no other shapes but equal ones", call->name);
    NS_TRY(ns_program_tensor_resize(p->out, p->a->count < p->b->count ? p->b->shape : p->a->shape, error));
    p->x = p->a->data;
    p->y = p->b->data;
    p->result = p->out->data;
    p->a_count = p->a->count;
    p->b_count = p->b->count;
    return NS_OK;
}

static int32_t shifted(int32_t code, int32_t zero_point)
{
    return (int32_t)(((uint32_t)code - (uint32_t)zero_point) << 20);
}

/* quantized_add (self, zero_point, multiplier, shift, other, zero_point, multiplier, shift,
 * output_zero_point, output_multiplier, output_shift, activation_min, activation_max, out) */
ns_code ns_kernel_cortex_m_add(ns_call *call, ns_error *error)
{
    pair p;
    int32_t a[3], b[3], o[5];
    NS_TRY(get_pair(call, 4, 13, &p, error));
    NS_TRY(ns_cortex_m_integers(call, 1, 3, a, error));
    NS_TRY(ns_cortex_m_integers(call, 5, 3, b, error));
    NS_TRY(ns_cortex_m_integers(call, 8, 5, o, error));
    NS_TRY(ns_cortex_m_shift(call, a[2], error));
    NS_TRY(ns_cortex_m_shift(call, b[2], error));
    NS_TRY(ns_cortex_m_shift(call, o[2], error));
    for (size_t i = 0; i < p.out->count; i++) {
        const int32_t x = ns_cortex_m_requantize(shifted(p.x[i % p.a_count], a[0]), a[1], a[2]);
        const int32_t y = ns_cortex_m_requantize(shifted(p.y[i % p.b_count], b[0]), b[1], b[2]);
        const int32_t sum = (int32_t)((uint32_t)x + (uint32_t)y);
        p.result[i] = ns_cortex_m_code(ns_cortex_m_requantize(sum, o[1], o[2]), o[0], o[3], o[4]);
    }
    return NS_OK;
}

/* quantized_mul (self, zero_point, other, zero_point, output_zero_point, multiplier, shift, out) */
ns_code ns_kernel_cortex_m_mul(ns_call *call, ns_error *error)
{
    pair p;
    int32_t a, b, o[3];
    NS_TRY(get_pair(call, 2, 7, &p, error));
    NS_TRY(ns_cortex_m_integers(call, 1, 1, &a, error));
    NS_TRY(ns_cortex_m_integers(call, 3, 1, &b, error));
    NS_TRY(ns_cortex_m_integers(call, 4, 3, o, error));
    NS_TRY(ns_cortex_m_shift(call, o[2], error));
    for (size_t i = 0; i < p.out->count; i++) {
        const int64_t product = ((int64_t)p.x[i % p.a_count] - a) * ((int64_t)p.y[i % p.b_count] - b);
        p.result[i] =
            ns_cortex_m_code(ns_cortex_m_requantize((int32_t)product, o[1], o[2]), o[0], INT8_MIN, INT8_MAX);
    }
    return NS_OK;
}

/* quantized_div (self, zero_point, other, zero_point, output_zero_point, output_scale, out) of int8 or int16:
 * in float32, halves away from zero; a quotient by 0 is 0. */
ns_code ns_kernel_cortex_m_div(ns_call *call, ns_error *error)
{
    ns_program_tensor *a, *b, *out;
    int32_t za, zb, zo;
    double scale;
    NS_TRY(ns_call_tensor(call, 0, &a, error));
    NS_TRY(ns_call_tensor(call, 2, &b, error));
    NS_TRY(ns_call_output(call, 6, &out, error));
    NS_TRY(ns_cortex_m_integers(call, 1, 1, &za, error));
    NS_TRY(ns_cortex_m_integers(call, 3, 1, &zb, error));
    NS_TRY(ns_cortex_m_integers(call, 4, 1, &zo, error));
    NS_TRY(ns_call_real(call, 5, &scale, error));
    const bool wide = out->scalar == NS_SCALAR_INT16;
    if ((!wide && out->scalar != NS_SCALAR_INT8) || a->scalar != out->scalar || b->scalar != out->scalar ||
        !isfinite((float)scale))
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s of %s and %s to %s by %g", call->name,
                       ns_scalar_text(a->scalar), ns_scalar_text(b->scalar), ns_scalar_text(out->scalar),
                       scale);
    if (!same_shape(a, b) || out->rank != a->rank)
        return refuse_shapes(call, error);
    NS_TRY(ns_program_tensor_resize(out, a->shape, error));
    const float low = wide ? INT16_MIN : INT8_MIN, high = wide ? INT16_MAX : INT8_MAX;
    for (size_t i = 0; i < out->count; i++) {
        const int64_t x = ns_element_load(a, (int64_t)i, NS_COMPUTE_INTEGER).integer - za;
        const int64_t y = ns_element_load(b, (int64_t)i, NS_COMPUTE_INTEGER).integer - zb;
        const float quotient = y ? (float)x / (float)y : 0.0f;
        const float scaled = roundf(quotient * (float)scale) + (float)zo;
        const float clamped = scaled > high ? high : scaled < low ? low : scaled;
        ns_element_store(out, (int64_t)i, NS_COMPUTE_INTEGER, (ns_number){.integer = (int64_t)clamped});
    }
    return NS_OK;
}

/* minimum and maximum (self, other, out): the shapes count from the last dim as if memory were row-major.
 * Where it is not and one operand is repeated, CMSIS-NN mixes channels and pixels up: refused. */
static ns_code extremum(ns_call *call, ns_code (*aten)(ns_call *, ns_error *), ns_error *error)
{
    ns_program_tensor *a, *b;
    NS_TRY(ns_cortex_m_bytes(call, 0, &a, error));
    NS_TRY(ns_cortex_m_bytes(call, 1, &b, error));
    if (a->count != 1 && b->count != 1 && !same_shape(a, b) &&
        !(ns_program_tensor_is_contiguous(a) && ns_program_tensor_is_contiguous(b)))
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s repeats a tensor that is not row-major in memory",
                       call->name);
    return aten(call, error);
}

ns_code ns_kernel_cortex_m_minimum(ns_call *call, ns_error *error)
{
    return extremum(call, ns_kernel_minimum, error);
}

ns_code ns_kernel_cortex_m_maximum(ns_call *call, ns_error *error)
{
    return extremum(call, ns_kernel_maximum, error);
}

/* ---- one operand ---- */

/* quantized_activation (input, lut, out) */
ns_code ns_kernel_cortex_m_activation(ns_call *call, ns_error *error)
{
    ns_program_tensor *in, *lut, *out;
    NS_TRY(ns_cortex_m_bytes(call, 0, &in, error));
    NS_TRY(ns_cortex_m_bytes(call, 1, &lut, error));
    NS_TRY(ns_cortex_m_result(call, 2, &out, error));
    if (lut->count != 256 || in->count != out->count)
        return refuse_shapes(call, error);
    for (size_t i = 0; i < in->count; i++)
        ((int8_t *)out->data)[i] = ((const int8_t *)lut->data)[((const int8_t *)in->data)[i] + 128];
    return NS_OK;
}

/* softmax (input, dim, input_zero_point, output_zero_point, multiplier, shift, diff_min, out), over the last
 * dim */
ns_code ns_kernel_cortex_m_softmax(ns_call *call, ns_error *error)
{
    ns_program_tensor *in, *out;
    int32_t a[6];
    int dim = 0;
    NS_TRY(ns_cortex_m_bytes(call, 0, &in, error));
    NS_TRY(ns_cortex_m_integers(call, 1, 6, a, error));
    NS_TRY(ns_call_dim(call, 1, in->rank, &dim, error));
    NS_TRY(ns_cortex_m_result(call, 7, &out, error));
    if (out->rank != in->rank || dim != in->rank - 1 || a[2] != INT8_MIN || a[4] < 0 || a[4] > 30 || a[5] > 0)
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "%s over dim %d of %d, output zero point %d, shift %d, least difference %d",
                       call->name, dim, in->rank, (int)a[2], (int)a[4], (int)a[5]);
    NS_TRY(ns_program_tensor_resize(out, in->shape, error));
    const size_t depth = (size_t)in->shape[dim];
    int32_t *codes = NS_ARENA_ARRAY(call->arena, depth, int32_t),
            *steps = NS_ARENA_ARRAY(call->arena, depth, int32_t);
    if (!codes || !steps)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for a row", call->name);
    for (size_t i = 0; i < in->count; i += depth) {
        for (size_t c = 0; c < depth; c++)
            codes[c] = ((const int8_t *)in->data)[i + c];
        if (!ns_fixed_softmax((ns_fixed_scale){a[3], a[4]}, a[5], codes, depth, 8, steps))
            return ns_fail(error, NS_ERROR_UNSUPPORTED,
                           "%s of %zu classes: CMSIS-NN's fixed point has no room", call->name, depth);
        for (size_t c = 0; c < depth; c++)
            ((int8_t *)out->data)[i + c] = ns_cortex_m_code(steps[c], INT8_MIN, INT8_MIN, INT8_MAX);
    }
    return NS_OK;
}

/* transpose (input, perm, out): CMSIS-NN takes memory for row-major. */
ns_code ns_kernel_cortex_m_transpose(ns_call *call, ns_error *error)
{
    ns_program_tensor *in, *out;
    NS_TRY(ns_cortex_m_bytes(call, 0, &in, error));
    NS_TRY(ns_cortex_m_result(call, 2, &out, error));
    if (in->rank > 4 || !ns_program_tensor_is_contiguous(in) || !ns_program_tensor_is_contiguous(out))
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s of a tensor that is not row-major in memory",
                       call->name);
    return ns_kernel_permute_copy(call, error);
}

/* pad (input, pre_pad, post_pad, value, out): four pads each, in the order of memory. */
ns_code ns_kernel_cortex_m_pad(ns_call *call, ns_error *error)
{
    ns_program_tensor *in, *out;
    const int nhwc[] = {0, 2, 3, 1};
    int counts[2];
    int64_t *pads[2], sizes[4] = {1, 1, 1, 1}, outer[4], value;
    NS_TRY(ns_cortex_m_bytes(call, 0, &in, error));
    NS_TRY(ns_cortex_m_result(call, 4, &out, error));
    NS_TRY(ns_call_integers(call, 1, &counts[0], &pads[0], error));
    NS_TRY(ns_call_integers(call, 2, &counts[1], &pads[1], error));
    NS_TRY(ns_call_integer(call, 3, &value, error));
    if (in->rank < 1 || in->rank > 4 || counts[0] != 4 || counts[1] != 4)
        return refuse_shapes(call, error);
    const bool last = ns_cortex_m_is_channels_last(in);
    size_t total = 1;
    for (int d = 0; d < 4; d++) {
        const int skipped = 4 - in->rank;
        sizes[d] = d < skipped ? 1 : in->shape[last ? nhwc[d] : d - skipped];
        for (int side = 0; side < 2; side++)
            if (pads[side][d] < 0 || pads[side][d] > INT32_MAX)
                return refuse_shapes(call, error);
        outer[d] = sizes[d] + pads[0][d] + pads[1][d];
        total *= (size_t)outer[d];
        if (total > out->count)
            break;
    }
    if (total != out->count)
        return refuse_shapes(call, error);
    const int8_t *from = in->data;
    int8_t *to = out->data;
    memset(to, (int8_t)value, out->count);
    for (int64_t n = 0; n < sizes[0]; n++)
        for (int64_t h = 0; h < sizes[1]; h++)
            for (int64_t w = 0; w < sizes[2]; w++, from += sizes[3])
                memcpy(to +
                           (((n + pads[0][0]) * outer[1] + h + pads[0][1]) * outer[2] + w + pads[0][2]) *
                               outer[3] +
                           pads[0][3],
                       from, (size_t)sizes[3]);
    return NS_OK;
}

/* ---- products ---- */

typedef struct product {
    int64_t inner;
    int32_t input_offset, filter_offset;
} product;

static int64_t dot(const product *p, const int8_t *x, const int8_t *w)
{
    int64_t sum = 0;
    for (int64_t k = 0; k < p->inner; k++)
        sum += (int64_t)(x[k] + p->input_offset) * (w[k] + p->filter_offset);
    return sum;
}

/* quantized_linear (input, weights, bias, kernel_sum, input_offset, filter_offset, output_offset,
 * multipliers, shifts, activation_max, activation_min, out). kernel_sum, of programs for Helium, has the bias
 * and the input's offset in it. */
ns_code ns_kernel_cortex_m_linear(ns_call *call, ns_error *error)
{
    ns_program_tensor *in, *weights, *out;
    const int32_t *bias, *sums;
    int32_t a[3], limits[2];
    int64_t *multipliers, *shifts;
    int counts[2];
    NS_TRY(ns_cortex_m_bytes(call, 0, &in, error));
    NS_TRY(ns_cortex_m_bytes(call, 1, &weights, error));
    NS_TRY(ns_cortex_m_result(call, 11, &out, error));
    NS_TRY(ns_cortex_m_integers(call, 4, 3, a, error));
    NS_TRY(ns_cortex_m_integers(call, 9, 2, limits, error));
    NS_TRY(ns_cortex_m_offset(call, a[0], error));
    NS_TRY(ns_cortex_m_offset(call, a[1], error));
    NS_TRY(ns_call_integers(call, 7, &counts[0], &multipliers, error));
    NS_TRY(ns_call_integers(call, 8, &counts[1], &shifts, error));
    if (in->rank < 1 || weights->rank != 2 || out->rank != in->rank || counts[0] < 1 || counts[1] < 1 ||
        in->shape[in->rank - 1] != weights->shape[1])
        return refuse_shapes(call, error);
    const int64_t columns = weights->shape[0],
                  rows = weights->shape[1] ? (int64_t)in->count / weights->shape[1] : 0;
    int64_t shape[NS_PROGRAM_MAX_RANK];
    memcpy(shape, in->shape, sizeof shape);
    shape[in->rank - 1] = columns;
    NS_TRY(ns_program_tensor_resize(out, shape, error));
    NS_TRY(ns_cortex_m_words(call, 2, (size_t)columns, &bias, error));
    NS_TRY(ns_cortex_m_words(call, 3, (size_t)columns, &sums, error));
    NS_TRY(ns_cortex_m_shift(call, (int32_t)shifts[0], error));
    NS_TRY(ns_call_work(call, 3, (int64_t[]){rows, columns, weights->shape[1]}, error));
    const product p = {weights->shape[1], sums ? 0 : a[0], a[1]};
    const int32_t *added = sums ? sums : bias;
    for (int64_t i = 0; i < rows * columns; i++) {
        const int64_t sum = dot(&p, (const int8_t *)in->data + i / columns * p.inner,
                                (const int8_t *)weights->data + i % columns * p.inner) +
                            (added ? added[i % columns] : 0);
        ((int8_t *)out->data)[i] = ns_cortex_m_code(
            ns_cortex_m_requantize((int32_t)sum, (int32_t)multipliers[0], (int32_t)shifts[0]), a[2],
            limits[1], limits[0]);
    }
    return NS_OK;
}

/* quantized_batch_matmul (lhs, lhs_offset, rhs_transposed, rhs_offset, output_offset, multiplier, shift,
 * scratch, out) */
ns_code ns_kernel_cortex_m_matmul(ns_call *call, ns_error *error)
{
    ns_program_tensor *a, *b, *out;
    int32_t offsets[2], o[3];
    NS_TRY(ns_cortex_m_bytes(call, 0, &a, error));
    NS_TRY(ns_cortex_m_bytes(call, 2, &b, error));
    NS_TRY(ns_cortex_m_result(call, 8, &out, error));
    NS_TRY(ns_cortex_m_integers(call, 1, 1, &offsets[0], error));
    NS_TRY(ns_cortex_m_integers(call, 3, 1, &offsets[1], error));
    NS_TRY(ns_cortex_m_offset(call, offsets[0], error));
    NS_TRY(ns_cortex_m_offset(call, offsets[1], error));
    NS_TRY(ns_cortex_m_integers(call, 4, 3, o, error));
    NS_TRY(ns_cortex_m_shift(call, o[2], error));
    if (a->rank != 3 || b->rank != 3 || out->rank != 3 || a->shape[0] != b->shape[0] ||
        a->shape[2] != b->shape[2])
        return refuse_shapes(call, error);
    const int64_t rows = a->shape[1], columns = b->shape[1], inner = a->shape[2];
    NS_TRY(ns_program_tensor_resize(out, (int64_t[]){a->shape[0], rows, columns}, error));
    NS_TRY(ns_call_work(call, 4, (int64_t[]){a->shape[0], rows, columns, inner}, error));
    const product p = {inner, offsets[0], offsets[1]};
    for (int64_t i = 0; i < (int64_t)out->count; i++) {
        const int64_t row = i / columns, batch = row / rows;
        const int64_t sum = dot(&p, (const int8_t *)a->data + row * inner,
                                (const int8_t *)b->data + (batch * columns + i % columns) * inner);
        ((int8_t *)out->data)[i] =
            ns_cortex_m_code(ns_cortex_m_requantize((int32_t)sum, o[1], o[2]), o[0], INT8_MIN, INT8_MAX);
    }
    return NS_OK;
}
