#include "program/element.h"

#include <math.h>

ns_compute ns_compute_of(ns_scalar scalar)
{
    switch (scalar) {
    case NS_SCALAR_FLOAT64:
        return NS_COMPUTE_FLOAT64;
    case NS_SCALAR_FLOAT32:
    case NS_SCALAR_FLOAT16:
    case NS_SCALAR_BFLOAT16:
        return NS_COMPUTE_FLOAT32;
    default:
        return NS_COMPUTE_INTEGER;
    }
}

ns_compute ns_compute_within(ns_scalar scalar)
{
    return scalar == NS_SCALAR_FLOAT16    ? NS_COMPUTE_FLOAT16
           : scalar == NS_SCALAR_BFLOAT16 ? NS_COMPUTE_BFLOAT16
                                          : ns_compute_of(scalar);
}

static float from_float16(uint16_t bits)
{
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    float value;
    if (exponent == 31)
        value = fraction ? NAN : INFINITY;
    else
        value = ldexpf((float)(exponent ? fraction | 1024 : fraction), (exponent ? exponent : 1) - 25);
    return bits & 0x8000 ? -value : value;
}

static uint16_t to_float16(float value)
{
    const uint16_t sign = signbit(value) ? 0x8000 : 0;
    const float magnitude = fabsf(value);
    if (isnan(value))
        return sign | 0x7e00;
    if (magnitude >= 65520.0f) /* half way to 2^16 rounds up */
        return sign | 0x7c00;
    int exponent = magnitude > 0 ? ilogbf(magnitude) : -14;
    if (exponent < -14)
        exponent = -14;
    /* 0 to 2048 units of the last place, ties to even; 2048 carries into the exponent. */
    const int units = (int)nearbyintf(ldexpf(magnitude, 10 - exponent));
    return (uint16_t)(sign | (((exponent + 14) << 10) + units));
}

static float from_bfloat16(uint16_t bits)
{
    const uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

static uint16_t to_bfloat16(float value)
{
    uint32_t bits;
    if (isnan(value))
        return 0x7fc0;
    memcpy(&bits, &value, sizeof bits);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static int64_t cut(double value)
{
    if (isnan(value))
        return 0;
    return value >= 0x1p63 ? INT64_MAX : value < -0x1p63 ? INT64_MIN : (int64_t)value;
}

ns_number ns_number_round(ns_compute compute, float result)
{
    switch (compute) {
    case NS_COMPUTE_FLOAT16:
        return (ns_number){.real32 = from_float16(to_float16(result))};
    case NS_COMPUTE_BFLOAT16:
        return (ns_number){.real32 = from_bfloat16(to_bfloat16(result))};
    default:
        return (ns_number){.real32 = result};
    }
}

static ns_number from_real(double real, ns_compute compute)
{
    switch (compute) {
    case NS_COMPUTE_INTEGER:
        return (ns_number){.integer = cut(real)};
    case NS_COMPUTE_FLOAT32:
    case NS_COMPUTE_FLOAT16:
    case NS_COMPUTE_BFLOAT16:
        return ns_number_round(compute, (float)real);
    case NS_COMPUTE_FLOAT64:
        break;
    }
    return (ns_number){.real64 = real};
}

ns_number ns_number_from_integer(int64_t integer, ns_compute compute)
{
    switch (compute) {
    case NS_COMPUTE_INTEGER:
        return (ns_number){.integer = integer};
    case NS_COMPUTE_FLOAT32:
    case NS_COMPUTE_FLOAT16:
    case NS_COMPUTE_BFLOAT16:
        return ns_number_round(compute, (float)integer);
    case NS_COMPUTE_FLOAT64:
        break;
    }
    return (ns_number){.real64 = (double)integer};
}

double ns_number_real(ns_number value, ns_compute compute)
{
    return compute == NS_COMPUTE_INTEGER   ? (double)value.integer
           : compute == NS_COMPUTE_FLOAT64 ? value.real64
                                           : (double)value.real32;
}

ns_number ns_number_multiply_add(ns_compute compute, ns_number sum, ns_number a, ns_number b)
{
    switch (compute) {
    case NS_COMPUTE_INTEGER: /* wraps */
        return (ns_number){.integer =
                               (int64_t)((uint64_t)sum.integer + (uint64_t)a.integer * (uint64_t)b.integer)};
    case NS_COMPUTE_FLOAT32:
    case NS_COMPUTE_FLOAT16:
    case NS_COMPUTE_BFLOAT16:
        return ns_number_round(compute, sum.real32 + ns_number_round(compute, a.real32 * b.real32).real32);
    case NS_COMPUTE_FLOAT64:
        break;
    }
    return (ns_number){.real64 = sum.real64 + a.real64 * b.real64};
}

ns_number ns_element_load(const ns_program_tensor *tensor, int64_t offset, ns_compute compute)
{
    const uint8_t *at =
        (const uint8_t *)tensor->data + (size_t)offset * (size_t)ns_scalar_bytes(tensor->scalar);
    switch (tensor->scalar) {
    case NS_SCALAR_FLOAT64:
        return from_real(*(const double *)at, compute);
    case NS_SCALAR_FLOAT32:
        return compute == NS_COMPUTE_FLOAT32 ? (ns_number){.real32 = *(const float *)at}
                                             : from_real((double)*(const float *)at, compute);
    case NS_SCALAR_FLOAT16:
        return from_real((double)from_float16(*(const uint16_t *)at), compute);
    case NS_SCALAR_BFLOAT16:
        return from_real((double)from_bfloat16(*(const uint16_t *)at), compute);
    case NS_SCALAR_BOOL:
        return ns_number_from_integer(*at != 0, compute);
    case NS_SCALAR_UINT8:
        return ns_number_from_integer(*at, compute);
    case NS_SCALAR_INT8:
        return ns_number_from_integer(*(const int8_t *)at, compute);
    case NS_SCALAR_INT16:
        return ns_number_from_integer(*(const int16_t *)at, compute);
    case NS_SCALAR_UINT16:
    case NS_SCALAR_BITS16:
        return ns_number_from_integer(*(const uint16_t *)at, compute);
    case NS_SCALAR_INT32:
        return ns_number_from_integer(*(const int32_t *)at, compute);
    case NS_SCALAR_UINT32:
        return ns_number_from_integer(*(const uint32_t *)at, compute);
    case NS_SCALAR_INT64:
    case NS_SCALAR_UINT64:
    case NS_SCALAR_COUNT:
        break;
    }
    return ns_number_from_integer(*(const int64_t *)at, compute);
}

void ns_element_store(ns_program_tensor *tensor, int64_t offset, ns_compute compute, ns_number value)
{
    const size_t size = (size_t)ns_scalar_bytes(tensor->scalar);
    uint8_t *at = (uint8_t *)tensor->data + (size_t)offset * size;
    const float real32 = compute == NS_COMPUTE_INTEGER   ? (float)value.integer
                         : compute == NS_COMPUTE_FLOAT64 ? (float)value.real64
                                                         : value.real32;
    switch (tensor->scalar) {
    case NS_SCALAR_FLOAT64:
        *(double *)at = ns_number_real(value, compute);
        return;
    case NS_SCALAR_FLOAT32:
        *(float *)at = real32;
        return;
    case NS_SCALAR_FLOAT16:
        *(uint16_t *)at = to_float16(real32);
        return;
    case NS_SCALAR_BFLOAT16:
        *(uint16_t *)at = to_bfloat16(real32);
        return;
    case NS_SCALAR_BOOL: /* NaN is true, as in C++ */
        *at = compute == NS_COMPUTE_INTEGER ? value.integer != 0 : ns_number_real(value, compute) != 0;
        return;
    default: {
        const int64_t integer =
            compute == NS_COMPUTE_INTEGER ? value.integer : cut(ns_number_real(value, compute));
        memcpy(at, &integer, size); /* the low bytes: little-endian, as everything here */
    }
    }
}

ns_code ns_call_number(ns_call *call, int index, ns_compute compute, ns_number *out, ns_error *error)
{
    const ns_value *value = &call->values[call->arguments[index]];
    if (value->kind == NS_VALUE_BOOL) {
        *out = ns_number_from_integer(value->as.boolean, compute);
    } else if (value->kind == NS_VALUE_INT) {
        *out = ns_number_from_integer(value->as.integer, compute);
    } else {
        double real = 0;
        NS_TRY(ns_call_real(call, index, &real, error));
        *out = from_real(real, compute);
    }
    return NS_OK;
}

ns_code ns_call_result(ns_call *call, int index, int rank, const int64_t *shape, ns_program_tensor **out,
                       ns_error *error)
{
    NS_TRY(ns_call_output(call, index, out, error));
    if ((*out)->rank != rank)
        return ns_fail(error, NS_ERROR_INPUT, "%s: the result has rank %d, its tensor rank %d", call->name,
                       rank, (*out)->rank);
    return ns_program_tensor_resize(*out, shape, error) == NS_OK ? NS_OK
                                                                 : ns_add_context(error, "%s", call->name);
}

ns_code ns_call_dim(ns_call *call, int index, int rank, int *out, ns_error *error)
{
    int64_t dim = 0;
    NS_TRY(ns_call_integer(call, index, &dim, error));
    const int64_t range = rank ? rank : 1;
    if (dim < -range || dim >= range)
        return ns_fail(error, NS_ERROR_INPUT, "%s: dim %lld of a tensor of rank %d", call->name,
                       (long long)dim, rank);
    *out = (int)(dim < 0 ? dim + range : dim);
    return NS_OK;
}

ns_view ns_view_of(ns_program_tensor *tensor)
{
    ns_view view = {.tensor = tensor};
    ns_program_tensor_strides(tensor, view.strides);
    return view;
}

ns_code ns_view_broadcast(ns_call *call, ns_program_tensor *tensor, int rank, const int64_t *shape,
                          ns_view *out, ns_error *error)
{
    int64_t strides[NS_PROGRAM_MAX_RANK] = {0};
    ns_program_tensor_strides(tensor, strides);
    *out = (ns_view){.tensor = tensor};
    for (int d = 0; d < tensor->rank; d++) {
        const int at = d + rank - tensor->rank;
        if (tensor->shape[d] == 1)
            continue;
        if (at < 0 || tensor->shape[d] != shape[at])
            return ns_fail(error, NS_ERROR_INPUT, "%s: dim %d of an operand is %lld and does not broadcast",
                           call->name, d, (long long)tensor->shape[d]);
        out->strides[at] = strides[d];
    }
    return NS_OK;
}

/* Moves on to the next element in row-major order, and each view's offset with it. */
static void advance(int rank, const int64_t *shape, int64_t *index, int count, const ns_view *views,
                    int64_t *offsets)
{
    for (int d = rank - 1; d >= 0; d--) {
        for (int v = 0; v < count; v++)
            offsets[v] += views[v].strides[d];
        if (++index[d] < shape[d])
            return;
        for (int v = 0; v < count; v++)
            offsets[v] -= views[v].strides[d] * shape[d];
        index[d] = 0;
    }
}

static size_t count_of(int rank, const int64_t *shape)
{
    size_t count = 1;
    for (int d = 0; d < rank; d++)
        count *= (size_t)shape[d];
    return count;
}

void ns_view_copy(const ns_view *to, const ns_view *from, int rank, const int64_t *shape)
{
    const ns_view views[2] = {*to, *from};
    int64_t index[NS_PROGRAM_MAX_RANK] = {0}, offsets[2] = {to->offset, from->offset};
    const ns_scalar in = from->tensor->scalar, out = to->tensor->scalar;
    const size_t size = (size_t)ns_scalar_bytes(in);
    ns_compute compute = ns_compute_of(in);
    if (compute == NS_COMPUTE_INTEGER)
        compute = ns_compute_of(out);
    const size_t count = count_of(rank, shape);
    for (size_t i = 0; i < count; i++) {
        if (in == out)
            memcpy((uint8_t *)to->tensor->data + (size_t)offsets[0] * size,
                   (const uint8_t *)from->tensor->data + (size_t)offsets[1] * size, size);
        else
            ns_element_store(to->tensor, offsets[0], compute,
                             ns_element_load(from->tensor, offsets[1], compute));
        advance(rank, shape, index, 2, views, offsets);
    }
}

/* The broadcast shape of the tensors among the operands, and what they are computed in. A real number makes
 * integers float32, and leaves reals what they are. */
static ns_code promote(ns_call *call, int count, const int *operands, unsigned aside, int *rank,
                       int64_t *shape, ns_compute *compute, ns_error *error)
{
    *rank = 0;
    *compute = NS_COMPUTE_INTEGER;
    for (int d = 0; d < NS_PROGRAM_MAX_RANK; d++)
        shape[d] = 1;
    for (int i = 0; i < count; i++) {
        const ns_value *value = &call->values[call->arguments[operands[i]]];
        const ns_compute own = value->kind == NS_VALUE_TENSOR   ? ns_compute_of(value->as.tensor.scalar)
                               : value->kind == NS_VALUE_DOUBLE ? NS_COMPUTE_FLOAT32
                                                                : NS_COMPUTE_INTEGER;
        if (!(aside >> i & 1) && own > *compute)
            *compute = own;
        if (value->kind == NS_VALUE_TENSOR && value->as.tensor.rank > *rank)
            *rank = value->as.tensor.rank;
    }
    for (int i = 0; i < count; i++) {
        const ns_value *value = &call->values[call->arguments[operands[i]]];
        if (value->kind != NS_VALUE_TENSOR)
            continue;
        const ns_program_tensor *tensor = &value->as.tensor;
        for (int d = 0; d < tensor->rank; d++) {
            int64_t *dim = &shape[d + *rank - tensor->rank];
            if (*dim != 1 && tensor->shape[d] != 1 && *dim != tensor->shape[d])
                return ns_fail(error, NS_ERROR_INPUT, "%s: dims of %lld and %lld do not broadcast",
                               call->name, (long long)*dim, (long long)tensor->shape[d]);
            if (tensor->shape[d] != 1)
                *dim = tensor->shape[d];
        }
    }
    return NS_OK;
}

ns_code ns_elementwise(ns_call *call, int count, const int *operands, unsigned aside, int result,
                       ns_elementwise_function f, ns_error *error)
{
    int rank = 0;
    int64_t shape[NS_PROGRAM_MAX_RANK], index[NS_PROGRAM_MAX_RANK] = {0};
    int64_t offsets[NS_ELEMENTWISE_MAX + 1] = {0};
    ns_compute compute;
    ns_view views[NS_ELEMENTWISE_MAX + 1] = {0};
    ns_number x[NS_ELEMENTWISE_MAX] = {0}, y = {0};
    ns_program_tensor *out = NULL;
    NS_TRY(promote(call, count, operands, aside, &rank, shape, &compute, error));
    NS_TRY(ns_call_result(call, result, rank, shape, &out, error));
    for (int i = 0; i < count; i++) {
        ns_program_tensor *tensor = NULL;
        if (call->values[call->arguments[operands[i]]].kind != NS_VALUE_TENSOR) {
            NS_TRY(ns_call_number(call, operands[i], compute, &x[i], error));
            continue;
        }
        NS_TRY(ns_call_tensor(call, operands[i], &tensor, error));
        NS_TRY(ns_view_broadcast(call, tensor, rank, shape, &views[i], error));
    }
    views[count] = ns_view_of(out);
    for (size_t k = 0; k < out->count; k++) {
        for (int i = 0; i < count; i++)
            if (views[i].tensor)
                x[i] = ns_element_load(views[i].tensor, offsets[i], compute);
        if (!f(compute, x, &y))
            return ns_fail(error, NS_ERROR_INPUT, "%s: element %zu is divided by zero", call->name, k);
        ns_element_store(out, offsets[count], compute, y);
        advance(rank, shape, index, count + 1, views, offsets);
    }
    return NS_OK;
}
