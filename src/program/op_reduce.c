/* Kernels that sum: bmm, mean, avg_pool2d; each product, sum and quotient is rounded in the type of the
 * result (mean of float16 and bfloat16: in float32), in the order of kernels/portable/cpu/op_bmm.cpp,
 * op_mean.cpp and op_avg_pool2d.cpp (ExecuTorch 1.5.0); and batch norm and arange. */
#include <math.h>

#include "program/element.h"

/* Of strides, kernels and so on: products with dims, which are below 2^31, stay inside int64. */
#define PAIR_LIMIT (1 << 24)

static ns_code check_types(ns_call *call, const ns_program_tensor *in, const ns_program_tensor *out,
                           ns_error *error)
{
    if (in->scalar != out->scalar)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s of %s to %s", call->name, ns_scalar_text(in->scalar),
                       ns_scalar_text(out->scalar));
    return NS_OK;
}

static ns_number add(ns_compute compute, ns_number sum, ns_number x)
{
    return ns_number_multiply_add(compute, sum, x, ns_number_from_integer(1, compute));
}

static ns_number divide(ns_compute compute, ns_number sum, int64_t count)
{
    switch (compute) {
    case NS_COMPUTE_INTEGER:
        return (ns_number){.integer = sum.integer / count};
    case NS_COMPUTE_FLOAT32:
    case NS_COMPUTE_FLOAT16:
    case NS_COMPUTE_BFLOAT16:
        return ns_number_round(compute, sum.real32 / ns_number_from_integer(count, compute).real32);
    case NS_COMPUTE_FLOAT64:
        break;
    }
    return (ns_number){.real64 = sum.real64 / (double)count};
}

/* bmm (self, mat2, out) */
ns_code ns_kernel_bmm(ns_call *call, ns_error *error)
{
    ns_program_tensor *a = NULL, *b = NULL, *out = NULL;
    NS_TRY(ns_call_tensor(call, 0, &a, error));
    NS_TRY(ns_call_tensor(call, 1, &b, error));
    if (a->rank != 3 || b->rank != 3 || a->shape[0] != b->shape[0] || a->shape[2] != b->shape[1] ||
        a->scalar != b->scalar)
        return ns_fail(error, NS_ERROR_INPUT, "%s: the operands' shapes or types do not fit", call->name);
    NS_TRY(ns_call_result(call, 2, 3, (const int64_t[]){a->shape[0], a->shape[1], b->shape[2]}, &out, error));
    NS_TRY(check_types(call, a, out, error));
    const ns_compute compute = ns_compute_within(a->scalar);
    const int64_t loops[] = {out->shape[0], out->shape[1], out->shape[2], a->shape[2]};
    NS_TRY(ns_call_work(call, 4, loops, error));
    const ns_view left = ns_view_of(a), right = ns_view_of(b), to = ns_view_of(out);
    for (int64_t n = 0; n < out->shape[0]; n++)
        for (int64_t i = 0; i < out->shape[1]; i++)
            for (int64_t j = 0; j < out->shape[2]; j++) {
                ns_number sum = ns_number_from_integer(0, compute);
                for (int64_t k = 0; k < a->shape[2]; k++)
                    sum = ns_number_multiply_add(
                        compute, sum,
                        ns_element_load(a, n * left.strides[0] + i * left.strides[1] + k * left.strides[2],
                                        compute),
                        ns_element_load(b, n * right.strides[0] + k * right.strides[1] + j * right.strides[2],
                                        compute));
                ns_element_store(out, n * to.strides[0] + i * to.strides[1] + j * to.strides[2], compute,
                                 sum);
            }
    return NS_OK;
}

/* mean (self, dims, keepdim, dtype, out): no dims are all dims */
ns_code ns_kernel_mean(ns_call *call, ns_error *error)
{
    ns_program_tensor *in = NULL, *out = NULL;
    bool keep = false, reduced[NS_PROGRAM_MAX_RANK] = {false};
    int count = 0, rank = 0, out_dim[NS_PROGRAM_MAX_RANK] = {0};
    int64_t *dims = NULL, shape[NS_PROGRAM_MAX_RANK], number = 1;
    NS_TRY(ns_call_tensor(call, 0, &in, error));
    if (!ns_call_is_none(call, 1))
        NS_TRY(ns_call_integers(call, 1, &count, &dims, error));
    NS_TRY(ns_call_boolean(call, 2, &keep, error));
    for (int i = 0; i < count; i++) {
        const int64_t dim = dims[i] < 0 ? dims[i] + in->rank : dims[i];
        if (dim < 0 || dim >= in->rank)
            return ns_fail(error, NS_ERROR_INPUT, "%s: dim %lld of a tensor of rank %d", call->name,
                           (long long)dims[i], in->rank);
        reduced[dim] = true;
    }
    for (int d = 0; d < in->rank; d++) {
        reduced[d] = reduced[d] || count == 0;
        out_dim[d] = rank;
        if (!reduced[d])
            shape[rank++] = in->shape[d];
        else if (keep)
            shape[rank++] = 1;
        number *= reduced[d] ? in->shape[d] : 1;
    }
    NS_TRY(ns_call_result(call, 4, rank, shape, &out, error));
    const ns_compute compute = ns_compute_of(out->scalar);
    if (compute == NS_COMPUTE_INTEGER)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s to %s", call->name, ns_scalar_text(out->scalar));
    /* Sums in a tensor of their own: a float16 result is summed in float32. */
    ns_program_tensor sums = *out;
    sums.scalar = compute == NS_COMPUTE_FLOAT64 ? NS_SCALAR_FLOAT64 : NS_SCALAR_FLOAT32;
    sums.data = ns_arena_alloc(call->arena, out->count, (size_t)ns_scalar_bytes(sums.scalar));
    if (!sums.data)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for sums", call->name);
    const ns_view from = ns_view_of(in), to = ns_view_of(out);
    int64_t index[NS_PROGRAM_MAX_RANK] = {0};
    for (size_t i = 0; i < in->count; i++) {
        int64_t offset = 0, place = 0;
        for (int d = 0; d < in->rank; d++) {
            offset += index[d] * from.strides[d];
            place += reduced[d] ? 0 : index[d] * to.strides[out_dim[d]];
        }
        ns_element_store(
            &sums, place, compute,
            add(compute, ns_element_load(&sums, place, compute), ns_element_load(in, offset, compute)));
        for (int d = in->rank - 1; d >= 0 && ++index[d] == in->shape[d]; d--)
            index[d] = 0;
    }
    for (size_t i = 0; i < out->count; i++)
        ns_element_store(out, (int64_t)i, compute,
                         number ? divide(compute, ns_element_load(&sums, (int64_t)i, compute), number)
                                : (compute == NS_COMPUTE_FLOAT64 ? (ns_number){.real64 = NAN}
                                                                 : (ns_number){.real32 = NAN}));
    return NS_OK;
}

typedef struct pooling {
    int64_t kernel[2], stride[2], padding[2], in[2], size[2];
    bool ceil, count_padding;
    int64_t divisor; /* 0: the number of elements */
} pooling;

static ns_code get_pair(ns_call *call, int index, int64_t low, const int64_t *otherwise, int64_t *pair,
                        ns_error *error)
{
    int count = 0;
    int64_t *list = NULL;
    NS_TRY(ns_call_integers(call, index, &count, &list, error));
    if (count > 2 || (count == 0 && !otherwise))
        return ns_fail(error, NS_ERROR_INPUT, "%s: argument %d has %d entries", call->name, index, count);
    for (int i = 0; i < 2; i++) {
        pair[i] = count ? list[count == 2 ? i : 0] : otherwise[i];
        if (pair[i] < low || pair[i] > PAIR_LIMIT)
            return ns_fail(error, NS_ERROR_INPUT, "%s: argument %d: %lld is out of range", call->name, index,
                           (long long)pair[i]);
    }
    return NS_OK;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static ns_number pool(const pooling *p, const ns_view *from, ns_compute compute, int64_t plane, int64_t y,
                      int64_t x)
{
    const int rank = from->tensor->rank;
    int64_t low[2] = {y * p->stride[0] - p->padding[0], x * p->stride[1] - p->padding[1]}, high[2];
    int64_t padded = 1, count = 1;
    for (int i = 0; i < 2; i++) {
        high[i] = least(low[i] + p->kernel[i], p->in[i] + p->padding[i]);
        padded *= high[i] - low[i];
        low[i] = low[i] < 0 ? 0 : low[i];
        high[i] = least(high[i], p->in[i]);
        count *= high[i] > low[i] ? high[i] - low[i] : 0;
    }
    ns_number sum = ns_number_from_integer(0, compute);
    if (!count)
        return sum;
    for (int64_t iy = low[0]; iy < high[0]; iy++)
        for (int64_t ix = low[1]; ix < high[1]; ix++)
            sum = add(compute, sum,
                      ns_element_load(from->tensor,
                                      plane + iy * from->strides[rank - 2] + ix * from->strides[rank - 1],
                                      compute));
    return divide(compute, sum, p->divisor ? p->divisor : p->count_padding ? padded : count);
}

/* avg_pool2d (self, kernel, stride, padding, ceil_mode, count_include_pad, divisor, out) */
ns_code ns_kernel_avg_pool2d(ns_call *call, ns_error *error)
{
    ns_program_tensor *in = NULL, *out = NULL;
    pooling p = {0};
    int64_t shape[NS_PROGRAM_MAX_RANK];
    NS_TRY(ns_call_tensor(call, 0, &in, error));
    if (in->rank != 3 && in->rank != 4)
        return ns_fail(error, NS_ERROR_INPUT, "%s of rank %d", call->name, in->rank);
    NS_TRY(get_pair(call, 1, 1, NULL, p.kernel, error));
    NS_TRY(get_pair(call, 2, 1, p.kernel, p.stride, error));
    NS_TRY(get_pair(call, 3, 0, (const int64_t[2]){0, 0}, p.padding, error));
    NS_TRY(ns_call_boolean(call, 4, &p.ceil, error));
    NS_TRY(ns_call_boolean(call, 5, &p.count_padding, error));
    if (!ns_call_is_none(call, 6)) {
        NS_TRY(ns_call_integer(call, 6, &p.divisor, error));
        if (!p.divisor)
            return ns_fail(error, NS_ERROR_INPUT, "%s: the divisor is 0", call->name);
    }
    memcpy(shape, in->shape, sizeof shape);
    for (int i = 0; i < 2; i++) {
        p.in[i] = in->shape[in->rank - 2 + i];
        const int64_t room = p.in[i] + 2 * p.padding[i] - p.kernel[i];
        if (room < 0)
            return ns_fail(error, NS_ERROR_INPUT, "%s: the kernel does not fit the input", call->name);
        p.size[i] = (room + (p.ceil ? p.stride[i] - 1 : 0)) / p.stride[i] + 1;
        /* The last window must begin inside the input or the padding before it. */
        if (p.ceil && (p.size[i] - 1) * p.stride[i] >= p.in[i] + p.padding[i])
            p.size[i]--;
        shape[in->rank - 2 + i] = p.size[i];
    }
    NS_TRY(ns_call_result(call, 7, in->rank, shape, &out, error));
    NS_TRY(check_types(call, in, out, error));
    const ns_compute compute = ns_compute_within(in->scalar);
    const ns_view from = ns_view_of(in), to = ns_view_of(out);
    const int64_t batches = in->rank == 4 ? in->shape[0] : 1;
    const int64_t loops[] = {batches,    in->shape[in->rank - 3], p.size[0], p.size[1], p.kernel[0],
                             p.kernel[1]};
    NS_TRY(ns_call_work(call, 6, loops, error));
    for (int64_t n = 0; n < batches; n++)
        for (int64_t c = 0; c < in->shape[in->rank - 3]; c++)
            for (int64_t y = 0; y < p.size[0]; y++)
                for (int64_t x = 0; x < p.size[1]; x++) {
                    const int64_t plane =
                        (in->rank == 4 ? n * from.strides[0] : 0) + c * from.strides[in->rank - 3];
                    const int64_t place = (in->rank == 4 ? n * to.strides[0] : 0) +
                                          c * to.strides[in->rank - 3] + y * to.strides[in->rank - 2] +
                                          x * to.strides[in->rank - 1];
                    ns_element_store(out, place, compute, pool(&p, &from, compute, plane, y, x));
                }
    return NS_OK;
}

/* _native_batch_norm_legit_no_training (input, weight, bias, mean, var, momentum, eps, out, ..):
 * (x - mean) * invstd * weight + bias, invstd = 1 / sqrt(var + eps), where the sum, root and quotient are
 * float64 and each operation of the rest is rounded in the type of the input */
ns_code ns_kernel_batch_norm(ns_call *call, ns_error *error)
{
    ns_program_tensor *in = NULL, *weight = NULL, *bias = NULL, *mean = NULL, *variance = NULL, *out = NULL;
    double epsilon = 0;
    NS_TRY(ns_call_tensor(call, 0, &in, error));
    NS_TRY(ns_call_optional_tensor(call, 1, &weight, error));
    NS_TRY(ns_call_optional_tensor(call, 2, &bias, error));
    NS_TRY(ns_call_tensor(call, 3, &mean, error));
    NS_TRY(ns_call_tensor(call, 4, &variance, error));
    NS_TRY(ns_call_real(call, 6, &epsilon, error));
    NS_TRY(ns_call_result(call, 7, in->rank, in->shape, &out, error));
    const int channel_dim = in->rank > 1 ? 1 : 0;
    const int64_t channels = in->rank ? in->shape[channel_dim] : 1;
    const ns_program_tensor *vectors[] = {mean, variance, weight, bias};
    for (int i = 0; i < 4; i++)
        if (vectors[i] && (vectors[i]->count != (size_t)channels || vectors[i]->scalar != in->scalar))
            return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: expected %s for each of %lld channels",
                           call->name, ns_scalar_text(in->scalar), (long long)channels);
    const ns_compute compute = ns_compute_within(in->scalar);
    if (compute == NS_COMPUTE_INTEGER || compute == NS_COMPUTE_FLOAT64)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s of %s", call->name, ns_scalar_text(in->scalar));
    NS_TRY(check_types(call, in, out, error));
    if (!ns_program_tensor_is_contiguous(in) || !ns_program_tensor_is_contiguous(out))
        return ns_fail(error, NS_ERROR_INPUT, "%s: input and output must be contiguous", call->name);
    int64_t inner = 1;
    for (int d = channel_dim + 1; d < in->rank; d++)
        inner *= in->shape[d];
    const ns_number one = ns_number_from_integer(1, compute);
    for (int64_t first = 0; first < (int64_t)in->count; first += inner) {
        const int64_t c = first / inner % channels;
        const double spread = (double)ns_element_load(variance, c, compute).real32 + epsilon;
        const float inverse = ns_number_round(compute, (float)(1.0 / sqrt(spread))).real32;
        const float centre = ns_element_load(mean, c, compute).real32;
        const float scale = (weight ? ns_element_load(weight, c, compute) : one).real32;
        const float offset = bias ? ns_element_load(bias, c, compute).real32 : 0.0f;
        for (int64_t i = first; i < first + inner; i++) {
            const float x = ns_element_load(in, i, compute).real32;
            float y = ns_number_round(compute, x - centre).real32;
            y = ns_number_round(compute, y * inverse).real32;
            y = ns_number_round(compute, y * scale).real32;
            ns_element_store(out, i, compute, (ns_number){.real32 = y + offset});
        }
    }
    return NS_OK;
}

/* arange (start, end, step, out): start + i * step in float64, then in the result's type */
ns_code ns_kernel_arange(ns_call *call, ns_error *error)
{
    ns_program_tensor *out = NULL;
    ns_number part[3];
    for (int i = 0; i < 3; i++)
        NS_TRY(ns_call_number(call, i, NS_COMPUTE_FLOAT64, &part[i], error));
    const double start = part[0].real64, step = part[2].real64;
    const double count = ceil((part[1].real64 - start) / step);
    if (!(count >= 0 && count <= 0x1p40))
        return ns_fail(error, NS_ERROR_INPUT, "%s: %g steps", call->name, count);
    NS_TRY(ns_call_result(call, 3, 1, (const int64_t[]){(int64_t)count}, &out, error));
    for (int64_t i = 0; i < (int64_t)out->count; i++)
        ns_element_store(out, i, NS_COMPUTE_FLOAT64, (ns_number){.real64 = start + (double)i * step});
    return NS_OK;
}
