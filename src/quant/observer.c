#include "quant/internal.h"

#include <math.h>
#include <string.h>

float ns_symmetric_scale(float low, float high, float qmax, float epsilon)
{
    float negative = low < 0 ? low : 0, positive = high > 0 ? high : 0;
    float magnitude = -negative > positive ? -negative : positive;
    float scale = magnitude / qmax;
    return scale > epsilon ? scale : epsilon;
}

void ns_min_max_scales(const float *values, size_t channels, size_t per_channel, float qmax, float epsilon,
                       float *scales)
{
    for (size_t c = 0; c < channels; c++, values += per_channel) {
        float low = INFINITY, high = -INFINITY;
        for (size_t i = 0; i < per_channel; i++) {
            low = fminf(low, values[i]);
            high = fmaxf(high, values[i]);
        }
        scales[c] = ns_symmetric_scale(low, high, qmax, epsilon);
    }
}

ns_code ns_histogram_new(ns_arena *arena, ns_histogram_observer *out, ns_error *error)
{
    *out = (ns_histogram_observer){.histogram = NS_ARENA_ARRAY(arena, NS_HISTOGRAM_BINS, float)};
    if (!out->histogram)
        return ns_fail(error, NS_ERROR_MEMORY, "out of memory for a histogram");
    return NS_OK;
}

ns_code ns_histogram_observe(ns_histogram_observer *observer, const float *values, size_t count,
                             ns_error *error)
{
    float low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (isnan(values[i]))
            return ns_fail(error, NS_ERROR_INPUT, "a NaN at element %zu has no place in a histogram", i);
        if (isinf(values[i]))
            continue;
        low = values[i] < low ? values[i] : low;
        high = values[i] > high ? values[i] : high;
    }
    if (low > high)
        return NS_OK; /* nothing finite */
    if (!observer->initialised) {
        observer->initialised = true;
        observer->min = low;
        observer->max = high;
        ns_histogram_count(values, count, low, high, observer->histogram);
        return NS_OK;
    }
    low = observer->min < low ? observer->min : low;
    high = observer->max > high ? observer->max : high;
    if (low != observer->min || high != observer->max)
        ns_histogram_rescale(observer->histogram, observer->min, observer->max, low, high);
    observer->min = low;
    observer->max = high;
    ns_histogram_count(values, count, low, high, observer->histogram);
    return NS_OK;
}

bool ns_histogram_range(const ns_histogram_observer *observer, float *low, float *high)
{
    if (!observer->initialised)
        return false;
    int start = 0, end = NS_HISTOGRAM_BINS - 1;
    float width = (observer->max - observer->min) / NS_HISTOGRAM_BINS;
    /* Without a width every choice of bins is the same range. */
    if (width > 0)
        ns_histogram_search(observer->histogram, observer->min, observer->max, &start, &end);
    *low = observer->min + width * (float)start;
    *high = observer->min + width * (float)(end + 1);
    return true;
}
