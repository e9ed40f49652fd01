#include "npu/memory/internal.h"

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
    int64_t step = ns_npu_map_step_x(map);
    if (map->brick) {
        for (int64_t c = box->c0; c < box->c1; c = (c / NS_NPU_BRICK + 1) * NS_NPU_BRICK) {
            int64_t last = smaller((c / NS_NPU_BRICK + 1) * NS_NPU_BRICK, box->c1) - 1;
            int64_t brick = row + c / NS_NPU_BRICK * map->stride_c;
            /* The lanes of a brick behind the last channel hold nothing. */
            const bool whole = c % NS_NPU_BRICK == 0 && last % NS_NPU_BRICK == NS_NPU_BRICK - 1;
            for (int64_t x = x0; x < x1; x = whole ? x1 : x + 1)
                if (visit(context, brick + x * step + c % NS_NPU_BRICK * map->bytes,
                          brick + (whole ? x1 - 1 : x) * step + (last % NS_NPU_BRICK + 1) * map->bytes))
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
    ns_npu_extent extent = ns_npu_stored_extent(map);
    for (int i = 0; i < 4; i++) {
        ns_npu_tile tile = ns_npu_tile_of(map, extent, i);
        int64_t x0 = larger(box->x0 - tile.x, 0), x1 = smaller(box->x1 - tile.x, tile.width);
        int64_t y0 = larger(box->y0 - tile.y, 0), y1 = smaller(box->y1 - tile.y, tile.height);
        for (int64_t y = y0; x0 < x1 && y < y1; y++)
            if (row_ranges(map, box, tile.base + y * map->stride_y, x0, x1, visit, context))
                return true;
    }
    return false;
}
