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
        return write ? ns_npu_buffer_open(map->chain, machine->budget, extent.height, extent.width,
                                          extent.depth, error)
                     : check_chain(machine, map, extent, error);
    for (int i = 0; i < 4; i++) {
        ns_npu_tile tile = ns_npu_tile_of(map, extent, i);
        if (tile.width == 0)
            continue;
        int64_t low, high;
        uint8_t *ignored;
        char what[32];
        ns_npu_tile_bytes(map, extent, tile, &low, &high);
        snprintf(what, sizeof what, "%s, tile %d", map->name, i);
        NS_TRY(ns_npu_span(machine, map->region, tile.base + low, (uint64_t)(high - low), write, what,
                           &ignored, error));
        if (map->brick && tile.base % NS_NPU_BRICK != 0)
            return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_UNALIGNED_BRICK,
                                    "%s: tile %d in format NHCWB16 begins at 0x%" PRIx64
                                    ", which is not a multiple of 16",
                                    map->name, i, tile.base);
    }
    return NS_OK;
}

/* The low bytes of a value as the map's element type holds them. */
static int64_t as_element(const ns_npu_map *map, int64_t value)
{
    int unused = 64 - 8 * map->bytes;
    return map->is_signed ? (int64_t)((uint64_t)value << unused) >> unused
                          : (int64_t)((uint64_t)value << unused >> unused);
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

static void load_run_wide(const ns_npu_map *map, const uint8_t *source, int64_t count, int64_t *target)
{
    for (int64_t i = 0; i < count; i++) {
        uint64_t element = 0;
        memcpy(&element, source + i * map->bytes, (size_t)map->bytes);
        int unused = 64 - 8 * map->bytes;
        target[i] = map->is_signed ? (int64_t)(element << unused) >> unused : (int64_t)element;
        target[i] -= map->zero_point;
    }
}

/* Calls `run` for the row's stretches of consecutive elements: offset in the row (elements) and in memory. */
typedef struct map_run {
    uint8_t *memory;
    int64_t index; /* into the row */
    int64_t count;
} map_run;

/* Visits the stored row y as runs: within one tile segment, NHWC rows whose pixels are adjacent are one run;
 * otherwise one run per pixel (NHWC) or per pixel and brick (NHCWB16). */
#define FOR_EACH_RUN(machine, map, extent, at, run, BODY)                                        \
    do {                                                                                         \
        uint8_t *region_ = (machine)->regions[(map)->region].data;                               \
        for (int side_ = 0; side_ < 2; side_++) {                                                \
            int64_t split_ = side_ ? (map)->height1 : (map)->height0;                            \
            ns_npu_tile tile_ = ns_npu_tile_of(map, extent, side_ + ((at) >= split_ ? 2 : 0));   \
            if (tile_.width == 0)                                                                \
                continue;                                                                        \
            uint8_t *row_ = region_ + tile_.base + ((at)-tile_.y) * (map)->stride_y;             \
            if (!(map)->brick && (map)->stride_x == (extent).depth * (map)->bytes) {             \
                map_run run = {row_, tile_.x * (extent).depth, tile_.width * (extent).depth};    \
                BODY;                                                                            \
            } else if (!(map)->brick) {                                                          \
                for (int64_t x_ = 0; x_ < tile_.width; x_++) {                                   \
                    map_run run = {row_ + x_ * (map)->stride_x, (tile_.x + x_) * (extent).depth, \
                                   (extent).depth};                                              \
                    BODY;                                                                        \
                }                                                                                \
            } else {                                                                             \
                for (int64_t c_ = 0; c_ < (extent).depth; c_ += NS_NPU_BRICK) {                  \
                    int64_t left_ = (extent).depth - c_;                                         \
                    for (int64_t x_ = 0; x_ < tile_.width; x_++) {                               \
                        map_run run = {row_ + c_ / NS_NPU_BRICK * (map)->stride_c +              \
                                           x_ * NS_NPU_BRICK * (map)->bytes,                     \
                                       (tile_.x + x_) * (extent).depth + c_,                     \
                                       left_ < NS_NPU_BRICK ? left_ : NS_NPU_BRICK};             \
                        BODY;                                                                    \
                    }                                                                            \
                }                                                                                \
            }                                                                                    \
        }                                                                                        \
    } while (0)

/* Widens a stored row in place, from its end, to the operation's view. */
#define SPREAD(type)                                                                                 \
    static void spread_##type(const ns_npu_map *map, ns_npu_extent extent, bool zero_row, type *row) \
    {                                                                                                \
        if (zero_row) {                                                                              \
            memset(row, 0, (size_t)(map->width * map->depth) * sizeof(type));                        \
            return;                                                                                  \
        }                                                                                            \
        if (extent.depth != map->depth)                                                              \
            for (int64_t x = extent.width - 1; x >= 0; x--) {                                        \
                type value = row[x];                                                                 \
                for (int64_t c = 0; c < map->depth; c++)                                             \
                    row[x * map->depth + c] = value;                                                 \
            }                                                                                        \
        if (extent.width == map->width)                                                              \
            return;                                                                                  \
        for (int64_t x = map->width - 1; x > 0; x--) {                                               \
            type *target = row + x * map->depth;                                                     \
            if (map->broadcast_w)                                                                    \
                memcpy(target, row, (size_t)map->depth * sizeof(type));                              \
            else if (map->upscale == NS_NPU_UPSCALE_ZEROS && x % 2)                                  \
                memset(target, 0, (size_t)map->depth * sizeof(type));                                \
            else                                                                                     \
                memmove(target, row + x / 2 * map->depth, (size_t)map->depth * sizeof(type));        \
        }                                                                                            \
    }
SPREAD(int32_t)
SPREAD(int64_t)

/* Which stored row holds the view's row y. */
static int64_t stored_row(const ns_npu_map *map, int64_t y)
{
    if (map->broadcast_h)
        return 0;
    return map->upscale == NS_NPU_UPSCALE_NONE ? y : y / 2;
}

void ns_npu_map_read(ns_npu_machine *machine, const ns_npu_map *map, int64_t y, int32_t *row)
{
    if (map->scalar) {
        for (int64_t i = 0; i < map->width * map->depth; i++)
            row[i] = (int32_t)(map->scalar_value - map->zero_point);
        return;
    }
    ns_npu_extent extent = ns_npu_stored_extent(map);
    if (map->chain) {
        const int64_t *source = ns_npu_buffer_row(map->chain, stored_row(map, y));
        for (int64_t i = 0; i < extent.width * extent.depth; i++)
            row[i] = (int32_t)(as_element(map, source[i]) - map->zero_point);
        spread_int32_t(map, extent, false, row);
        return;
    }
    bool zero_row = map->upscale == NS_NPU_UPSCALE_ZEROS && y % 2;
    if (!zero_row)
        FOR_EACH_RUN(machine, map, extent, stored_row(map, y), run,
                     load_run(map, run.memory, run.count, row + run.index));
    spread_int32_t(map, extent, zero_row, row);
}

void ns_npu_map_read_wide(ns_npu_machine *machine, const ns_npu_map *map, int64_t y, int64_t *row)
{
    if (map->scalar) {
        for (int64_t i = 0; i < map->width * map->depth; i++)
            row[i] = map->scalar_value - map->zero_point;
        return;
    }
    ns_npu_extent extent = ns_npu_stored_extent(map);
    if (map->chain) {
        const int64_t *source = ns_npu_buffer_row(map->chain, stored_row(map, y));
        for (int64_t i = 0; i < extent.width * extent.depth; i++)
            row[i] = as_element(map, source[i]) - map->zero_point;
        spread_int64_t(map, extent, false, row);
        return;
    }
    FOR_EACH_RUN(machine, map, extent, stored_row(map, y), run,
                 load_run_wide(map, run.memory, run.count, row + run.index));
    spread_int64_t(map, extent, false, row);
}

#define STORE_RUN(type)                                            \
    for (int64_t i = 0; i < count; i++) {                          \
        type element = (type)source[i];                            \
        memcpy(target + i * sizeof(type), &element, sizeof(type)); \
    }

static void store_run(const ns_npu_map *map, uint8_t *target, int64_t count, const int64_t *source)
{
    switch (map->bytes) {
    case 1:
        STORE_RUN(uint8_t)
        break;
    case 2:
        STORE_RUN(uint16_t)
        break;
    case 4:
        STORE_RUN(uint32_t)
        break;
    default:
        memcpy(target, source, (size_t)count * 8);
        break;
    }
}

void ns_npu_map_write(ns_npu_machine *machine, const ns_npu_map *map, int64_t y, const int64_t *row)
{
    ns_npu_extent extent = ns_npu_stored_extent(map);
    if (map->chain) {
        int64_t *target = ns_npu_buffer_row(map->chain, y);
        for (int64_t i = 0; i < extent.width * extent.depth; i++)
            target[i] = as_element(map, row[i]);
        map->chain->valid = true;
        return;
    }
    if (map->transposed || map->reversed) {
        ns_npu_map_write_permuted(machine->regions[map->region].data, map, y, row);
        return;
    }
    FOR_EACH_RUN(machine, map, extent, y, run, store_run(map, run.memory, run.count, row + run.index));
}
