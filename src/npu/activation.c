/* 8 bits: entry[v + 128] for a signed index, entry[v] for an unsigned one; entries of 1, 2 or 4 bytes.
 * 16 bits: 512 pairs (base s16 in the low half, slope s16), i = (v + 32768) >> 7, f = v & 127:
 *   16 to 16: base + ((slope * f + 64) >> 7);  16 to 32: (base << 7) + slope * f.
 * Source: Vela 5.1.0, regor/compiler/graphir_optimiser.cpp, RewriteTable (the 16-bit entries) and
 * tflite_graph_optimiser.cpp, ConvertToLUT8 and ConvertToInterpolatingLUT16. */
#include "npu/activation.h"

#include <string.h>

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
        return 2048;
    default:
        return 0;
    }
}

ns_code ns_npu_table_check(ns_npu_machine *machine, const ns_npu_operation *operation, ns_error *error)
{
    size_t size = ns_npu_table_size(operation->table);
    size_t start = operation->table_address;
    if (size == 0)
        return NS_OK;
    if (start > machine->internal_size || size > machine->internal_size - start)
        return ns_npu_fault(machine, error,
                            "its table of %zu bytes at internal address 0x%zx reaches past the end (0x%zx)",
                            size, start, machine->internal_size);
    const uint8_t *invalid = memchr(machine->internal_valid + start, 0, size);
    if (invalid)
        return ns_npu_fault(
            machine, error,
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
    case NS_NPU_TABLE_NONE:
        break;
    }
}
