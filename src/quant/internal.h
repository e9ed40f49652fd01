/* What the files of quant give each other. */
#ifndef NS_QUANT_INTERNAL_H
#define NS_QUANT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "npuscope/arena.h"
#include "npuscope/status.h"

/* ---- histogram.c ---- */

/* Histograms in PyTorch's float32 arithmetic: counting, a change of range, and the search for a range. */

#define NS_HISTOGRAM_BINS 2048

/* Adds the counts of torch.histc(values, NS_HISTOGRAM_BINS, min, max) to `histogram`. Values outside the
 * range (infinities among them) are not counted. */
void ns_histogram_count(const float *values, size_t count, float min, float max, float *histogram);

/* Maps a histogram over [old_min, old_max] to [min, max], which contains it. */
void ns_histogram_rescale(float *histogram, float old_min, float old_max, float min, float max);

/* First and last bin of the range that keeps the L2 error of a 16-bit quantisation small. max > min. */
void ns_histogram_search(const float *histogram, float min, float max, int *start, int *end);

/* ---- observer.c ---- */

/* The observers of PyTorch's post-training quantisation, as torchao 0.18 computes them
 * (torchao/quantization/pt2e/observer.py), in the same float32 operations. */

/* HistogramObserver: a histogram over [min, max] of all that was observed. */
typedef struct ns_histogram_observer {
    bool initialised;
    float min, max;
    float *histogram; /* NS_HISTOGRAM_BINS counts (fractions after a change of range) */
} ns_histogram_observer;

ns_code ns_histogram_new(ns_arena *arena, ns_histogram_observer *out, ns_error *error);

/* Adds `count` values. Infinities are left out, as torchao leaves them out; NS_ERROR_INPUT for a NaN. */
ns_code ns_histogram_observe(ns_histogram_observer *observer, const float *values, size_t count,
                             ns_error *error);

/* The range that the search for the smallest L2 quantisation error chooses; false when nothing was observed.
 */
bool ns_histogram_range(const ns_histogram_observer *observer, float *low, float *high);

/* Scale of a symmetric range: max(|low|, |high|, 0) / qmax, at least epsilon. Ranges are [-qmax, qmax]. */
float ns_symmetric_scale(float low, float high, float qmax, float epsilon);

/* MinMaxObserver and PerChannelMinMaxObserver along axis 0: one scale for each of `channels` runs of
 * `per_channel` values. */
void ns_min_max_scales(const float *values, size_t channels, size_t per_channel, float qmax, float epsilon,
                       float *scales);

#endif
