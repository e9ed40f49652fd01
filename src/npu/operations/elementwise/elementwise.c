#include "npu/operations/internal.h"
#include "npu/watch/rules.h"

#include <inttypes.h>

#include "npu/memory/internal.h"

typedef ns_code elementwise_function(ns_npu_machine *machine, const ns_npu_operation *operation,
                                     const int64_t *a, const int64_t *b, int64_t *out, size_t count,
                                     ns_error *error);

typedef struct elementwise_entry {
    elementwise_function *function;
    int operands;
} elementwise_entry;

static const elementwise_entry table[] = {
#define NS_NPU_ELEMENTWISE(name, code, operands) [code] = {ns_npu_elementwise_##name, operands},
#include "npu/operations/elementwise/elementwise.def"
#undef NS_NPU_ELEMENTWISE
};

int ns_npu_elementwise_operands(int mode)
{
    return mode >= 0 && mode < (int)(sizeof table / sizeof table[0]) ? table[mode].operands : 0;
}

static void read_piece(ns_npu_machine *machine, const ns_npu_map *map, const ns_npu_piece *piece,
                       int32_t *narrow, int64_t *row)
{
    if (map->bytes > 4 || map->scalar || (map->bytes == 4 && !map->is_signed)) {
        ns_npu_map_read_wide(machine, map, piece, row);
        return;
    }
    ns_npu_map_read(machine, map, piece, narrow);
    for (int64_t i = 0; i < piece->width * map->depth; i++)
        row[i] = narrow[i];
}

/* value * factor; a fault where that leaves 64 bits: 33-bit values (32 and a zero point) under a factor of
 * over 31 bits, which no compiler emits. */
static ns_code multiply_operand(ns_npu_machine *machine, int operand, int64_t *row, size_t count,
                                uint64_t factor, ns_error *error)
{
    if (factor == 1)
        return NS_OK;
    /* Beyond it the product leaves 64 bits; 2^63 itself as a factor only ever suits 0 and -1. */
    const int64_t most = factor ? (int64_t)(INT64_MAX / factor) : INT64_MAX;
    int64_t low = 0, high = 0;
    for (size_t i = 0; i < count; i++) {
        low = row[i] < low ? row[i] : low;
        high = row[i] > high ? row[i] : high;
    }
    if (low < -most || high > most)
        return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_RESULT_RANGE,
                                "operand %c: an element of %" PRId64 " to %" PRId64 ", scaled by %" PRIu64
                                ", leaves 64 bits",
                                "AB"[operand], low, high, factor);
    for (size_t i = 0; i < count; i++)
        row[i] *= (int64_t)factor;
    return NS_OK;
}

static ns_code scale_operand(ns_npu_machine *machine, const ns_npu_operation *operation, int operand,
                             int64_t *row, size_t count, ns_error *error)
{
    const ns_npu_scale *scale = &operation->operand_scale[operand];
    switch (operation->operand_scaling[operand]) {
    case NS_NPU_OPERAND_PLAIN:
        break;
    case NS_NPU_OPERAND_MULTIPLY:
        return multiply_operand(machine, operand, row, count, scale->scale, error);
    case NS_NPU_OPERAND_SHIFT:
        return multiply_operand(machine, operand, row, count, (uint64_t)1 << scale->shift, error);
    case NS_NPU_OPERAND_SCALE:
        ns_npu_scale_row(machine, scale, row, count);
        break;
    }
    return NS_OK;
}

/* Rooms of a piece in 64 bits. */
typedef struct elementwise_rooms {
    int64_t *operands[2]; /* A, B */
    int32_t *narrow;
} elementwise_rooms;

static ns_code make_rooms(ns_npu_machine *machine, size_t elements, int count, elementwise_rooms *out,
                          ns_error *error)
{
    void *memory;
    for (int i = 0; i < count; i++) {
        NS_TRY(ns_npu_room(machine, elements, sizeof(int64_t), &memory, error));
        out->operands[i] = memory;
    }
    NS_TRY(ns_npu_room(machine, elements, sizeof(int32_t), &memory, error));
    out->narrow = memory;
    return NS_OK;
}

/* A piece in 64 bits. */
static ns_code compute(ns_npu_machine *machine, const ns_npu_operation *operation,
                       const ns_npu_map *const *maps, const elementwise_rooms *rooms,
                       ns_npu_output_stage *output, const ns_npu_piece *piece, ns_error *error)
{
    const size_t elements = (size_t)(piece->width * operation->ofm.depth);
    int64_t *a = rooms->operands[0], *b = rooms->operands[1];
    machine->piece_start = (size_t)(piece->x * operation->ofm.depth);
    read_piece(machine, maps[0], piece, rooms->narrow, a);
    if (b)
        read_piece(machine, maps[1], piece, rooms->narrow, b);
    if (operation->elementwise != NS_NPU_ELEMENTWISE_LRELU)
        NS_TRY(scale_operand(machine, operation, 0, a, elements, error));
    if (b)
        NS_TRY(scale_operand(machine, operation, 1, b, elements, error));
    NS_TRY(table[operation->elementwise].function(machine, operation, a, b, a, elements, error));
    return ns_npu_output_piece(machine, output, piece, a, error);
}

ns_code ns_npu_elementwise(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                           ns_error *error)
{
    const ns_npu_map *ofm = &operation->ofm, *maps[2] = {&operation->ifm, &operation->ifm2};
    const int count = operation->has_ifm2 ? 2 : 1;
    if (operation->ifm2_is_a) {
        maps[0] = &operation->ifm2;
        maps[1] = &operation->ifm;
    }
    NS_TRY(ns_npu_spend(machine, (uint64_t)(ofm->height * ofm->width * ofm->depth), error));
    NS_TRY(ns_npu_map_check(machine, &operation->ifm, false, error));
    if (count == 2)
        NS_TRY(ns_npu_map_check(machine, &operation->ifm2, false, error));
    ns_npu_narrow *narrow;
    elementwise_rooms rooms = {0};
    const int64_t width = ns_npu_piece_width(machine, operation, maps, count);
    NS_TRY(ns_npu_narrow_open(machine, operation, maps, count, &narrow, error));
    NS_TRY(make_rooms(machine, (size_t)(width * ofm->depth), count, &rooms, error));
    for (int64_t y = 0; y < ofm->height; y++) {
        NS_TRY(ns_npu_spend(machine, 0, error)); /* for the clock */
        for (int64_t x = 0; x < ofm->width; x += width) {
            const ns_npu_piece piece = {y, x, width < ofm->width - x ? width : ofm->width - x};
            if (!narrow || !ns_npu_narrow_piece(machine, narrow, output, &piece))
                NS_TRY(compute(machine, operation, maps, &rooms, output, &piece, error));
        }
    }
    return NS_OK;
}
