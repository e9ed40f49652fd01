/* Depthwise: sums over taps, channel by channel.
 *
 * Taps go in pairs, and weights are packed once: 16 channels' pairs after each other, the second and third
 * four of them exchanged, as interleaving two registers of 16 int16 leaves them for a widening multiply-add.
 */
#ifndef NS_KERNELS_DEPTHWISE_H
#define NS_KERNELS_DEPTHWISE_H

#include <stddef.h>
#include <stdint.h>

#define NS_DEPTHWISE_CHANNELS 16

/* int16 elements that the weights of `taps` taps by `count` channels take when packed. */
static inline size_t ns_depthwise_packed_size(size_t taps, size_t count)
{
    return (taps + 1) / 2 * 2 * ((count + NS_DEPTHWISE_CHANNELS - 1) / NS_DEPTHWISE_CHANNELS) *
           NS_DEPTHWISE_CHANNELS;
}

/* Packs weights[tap * count + channel], into `packed`, which is zero. */
void ns_depthwise_pack(const int16_t *weights, size_t taps, size_t count, int16_t *packed);

typedef struct ns_depthwise {
    const int16_t *const *in; /* for each tap its `count` values; taps are made even, by any values */
    const int16_t *packed;
    size_t taps, count;
    size_t block;         /* even, >= 2: so many products fit 32 bits together, as the caller has shown */
    const int64_t *start; /* `count` values */
} ns_depthwise;

/* out[i] = start[i] + sum over t < taps of in[t][i] * weight[t][i], for i < count. */
typedef void (*ns_depthwise_i16)(const ns_depthwise *d, int64_t *out);

void ns_depthwise_i16_c(const ns_depthwise *d, int64_t *out);
#if defined(__x86_64__)
void ns_depthwise_i16_avx2(const ns_depthwise *d, int64_t *out);
#endif

#endif
