/* What the files of npu/operations give each other. */
#ifndef NS_NPU_OPERATIONS_INTERNAL_H
#define NS_NPU_OPERATIONS_INTERNAL_H

#include "kernels/rows.h"
#include "npu/operations/elementwise/functions.h"
#include "npu/operations/operation.h"

/* ---- activation.c ---- */

/* Activation: the tables of the output stage. */

/* Bytes of a table; 0 without one, and for what is built in. */
size_t ns_npu_table_size(ns_npu_table_kind kind);

/* TANH or SIGMOID, loaded or built in: of values before the clip, which is applied to their results. */
bool ns_npu_table_is_curve(ns_npu_table_kind kind);

/* A fault when the operation's table reaches outside the internal memory or has bytes that no DMA wrote. */
ns_code ns_npu_table_check(ns_npu_machine *machine, const ns_npu_operation *operation, ns_error *error);

/* Looks `count` clipped values up, in place. A value outside the index type has been excluded by the clip;
 * where there is none, the index is taken modulo its width. */
void ns_npu_table_row(ns_npu_machine *machine, const ns_npu_operation *operation, int64_t *row, size_t count);

/* ---- elementwise.c ---- */

/* Elementwise operations, a row at a time. */

/* 1 or 2; 0 for a code that is not in the table. */
int ns_npu_elementwise_operands(int mode);

/* ---- narrow.c ---- */

/* Narrow: operations whose values fit 16 or 32 bits, piece by piece. */

struct ns_npu_output_stage;

/* The output stage behind the scale, of values that saturate to 16 bits. */
typedef struct ns_npu_short {
    int16_t low, high; /* of the clip, less the zero point */
    int16_t *table;    /* 513 entries; NULL: none */
} ns_npu_short;

/* *takes false: the operation's results are not such. */
ns_code ns_npu_short_open(ns_npu_machine *machine, const ns_npu_operation *operation, ns_npu_short *out,
                          bool *takes, ns_error *error);

/* Clips `count` values and counts those that it changes. True where ns_npu_short_is_open of one: the caller
 * then counts those of them that lay outside int16 before they saturated. */
bool ns_npu_short_clip(const ns_npu_machine *machine, const ns_npu_short *s, int16_t *row, size_t count,
                       struct ns_npu_output_stage *output);
static inline bool ns_npu_short_is_open(const ns_npu_short *s, int16_t value)
{
    return (value == INT16_MIN && s->low == INT16_MIN) || (value == INT16_MAX && s->high == INT16_MAX);
}

/* Table, zero point and store, of a piece; the row is overwritten. */
void ns_npu_short_write(ns_npu_machine *machine, const ns_npu_operation *operation, const ns_npu_short *s,
                        const ns_npu_piece *piece, int16_t *row);

typedef struct ns_npu_narrow ns_npu_narrow;

/* Pixels of a row that are computed, and written, before the next of it are read: few enough for the
 * first-level cache; whole rows where an operand lies in memory that is written on the way. */
int64_t ns_npu_piece_width(const ns_npu_machine *machine, const ns_npu_operation *operation,
                           const ns_npu_map *const *maps, int count);

/* What is fixed of an elementwise operation with operands `maps`, A before B, or of a copy of one map through
 * the output stage. *out NULL: not such as is done here. */
ns_code ns_npu_narrow_open(ns_npu_machine *machine, const ns_npu_operation *operation,
                           const ns_npu_map *const *maps, int count, ns_npu_narrow **out, ns_error *error);

/* Computes and writes a piece of at most ns_npu_piece_width pixels; false where a value needs more bits:
 * nothing has been written then. */
bool ns_npu_narrow_piece(ns_npu_machine *machine, ns_npu_narrow *narrow, struct ns_npu_output_stage *output,
                         const ns_npu_piece *piece);

/* A piece in 64 bits, through the output stage. */
typedef ns_code ns_npu_copy_piece(ns_npu_machine *machine, const ns_npu_operation *operation,
                                  struct ns_npu_output_stage *output, const ns_npu_piece *piece, int64_t *row,
                                  ns_error *error);

/* An operation whose values before the output stage are the elements of `map`; pieces that need more bits go
 * through `wide`. *is_done false: not such as is done here, and nothing has been written. */
ns_code ns_npu_copy(ns_npu_machine *machine, const ns_npu_operation *operation, const ns_npu_map *map,
                    struct ns_npu_output_stage *output, ns_npu_copy_piece *wide, bool *is_done,
                    ns_error *error);

/* ---- output.c ---- */

/* Output: the stage behind every operation: scale, zero point, clip, table, store. */

typedef struct ns_npu_output_stage {
    const ns_npu_operation *operation;
    const ns_scale_record *records; /* CHANNEL scaling: bias and scale of each OFM channel */
    ns_npu_rounding rounding;
    int64_t *bias;       /* of each OFM channel, where there are records */
    ns_wide_scales wide; /* of each OFM channel; multiplier NULL: not such as kernels take */
    int64_t *preload;    /* a row of IFM2, where accumulators begin with it */
    int64_t saturated;   /* elements that the clip changed, so far */
    int64_t bound;       /* of the operation's own sums, set by it: no magnitude is larger; 0: not known */
    bool left_32_bits;   /* rule OFM_RANGE_32 has struck */
} ns_npu_output_stage;

/* Checks the OFM's memory and the table, and reads the scale records. */
ns_code ns_npu_output_open(ns_npu_machine *machine, const ns_npu_operation *operation,
                           ns_npu_output_stage *out, ns_error *error);

/* Takes row y of the OFM, width * depth values [x][c] before bias and scaling; they are overwritten. A fault
 * when a value and its bias exceed the accumulator (CHANNEL scaling). */
ns_code ns_npu_output_row(ns_npu_machine *machine, ns_npu_output_stage *output, int64_t y, int64_t *row,
                          ns_error *error);

/* The same for a piece; pieces come in order. */
ns_code ns_npu_output_piece(ns_npu_machine *machine, ns_npu_output_stage *output, const ns_npu_piece *piece,
                            int64_t *row, ns_error *error);

/* Scales `count` values, in place. */
void ns_npu_scale_row(const ns_npu_machine *machine, const ns_npu_scale *scale, int64_t *row, size_t count);

/* Fault unless all values of a piece fit the operation's accumulator. */
ns_code ns_npu_accumulator_check(ns_npu_machine *machine, const ns_npu_operation *operation,
                                 const ns_npu_piece *piece, const int64_t *row, ns_error *error);

/* The function of each kind of operation, in a file of its name; each takes the opened output stage. */

ns_code ns_npu_conv(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                    ns_error *error);
ns_code ns_npu_depthwise(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                         ns_error *error);
ns_code ns_npu_pool_max(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                        ns_error *error);
ns_code ns_npu_pool_average(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                            ns_error *error);
ns_code ns_npu_pool_none(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                         ns_error *error);
ns_code ns_npu_pool_argmax(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                           ns_error *error);
ns_code ns_npu_resize(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                      ns_error *error);
ns_code ns_npu_reduce_sum(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                          ns_error *error);
ns_code ns_npu_elementwise(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                           ns_error *error);

/* ---- kernel.c ---- */

/* Kernel: what convolutions and pooling share: the geometry of taps over a padded image. */

/* The taps of one output coordinate along one axis that lie inside the image. */
typedef struct ns_npu_taps {
    int64_t first;  /* image coordinate of tap 0; may be outside */
    int begin, end; /* taps [begin, end) lie inside; begin >= end: none does */
} ns_npu_taps;

ns_npu_taps ns_npu_taps_of(int64_t out, int stride, int pad, int taps, int dilation, int64_t size);

/* The whole IFM as dense 16-bit values [y][x][c] with the pads as zeros around it, less the zero point; one
 * more element may be read past the end of an odd number (the product kernel reads rows to an even length).
 */
typedef struct ns_npu_image {
    const int16_t *data;
    int64_t height, width, depth; /* pads included */
} ns_npu_image;

/* NS_ERROR_UNSUPPORTED when a value less its zero point does not fit 16 bits (a 16-bit IFM with a zero
 * point), and for an image of over 2^28 elements. */
ns_code ns_npu_image_load(ns_npu_machine *machine, const ns_npu_operation *operation, ns_npu_image *out,
                          ns_error *error);

/* IFM2, less its zero point, as weights [o][i]. NS_ERROR_UNSUPPORTED as above. */
ns_code ns_npu_weights_from_ifm2(ns_npu_machine *machine, const ns_npu_operation *operation, ns_weights *out,
                                 ns_error *error);

/* The whole IFM less its zero point, 32-bit, [y][x][c], without pads. */
ns_code ns_npu_pool_load(ns_npu_machine *machine, const ns_npu_operation *operation, int32_t **out,
                         ns_error *error);

/* Registers to operations, by family. */

/* What the command would do with the registers as they are now. Faults name the register whose value has
 * no meaning for the operation. */
ns_code ns_npu_operation_u55(ns_npu_machine *machine, const ns_npu_command *command, ns_npu_operation *out,
                             ns_error *error);
ns_code ns_npu_operation_u85(ns_npu_machine *machine, const ns_npu_command *command, ns_npu_operation *out,
                             ns_error *error);

#endif
