#include "kernels/matrix.h"

/* Where the fours of a group's channels lie. */
static const size_t fours[4] = {0, 8, 4, 12};

void ns_depthwise_pack(const int16_t *weights, size_t taps, size_t count, int16_t *packed)
{
    for (size_t pair = 0; pair < (taps + 1) / 2; pair++)
        for (size_t group = 0; group < count; group += NS_DEPTHWISE_CHANNELS)
            for (size_t l = 0; l < NS_DEPTHWISE_CHANNELS; l++, packed += 2) {
                const size_t i = group + fours[l / 4] + l % 4;
                for (size_t t = 2 * pair; i < count && t < 2 * pair + 2 && t < taps; t++)
                    packed[t % 2] = weights[t * count + i];
            }
}

void ns_depthwise_order(int32_t *values, size_t count)
{
    for (size_t group = 0; group + NS_DEPTHWISE_CHANNELS <= count; group += NS_DEPTHWISE_CHANNELS)
        for (size_t i = group + 4; i < group + 8; i++) {
            const int32_t value = values[i];
            values[i] = values[i + 4];
            values[i + 4] = value;
        }
}

/* One whole group of channels. */
static void run_group(const ns_depthwise *d, size_t group, int64_t *out)
{
    const size_t stride = ns_depthwise_packed_size(2, d->count);
    for (size_t t = 0; t < d->taps; t += 2) {
        const int16_t *x = d->in[t] + group, *y = d->in[t + 1] + group;
        const int16_t *w = d->packed + t / 2 * stride + 2 * group;
        for (size_t q = 0; q < 4; q++)
            for (size_t l = 0; l < 4; l++)
                out[group + fours[q] + l] += (int64_t)x[fours[q] + l] * w[8 * q + 2 * l] +
                                             (int64_t)y[fours[q] + l] * w[8 * q + 2 * l + 1];
    }
}

/* The channels behind the last whole group. */
static void run_rest(const ns_depthwise *d, size_t group, int64_t *out)
{
    const size_t stride = ns_depthwise_packed_size(2, d->count);
    for (size_t t = 0; t < d->taps; t += 2) {
        const int16_t *w = d->packed + t / 2 * stride + 2 * group;
        for (size_t l = 0; l < NS_DEPTHWISE_CHANNELS; l++, w += 2) {
            const size_t i = group + fours[l / 4] + l % 4;
            if (i < d->count)
                out[i] += (int64_t)d->in[t][i] * w[0] + (int64_t)d->in[t + 1][i] * w[1];
        }
    }
}

void ns_depthwise_i16_c(const ns_depthwise *d, int64_t *out)
{
    for (size_t i = 0; i < d->count; i++)
        out[i] = d->start[i];
    size_t group = 0;
    for (; group + NS_DEPTHWISE_CHANNELS <= d->count; group += NS_DEPTHWISE_CHANNELS)
        run_group(d, group, out);
    if (group < d->count)
        run_rest(d, group, out);
}
