#include "npu/memory/internal.h"

#include <string.h>

/* Offset of coordinate `at` of a stored axis within a tile. */
static int64_t axis_offset(const ns_npu_map *map, int axis, int64_t at)
{
    switch (axis) {
    case NS_NPU_AXIS_H:
        return at * map->stride_y;
    case NS_NPU_AXIS_W:
        return at * ns_npu_map_step_x(map);
    default:
        return map->brick ? at / NS_NPU_BRICK * map->stride_c + at % NS_NPU_BRICK * map->bytes
                          : at * map->bytes;
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

/* `count` values of `size` bytes to elements `step` bytes apart. */
static void scatter(const ns_npu_map *map, uint8_t *target, int64_t step, const uint8_t *values, int size,
                    int64_t count)
{
    if (map->bytes == 2 && size == 2 && step == 2)
        memcpy(target, values, (size_t)count * 2);
    else if (map->bytes == 2)
        for (int64_t i = 0; i < count; i++)
            memcpy(target + i * step, values + i * size, 2);
    else
        for (int64_t i = 0; i < count; i++)
            memcpy(target + i * step, values + i * size, (size_t)map->bytes);
}

void ns_npu_map_write_permuted(const uint8_t *region, const ns_npu_map *map, const ns_npu_piece *piece,
                               const void *row, int size)
{
    ns_npu_extent extent = ns_npu_stored_extent(map);
    const int64_t extents[3] = {extent.height, extent.width, extent.depth};
    int64_t computed[3] = {piece->y, 0, 0};
    const uint8_t *values = row;
    int inner = 2; /* the stored axis along which computed channels lie */
    for (int axis = 0; map->transposed && axis < 3; axis++)
        if (map->stored_axis[axis] == NS_NPU_AXIS_C)
            inner = axis;
    /* Channels that lie a constant distance apart in one tile need one address each pixel. */
    bool even = inner == NS_NPU_AXIS_H   ? extent.height <= map->height0 && extent.height <= map->height1
                : inner == NS_NPU_AXIS_W ? extent.width <= map->width0
                                         : !map->brick;
    /* Or each pixel of a brick. */
    const bool is_brick =
        map->brick && inner == NS_NPU_AXIS_C && !(map->reversed && map->reversed_axis == inner);
    int64_t step = axis_offset(map, inner, 1);
    if (map->reversed && map->reversed_axis == inner)
        step = -step;
    for (int64_t x = 0; x < piece->width; x++)
        for (int64_t c = 0; c < map->depth;) {
            computed[1] = piece->x + x;
            computed[2] = c;
            int64_t at[3] = {0};
            for (int axis = 0; axis < 3; axis++) {
                at[axis] = computed[map->transposed ? map->stored_axis[axis] : axis];
                if (map->reversed && map->reversed_axis == axis)
                    at[axis] = extents[axis] - 1 - at[axis];
            }
            int64_t count = even ? map->depth : 1;
            if (is_brick && NS_NPU_BRICK - at[2] % NS_NPU_BRICK < map->depth - c)
                count = NS_NPU_BRICK - at[2] % NS_NPU_BRICK;
            else if (is_brick)
                count = map->depth - c;
            scatter(map, element(region, map, at), step, values + (x * map->depth + c) * size, size, count);
            c += count;
        }
}
