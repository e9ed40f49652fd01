/* What the files of npu/weights give each other. */
#ifndef NS_NPU_WEIGHTS_INTERNAL_H
#define NS_NPU_WEIGHTS_INTERNAL_H

#include "base/bytes.h"
#include "npu/operations/operation.h"
#include "npu/weights/interface.h"

/* ---- weights_cache.c ---- */

/* Weight cache: an operation's weights, decoded once for each stream. */

/* Decodes the operation's weights, or finds them in the stream's cache: keyed by the order and by the
 * compressed bytes themselves, for they may have been copied elsewhere by DMA. */
ns_code ns_npu_weights_get(ns_npu_machine *machine, const ns_npu_operation *operation, ns_weights *out,
                           ns_error *error);

/* Weight codings: bytes to symbols. */

/* Decodes an MLW stream (Ethos-U55, U65, and U85's standard format) into exactly `count` symbols.
 * NS_ERROR_FAULT with the bit position when it is malformed, and when it holds another number of symbols. */
ns_code ns_weights_mlw(ns_bytes stream, int16_t *symbols, size_t count, ns_error *error);

/* Decodes a stream of the fast format into exactly `count` symbols; its last 32-byte word may hold symbols
 * past them. NS_ERROR_FAULT when it is malformed, and when it holds another number of words. */
ns_code ns_weights_fwd(ns_bytes stream, int16_t *symbols, size_t count, ns_error *error);

/* ---- weights_cursor.c ---- */

/* Weight cursor: puts the symbols of one stream, in the order in which a traversal names them, into the dense
 * array. */

/* Reads one stream's symbols in traversal order and puts them into the dense array. Without symbols it
 * only counts. */
typedef struct ns_weight_cursor {
    const int16_t *symbols; /* NULL: count */
    uint64_t position;      /* symbols so far */
    ns_weights *weights;
    int first_channel, channel_step; /* of this stream: dense channel = first + step * stream channel */
    int channels;                    /* of this stream */
    uint64_t placed;                 /* weights put */
    bool twice;                      /* a weight was hit before */
    bool stray;                      /* a symbol of a padding slot is not zero */
    uint64_t stray_position;
} ns_weight_cursor;

/* Fills a dense array before it is filled by cursors: no weight has this value. */
#define NS_WEIGHT_UNSET INT16_MIN

/* `count` padding slots. */
void ns_weight_skip(ns_weight_cursor *cursor, uint64_t count);

/* The next `count` symbols: weights of channel `o` of this stream at tap (y, x), input channels from `i`
 * on. Slots outside the weights are padding; y beyond the kernel is allowed. */
void ns_weight_run(ns_weight_cursor *cursor, int o, int y, int x, int i, int count);

/* value rounded up to a multiple of step > 0. */
static inline int ns_round_up(int value, int step)
{
    return (value + step - 1) / step * step;
}

static inline int ns_least(int a, int b)
{
    return a < b ? a : b;
}

/* Weight traversals: the two families' orders of the symbols of a stream. */

/* The traversal of one stream. */
void ns_weight_traverse_u55(const ns_weight_order *order, int stream, ns_weight_cursor *cursor);
void ns_weight_traverse_u85(const ns_weight_order *order, int stream, ns_weight_cursor *cursor);

/* Symbols of one core's share of a weight block: the unit in which the fast format takes cores in turn. */
size_t ns_weight_block_u85(const ns_weight_order *order);

#endif
