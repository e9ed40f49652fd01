/* What the files of npu/memory give each other. */
#ifndef NS_NPU_MEMORY_INTERNAL_H
#define NS_NPU_MEMORY_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "npu/machine.h"
#include "npu/operations/operation.h"

/* DMA: what the registers ask for when a transfer is issued: copies between regions, and into the internal
 * memory that holds tables. */

typedef struct ns_npu_dma_side {
    bool internal; /* SHRAM or table memory; the region is meaningless */
    int region;
    int64_t address;
    bool indexed;             /* run i lies at the next index * stride0 instead of i * stride0 */
    int64_t stride0, stride1; /* from the start of one run to that of the next; of one group of runs */
} ns_npu_dma_side;

typedef struct ns_npu_dma {
    ns_npu_dma_side source, destination;
    uint64_t length;       /* bytes of a run */
    uint64_t runs, groups; /* runs per group; groups */
    /* Indices (Ethos-U85): 32 bits each, one for each run in turn, index_skip bytes further after each group;
     * 0 to index_max. */
    int index_region;
    int64_t index_address, index_skip, index_max;
} ns_npu_dma;

/* Registers to transfers, by family. */

/* What the command would do with the registers as they are now. */
ns_code ns_npu_dma_u55(ns_npu_machine *machine, ns_npu_dma *out, ns_error *error);
ns_code ns_npu_dma_u85(ns_npu_machine *machine, ns_npu_dma *out, ns_error *error);

/* ---- dma_registers.c ---- */

/* What the DMA0 registers of all products have in common. */

typedef struct ns_npu_dma_fields {
    int region, region_mode, address;
    int internal; /* the value of region_mode for internal memory */
} ns_npu_dma_fields;

/* Of a family with prefix P (U55_, U85_); `side` is SRC or DST. */
#define NS_NPU_DMA_FIELDS(P, side)                                                                           \
    {                                                                                                        \
        .region = P##FIELD_DMA0_##side##_REGION_REGION,                                                      \
        .region_mode = P##FIELD_DMA0_##side##_REGION_REGION_MODE, .address = P##FIELD_DMA0_##side##_ADDRESS, \
        .internal = P##DMA_REGION_MODE_INTERNAL                                                              \
    }

/* Memory and address of one side; strides and indices are the family's. */
ns_code ns_npu_read_dma_side(ns_npu_machine *machine, const ns_npu_dma_fields *fields, ns_npu_dma_side *side,
                             ns_error *error);

/* ---- map.c ---- */

/* Map: reading and writing feature maps in memory, a row at a time.
 *
 * With e = bytes per element and (y, x) counted from the tile's own corner:
 *   NHWC:    base + y * STRIDE_Y + x * STRIDE_X + c * e               (STRIDE_C is not used)
 *   NHCWB16: base + y * STRIDE_Y + (c / 16) * STRIDE_C + x * 16 * e + (c % 16) * e
 * Tile 0 is x < WIDTH0, y < HEIGHT0; tile 1 x >= WIDTH0, y < HEIGHT1; tile 2 x < WIDTH0, y >= HEIGHT0;
 * tile 3 the rest. Strides may be negative. Source: Vela 5.1.0, ethos_u55_register_cs_generator.cpp,
 * AddressForCoordinate and GetTiles; vela/api.py, NpuTileBox; for transposed and reversed OFMs
 * ethos_u85_register_cs_generator.cpp, GenerateOFM and GenerateOFMPrecision. */

/* Checks once that every element of the map lies inside its region, so that rows need no further check:
 * a fault names the tile and the first address outside. Stored extents are height x width x depth, divided
 * by two (rounded up) where the map is upscaled, and 1 along broadcast axes. NS_ERROR_UNSUPPORTED for a
 * row of over 2^26 elements. */
ns_code ns_npu_map_check(ns_npu_machine *machine, const ns_npu_map *map, bool write, ns_error *error);

/* A piece of the operation's view, [x][c], less the zero point: upscaling and broadcast are done here.
 * Elements of at most 4 bytes. A piece of an upscaled map is a whole row. */
void ns_npu_map_read(ns_npu_machine *machine, const ns_npu_map *map, const ns_npu_piece *piece, int32_t *row);

/* The same for elements of up to 8 bytes, without upscaling. */
void ns_npu_map_read_wide(ns_npu_machine *machine, const ns_npu_map *map, const ns_npu_piece *piece,
                          int64_t *row);

/* The elements themselves, of 1, 2 or 4 bytes, where nothing is upscaled: `room`, or where they lie, if that
 * is dense and aligned. `room` holds a piece and may be used in either case. */
const void *ns_npu_map_take(ns_npu_machine *machine, const ns_npu_map *map, const ns_npu_piece *piece,
                            void *room);

/* Stores the low bytes of a piece of values [x][c], each of `size` bytes: 2, 4 or 8, not less than the
 * map's elements have. */
void ns_npu_map_write(ns_npu_machine *machine, const ns_npu_map *map, const ns_npu_piece *piece,
                      const void *row, int size);

/* Whether no byte of one is a byte of the other; both have been checked. */
bool ns_npu_map_is_apart(const ns_npu_machine *machine, const ns_npu_map *a, const ns_npu_map *b);

/* Row y as a piece. */
static inline ns_npu_piece ns_npu_map_row(const ns_npu_map *map, int64_t y)
{
    return (ns_npu_piece){y, 0, map->width};
}

/* ---- map_permuted.c ---- */

/* Map permuted: an OFM that is stored with its axes exchanged, or with one reversed (Ethos-U85). */

/* A piece of the computed map, as in ns_npu_map_write, to its region's memory, which has been checked. */
void ns_npu_map_write_permuted(const uint8_t *region, const ns_npu_map *map, const ns_npu_piece *piece,
                               const void *row, int size);

/* ---- map_ranges.c ---- */

/* Map ranges: the bytes of a part of a feature map. */

typedef struct ns_npu_box {
    int64_t y0, y1, x0, x1, c0, c1;
} ns_npu_box;

typedef bool ns_npu_range_visitor(void *context, int64_t low, int64_t high);

/* Calls `visit` for the byte ranges [low, high) within the region that hold the box [y0, y1) x [x0, x1) x
 * [c0, c1) of stored elements; stops and returns true when it does. Ranges of one row are merged where they
 * touch. */
bool ns_npu_map_ranges(const ns_npu_map *map, const ns_npu_box *box, ns_npu_range_visitor *visit,
                       void *context);

/* ---- span.c ---- */

/* Span: bytes of a region that an access may touch. */

/* [address, address + length) of a region; a fault when it reaches outside, or when `write` and the region
 * is read only. `what` names the access ("IFM", "weights of core 1"). */
ns_code ns_npu_span(ns_npu_machine *machine, int region, int64_t address, uint64_t length, bool write,
                    const char *what, uint8_t **out, ns_error *error);

/* Whether such an access is none of these faults. */
bool ns_npu_span_fits(const ns_npu_machine *machine, int region, int64_t address, uint64_t length,
                      bool write);

/* ---- tiles.c ---- */

/* Tiles: the four parts of a feature map in memory (map.h says where each lies). */

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
