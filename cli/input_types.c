#include "shared.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "num/interface.h"

size_t ns_npy_width(ns_npy_type type)
{
    switch (type) {
#define NS_NPY_TYPE(name, kind, size, text) \
    case NS_NPY_##name:                     \
        return size;
        NS_NPY_TYPES(NS_NPY_TYPE)
#undef NS_NPY_TYPE
    }
    return 0;
}

static char kind(ns_npy_type type)
{
    switch (type) {
#define NS_NPY_TYPE(name, kind, size, text) \
    case NS_NPY_##name:                     \
        return kind;
        NS_NPY_TYPES(NS_NPY_TYPE)
#undef NS_NPY_TYPE
    }
    return 0;
}

static bool is_float(ns_npy_type type)
{
    return kind(type) == 'f';
}

bool ns_npy_is_integer(ns_npy_type type)
{
    return kind(type) == 'i' || kind(type) == 'u';
}

/* The bits are those of the input's type, though the file names another. */
static bool same_bits(const ns_npy *array, const ns_input *input)
{
    if (input->bool_bits && array->type == NS_NPY_BOOL && input->type == NS_NPY_INT8)
        return true;
    return input->unsigned_bits && ((array->type == NS_NPY_UINT8 && input->type == NS_NPY_INT8) ||
                                    (array->type == NS_NPY_UINT16 && input->type == NS_NPY_INT16));
}

/* Every value of a type of up to 32 bits lies between, as does every one of 64 that int64 holds. */
static void limits(ns_npy_type type, double *low, double *high)
{
    const int bits = 8 * (int)ns_npy_width(type);
    const bool is_unsigned = kind(type) == 'u';
    *high = ldexp(1, is_unsigned ? bits : bits - 1) - 1;
    *low = is_unsigned ? 0 : -ldexp(1, bits - 1);
}

static void store(ns_npy *array, size_t index, int64_t value)
{
    uint8_t *data = (uint8_t *)array->data + index * array->item_size;
    for (size_t b = 0; b < array->item_size; b++)
        data[b] = (uint8_t)((uint64_t)value >> (8 * b));
}

/* An element of an array of integers, modulo 2^64. */
static int64_t integer_of(const ns_npy *array, size_t index)
{
    const uint8_t *data = (const uint8_t *)array->data + index * array->item_size;
    const int unused = 64 - 8 * (int)array->item_size;
    uint64_t value = 0;
    for (size_t b = 0; b < array->item_size; b++)
        value |= (uint64_t)data[b] << (8 * b);
    value <<= unused;
    return kind(array->type) == 'u' ? (int64_t)(value >> unused) : (int64_t)value >> unused;
}

/* An element of an array of floats, as float32. */
static float real_of(const ns_npy *array, size_t index)
{
    if (array->type == NS_NPY_FLOAT64)
        return (float)((const double *)array->data)[index];
    if (array->type == NS_NPY_FLOAT32)
        return ((const float *)array->data)[index];
    return (float)ns_real_get(&(ns_tensor){.dtype = NS_DTYPE_FP16, .data = array->data}, index);
}

/* `array` with room for its elements in the input's type, which are still to be written. */
static ns_code make(const ns_input *input, const ns_npy *array, ns_arena *arena, ns_npy *out, ns_error *error)
{
    *out = *array;
    out->type = input->type;
    out->item_size = ns_npy_width(input->type);
    out->data = ns_arena_alloc(arena, array->count, out->item_size);
    return out->data ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for input '%s'", input->name);
}

/* round(value / scale) + zero point: by the model's scale halves away from zero, with a float quotient, as
 * TFLite Micro's QUANTIZE; by --input-scale ties to even, as ExecuTorch's quantize_per_tensor and as `record`
 * does. */
static ns_code quantise(const ns_input *input, const char *file, ns_arena *arena, ns_npy *array,
                        ns_error *error)
{
    ns_npy codes;
    double low, high;
    NS_TRY(make(input, array, arena, &codes, error));
    limits(input->type, &low, &high);
    if (input->scale_given && input->type == NS_NPY_INT16) /* symmetric in ExecuTorch's quantiser */
        low = -high;
    for (size_t i = 0; i < array->count; i++) {
        const float real = real_of(array, i);
        if (!isfinite(real))
            return ns_fail(error, NS_ERROR_INPUT, "input '%s': %s: element %zu is not a finite number",
                           input->name, file, i);
        const double step = input->scale_given ? rint((double)real / input->scale)
                                               : (double)roundf(real / (float)input->scale);
        const double code = step + (double)input->zero_point;
        store(&codes, i, (int64_t)fmin(fmax(code, low), high));
    }
    *array = codes;
    return NS_OK;
}

/* Integers of another width, where each fits: NumPy makes int64 of numbers unless it is told otherwise. */
static ns_code fit(const ns_input *input, const char *file, ns_arena *arena, ns_npy *array, ns_error *error)
{
    ns_npy codes;
    double low, high;
    NS_TRY(make(input, array, arena, &codes, error));
    limits(input->type, &low, &high);
    for (size_t i = 0; i < array->count; i++) {
        const int64_t value = integer_of(array, i);
        const bool wrapped = array->type == NS_NPY_UINT64 && value < 0;
        if (wrapped || (double)value < low || (double)value > high)
            return ns_fail(error, NS_ERROR_INPUT,
                           "input '%s': %s holds %s, and element %zu does not fit %s, which is expected",
                           input->name, file, ns_npy_type_text(array->type), i,
                           ns_npy_type_text(input->type));
        store(&codes, i, value);
    }
    *array = codes;
    return NS_OK;
}

static ns_code to_float32(const ns_input *input, ns_arena *arena, ns_npy *array, ns_error *error)
{
    ns_npy reals;
    NS_TRY(make(input, array, arena, &reals, error));
    for (size_t i = 0; i < array->count; i++)
        ((float *)reals.data)[i] = real_of(array, i);
    *array = reals;
    return NS_OK;
}

ns_code ns_input_wrong_type(const ns_input *input, const char *file, const ns_npy *array, ns_error *error)
{
    const char *type = ns_npy_type_text(input->type);
    char hint[256] = "";
    if (is_float(array->type) && ns_npy_is_integer(input->type) && input->scale_asked) {
        snprintf(hint, sizeof hint,
                 ": the model holds no scale for it; give --input-scale SCALE[:ZERO] (npuscope inspect shows "
                 "it of the "
                 ".pte, ExecuTorch has it in its quantize node)");
    } else if (ns_npy_width(array->type) == ns_npy_width(input->type) && !is_float(input->type)) {
        const bool byte = array->type == NS_NPY_UINT8 && input->type == NS_NPY_INT8;
        snprintf(hint, sizeof hint, ": %sor give --input-type %s if its bits are meant",
                 byte                           ? "subtract 128 if it is quantised with a zero point, "
                 : array->type == NS_NPY_UINT16 ? "subtract 32768, "
                                                : "convert it, ",
                 type);
    } else if (is_float(array->type)) {
        snprintf(hint, sizeof hint, ": the model holds no scale for it; quantise it first");
    } else if (array->type == NS_NPY_OBJECT) {
        snprintf(hint, sizeof hint, ": pickled Python objects; save one array of numbers");
    } else if (ns_npy_is_integer(array->type) || array->type == NS_NPY_BOOL) {
        snprintf(hint, sizeof hint, ": convert it as the model's input is made (array.astype(numpy.%s))",
                 type);
    }
    return ns_fail(error, NS_ERROR_INPUT, "input '%s': %s holds %s; expected %s%s", input->name, file,
                   ns_npy_type_text(array->type), type, hint);
}

ns_code ns_input_take_type(const ns_input *input, const char *file, ns_arena *arena, ns_npy *array,
                           ns_error *error)
{
    if (array->type == input->type || same_bits(array, input)) {
        array->type = input->type;
        return NS_OK;
    }
    if (is_float(array->type) && ns_npy_is_integer(input->type) && input->scale > 0)
        return quantise(input, file, arena, array, error);
    if (is_float(array->type) && input->type == NS_NPY_FLOAT32)
        return to_float32(input, arena, array, error);
    if (ns_npy_is_integer(array->type) && ns_npy_is_integer(input->type) &&
        ns_npy_width(array->type) != ns_npy_width(input->type))
        return fit(input, file, arena, array, error);
    return ns_input_wrong_type(input, file, array, error);
}

static bool is_nan(const ns_npy *array, size_t index)
{
    if (array->type == NS_NPY_FLOAT32)
        return isnan(((const float *)array->data)[index]);
    if (array->type == NS_NPY_FLOAT64)
        return isnan(((const double *)array->data)[index]);
    return array->type == NS_NPY_FLOAT16 && (((const uint16_t *)array->data)[index] & 0x7fff) > 0x7c00;
}

size_t ns_npy_count_nan(const ns_npy *array, size_t *first)
{
    size_t count = 0;
    for (size_t i = 0; is_float(array->type) && i < array->count; i++)
        if (is_nan(array, i) && count++ == 0)
            *first = i;
    return count;
}

void ns_input_warn_of_nan(const char *what, const char *name, const char *file, const ns_npy *array)
{
    size_t first = 0;
    const size_t count = ns_npy_count_nan(array, &first);
    if (count)
        ns_cli_say("npuscope: warning: %s '%s': %s: %zu of %zu elements are NaN, the first is element %zu",
                   what, name, file, count, array->count, first);
}

/* ---- shapes ---- */

/* The dims over 1; returns how many. */
static int drop_ones(int rank, const int64_t *shape, int64_t *out)
{
    int count = 0;
    for (int i = 0; i < rank; i++)
        if (shape[i] != 1)
            out[count++] = shape[i];
    return count;
}

bool ns_input_same_but_ones(int rank, const int64_t *shape, int other_rank, const int64_t *other)
{
    int64_t a[NS_MAX_RANK], b[NS_MAX_RANK];
    const int count = drop_ones(rank, shape, a);
    return count == drop_ones(other_rank, other, b) && memcmp(a, b, (size_t)count * sizeof *a) == 0;
}

/* A dynamic shape: the same rank, every dim within its bounds. */
static bool within(const ns_npy *array, const ns_input *input)
{
    if (!input->least_shape || array->rank != input->rank)
        return false;
    for (int d = 0; d < array->rank; d++)
        if (array->shape[d] < input->least_shape[d] || array->shape[d] > input->shape[d])
            return false;
    return true;
}

bool ns_input_take_shape(ns_npy *array, const ns_input *input, bool with_frames, int64_t *frames)
{
    *frames = 1;
    if (within(array, input))
        return true;
    if (ns_input_same_but_ones(array->rank, array->shape, input->rank, input->shape)) {
        if (!input->padded) {
            array->rank = input->rank;
            memcpy(array->shape, input->shape, sizeof array->shape);
        }
        return true;
    }
    if (!with_frames || array->rank < 1 || array->shape[0] < 1 ||
        !ns_input_same_but_ones(array->rank - 1, array->shape + 1, input->rank, input->shape))
        return false;
    *frames = array->shape[0];
    if (input->padded) {
        memmove(array->shape, array->shape + 1, (size_t)--array->rank * sizeof *array->shape);
    } else {
        array->rank = input->rank;
        memcpy(array->shape, input->shape, sizeof array->shape);
    }
    return true;
}
