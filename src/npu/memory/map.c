#include "npu/memory/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "npu/watch/rules.h"

#define MAX_ROW ((int64_t)1 << 26)

static ns_code check_chain(ns_npu_machine *machine, const ns_npu_map *map, ns_npu_extent extent,
                           ns_error *error)
{
    const ns_npu_buffer *chain = map->chain;
    int index = (int)(chain - machine->chains);
    if (!chain->valid)
        return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_CHAIN_NOT_FILLED,
                                "%s: chain buffer %d is read before an operation has filled it", map->name,
                                index);
    if (chain->height != extent.height || chain->width != extent.width || chain->depth != extent.depth)
        return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_CHAIN_SHAPE,
                                "%s: chain buffer %d holds %" PRId64 " x %" PRId64 " x %" PRId64
                                " values, but %" PRId64 " x %" PRId64 " x %" PRId64 " are read",
                                map->name, index, chain->height, chain->width, chain->depth, extent.height,
                                extent.width, extent.depth);
    return NS_OK;
}

static ns_code open_chain(ns_npu_machine *machine, const ns_npu_map *map, ns_npu_extent extent,
                          ns_error *error)
{
    ns_npu_buffer *chain = map->chain;
    chain->height = extent.height;
    chain->width = extent.width;
    chain->depth = extent.depth;
    chain->bytes = map->bytes;
    chain->is_signed = map->is_signed;
    return ns_npu_buffer_open(chain, machine->budget, error);
}

ns_code ns_npu_map_check(ns_npu_machine *machine, const ns_npu_map *map, bool write, ns_error *error)
{
    if (map->scalar || map->unused)
        return NS_OK;
    if (map->height <= 0 || map->width <= 0 || map->depth <= 0)
        return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_EMPTY_EXTENT,
                                "%s: its extent is %" PRId64 " x %" PRId64 " x %" PRId64, map->name,
                                map->height, map->width, map->depth);
    if (map->width > MAX_ROW / map->depth)
        return ns_npu_unsupported(machine, error, "%s: a row of %" PRId64 " x %" PRId64 " elements",
                                  map->name, map->width, map->depth);
    ns_npu_extent extent = ns_npu_stored_extent(map);
    if (map->chain)
        return write ? open_chain(machine, map, extent, error) : check_chain(machine, map, extent, error);
    for (int i = 0; i < 4; i++) {
        ns_npu_tile tile = ns_npu_tile_of(map, extent, i);
        if (tile.width == 0)
            continue;
        int64_t low, high;
        uint8_t *ignored;
        char what[32];
        ns_npu_tile_bytes(map, extent, tile, &low, &high);
        if (!ns_npu_span_fits(machine, map->region, tile.base + low, (uint64_t)(high - low), write)) {
            snprintf(what, sizeof what, "%s, tile %d", map->name, i);
            NS_TRY(ns_npu_span(machine, map->region, tile.base + low, (uint64_t)(high - low), write, what,
                               &ignored, error));
        }
        if (map->brick && tile.base % NS_NPU_BRICK != 0)
            return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_UNALIGNED_BRICK,
                                    "%s: tile %d in format NHCWB16 begins at 0x%" PRIx64
                                    ", which is not a multiple of 16",
                                    map->name, i, tile.base);
    }
    return NS_OK;
}

/* `count` consecutive elements to every `step`-th value of the row. */
#define LOAD_RUN(type)                                             \
    for (int64_t i = 0; i < count; i++) {                          \
        type element;                                              \
        memcpy(&element, source + i * sizeof(type), sizeof(type)); \
        target[i] = (int32_t)element - zero_point;                 \
    }

static void load_run(const ns_npu_map *map, const uint8_t *source, int64_t count, int32_t *target)
{
    int32_t zero_point = map->zero_point;
    if (map->bytes == 1 && map->is_signed) {
        LOAD_RUN(int8_t)
    } else if (map->bytes == 1) {
        LOAD_RUN(uint8_t)
    } else if (map->bytes == 2 && map->is_signed) {
        LOAD_RUN(int16_t)
    } else if (map->bytes == 2) {
        LOAD_RUN(uint16_t)
    } else {
        memcpy(target, source, (size_t)count * 4);
    }
}

/* The low bytes of a value as an element of some type holds them. */
static int64_t as_element(int bytes, bool is_signed, int64_t value)
{
    int unused = 64 - 8 * bytes;
    return is_signed ? (int64_t)((uint64_t)value << unused) >> unused
                     : (int64_t)((uint64_t)value << unused >> unused);
}

static void load_run_wide(const ns_npu_map *map, const uint8_t *source, int64_t count, int64_t *target)
{
    for (int64_t i = 0; i < count; i++) {
        uint64_t element = 0;
        memcpy(&element, source + i * map->bytes, (size_t)map->bytes);
        target[i] = as_element(map->bytes, map->is_signed, (int64_t)element) - map->zero_point;
    }
}

/* A stretch of consecutive elements of a piece. */
typedef struct map_run {
    uint8_t *memory;
    int64_t index; /* into the piece */
    int64_t count;
} map_run;

/* What of a stored row a piece takes. */
typedef struct stored_piece {
    int64_t y, first, last; /* pixels [first, last) */
} stored_piece;

static stored_piece stored_of(const ns_npu_map *map, ns_npu_extent extent, const ns_npu_piece *piece)
{
    const bool is_upscaled = map->upscale != NS_NPU_UPSCALE_NONE;
    stored_piece stored = {is_upscaled ? piece->y / 2 : piece->y, piece->x, piece->x + piece->width};
    if (map->broadcast_h)
        stored.y = 0;
    if (map->broadcast_w || is_upscaled) {
        stored.first = 0;
        stored.last = extent.width;
    }
    return stored;
}

/* What of a stored piece lies in one tile. */
typedef struct map_segment {
    uint8_t *memory;   /* of its first pixel */
    int64_t at, width; /* in pixels; from the piece's first */
} map_segment;

/* At most two, from left to right; returns how many. */
static int segments_of(const ns_npu_machine *machine, const ns_npu_map *map, ns_npu_extent extent,
                       const stored_piece *stored, map_segment list[2])
{
    uint8_t *region = machine->regions[map->region].data;
    int count = 0;
    for (int side = 0; side < 2; side++) {
        const int64_t split = side ? map->height1 : map->height0;
        const ns_npu_tile tile = ns_npu_tile_of(map, extent, side + (stored->y >= split ? 2 : 0));
        const int64_t x0 = tile.x > stored->first ? tile.x : stored->first, end = tile.x + tile.width;
        const int64_t width = (end < stored->last ? end : stored->last) - x0;
        if (width > 0)
            list[count++] = (map_segment){region + tile.base + (stored->y - tile.y) * map->stride_y +
                                              (x0 - tile.x) * ns_npu_map_step_x(map),
                                          x0 - stored->first, width};
    }
    return count;
}

/* Visits what is stored as runs: within one segment, NHWC rows whose pixels are adjacent are one run;
 * otherwise one run per pixel (NHWC) or per pixel and brick (NHCWB16). */
#define FOR_EACH_RUN(machine, map, extent, stored, run, BODY)                                         \
    do {                                                                                              \
        map_segment list_[2];                                                                         \
        const int count_ = segments_of(machine, map, extent, &(stored), list_);                       \
        for (int i_ = 0; i_ < count_; i_++) {                                                         \
            const map_segment *segment_ = &list_[i_];                                                 \
            const bool is_dense_ = !(map)->brick && (map)->stride_x == (extent).depth * (map)->bytes; \
            const int64_t pixels_ = is_dense_ ? 1 : segment_->width;                                  \
            const int64_t length_ = is_dense_      ? segment_->width * (extent).depth                 \
                                    : (map)->brick ? NS_NPU_BRICK                                     \
                                                   : (extent).depth;                                  \
            for (int64_t c_ = 0; c_ < (is_dense_ ? 1 : (extent).depth); c_ += length_)                \
                for (int64_t x_ = 0; x_ < pixels_; x_++) {                                            \
                    const int64_t left_ = (extent).depth - c_;                                        \
                    map_run run = {segment_->memory + c_ / NS_NPU_BRICK * (map)->stride_c +           \
                                       x_ * ns_npu_map_step_x(map),                                   \
                                   (segment_->at + x_) * (extent).depth + c_,                         \
                                   is_dense_ || length_ < left_ ? length_ : left_};                   \
                    BODY;                                                                             \
                }                                                                                     \
        }                                                                                             \
    } while (0)

/* A column of bricks out of memory, or into it: `size` bytes for each of `count` pixels, which lie
 * side by side in memory and `pitch` apart in `values`. */
static inline void move_column(uint8_t *memory, uint8_t *values, int64_t count, int64_t step, int64_t pitch,
                               size_t size, bool store)
{
    for (int64_t x = 0; x < count; x++) {
        if (store)
            memcpy(memory + x * step, values + x * pitch, size);
        else
            memcpy(values + x * pitch, memory + x * step, size);
    }
}

static inline void move_segment(const ns_npu_map *map, int64_t depth, const map_segment *segment,
                                uint8_t *values, bool store)
{
    const int64_t step = NS_NPU_BRICK * map->bytes, pitch = depth * map->bytes;
    for (int64_t c = 0; c < depth; c += NS_NPU_BRICK) {
        uint8_t *memory = segment->memory + c / NS_NPU_BRICK * map->stride_c;
        uint8_t *row = values + segment->at * pitch + c * map->bytes;
        const int64_t left = depth - c;
        const size_t size = (size_t)(left < NS_NPU_BRICK ? left * map->bytes : step);
        switch (size) { /* a constant: moves of whole vectors */
        case 16:
            move_column(memory, row, segment->width, step, pitch, 16, store);
            break;
        case 32:
            move_column(memory, row, segment->width, step, pitch, 32, store);
            break;
        case 64:
            move_column(memory, row, segment->width, step, pitch, 64, store);
            break;
        default:
            move_column(memory, row, segment->width, step, pitch, size, store);
        }
    }
}

/* A piece in bricks, its elements as they are. */
static void move_bricks(const ns_npu_machine *machine, const ns_npu_map *map, ns_npu_extent extent,
                        const stored_piece *stored, uint8_t *values, bool store)
{
    map_segment list[2];
    const int count = segments_of(machine, map, extent, stored, list);
    for (int i = 0; i < count; i++)
        if (store)
            move_segment(map, extent.depth, &list[i], values, true);
        else
            move_segment(map, extent.depth, &list[i], values, false);
}

/* Widens a stored piece in place, from its end, to the operation's view. */
#define SPREAD(type)                                                                                  \
    static void spread_##type(const ns_npu_map *map, ns_npu_extent extent, const ns_npu_piece *piece, \
                              int64_t stored, type *row)                                              \
    {                                                                                                 \
        const int64_t depth = map->depth;                                                             \
        if (map->upscale == NS_NPU_UPSCALE_ZEROS && piece->y % 2) {                                   \
            memset(row, 0, (size_t)(piece->width * depth) * sizeof(type));                            \
            return;                                                                                   \
        }                                                                                             \
        if (extent.depth != depth)                                                                    \
            for (int64_t x = stored - 1; x >= 0; x--) {                                               \
                type value = row[x];                                                                  \
                for (int64_t c = 0; c < depth; c++)                                                   \
                    row[x * depth + c] = value;                                                       \
            }                                                                                         \
        if (stored == piece->width)                                                                   \
            return;                                                                                   \
        for (int64_t x = piece->width - 1; x > 0; x--) {                                              \
            type *target = row + x * depth;                                                           \
            if (map->broadcast_w)                                                                     \
                memcpy(target, row, (size_t)depth * sizeof(type));                                    \
            else if (map->upscale == NS_NPU_UPSCALE_ZEROS && x % 2)                                   \
                memset(target, 0, (size_t)depth * sizeof(type));                                      \
            else                                                                                      \
                memmove(target, row + x / 2 * depth, (size_t)depth * sizeof(type));                   \
        }                                                                                             \
    }
SPREAD(int8_t)
SPREAD(int16_t)
SPREAD(int32_t)
SPREAD(int64_t)

/* Values of a chain as elements of the map that reads them, from value `first` of its row on. */
#define LOAD_CHAIN(type)                                                                            \
    static void load_chain_##type(const ns_npu_map *map, const stored_piece *stored, int64_t depth, \
                                  type *row)                                                        \
    {                                                                                               \
        const ns_npu_buffer *chain = map->chain;                                                    \
        const uint8_t *source = ns_npu_buffer_at(chain, stored->y, stored->first * depth);          \
        for (int64_t i = 0; i < (stored->last - stored->first) * depth; i++) {                      \
            int64_t value = 0;                                                                      \
            memcpy(&value, source + i * chain->bytes, (size_t)chain->bytes);                        \
            value = as_element(chain->bytes, chain->is_signed, value);                              \
            row[i] = (type)(as_element(map->bytes, map->is_signed, value) - map->zero_point);       \
        }                                                                                           \
    }
LOAD_CHAIN(int32_t)
LOAD_CHAIN(int64_t)

static bool is_alike(const ns_npu_map *map)
{
    return map->chain->bytes == map->bytes && map->chain->is_signed == map->is_signed;
}

void ns_npu_map_read(ns_npu_machine *machine, const ns_npu_map *map, const ns_npu_piece *piece, int32_t *row)
{
    if (map->scalar) {
        for (int64_t i = 0; i < piece->width * map->depth; i++)
            row[i] = (int32_t)(map->scalar_value - map->zero_point);
        return;
    }
    const ns_npu_extent extent = ns_npu_stored_extent(map);
    const stored_piece stored = stored_of(map, extent, piece);
    if (map->chain && is_alike(map))
        load_run(map, ns_npu_buffer_at(map->chain, stored.y, stored.first * extent.depth),
                 (stored.last - stored.first) * extent.depth, row);
    else if (map->chain)
        load_chain_int32_t(map, &stored, extent.depth, row);
    else if (map->upscale != NS_NPU_UPSCALE_ZEROS || piece->y % 2 == 0)
        FOR_EACH_RUN(machine, map, extent, stored, run,
                     load_run(map, run.memory, run.count, row + run.index));
    spread_int32_t(map, extent, piece, stored.last - stored.first, row);
}

void ns_npu_map_read_wide(ns_npu_machine *machine, const ns_npu_map *map, const ns_npu_piece *piece,
                          int64_t *row)
{
    if (map->scalar) {
        for (int64_t i = 0; i < piece->width * map->depth; i++)
            row[i] = map->scalar_value - map->zero_point;
        return;
    }
    const ns_npu_extent extent = ns_npu_stored_extent(map);
    const stored_piece stored = stored_of(map, extent, piece);
    if (map->chain)
        load_chain_int64_t(map, &stored, extent.depth, row);
    else
        FOR_EACH_RUN(machine, map, extent, stored, run,
                     load_run_wide(map, run.memory, run.count, row + run.index));
    spread_int64_t(map, extent, piece, stored.last - stored.first, row);
}

/* Where the piece lies, if it is dense there; else NULL. */
static const uint8_t *dense(ns_npu_machine *machine, const ns_npu_map *map, ns_npu_extent extent,
                            const stored_piece *stored)
{
    if (map->chain)
        return ns_npu_buffer_at(map->chain, stored->y, stored->first * extent.depth);
    const ns_npu_tile tile = ns_npu_tile_of(map, extent, stored->y >= map->height0 ? 2 : 0);
    if (map->brick || map->stride_x != extent.depth * map->bytes || stored->last > tile.x + tile.width)
        return NULL;
    return machine->regions[map->region].data + tile.base + (stored->y - tile.y) * map->stride_y +
           stored->first * map->stride_x;
}

const void *ns_npu_map_take(ns_npu_machine *machine, const ns_npu_map *map, const ns_npu_piece *piece,
                            void *room)
{
    const ns_npu_extent extent = ns_npu_stored_extent(map);
    const stored_piece stored = stored_of(map, extent, piece);
    const int64_t count = stored.last - stored.first;
    const bool is_whole = count == piece->width && extent.depth == map->depth;
    const uint8_t *place = dense(machine, map, extent, &stored);
    if (place && is_whole && (uintptr_t)place % (uintptr_t)map->bytes == 0)
        return place;
    uint8_t *to = room;
    if (place)
        memcpy(to, place, (size_t)(count * extent.depth * map->bytes));
    else if (map->brick)
        move_bricks(machine, map, extent, &stored, to, false);
    else
        FOR_EACH_RUN(machine, map, extent, stored, run,
                     memcpy(to + run.index * map->bytes, run.memory, (size_t)(run.count * map->bytes)));
    if (is_whole)
        return room;
    if (map->bytes == 1)
        spread_int8_t(map, extent, piece, count, room);
    else if (map->bytes == 2)
        spread_int16_t(map, extent, piece, count, room);
    else
        spread_int32_t(map, extent, piece, count, room);
    return room;
}

#define STORE_RUN(type, from)                                               \
    for (int64_t i = 0; i < count; i++) {                                   \
        from value;                                                         \
        memcpy(&value, source + i * (int64_t)sizeof(from), sizeof(from));   \
        const type element = (type)value;                                   \
        memcpy(target + i * (int64_t)sizeof(type), &element, sizeof(type)); \
    }

/* `count` values of `size` bytes. */
static inline void store_run(const ns_npu_map *map, uint8_t *target, int64_t count, const uint8_t *source,
                             int size)
{
    if (size == map->bytes)
        memcpy(target, source, (size_t)(count * size));
    else if (size == 8 && map->bytes == 1)
        STORE_RUN(uint8_t, uint64_t)
    else if (size == 8 && map->bytes == 2)
        STORE_RUN(uint16_t, uint64_t)
    else if (size == 8)
        STORE_RUN(uint32_t, uint64_t)
    else if (size == 4 && map->bytes == 2)
        STORE_RUN(uint16_t, uint32_t)
    else if (size == 4)
        STORE_RUN(uint8_t, uint32_t)
    else
        STORE_RUN(uint8_t, uint16_t)
}

void ns_npu_map_write(ns_npu_machine *machine, const ns_npu_map *map, const ns_npu_piece *piece,
                      const void *row, int size)
{
    const uint8_t *values = row;
    if (map->chain) {
        store_run(map, ns_npu_buffer_at(map->chain, piece->y, piece->x * map->depth),
                  piece->width * map->depth, values, size);
        map->chain->valid = true;
        return;
    }
    if (map->transposed || map->reversed) {
        ns_npu_map_write_permuted(machine->regions[map->region].data, map, piece, row, size);
        return;
    }
    const ns_npu_extent extent = ns_npu_stored_extent(map);
    const stored_piece stored = {piece->y, piece->x, piece->x + piece->width};
    if (map->brick && size == map->bytes) {
        move_bricks(machine, map, extent, &stored, (uint8_t *)values, true);
        return;
    }
    FOR_EACH_RUN(machine, map, extent, stored, run,
                 store_run(map, run.memory, run.count, values + run.index * size, size));
}

bool ns_npu_map_is_apart(const ns_npu_machine *machine, const ns_npu_map *a, const ns_npu_map *b)
{
    if (a->scalar || b->scalar || a->unused || b->unused)
        return true;
    if (a->chain || b->chain)
        return a->chain != b->chain;
    int64_t low, high, other_low, other_high;
    ns_npu_map_extent(a, &low, &high);
    ns_npu_map_extent(b, &other_low, &other_high);
    const uint8_t *first = machine->regions[a->region].data, *second = machine->regions[b->region].data;
    return first + high <= second + other_low || second + other_high <= first + low;
}
