#include "npu/memory/internal.h"

ns_npu_extent ns_npu_stored_extent(const ns_npu_map *map)
{
    ns_npu_extent extent = {map->height, map->width, map->depth};
    if (map->transposed) {
        const int64_t computed[3] = {map->height, map->width, map->depth};
        return (ns_npu_extent){computed[map->stored_axis[0]], computed[map->stored_axis[1]],
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

ns_npu_tile ns_npu_tile_of(const ns_npu_map *map, ns_npu_extent extent, int index)
{
    bool right = index & 1;
    bool lower = index & 2;
    int64_t split = right ? map->height1 : map->height0;
    ns_npu_tile tile = {.base = map->base[index], .x = right ? map->width0 : 0, .y = lower ? split : 0};
    int64_t x_end = right || map->width0 > extent.width ? extent.width : map->width0;
    int64_t y_end = lower || split > extent.height ? extent.height : split;
    tile.width = x_end > tile.x ? x_end - tile.x : 0;
    tile.height = y_end > tile.y ? y_end - tile.y : 0;
    if (tile.width == 0 || tile.height == 0)
        tile.width = tile.height = 0;
    return tile;
}

int64_t ns_npu_map_step_x(const ns_npu_map *map)
{
    return map->brick ? (int64_t)NS_NPU_BRICK * map->bytes : map->stride_x;
}

void ns_npu_tile_bytes(const ns_npu_map *map, ns_npu_extent extent, ns_npu_tile tile, int64_t *low,
                       int64_t *high)
{
    int64_t terms[3] = {(tile.height - 1) * map->stride_y, (tile.width - 1) * ns_npu_map_step_x(map), 0};
    int64_t last = (extent.depth - 1) * map->bytes;
    if (map->brick) {
        terms[2] = (extent.depth - 1) / NS_NPU_BRICK * map->stride_c;
        last = (extent.depth < NS_NPU_BRICK ? extent.depth - 1 : NS_NPU_BRICK - 1) * map->bytes;
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
    ns_npu_extent extent = ns_npu_stored_extent(map);
    bool first = true;
    *low = *high = 0;
    for (int i = 0; i < 4; i++) {
        ns_npu_tile tile = ns_npu_tile_of(map, extent, i);
        if (tile.width == 0)
            continue;
        int64_t tile_low, tile_high;
        ns_npu_tile_bytes(map, extent, tile, &tile_low, &tile_high);
        if (first || tile.base + tile_low < *low)
            *low = tile.base + tile_low;
        if (first || tile.base + tile_high > *high)
            *high = tile.base + tile_high;
        first = false;
    }
}

ns_npu_map ns_npu_map_stored(const ns_npu_map *map)
{
    ns_npu_extent extent = ns_npu_stored_extent(map);
    ns_npu_map result = *map;
    result.height = extent.height;
    result.width = extent.width;
    result.depth = extent.depth;
    result.transposed = result.reversed = false;
    return result;
}
