/* The loops of depthwise.h for one instruction set: the file that includes this names the function in NAME,
 * and in LANES the 32-bit sums of one vector. */
#include <string.h>

typedef int16_t narrow __attribute__((vector_size(2 * LANES)));
typedef int32_t wide __attribute__((vector_size(4 * LANES)));

/* Channels whose sums stay in registers while the taps go by: four vectors. */
#define CHANNELS (4 * LANES)

static void four_vectors(const int16_t *const *in, const int16_t *const *weights, size_t taps, size_t block,
                         const int64_t *start, int64_t *out, size_t first)
{
    for (size_t t = 0; t < taps || t == 0; t += block) {
        size_t last = t + block < taps ? t + block : taps;
        wide sums[4] = {0};
        for (size_t k = t; k < last; k++)
#pragma GCC unroll 4
            for (int v = 0; v < 4; v++) {
                narrow x, w;
                memcpy(&x, in[k] + first + v * LANES, sizeof x);
                memcpy(&w, weights[k] + first + v * LANES, sizeof w);
                sums[v] += __builtin_convertvector(x, wide) * __builtin_convertvector(w, wide);
            }
        int32_t flat[CHANNELS];
        memcpy(flat, sums, sizeof flat);
        const int64_t *from = t ? out + first : start ? start + first : NULL;
        for (int i = 0; i < CHANNELS; i++)
            out[first + (size_t)i] = flat[i] + (from ? from[i] : 0);
    }
}

void NAME(const int16_t *const *in, const int16_t *const *weights, size_t taps, size_t block,
          const int64_t *start, int64_t *out, size_t count)
{
    size_t i = 0;
    for (; i + CHANNELS <= count; i += CHANNELS)
        four_vectors(in, weights, taps, block, start, out, i);
    for (; i < count; i++) {
        int64_t sum = start ? start[i] : 0;
        for (size_t t = 0; t < taps; t++)
            sum += (int32_t)in[t][i] * weights[t][i];
        out[i] = sum;
    }
}
