/* Map permuted: an OFM that is stored with its axes exchanged, or with one reversed (Ethos-U85). */
#ifndef NS_NPU_MAP_PERMUTED_H
#define NS_NPU_MAP_PERMUTED_H

#include "npu/operations/operation.h"

/* Row y of the computed map, width * depth values [x][c], to its region's memory, which has been checked. */
void ns_npu_map_write_permuted(const uint8_t *region, const ns_npu_map *map, int64_t y, const int64_t *row);

#endif
