/* Map: reading and writing feature maps in memory, a row at a time.
 *
 * With e = bytes per element and (y, x) counted from the tile's own corner:
 *   NHWC:    base + y * STRIDE_Y + x * STRIDE_X + c * e               (STRIDE_C is not used)
 *   NHCWB16: base + y * STRIDE_Y + (c / 16) * STRIDE_C + x * 16 * e + (c % 16) * e
 * Tile 0 is x < WIDTH0, y < HEIGHT0; tile 1 x >= WIDTH0, y < HEIGHT1; tile 2 x < WIDTH0, y >= HEIGHT0;
 * tile 3 the rest. Strides may be negative. Source: Vela 5.1.0, ethos_u55_register_cs_generator.cpp,
 * AddressForCoordinate and GetTiles; vela/api.py, NpuTileBox; for transposed and reversed OFMs
 * ethos_u85_register_cs_generator.cpp, GenerateOFM and GenerateOFMPrecision. */
#ifndef NS_NPU_MAP_H
#define NS_NPU_MAP_H

#include "npu/operations/operation.h"

/* Checks once that every element of the map lies inside its region, so that rows need no further check:
 * a fault names the tile and the first address outside. Stored extents are height x width x depth, divided
 * by two (rounded up) where the map is upscaled, and 1 along broadcast axes. NS_ERROR_UNSUPPORTED for a
 * row of over 2^26 elements. */
ns_code ns_npu_map_check(ns_npu_machine *machine, const ns_npu_map *map, bool write, ns_error *error);

/* Row y of the operation's view, width * depth values [x][c], less the zero point: upscaling and broadcast
 * are done here. Elements of at most 4 bytes. */
void ns_npu_map_read(ns_npu_machine *machine, const ns_npu_map *map, int64_t y, int32_t *row);

/* The same for elements of up to 8 bytes, without upscaling. */
void ns_npu_map_read_wide(ns_npu_machine *machine, const ns_npu_map *map, int64_t y, int64_t *row);

/* Stores the low bytes of width * depth values [x][c] as row y. */
void ns_npu_map_write(ns_npu_machine *machine, const ns_npu_map *map, int64_t y, const int64_t *row);

#endif
