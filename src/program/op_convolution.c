/* convolution (input, weight, bias, stride, padding, dilation, transposed, output_padding, groups, out):
 * out[n, o, y] = sum over input channels of the group, then kernel rows and columns, of input * weight, then
 * the bias, each product and sum rounded in the input's type (kernels/portable/cpu/op_convolution.cpp,
 * ExecuTorch 1.5.0). Transposed: the output starts as the bias, and every input element adds
 * input * weight to the outputs that it reaches, in the order of the inputs. */
#include "program/element.h"

/* Of strides, kernels and so on: products with dims, which are below 2^31, stay inside int64. */
#define PAIR_LIMIT (1 << 24)

typedef struct convolution {
    ns_program_tensor *input, *weight, *bias, *out;
    int64_t groups;
    bool transposed;
    /* In two spatial dims: a one-dimensional convolution has one row. */
    int64_t stride[2], padding[2], dilation[2], in[2], kernel[2], size[2];
    int64_t in_strides[4], weight_strides[4], out_strides[4];
} convolution;

/* A list of one entry for all spatial dims, or one for each. */
static ns_code get_pair(ns_call *call, int index, int spatial, int64_t neutral, int64_t low, int64_t *pair,
                        ns_error *error)
{
    int count = 0;
    int64_t *list = NULL;
    NS_TRY(ns_call_integers(call, index, &count, &list, error));
    if (count != 1 && count != spatial)
        return ns_fail(error, NS_ERROR_INPUT, "%s: argument %d has %d entries, expected 1 or %d", call->name,
                       index, count, spatial);
    for (int i = 0; i < count; i++)
        if (list[i] < low || list[i] > PAIR_LIMIT)
            return ns_fail(error, NS_ERROR_INPUT, "%s: argument %d: %lld is out of range", call->name, index,
                           (long long)list[i]);
    pair[0] = spatial == 2 ? list[0] : neutral;
    pair[1] = list[count - 1];
    return NS_OK;
}

/* Strides and sizes of a tensor with one or two spatial dims, as if there were two. */
static void get_layout(const ns_program_tensor *tensor, int64_t *strides, int64_t *sizes)
{
    int64_t own[NS_PROGRAM_MAX_RANK];
    ns_program_tensor_strides(tensor, own);
    const bool plane = tensor->rank == 4;
    strides[0] = own[0];
    strides[1] = own[1];
    strides[2] = plane ? own[2] : 0;
    strides[3] = own[tensor->rank - 1];
    sizes[0] = plane ? tensor->shape[2] : 1;
    sizes[1] = tensor->shape[tensor->rank - 1];
}

static ns_code prepare(ns_call *call, convolution *c, ns_error *error)
{
    int64_t extra[2] = {0};
    NS_TRY(ns_call_tensor(call, 0, &c->input, error));
    NS_TRY(ns_call_tensor(call, 1, &c->weight, error));
    NS_TRY(ns_call_optional_tensor(call, 2, &c->bias, error));
    const int spatial = c->input->rank - 2;
    if (spatial < 1 || spatial > 2 || c->weight->rank != c->input->rank)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s of rank %d with weights of rank %d", call->name,
                       c->input->rank, c->weight->rank);
    if (c->input->scalar != c->weight->scalar)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s of %s with weights of %s", call->name,
                       ns_scalar_text(c->input->scalar), ns_scalar_text(c->weight->scalar));
    NS_TRY(get_pair(call, 3, spatial, 1, 1, c->stride, error));
    NS_TRY(get_pair(call, 4, spatial, 0, 0, c->padding, error));
    NS_TRY(get_pair(call, 5, spatial, 1, 1, c->dilation, error));
    NS_TRY(ns_call_boolean(call, 6, &c->transposed, error));
    NS_TRY(get_pair(call, 7, spatial, 0, 0, extra, error));
    NS_TRY(ns_call_integer(call, 8, &c->groups, error));
    get_layout(c->input, c->in_strides, c->in);
    get_layout(c->weight, c->weight_strides, c->kernel);
    const int64_t in_channels = c->input->shape[1], *w = c->weight->shape;
    if (c->groups < 1 || c->groups > INT32_MAX || in_channels % c->groups)
        return ns_fail(error, NS_ERROR_INPUT, "%s: %lld channels in %lld groups", call->name,
                       (long long)in_channels, (long long)c->groups);
    const bool fits =
        c->transposed ? w[0] == in_channels : w[1] == in_channels / c->groups && w[0] % c->groups == 0;
    const int64_t out_channels = c->transposed ? w[1] * c->groups : w[0];
    if (!fits || (c->bias && (c->bias->rank != 1 || c->bias->shape[0] != out_channels)))
        return ns_fail(error, NS_ERROR_INPUT, "%s: the shapes of weights or bias do not fit the input",
                       call->name);
    int64_t shape[4] = {c->input->shape[0], out_channels, 0, 0};
    for (int i = 0; i < 2; i++) {
        const int64_t reach = c->dilation[i] * (c->kernel[i] - 1) + 1;
        c->size[i] = c->transposed ? (c->in[i] - 1) * c->stride[i] - 2 * c->padding[i] + reach + extra[i]
                                   : (c->in[i] + 2 * c->padding[i] - reach) / c->stride[i] + 1;
        if (c->kernel[i] < 1 || c->size[i] < 1 || (!c->transposed && c->in[i] + 2 * c->padding[i] < reach))
            return ns_fail(error, NS_ERROR_INPUT, "%s: the kernel does not fit the input", call->name);
    }
    shape[2] = spatial == 2 ? c->size[0] : c->size[1];
    shape[3] = c->size[1];
    NS_TRY(ns_call_result(call, 9, c->input->rank, shape, &c->out, error));
    if (c->out->scalar != c->input->scalar)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s of %s to %s", call->name,
                       ns_scalar_text(c->input->scalar), ns_scalar_text(c->out->scalar));
    int64_t sizes[2];
    get_layout(c->out, c->out_strides, sizes);
    return NS_OK;
}

static int64_t at(const int64_t *strides, int64_t n, int64_t channel, int64_t y, int64_t x)
{
    return n * strides[0] + channel * strides[1] + y * strides[2] + x * strides[3];
}

static bool inside(const int64_t *sizes, int64_t y, int64_t x)
{
    return y >= 0 && y < sizes[0] && x >= 0 && x < sizes[1];
}

static ns_number bias_of(const convolution *c, int64_t channel, ns_compute compute)
{
    return c->bias ? ns_element_load(c->bias, channel, compute) : ns_number_from_integer(0, compute);
}

static void gather(const convolution *c, ns_compute compute, int64_t n, int64_t o, int64_t y, int64_t x)
{
    const int64_t group_in = c->input->shape[1] / c->groups;
    const int64_t first = o / (c->out->shape[1] / c->groups) * group_in;
    ns_number sum = ns_number_from_integer(0, compute);
    for (int64_t i = 0; i < group_in; i++)
        for (int64_t ky = 0; ky < c->kernel[0]; ky++)
            for (int64_t kx = 0; kx < c->kernel[1]; kx++) {
                const int64_t iy = c->stride[0] * y + c->dilation[0] * ky - c->padding[0];
                const int64_t ix = c->stride[1] * x + c->dilation[1] * kx - c->padding[1];
                if (!inside(c->in, iy, ix))
                    continue;
                sum = ns_number_multiply_add(
                    compute, sum, ns_element_load(c->input, at(c->in_strides, n, first + i, iy, ix), compute),
                    ns_element_load(c->weight, at(c->weight_strides, o, i, ky, kx), compute));
            }
    if (c->bias)
        sum =
            ns_number_multiply_add(compute, sum, bias_of(c, o, compute), ns_number_from_integer(1, compute));
    ns_element_store(c->out, at(c->out_strides, n, o, y, x), compute, sum);
}

static void scatter(const convolution *c, ns_compute compute, int64_t n, int64_t o, int64_t y, int64_t x)
{
    const int64_t group_in = c->input->shape[1] / c->groups, group_out = c->out->shape[1] / c->groups;
    const int64_t first = o / group_out * group_in;
    for (int64_t i = first; i < first + group_in; i++) {
        const ns_number value = ns_element_load(c->input, at(c->in_strides, n, i, y, x), compute);
        for (int64_t ky = 0; ky < c->kernel[0]; ky++)
            for (int64_t kx = 0; kx < c->kernel[1]; kx++) {
                const int64_t oy = c->stride[0] * y + c->dilation[0] * ky - c->padding[0];
                const int64_t ox = c->stride[1] * x + c->dilation[1] * kx - c->padding[1];
                if (!inside(c->size, oy, ox))
                    continue;
                const int64_t place = at(c->out_strides, n, o, oy, ox);
                const ns_number weight =
                    ns_element_load(c->weight, at(c->weight_strides, i, o % group_out, ky, kx), compute);
                ns_element_store(
                    c->out, place, compute,
                    ns_number_multiply_add(compute, ns_element_load(c->out, place, compute), value, weight));
            }
    }
}

ns_code ns_kernel_convolution(ns_call *call, ns_error *error)
{
    convolution c = {0};
    NS_TRY(prepare(call, &c, error));
    const ns_compute compute = ns_compute_within(c.input->scalar);
    const int64_t *size = c.transposed ? c.in : c.size;
    const int64_t loops[] = {c.out->shape[0], c.out->shape[1], size[0], size[1], c.input->shape[1] / c.groups,
                             c.kernel[0],     c.kernel[1]};
    NS_TRY(ns_call_work(call, 7, loops, error));
    for (int64_t n = 0; n < c.out->shape[0]; n++)
        for (int64_t o = 0; o < c.out->shape[1]; o++) {
            for (int64_t y = 0; c.transposed && y < c.size[0]; y++)
                for (int64_t x = 0; x < c.size[1]; x++)
                    ns_element_store(c.out, at(c.out_strides, n, o, y, x), compute, bias_of(&c, o, compute));
            for (int64_t y = 0; y < size[0]; y++)
                for (int64_t x = 0; x < size[1]; x++)
                    (c.transposed ? scatter : gather)(&c, compute, n, o, y, x);
        }
    return NS_OK;
}
