#include "npu/weights/internal.h"

#include <string.h>

void ns_weight_skip(ns_weight_cursor *cursor, uint64_t count)
{
    if (cursor->symbols && !cursor->stray)
        for (uint64_t i = 0; i < count; i++)
            if (cursor->symbols[cursor->position + i]) {
                cursor->stray = true;
                cursor->stray_position = cursor->position + i;
                break;
            }
    cursor->position += count;
}

static size_t dense_index(const ns_weights *weights, int channel, int y, int x, int i)
{
    const size_t tap = (size_t)y * (size_t)weights->kernel_width + (size_t)x;
    if (weights->depthwise)
        return tap * (size_t)weights->ofm_depth + (size_t)channel;
    const size_t taps = (size_t)weights->kernel_height * (size_t)weights->kernel_width;
    return ((size_t)channel * taps + tap) * (size_t)weights->ifm_depth + (size_t)i;
}

void ns_weight_run(ns_weight_cursor *cursor, int o, int y, int x, int i, int count)
{
    ns_weights *weights = cursor->weights;
    const int inside = o >= cursor->channels || y >= weights->kernel_height || x >= weights->kernel_width ||
                               i >= weights->ifm_depth
                           ? 0
                           : ns_least(count, weights->ifm_depth - i);
    if (inside > 0 && cursor->symbols) {
        const int16_t *from = cursor->symbols + cursor->position;
        int16_t *to =
            weights->values + dense_index(weights, cursor->first_channel + o * cursor->channel_step, y, x, i);
        for (int n = 0; n < inside; n++)
            cursor->twice |= to[n] != NS_WEIGHT_UNSET;
        memcpy(to, from, (size_t)inside * sizeof *to);
    }
    cursor->placed += (unsigned)inside;
    cursor->position += (unsigned)inside;
    if (inside < count)
        ns_weight_skip(cursor, (uint64_t)(count - inside));
}
