/* Map ranges: the bytes of a part of a feature map. */
#ifndef NS_NPU_MAP_RANGES_H
#define NS_NPU_MAP_RANGES_H

#include "npu/operations/operation.h"

typedef struct ns_npu_box {
    int64_t y0, y1, x0, x1, c0, c1;
} ns_npu_box;

typedef bool ns_npu_range_visitor(void *context, int64_t low, int64_t high);

/* Calls `visit` for the byte ranges [low, high) within the region that hold the box [y0, y1) x [x0, x1) x
 * [c0, c1) of stored elements; stops and returns true when it does. Ranges of one row are merged where they
 * touch. */
bool ns_npu_map_ranges(const ns_npu_map *map, const ns_npu_box *box, ns_npu_range_visitor *visit,
                       void *context);

#endif
