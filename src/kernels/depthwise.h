/* Depthwise: sums over taps, channel by channel. */
#ifndef NS_KERNELS_DEPTHWISE_H
#define NS_KERNELS_DEPTHWISE_H

#include <stddef.h>
#include <stdint.h>

/* out[i] = start[i] + sum over t < taps of in[t][i] * weights[t][i], for i < count. Sums are kept in 32 bits
 * for `block` (>= 1) taps, which the caller has shown to fit, and then added to 64 bits. start NULL: zeros.
 */
typedef void (*ns_depthwise_i16)(const int16_t *const *in, const int16_t *const *weights, size_t taps,
                                 size_t block, const int64_t *start, int64_t *out, size_t count);

void ns_depthwise_i16_c(const int16_t *const *in, const int16_t *const *weights, size_t taps, size_t block,
                        const int64_t *start, int64_t *out, size_t count);
#if defined(__x86_64__)
void ns_depthwise_i16_avx2(const int16_t *const *in, const int16_t *const *weights, size_t taps, size_t block,
                           const int64_t *start, int64_t *out, size_t count);
void ns_depthwise_i16_avx512(const int16_t *const *in, const int16_t *const *weights, size_t taps,
                             size_t block, const int64_t *start, int64_t *out, size_t count);
#endif

#endif
