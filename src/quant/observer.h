/* The observers of PyTorch's post-training quantisation, as torchao 0.18 computes them
 * (torchao/quantization/pt2e/observer.py), in the same float32 operations. */
#ifndef NS_QUANT_OBSERVER_H
#define NS_QUANT_OBSERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "npuscope/arena.h"
#include "npuscope/status.h"
#include "quant/histogram.h"

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
