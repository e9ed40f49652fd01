#include "quant/internal.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "num/interface.h"

enum {
    BINS = NS_HISTOGRAM_BINS,
    UPSAMPLE = 16, /* HistogramObserver.upsample_rate */
    LEVELS = 65536 /* HistogramObserver.dst_nbins for int16: 2^16 */
};

/* ATen/native/Histogram.cpp, histc: an empty range is widened by 1 on both sides; HistogramKernel.cpp: the
 * bin is (x - left) * bins / (right - left) in float32, cut to an integer; the last bin has its right end. */
void ns_histogram_count(const float *values, size_t count, float min, float max, float *histogram)
{
    float left = min, right = max;
    if (left == right) {
        left = (float)((double)min - 1);
        right = (float)((double)max + 1);
    }
    float range = right - left;
    for (size_t i = 0; i < count; i++) {
        if (!(values[i] >= left && values[i] <= right))
            continue;
        /* A NaN (0 / 0 where 1 is lost against the value, or a range beyond float32) counts in bin 0, which
         * is where PyTorch's conversion to an integer puts it on x86. */
        float bin = (values[i] - left) * (float)BINS / range;
        histogram[bin >= BINS ? BINS - 1 : bin > 0 ? (int)bin : 0] += 1;
    }
}

/* Element `i` of torch.linspace(first, last, steps) in float32: from the nearer end. */
static float linspace(float first, float last, int steps, int i)
{
    float step = (last - first) / (float)(steps - 1);
    return i < steps / 2 ? first + step * (float)i : last - step * (float)(steps - i - 1);
}

/* HistogramObserver._combine_histograms: every old bin is split into 16 parts, each of which goes where its
 * middle lies. A histogram of one value goes into one bin. */
void ns_histogram_rescale(float *histogram, float old_min, float old_max, float min, float max)
{
    float old[BINS];
    memcpy(old, histogram, sizeof old);
    memset(histogram, 0, sizeof old);
    if (old_min == old_max) {
        float total = 0;
        for (int i = 0; i < BINS; i++)
            total += old[i];
        ns_histogram_count(&old_min, 1, min, max, histogram);
        for (int i = 0; i < BINS; i++)
            histogram[i] *= total;
        return;
    }
    float half = 0.5f * ((old_max - old_min) / (float)(BINS * UPSAMPLE));
    int bucket = 0; /* the middles ascend, and so do their buckets */
    for (int i = 0; i < BINS * UPSAMPLE; i++) {
        float middle = linspace(old_min, old_max, BINS * UPSAMPLE + 1, i) + half;
        while (bucket < BINS - 1 && linspace(min, max, BINS + 1, bucket + 1) <= middle)
            bucket++;
        histogram[bucket] += old[i / UPSAMPLE] / UPSAMPLE;
    }
}

static float cube(float x)
{
    return x * x * x;
}

/* floor(a / b) clamped to [0, LEVELS - 1]. torch.div(rounding_mode="floor") gives the exact floor for
 * quotients of this size; so does a double quotient: a - k * b is a multiple of b's last place, so a / b is
 * an integer or at least 2^-24 away from one, against an error of 2^-53 * 2^17. */
static float level_of(float a, float b)
{
    double level = floor((double)a / (double)b);
    return level < 0 ? 0 : level > LEVELS - 1 ? LEVELS - 1 : (float)level;
}

/* HistogramObserver._compute_quantization_error: the L2 error when bins start to end are spread over LEVELS
 * levels, values taken as evenly spread inside a bin. Each line is one or more whole-tensor operations of
 * the original, so each rounds to float32 where they do. */
static float quantisation_error(const float *histogram, float min, float max, int start, int end)
{
    double bin_width = ((double)max - (double)min) / BINS;
    double level_width = bin_width * (double)(end - start + 1) / LEVELS;
    if (level_width == 0)
        return 0;
    float bin = (float)bin_width, level = (float)level_width, half = (float)(level_width / 2);
    float inside = (cube(half) - cube(-half)) / 3;
    float errors[BINS];
    for (int i = 0; i < BINS; i++) {
        errors[i] = 0;
        if (histogram[i] == 0)
            continue;
        float density = histogram[i] / bin;
        float begin_at = (float)(i - start) * bin, end_at = begin_at + bin;
        float begin_level = level_of(begin_at, level), end_level = level_of(end_at, level);
        float from = begin_at - (begin_level + 0.5f) * level;
        errors[i] += density * ((cube(half) - cube(from)) / 3);
        errors[i] += (end_level - begin_level - 1) * (density * inside);
        float to = end_at - (end_level * level + half);
        errors[i] += density * ((cube(to) - cube(-half)) / 3);
    }
    return ns_float32_sum(errors, BINS);
}

/* HistogramObserver._non_linear_param_search: shrink the quantile range [alpha, beta] by 1e-5 at a time from
 * the side that skips more bins, until the error grows. Comparisons of a float32 tensor with a Python float
 * take place in float32. */
void ns_histogram_search(const float *histogram, float min, float max, int *start, int *end)
{
    float cumulative[BINS];
    double running = 0; /* torch.cumsum adds float32 in double */
    for (int i = 0; i < BINS; i++) {
        running += (double)histogram[i];
        cumulative[i] = (float)running;
    }
    double total = (double)ns_float32_sum(histogram, BINS);
    const double step = 1e-5;
    double alpha = 0, beta = 1;
    float smallest = INFINITY;
    *start = 0;
    *end = BINS - 1;
    while (alpha < beta) {
        double next_alpha = alpha + step, next_beta = beta - step;
        float low = (float)(next_alpha * total), high = (float)(next_beta * total);
        int l = *start, r = *end;
        while (l < *end && cumulative[l] < low)
            l++;
        while (r > *start && cumulative[r] > high)
            r--;
        int next_start = *start, next_end = *end;
        if (l - *start > *end - r) {
            next_start = l;
            alpha = next_alpha;
        } else {
            next_end = r;
            beta = next_beta;
        }
        if (next_start == *start && next_end == *end)
            continue;
        float error = quantisation_error(histogram, min, max, next_start, next_end);
        if (error > smallest)
            break;
        smallest = error;
        *start = next_start;
        *end = next_end;
    }
}
