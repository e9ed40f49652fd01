#include "npu/memory/map.h"

#include "npu/memory/span.h"
#include "npu/watch/undefined.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAX_ROW ((int64_t)1 << 26)
#define BRICK 16

typedef struct map_extent {
    int64_t height, width, depth;
} map_extent;

/* What lies in memory. */
static map_extent stored(const ns_npu_map *map)
{
    map_extent extent = {map->height, map->width, map->depth};
    if (map->transposed) {
        const int64_t computed[3] = {map->height, map->width, map->depth};
        return (map_extent){computed[map->stored_axis[0]], computed[map->stored_axis[1]],
                            computed[map->stored_axis[2]]};
    }
    if (map->upscale != NS_NPU_UPSCALE_NONE) {
        extent.height = (extent.height + 1) / 2;
        extent.width = (extent.width + 1) / 2;
    }
    if (map->broadcast_h)
        extent.height = 1;
    if (map->broadcast_w)
        extent.width = 1;
    if (map->broadcast_c)
        extent.depth = 1;
    return extent;
}

typedef struct map_tile {
    int64_t base;
    int64_t y, x;          /* origin */
    int64_t height, width; /* used part; 0: unused */
} map_tile;

static map_tile tile_of(const ns_npu_map *map, map_extent extent, int index)
{
    bool right = index & 1;
    bool lower = index & 2;
    int64_t split = right ? map->height1 : map->height0;
    map_tile tile = {.base = map->base[index], .x = right ? map->width0 : 0, .y = lower ? split : 0};
    int64_t x_end = right || map->width0 > extent.width ? extent.width : map->width0;
    int64_t y_end = lower || split > extent.height ? extent.height : split;
    tile.width = x_end > tile.x ? x_end - tile.x : 0;
    tile.height = y_end > tile.y ? y_end - tile.y : 0;
    if (tile.width == 0 || tile.height == 0)
        tile.width = tile.height = 0;
    return tile;
}

static int64_t step_x(const ns_npu_map *map)
{
    return map->brick ? (int64_t)BRICK * map->bytes : map->stride_x;
}

/* Bytes of the tile, relative to its base. Registers hold 40-bit strides and 16-bit extents, so every term
 * fits 57 bits. */
static void tile_extent(const ns_npu_map *map, map_extent extent, map_tile tile, int64_t *low, int64_t *high)
{
    int64_t terms[3] = {(tile.height - 1) * map->stride_y, (tile.width - 1) * step_x(map), 0};
    int64_t last = (extent.depth - 1) * map->bytes;
    if (map->brick) {
        terms[2] = (extent.depth - 1) / BRICK * map->stride_c;
        last = (extent.depth < BRICK ? extent.depth - 1 : BRICK - 1) * map->bytes;
    }
    *low = 0;
    *high = last + map->bytes;
    for (int i = 0; i < 3; i++) {
        if (terms[i] < 0)
            *low += terms[i];
        else
            *high += terms[i];
    }
}

void ns_npu_map_extent(const ns_npu_map *map, int64_t *low, int64_t *high)
{
    map_extent extent = stored(map);
    bool first = true;
    *low = *high = 0;
    for (int i = 0; i < 4; i++) {
        map_tile tile = tile_of(map, extent, i);
        if (tile.width == 0)
            continue;
        int64_t tile_low, tile_high;
        tile_extent(map, extent, tile, &tile_low, &tile_high);
        if (first || tile.base + tile_low < *low)
            *low = tile.base + tile_low;
        if (first || tile.base + tile_high > *high)
            *high = tile.base + tile_high;
        first = false;
    }
}

static ns_code check_chain(ns_npu_machine *machine, const ns_npu_map *map, map_extent extent, ns_error *error)
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
    map_extent extent = stored(map);
    if (map->chain)
        return write ? ns_npu_buffer_open(map->chain, machine->budget, extent.height, extent.width,
                                          extent.depth, error)
                     : check_chain(machine, map, extent, error);
    for (int i = 0; i < 4; i++) {
        map_tile tile = tile_of(map, extent, i);
        if (tile.width == 0)
            continue;
        int64_t low, high;
        uint8_t *ignored;
        char what[32];
        tile_extent(map, extent, tile, &low, &high);
        snprintf(what, sizeof what, "%s, tile %d", map->name, i);
        NS_TRY(ns_npu_span(machine, map->region, tile.base + low, (uint64_t)(high - low), write, what,
                           &ignored, error));
        if (map->brick && tile.base % BRICK != 0)
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
#define FOR_EACH_RUN(machine, map, extent, at, run, BODY)                                                    \
    do {                                                                                                     \
        uint8_t *region_ = (machine)->regions[(map)->region].data;                                           \
        for (int side_ = 0; side_ < 2; side_++) {                                                            \
            int64_t split_ = side_ ? (map)->height1 : (map)->height0;                                        \
            map_tile tile_ = tile_of(map, extent, side_ + ((at) >= split_ ? 2 : 0));                         \
            if (tile_.width == 0)                                                                            \
                continue;                                                                                    \
            uint8_t *row_ = region_ + tile_.base + ((at)-tile_.y) * (map)->stride_y;                         \
            if (!(map)->brick && (map)->stride_x == (extent).depth * (map)->bytes) {                         \
                map_run run = {row_, tile_.x * (extent).depth, tile_.width * (extent).depth};                \
                BODY;                                                                                        \
            } else if (!(map)->brick) {                                                                      \
                for (int64_t x_ = 0; x_ < tile_.width; x_++) {                                               \
                    map_run run = {row_ + x_ * (map)->stride_x, (tile_.x + x_) * (extent).depth,             \
                                   (extent).depth};                                                          \
                    BODY;                                                                                    \
                }                                                                                            \
            } else {                                                                                         \
                for (int64_t c_ = 0; c_ < (extent).depth; c_ += BRICK) {                                     \
                    int64_t left_ = (extent).depth - c_;                                                     \
                    for (int64_t x_ = 0; x_ < tile_.width; x_++) {                                           \
                        map_run run = {row_ + c_ / BRICK * (map)->stride_c + x_ * BRICK * (map)->bytes,      \
                                       (tile_.x + x_) * (extent).depth + c_, left_ < BRICK ? left_ : BRICK}; \
                        BODY;                                                                                \
                    }                                                                                        \
                }                                                                                            \
            }                                                                                                \
        }                                                                                                    \
    } while (0)

/* Widens a stored row in place, from its end, to the operation's view. */
#define SPREAD(type)                                                                              \
    static void spread_##type(const ns_npu_map *map, map_extent extent, bool zero_row, type *row) \
    {                                                                                             \
        if (zero_row) {                                                                           \
            memset(row, 0, (size_t)(map->width * map->depth) * sizeof(type));                     \
            return;                                                                               \
        }                                                                                         \
        if (extent.depth != map->depth)                                                           \
            for (int64_t x = extent.width - 1; x >= 0; x--) {                                     \
                type value = row[x];                                                              \
                for (int64_t c = 0; c < map->depth; c++)                                          \
                    row[x * map->depth + c] = value;                                              \
            }                                                                                     \
        if (extent.width == map->width)                                                           \
            return;                                                                               \
        for (int64_t x = map->width - 1; x > 0; x--) {                                            \
            type *target = row + x * map->depth;                                                  \
            if (map->broadcast_w)                                                                 \
                memcpy(target, row, (size_t)map->depth * sizeof(type));                           \
            else if (map->upscale == NS_NPU_UPSCALE_ZEROS && x % 2)                               \
                memset(target, 0, (size_t)map->depth * sizeof(type));                             \
            else                                                                                  \
                memmove(target, row + x / 2 * map->depth, (size_t)map->depth * sizeof(type));     \
        }                                                                                         \
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
    map_extent extent = stored(map);
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
    map_extent extent = stored(map);
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

/* Offset of coordinate `at` of a stored axis within a tile. */
static int64_t axis_offset(const ns_npu_map *map, int axis, int64_t at)
{
    switch (axis) {
    case NS_NPU_AXIS_H:
        return at * map->stride_y;
    case NS_NPU_AXIS_W:
        return at * step_x(map);
    default:
        return map->brick ? at / BRICK * map->stride_c + at % BRICK * map->bytes : at * map->bytes;
    }
}

/* Address of an element of what is stored. */
static uint8_t *element(const uint8_t *region, const ns_npu_map *map, const int64_t *at)
{
    bool right = at[1] >= map->width0;
    int64_t split = right ? map->height1 : map->height0;
    bool lower = at[0] >= split;
    return (uint8_t *)region + map->base[right + 2 * lower] +
           axis_offset(map, NS_NPU_AXIS_H, lower ? at[0] - split : at[0]) +
           axis_offset(map, NS_NPU_AXIS_W, right ? at[1] - map->width0 : at[1]) +
           axis_offset(map, NS_NPU_AXIS_C, at[2]);
}

/* Row y of the computed map to an OFM with exchanged or reversed axes. */
static void write_permuted(const uint8_t *region, const ns_npu_map *map, int64_t y, const int64_t *row)
{
    map_extent extent = stored(map);
    const int64_t extents[3] = {extent.height, extent.width, extent.depth};
    int64_t computed[3] = {y, 0, 0};
    int inner = 2; /* the stored axis along which computed channels lie */
    for (int axis = 0; map->transposed && axis < 3; axis++)
        if (map->stored_axis[axis] == NS_NPU_AXIS_C)
            inner = axis;
    /* Channels that lie a constant distance apart in one tile need one address each pixel. */
    bool even = inner == NS_NPU_AXIS_H   ? extent.height <= map->height0 && extent.height <= map->height1
                : inner == NS_NPU_AXIS_W ? extent.width <= map->width0
                                         : !map->brick;
    int64_t step = axis_offset(map, inner, 1);
    if (map->reversed && map->reversed_axis == inner)
        step = -step;
    for (int64_t x = 0; x < map->width; x++)
        for (int64_t c = 0; c < map->depth;) {
            computed[1] = x;
            computed[2] = c;
            int64_t at[3];
            for (int axis = 0; axis < 3; axis++) {
                at[axis] = computed[map->transposed ? map->stored_axis[axis] : axis];
                if (map->reversed && map->reversed_axis == axis)
                    at[axis] = extents[axis] - 1 - at[axis];
            }
            int64_t count = even ? map->depth : 1;
            uint8_t *target = element(region, map, at);
            for (int64_t i = 0; i < count; i++)
                memcpy(target + i * step, &row[x * map->depth + c + i], (size_t)map->bytes);
            c += count;
        }
}

void ns_npu_map_write(ns_npu_machine *machine, const ns_npu_map *map, int64_t y, const int64_t *row)
{
    map_extent extent = stored(map);
    if (map->chain) {
        int64_t *target = ns_npu_buffer_row(map->chain, y);
        for (int64_t i = 0; i < extent.width * extent.depth; i++)
            target[i] = as_element(map, row[i]);
        map->chain->valid = true;
        return;
    }
    if (map->transposed || map->reversed) {
        write_permuted(machine->regions[map->region].data, map, y, row);
        return;
    }
    FOR_EACH_RUN(machine, map, extent, y, run, store_run(map, run.memory, run.count, row + run.index));
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Row y of the box within one tile; coordinates from the tile's corner. */
static bool row_ranges(const ns_npu_map *map, const ns_npu_box *box, int64_t row, int64_t x0, int64_t x1,
                       ns_npu_range_visitor *visit, void *context)
{
    int64_t step = step_x(map);
    if (map->brick) {
        for (int64_t c = box->c0; c < box->c1; c = (c / BRICK + 1) * BRICK) {
            int64_t last = smaller((c / BRICK + 1) * BRICK, box->c1) - 1;
            int64_t brick = row + c / BRICK * map->stride_c;
            /* The lanes of a brick behind the last channel hold nothing. */
            const bool whole = c % BRICK == 0 && last % BRICK == BRICK - 1;
            for (int64_t x = x0; x < x1; x = whole ? x1 : x + 1)
                if (visit(context, brick + x * step + c % BRICK * map->bytes,
                          brick + (whole ? x1 - 1 : x) * step + (last % BRICK + 1) * map->bytes))
                    return true;
        }
        return false;
    }
    if (step == (box->c1 - box->c0) * map->bytes)
        return visit(context, row + x0 * step + box->c0 * map->bytes,
                     row + (x1 - 1) * step + box->c1 * map->bytes);
    for (int64_t x = x0; x < x1; x++)
        if (visit(context, row + x * step + box->c0 * map->bytes, row + x * step + box->c1 * map->bytes))
            return true;
    return false;
}

bool ns_npu_map_ranges(const ns_npu_map *map, const ns_npu_box *box, ns_npu_range_visitor *visit,
                       void *context)
{
    map_extent extent = stored(map);
    for (int i = 0; i < 4; i++) {
        map_tile tile = tile_of(map, extent, i);
        int64_t x0 = larger(box->x0 - tile.x, 0), x1 = smaller(box->x1 - tile.x, tile.width);
        int64_t y0 = larger(box->y0 - tile.y, 0), y1 = smaller(box->y1 - tile.y, tile.height);
        for (int64_t y = y0; x0 < x1 && y < y1; y++)
            if (row_ranges(map, box, tile.base + y * map->stride_y, x0, x1, visit, context))
                return true;
    }
    return false;
}

ns_npu_map ns_npu_map_stored(const ns_npu_map *map)
{
    map_extent extent = stored(map);
    ns_npu_map result = *map;
    result.height = extent.height;
    result.width = extent.width;
    result.depth = extent.depth;
    result.transposed = result.reversed = false;
    return result;
}
