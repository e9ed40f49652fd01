/* Tiles: the four parts of a feature map in memory (map.h says where each lies). */
#ifndef NS_NPU_TILES_H
#define NS_NPU_TILES_H

#include "npu/operations/operation.h"

/* Channels of a brick of format NHCWB16. */
#define NS_NPU_BRICK 16

typedef struct ns_npu_extent {
    int64_t height, width, depth;
} ns_npu_extent;

typedef struct ns_npu_tile {
    int64_t base;
    int64_t y, x;          /* origin */
    int64_t height, width; /* used part; 0: unused */
} ns_npu_tile;

/* What of the map lies in memory. */
ns_npu_extent ns_npu_stored_extent(const ns_npu_map *map);

/* Tile `index` of a map whose stored extent is `extent`. */
ns_npu_tile ns_npu_tile_of(const ns_npu_map *map, ns_npu_extent extent, int index);

/* From one pixel of a row to the next, in bytes. */
int64_t ns_npu_map_step_x(const ns_npu_map *map);

/* Bytes of the tile, relative to its base. Registers hold 40-bit strides and 16-bit extents, so every term
 * fits 57 bits. */
void ns_npu_tile_bytes(const ns_npu_map *map, ns_npu_extent extent, ns_npu_tile tile, int64_t *low,
                       int64_t *high);

/* The same map as it lies in memory, for reading an OFM back: with the extents that are stored, in the order
 * in which they are stored. */
ns_npu_map ns_npu_map_stored(const ns_npu_map *map);

/* Smallest and one past the largest byte of the map within its region (checked before). */
void ns_npu_map_extent(const ns_npu_map *map, int64_t *low, int64_t *high);

#endif
