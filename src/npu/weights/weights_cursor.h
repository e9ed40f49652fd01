/* Weight cursor: puts the symbols of one stream, in the order in which a traversal names them, into the dense
 * array. */
#ifndef NS_NPU_WEIGHTS_CURSOR_H
#define NS_NPU_WEIGHTS_CURSOR_H

#include "npu/weights/weights_order.h"

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

#endif
