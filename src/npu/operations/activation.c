/* 8 bits: entry[v + 128] for a signed index, entry[v] for an unsigned one; entries of 1, 2 or 4 bytes.
 * 16 bits: 512 pairs (base s16 in the low half, slope s16), i = (v + 32768) >> 7, f = v & 127:
 *   16 to 16: base + ((slope * f + 64) >> 7);  16 to 32: (base << 7) + slope * f.
 * TANH and SIGMOID, of values v of any width, 1.0 being 3 * 4096; pairs of base and slope, loaded (U85:
 * LUT_TANH, LUT_SIGMOID) or built in (U55, U65: ACTIVATION 3 and 4). v is cut to 9 + n bits, symmetric;
 * i = v >> n, f = v mod 2^n:
 *   TANH, n = 8:    (base * 256 + slope * f + 128 - (v < 0)) >> 8
 *   SIGMOID, n = 9: ((base + 32768) * 512 + slope * f + 512 - (v < 0)) >> 10, cut to 1..32767
 *   built in, i >= 0: base T[i] - 32768, slope T[i + 1] - T[i];  T: activation_sigmoid.inc
 *   built in, i < 0:  base 32768 - T[-i], slope T[-i] - T[-i - 1]
 * The clip comes after: before, one to 16 bits would cut off what lies beyond 2.67, and the legacy core's
 * clip of SIGMOID to 0..32767 all negatives.
 * Evidence: with the OFM_SCALE that Vela makes of the input's scale this equals LiteRT's reference kernels
 * for int16, and all 32 streams of Vela 5.1.0, its legacy core and 4.5.0 for TFLite's TANH and LOGISTIC are
 * exact. Source of the tables: Vela 5.1.0, regor/compiler/graphir_optimiser.cpp, RewriteTable (16 bits);
 * tflite_graph_optimiser.cpp, ConvertToLUT8, ConvertToInterpolatingLUT16, ConvertTanhSigmoidToLUT16. */
#include "npu/operations/internal.h"

#include <string.h>

#include "npu/watch/rules.h"

size_t ns_npu_table_size(ns_npu_table_kind kind)
{
    switch (kind) {
    case NS_NPU_TABLE_8_TO_8:
        return 256;
    case NS_NPU_TABLE_8_TO_16:
        return 512;
    case NS_NPU_TABLE_8_TO_32:
        return 1024;
    case NS_NPU_TABLE_16_TO_16:
    case NS_NPU_TABLE_16_TO_32:
    case NS_NPU_TABLE_TANH:
    case NS_NPU_TABLE_SIGMOID:
        return 2048;
    default:
        return 0;
    }
}

bool ns_npu_table_is_curve(ns_npu_table_kind kind)
{
    return kind >= NS_NPU_TABLE_TANH;
}

ns_code ns_npu_table_check(ns_npu_machine *machine, const ns_npu_operation *operation, ns_error *error)
{
    size_t size = ns_npu_table_size(operation->table);
    size_t start = operation->table_address;
    if (size == 0)
        return NS_OK;
    if (start > machine->internal_size || size > machine->internal_size - start)
        return ns_npu_undefined(
            machine, error, NS_NPU_UNDEFINED_OUTSIDE_MEMORY,
            "its table of %zu bytes at internal address 0x%zx reaches past the end (0x%zx)", size, start,
            machine->internal_size);
    const uint8_t *invalid = memchr(machine->internal_valid + start, 0, size);
    if (invalid)
        return ns_npu_undefined(
            machine, error, NS_NPU_UNDEFINED_TABLE_NOT_LOADED,
            "its table of %zu bytes at internal address 0x%zx is used before byte %zu of it is loaded", size,
            start, (size_t)(invalid - machine->internal_valid) - start);
    return NS_OK;
}

static void interpolate(const uint8_t *table, bool wide, int64_t *row, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t index = (uint16_t)(row[i] + 32768);
        int32_t fraction = (int32_t)(index & 127);
        int32_t base = (int16_t)ns_load_u16(table + 4 * (index >> 7));
        int32_t slope = (int16_t)ns_load_u16(table + 4 * (index >> 7) + 2);
        row[i] = wide ? base * 128 + slope * fraction : base + ((slope * fraction + 64) >> 7);
    }
}

static const uint16_t sigmoid[256] = {
#include "npu/operations/activation_sigmoid.inc"
};

typedef struct curve_segment {
    int32_t base, slope;
} curve_segment;

/* Segment -256 to 255 of the built-in curve; its ends are flat. */
static curve_segment built_in_segment(int32_t i)
{
    if (i >= 0)
        return (curve_segment){sigmoid[i] - 32768, sigmoid[i < 255 ? i + 1 : 255] - sigmoid[i]};
    int32_t k = -i < 255 ? -i : 255;
    return (curve_segment){32768 - sigmoid[k], i == -256 ? 0 : sigmoid[k] - sigmoid[k - 1]};
}

static curve_segment loaded_segment(const uint8_t *table, int32_t i)
{
    return (curve_segment){(int16_t)ns_load_u16(table + 4 * (i + 256)),
                           (int16_t)ns_load_u16(table + 4 * (i + 256) + 2)};
}

/* `table` NULL: built in. |slope| < 2^15, f < 2^9, |base + 32768| < 2^16: sums below 2^26. */
static void tanh_row(const uint8_t *table, int64_t *row, size_t count)
{
    for (size_t n = 0; n < count; n++) {
        int32_t v = (int32_t)(row[n] < -65535 ? -65535 : row[n] > 65535 ? 65535 : row[n]);
        curve_segment s = table ? loaded_segment(table, v >> 8) : built_in_segment(v >> 8);
        row[n] = (s.base * 256 + s.slope * (v & 255) + 128 - (v < 0)) >> 8;
    }
}

static void sigmoid_row(const uint8_t *table, int64_t *row, size_t count)
{
    for (size_t n = 0; n < count; n++) {
        int32_t v = (int32_t)(row[n] < -131071 ? -131071 : row[n] > 131071 ? 131071 : row[n]);
        curve_segment s = table ? loaded_segment(table, v >> 9) : built_in_segment(v >> 9);
        int32_t y = ((s.base + 32768) * 512 + s.slope * (v & 511) + 512 - (v < 0)) >> 10;
        row[n] = y < 1 ? 1 : y > 32767 ? 32767 : y;
    }
}

void ns_npu_table_row(ns_npu_machine *machine, const ns_npu_operation *operation, int64_t *row, size_t count)
{
    const uint8_t *table = machine->internal + operation->table_address;
    int64_t offset = operation->table_signed ? 128 : 0;
    switch (operation->table) {
    case NS_NPU_TABLE_8_TO_8:
        for (size_t i = 0; i < count; i++)
            row[i] = (int8_t)table[(row[i] + offset) & 255];
        break;
    case NS_NPU_TABLE_8_TO_16:
        for (size_t i = 0; i < count; i++)
            row[i] = (int16_t)ns_load_u16(table + 2 * ((row[i] + offset) & 255));
        break;
    case NS_NPU_TABLE_8_TO_32:
        for (size_t i = 0; i < count; i++)
            row[i] = (int32_t)ns_load_u32(table + 4 * ((row[i] + offset) & 255));
        break;
    case NS_NPU_TABLE_16_TO_16:
    case NS_NPU_TABLE_16_TO_32:
        interpolate(table, operation->table == NS_NPU_TABLE_16_TO_32, row, count);
        break;
    case NS_NPU_TABLE_TANH:
    case NS_NPU_TABLE_BUILT_IN_TANH:
        tanh_row(operation->table == NS_NPU_TABLE_TANH ? table : NULL, row, count);
        break;
    case NS_NPU_TABLE_SIGMOID:
    case NS_NPU_TABLE_BUILT_IN_SIGMOID:
        sigmoid_row(operation->table == NS_NPU_TABLE_SIGMOID ? table : NULL, row, count);
        break;
    case NS_NPU_TABLE_NONE:
        break;
    }
}
