/* Narrow: ADD, SUB, MUL and copies piece by piece in the first-level cache, in 16 and 32 bits where the loops
 * of the other files have 64. A piece is done only where no value needs more: what the kernels' own
 * conditions exclude when the operation is opened, and what they report of a piece, goes the way of 64 bits.
 *
 * Scales: halves go up (NATURAL), or nothing is shifted out, so that every rounding is the same; multiplier
 * and shift may be raised together, (v * 2^k * m + 2^(s+k-1)) >> (s + k) is the same for any k. */
#include "npu/operations/internal.h"

#include <string.h>

#include "npu/memory/internal.h"

#define ELEMENTS 2048 /* of a piece: with its operands half of a first-level cache of 32 KiB */
#define TABLE_ENTRIES 513

/* One of up to two operands. */
typedef struct narrow_operand {
    const ns_npu_map *map;
    void *room;      /* its elements, where they are not dense in memory */
    int16_t *words;  /* 8-bit elements less their zero point */
    int32_t *wide;   /* 32-bit path: scaled */
    const void *raw; /* of the piece at work: int16, or int32 of a map with 4 bytes */
    int bytes, step; /* of raw; step 0: one value for all */
    ns_npu_scale scale;
} narrow_operand;

struct ns_npu_narrow {
    const ns_npu_operation *operation;
    ns_fused_op op;
    int count;          /* operands */
    bool is_short;      /* no value behind the operands has over 16 bits but inside the kernel: `pair` */
    bool is_copy;       /* the elements are the result */
    ns_fused_pair pair; /* is_short */
    narrow_operand operands[2];
    int32_t *sums;       /* 32-bit path: behind the operation */
    int16_t *row;        /* the result, where the OFM has at most 16 bits */
    ns_npu_short result; /* the same */
    int64_t width;       /* of a piece, in pixels */
};

/* The same scale with a shift of at least `least`, at most `most`. */
static bool raise_scale(const ns_npu_scale *scale, int least, int most, int32_t *multiplier, int *shift)
{
    const int up = scale->shift < least ? least - scale->shift : 0;
    if ((scale->rounding != NS_NPU_ROUND_NATURAL && scale->shift > 0) || scale->shift + up > most ||
        up > 30 || scale->scale > (uint32_t)INT32_MAX >> up)
        return false;
    *multiplier = (int32_t)(scale->scale << up);
    *shift = scale->shift + up;
    return true;
}

/* The same as raise_scale by as much as the multiplier leaves room for, up to a shift of `enough`. */
static bool raise_far(const ns_npu_scale *scale, int enough, int32_t *multiplier, int8_t *shift)
{
    int raised = 0;
    for (int least = enough; least >= 2; least--)
        if (raise_scale(scale, least, 62, multiplier, &raised)) {
            *shift = (int8_t)raised;
            return true;
        }
    return false;
}

static bool is_identity(const ns_npu_scale *scale)
{
    return scale->scale == 1 && scale->shift == 0;
}

/* k where the scale is 2^k, k <= 14; else -1. */
static int power_of(const ns_npu_scale *scale)
{
    const int k = scale->scale ? __builtin_ctz(scale->scale) - scale->shift : -1;
    return scale->scale && !(scale->scale & (scale->scale - 1)) && k >= 0 && k <= 14 ? k : -1;
}

static ns_npu_scale operand_scale(const ns_npu_operation *operation, int operand)
{
    const ns_npu_scale *given = &operation->operand_scale[operand];
    ns_npu_scale scale = {.scale = 1, .rounding = NS_NPU_ROUND_NATURAL};
    switch (operation->operand_scaling[operand]) {
    case NS_NPU_OPERAND_PLAIN:
        break;
    case NS_NPU_OPERAND_MULTIPLY:
        scale.scale = given->scale;
        break;
    case NS_NPU_OPERAND_SHIFT: /* 0: not such as is taken */
        scale.scale = given->shift < 31 ? UINT32_C(1) << given->shift : 0;
        break;
    case NS_NPU_OPERAND_SCALE:
        scale = *given;
        break;
    }
    return scale;
}

/* Both operands' scales, or both shifts to the left, as ns_fused_pair wants them. */
static bool set_operands(ns_npu_narrow *n)
{
    ns_fused_pair *pair = &n->pair;
    bool are_powers = true;
    for (int k = 0; k < n->count; k++) {
        pair->left[k] = power_of(&n->operands[k].scale);
        are_powers = are_powers && pair->left[k] >= 0;
    }
    if (n->op == NS_FUSED_MUL)
        return are_powers && pair->left[0] == 0 && pair->left[1] == 0;
    if (are_powers)
        return true;
    /* int16 times less than 2^31, shifted by 17 or more: below 2^29. */
    pair->is_scaled = true;
    for (int k = 0; k < 2; k++)
        if (!raise_scale(&n->operands[k].scale, 17, 46, &pair->in_multiplier[k], &pair->in_shift[k]))
            return false;
    return true;
}

/* All in 16 bits, but inside the kernel. */
static bool set_short(ns_npu_narrow *n)
{
    const ns_npu_operation *operation = n->operation;
    for (int k = 0; k < n->count; k++)
        if (n->operands[k].map->bytes > 2)
            return false;
    n->pair = (ns_fused_pair){.op = n->op};
    return operation->ofm.bytes <= 2 && set_operands(n) &&
           raise_scale(&operation->scale, 33, 62, &n->pair.multiplier, &n->pair.shift);
}

static bool fits_16_bits(int64_t value)
{
    return value >= INT16_MIN && value <= INT16_MAX;
}

static bool takes_operand(const ns_npu_map *map)
{
    if (map->upscale != NS_NPU_UPSCALE_NONE || map->unused || map->bytes > 4)
        return false;
    if (map->scalar)
        return fits_16_bits(map->scalar_value - map->zero_point);
    return map->bytes == 1 || (map->is_signed && map->zero_point == 0);
}

static bool takes_short(const ns_npu_operation *operation)
{
    const ns_npu_map *ofm = &operation->ofm;
    return !ofm->unused && !operation->accumulators_stay && ofm->bytes <= 2 && operation->clip &&
           operation->clip_low <= operation->clip_high &&
           fits_16_bits(operation->clip_low - ofm->zero_point) &&
           fits_16_bits(operation->clip_high - ofm->zero_point) &&
           (operation->table == NS_NPU_TABLE_NONE ||
            (operation->table == NS_NPU_TABLE_16_TO_16 && ofm->bytes == 2 && ofm->zero_point == 0));
}

static bool takes_wide(const ns_npu_operation *operation)
{
    const ns_npu_map *ofm = &operation->ofm;
    return !ofm->unused && !operation->accumulators_stay && ofm->bytes == 4 && ofm->is_signed &&
           !operation->clip && ofm->zero_point == 0 && operation->table == NS_NPU_TABLE_NONE;
}

/* Whether pieces may be written before the next are read: the operand lies elsewhere, or element by element
 * where the OFM does. */
static bool is_in_order(const ns_npu_machine *machine, const ns_npu_map *map, const ns_npu_map *ofm)
{
    if (ns_npu_map_is_apart(machine, map, ofm))
        return true;
    return !map->chain && machine->regions[map->region].data == machine->regions[ofm->region].data &&
           memcmp(map->base, ofm->base, sizeof map->base) == 0 && map->stride_x == ofm->stride_x &&
           map->stride_y == ofm->stride_y && map->stride_c == ofm->stride_c && map->width0 == ofm->width0 &&
           map->height0 == ofm->height0 && map->height1 == ofm->height1 && map->bytes == ofm->bytes &&
           map->brick == ofm->brick && !ofm->transposed && !ofm->reversed && !map->broadcast_h &&
           !map->broadcast_w && !map->broadcast_c;
}

int64_t ns_npu_piece_width(const ns_npu_machine *machine, const ns_npu_operation *operation,
                           const ns_npu_map *const *maps, int count)
{
    const ns_npu_map *ofm = &operation->ofm;
    const int64_t width = ofm->depth < ELEMENTS ? ELEMENTS / ofm->depth : 1;
    for (int k = 0; k < count; k++)
        if (maps[k]->upscale != NS_NPU_UPSCALE_NONE || !is_in_order(machine, maps[k], ofm))
            return ofm->width;
    return width < ofm->width ? width : ofm->width;
}

/* Base and slope as entries that follow each other; NULL where they do not. */
static ns_code load_table(ns_npu_machine *machine, const ns_npu_operation *operation, int16_t **out,
                          ns_error *error)
{
    void *memory;
    const uint8_t *pairs = machine->internal + operation->table_address;
    NS_TRY(ns_npu_room(machine, TABLE_ENTRIES, sizeof(int16_t), &memory, error));
    int16_t *table = memory;
    bool follows = true;
    for (int i = 0; i < TABLE_ENTRIES - 1; i++) {
        const int base = (int16_t)ns_load_u16(pairs + 4 * i);
        const int next = base + (int16_t)ns_load_u16(pairs + 4 * i + 2);
        follows = follows && (i == 0 || base == table[i]) && fits_16_bits(next);
        table[i] = (int16_t)base;
        table[i + 1] = (int16_t)next;
    }
    *out = follows ? table : NULL;
    return NS_OK;
}

ns_code ns_npu_short_open(ns_npu_machine *machine, const ns_npu_operation *operation, ns_npu_short *out,
                          bool *takes, ns_error *error)
{
    *takes = machine->kernels.fused && takes_short(operation);
    if (!*takes)
        return NS_OK;
    *out = (ns_npu_short){.low = (int16_t)(operation->clip_low - operation->ofm.zero_point),
                          .high = (int16_t)(operation->clip_high - operation->ofm.zero_point)};
    if (operation->table == NS_NPU_TABLE_NONE)
        return NS_OK;
    NS_TRY(load_table(machine, operation, &out->table, error));
    *takes = out->table != NULL;
    return NS_OK;
}

/* Of a value at an end of int16 the kernels do not tell whether they had to cut it. */
bool ns_npu_short_clip(const ns_npu_machine *machine, const ns_npu_short *s, int16_t *row, size_t count,
                       ns_npu_output_stage *output)
{
    bool at_ends = false;
    output->saturated += (int64_t)machine->kernels.fused->clip(row, count, s->low, s->high, &at_ends);
    return at_ends && (s->low == INT16_MIN || s->high == INT16_MAX);
}

void ns_npu_short_write(ns_npu_machine *machine, const ns_npu_operation *operation, const ns_npu_short *s,
                        const ns_npu_piece *piece, int16_t *row)
{
    const ns_npu_map *ofm = &operation->ofm;
    const size_t count = (size_t)(piece->width * ofm->depth);
    if (s->table)
        machine->kernels.fused->table(s->table, row, row, count);
    for (size_t i = 0; ofm->zero_point && i < count; i++)
        row[i] = (int16_t)(row[i] + ofm->zero_point);
    ns_npu_map_write(machine, ofm, piece, row, sizeof *row);
    machine->result_flag = row[count - 1] != 0;
}

static ns_code make_rooms(ns_npu_machine *machine, ns_npu_narrow *n, ns_error *error)
{
    const size_t elements = (size_t)(n->width * n->operation->ofm.depth);
    void *memory;
    for (int k = 0; k < n->count; k++) {
        narrow_operand *operand = &n->operands[k];
        NS_TRY(ns_npu_room(machine, elements, sizeof(int32_t), &operand->room, error));
        NS_TRY(ns_npu_room(machine, elements, sizeof(int16_t), &memory, error));
        operand->words = memory;
        NS_TRY(ns_npu_room(machine, n->is_short ? 1 : elements, sizeof(int32_t), &memory, error));
        operand->wide = memory;
    }
    NS_TRY(ns_npu_room(machine, elements, sizeof(int32_t), &memory, error));
    n->sums = memory;
    NS_TRY(ns_npu_room(machine, elements, sizeof(int16_t), &memory, error));
    n->row = memory;
    return NS_OK;
}

ns_code ns_npu_narrow_open(ns_npu_machine *machine, const ns_npu_operation *operation,
                           const ns_npu_map *const *maps, int count, ns_npu_narrow **out, ns_error *error)
{
    *out = NULL;
    const int mode = operation->elementwise;
    const bool is_unary = operation->kind != NS_NPU_ELEMENTWISE;
    ns_npu_short result = {0};
    bool takes;
    NS_TRY(ns_npu_short_open(machine, operation, &result, &takes, error));
    if (!machine->kernels.fused || operation->scaling == NS_NPU_SCALING_CHANNEL ||
        (!takes && !takes_wide(operation)) || !takes_operand(maps[0]) ||
        (count > 1 && !takes_operand(maps[1])) ||
        (!is_unary && mode != NS_NPU_ELEMENTWISE_ADD && mode != NS_NPU_ELEMENTWISE_SUB &&
         mode != NS_NPU_ELEMENTWISE_MUL))
        return NS_OK;
    ns_npu_narrow *n = ns_arena_take(machine->scratch, sizeof *n);
    if (!n)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for an elementwise operation");
    *n = (ns_npu_narrow){.operation = operation, .count = count, .result = result};
    n->op = is_unary || mode == NS_NPU_ELEMENTWISE_MUL ? NS_FUSED_MUL
            : mode == NS_NPU_ELEMENTWISE_ADD           ? NS_FUSED_ADD
                                                       : NS_FUSED_SUB;
    for (int k = 0; k < count; k++) {
        n->operands[k].map = maps[k];
        n->operands[k].scale = is_unary ? (ns_npu_scale){.scale = 1} : operand_scale(operation, k);
    }
    n->width = ns_npu_piece_width(machine, operation, maps, count);
    n->is_short = set_short(n);
    n->is_copy = is_unary && maps[0]->bytes <= 2 && operation->ofm.bytes <= 2 &&
                 (operation->scaling == NS_NPU_SCALING_NONE || is_identity(&operation->scale));
    NS_TRY(make_rooms(machine, n, error));
    *out = n;
    return NS_OK;
}

static void widen_bytes(const ns_npu_map *map, const void *elements, size_t count, int16_t *out)
{
    const int8_t *s = elements;
    const uint8_t *u = elements;
    for (size_t i = 0; i < count; i++)
        out[i] = (int16_t)((map->is_signed ? s[i] : u[i]) - map->zero_point);
}

/* The operand's piece in `raw`. */
static void take(ns_npu_machine *machine, narrow_operand *o, const ns_npu_piece *piece)
{
    const ns_npu_map *map = o->map;
    o->bytes = map->bytes == 4 && !map->scalar ? 4 : 2;
    o->step = !map->scalar;
    if (map->scalar) {
        o->words[0] = (int16_t)(map->scalar_value - map->zero_point);
        o->raw = o->words;
        return;
    }
    o->raw = ns_npu_map_take(machine, map, piece, o->room);
    if (map->bytes == 1) {
        widen_bytes(map, o->raw, (size_t)(piece->width * map->depth), o->words);
        o->raw = o->words;
    }
}

/* kernels/rows.h's rows by type. */
enum { I16 = 1, I32 = 2 };

/* RESCALE's loop from `bytes` to `to` (I16: under the clip `c`); false where a condition fails. */
static bool rescale(const ns_npu_machine *machine, const ns_npu_scale *scale, int bytes, const void *in,
                    const ns_rescale *c, int to, void *out, size_t count)
{
    int32_t multiplier;
    int8_t shift;
    return raise_far(scale, bytes == 4 ? 33 : 17, &multiplier, &shift) &&
           !(*machine->kernels.rescale)[bytes == 4 ? I32 : I16][to](c, in, &multiplier, &shift, 0, out,
                                                                    count);
}

static const ns_rescale to_32_bits = {.low = INT32_MIN, .high = INT32_MAX, .wide = true};

/* The operand scaled, in 32 bits. */
static bool widen(const ns_npu_machine *machine, narrow_operand *o, size_t count, const int32_t **out)
{
    *out = o->wide;
    if (!o->step) {
        const int64_t value = ns_npu_scale_value(*(const int16_t *)o->raw, &o->scale);
        for (size_t i = 0; i < count; i++)
            o->wide[i] = (int32_t)value;
        return value >= INT32_MIN && value <= INT32_MAX;
    }
    if (o->bytes == 4 && is_identity(&o->scale)) {
        *out = o->raw;
        return true;
    }
    return rescale(machine, &o->scale, o->bytes, o->raw, &to_32_bits, I32, o->wide, count);
}

/* The operation's sums of 32 bits, before its own scale. */
static bool combine(const ns_npu_machine *machine, ns_npu_narrow *n, size_t count)
{
    const int32_t *in[2];
    for (int k = 0; k < 2; k++)
        if (!widen(machine, &n->operands[k], count, &in[k]))
            return false;
    if (n->op == NS_FUSED_MUL)
        return machine->kernels.fused->multiply(in[0], in[1], n->sums, count);
    const ns_binary kind = n->op == NS_FUSED_ADD ? NS_BINARY_ADD : NS_BINARY_SUB;
    return !machine->kernels.binary[kind][I32](in[0], 1, in[1], 1, n->sums, count);
}

static int64_t raw_at(const narrow_operand *o, size_t i)
{
    i *= (size_t)o->step;
    return o->bytes == 4 ? ((const int32_t *)o->raw)[i] : ((const int16_t *)o->raw)[i];
}

/* Element i before the clip, in full. */
static int64_t exact(const ns_npu_narrow *n, size_t i)
{
    int64_t value = raw_at(&n->operands[0], i);
    if (n->count == 2) {
        value = ns_npu_scale_value(value, &n->operands[0].scale);
        const int64_t other = ns_npu_scale_value(raw_at(&n->operands[1], i), &n->operands[1].scale);
        value = n->op == NS_FUSED_MUL ? value * other : n->op == NS_FUSED_ADD ? value + other : value - other;
    }
    return n->operation->scaling == NS_NPU_SCALING_GLOBAL ? ns_npu_scale_value(value, &n->operation->scale)
                                                          : value;
}

/* The result in 16 bits, before clip and zero point. */
static bool shorten(const ns_npu_machine *machine, ns_npu_narrow *n, size_t count)
{
    static const int16_t one = 1;
    const ns_rescale all = {.low = INT16_MIN, .high = INT16_MAX, .wide = true};
    const ns_npu_scale none = {.scale = 1},
                       *scale = n->operation->scaling == NS_NPU_SCALING_GLOBAL ? &n->operation->scale : &none;
    const narrow_operand *a = &n->operands[0], *b = &n->operands[1];
    if (n->is_copy) {
        if (a->step)
            memcpy(n->row, a->raw, count * sizeof(int16_t));
        else
            for (size_t i = 0; i < count; i++)
                n->row[i] = *(const int16_t *)a->raw;
        return true;
    }
    if (n->is_short) {
        const bool is_pair = n->count == 2;
        machine->kernels.fused->pair(&n->pair, a->raw, a->step, is_pair ? b->raw : &one,
                                     is_pair ? b->step : 0, n->row, count);
        return true;
    }
    if (n->count == 1)
        return a->step && rescale(machine, scale, a->bytes, a->raw, &all, I16, n->row, count);
    return combine(machine, n, count) && rescale(machine, scale, 4, n->sums, &all, I16, n->row, count);
}

/* An OFM of 32 bits. */
static bool write_wide(ns_npu_machine *machine, ns_npu_narrow *n, const ns_npu_piece *piece, size_t count)
{
    const ns_npu_operation *operation = n->operation;
    const narrow_operand *a = &n->operands[0];
    const bool is_plain = operation->scaling == NS_NPU_SCALING_NONE || is_identity(&operation->scale);
    const void *result = n->sums;
    if (n->count == 2) {
        if (!combine(machine, n, count) ||
            (!is_plain && !rescale(machine, &operation->scale, 4, n->sums, &to_32_bits, I32, n->sums, count)))
            return false;
    } else if (is_plain && a->bytes == 4) {
        result = a->raw;
    } else {
        static const ns_npu_scale none = {.scale = 1};
        if (!a->step || !rescale(machine, is_plain ? &none : &operation->scale, a->bytes, a->raw, &to_32_bits,
                                 I32, n->sums, count))
            return false;
    }
    ns_npu_map_write(machine, &operation->ofm, piece, result, sizeof(int32_t));
    machine->result_flag = ((const int32_t *)result)[count - 1] != 0;
    return true;
}

bool ns_npu_narrow_piece(ns_npu_machine *machine, ns_npu_narrow *n, ns_npu_output_stage *output,
                         const ns_npu_piece *piece)
{
    const size_t count = (size_t)(piece->width * n->operation->ofm.depth);
    for (int k = 0; k < n->count; k++)
        take(machine, &n->operands[k], piece);
    if (n->operation->ofm.bytes == 4)
        return write_wide(machine, n, piece, count);
    if (!shorten(machine, n, count))
        return false;
    if (ns_npu_short_clip(machine, &n->result, n->row, count, output))
        for (size_t i = 0; i < count; i++)
            if (ns_npu_short_is_open(&n->result, n->row[i]))
                output->saturated += !fits_16_bits(exact(n, i));
    ns_npu_short_write(machine, n->operation, &n->result, piece, n->row);
    return true;
}

ns_code ns_npu_copy(ns_npu_machine *machine, const ns_npu_operation *operation, const ns_npu_map *map,
                    ns_npu_output_stage *output, ns_npu_copy_piece *wide, bool *is_done, ns_error *error)
{
    const ns_npu_map *ofm = &operation->ofm;
    ns_npu_narrow *n;
    void *row;
    *is_done = false;
    if (map->height != ofm->height || map->width != ofm->width || map->depth != ofm->depth)
        return NS_OK;
    NS_TRY(ns_npu_map_check(machine, map, false, error));
    if (!is_in_order(machine, map, ofm))
        return NS_OK;
    const int64_t width = ns_npu_piece_width(machine, operation, &map, 1);
    NS_TRY(ns_npu_narrow_open(machine, operation, &map, 1, &n, error));
    *is_done = n != NULL;
    if (!n)
        return NS_OK;
    NS_TRY(ns_npu_room(machine, (size_t)(width * ofm->depth), sizeof(int64_t), &row, error));
    for (int64_t y = 0; y < ofm->height; y++) {
        NS_TRY(ns_npu_spend(machine, 0, error)); /* for the clock */
        for (int64_t x = 0; x < ofm->width; x += width) {
            const ns_npu_piece piece = {y, x, width < ofm->width - x ? width : ofm->width - x};
            if (!ns_npu_narrow_piece(machine, n, output, &piece))
                NS_TRY(wide(machine, operation, output, &piece, row, error));
        }
    }
    return NS_OK;
}
