/* Histograms in PyTorch's float32 arithmetic: counting, a change of range, and the search for a range. */
#ifndef NS_QUANT_HISTOGRAM_H
#define NS_QUANT_HISTOGRAM_H

#include <stddef.h>

#define NS_HISTOGRAM_BINS 2048

/* Adds the counts of torch.histc(values, NS_HISTOGRAM_BINS, min, max) to `histogram`. Values outside the
 * range (infinities among them) are not counted. */
void ns_histogram_count(const float *values, size_t count, float min, float max, float *histogram);

/* Maps a histogram over [old_min, old_max] to [min, max], which contains it. */
void ns_histogram_rescale(float *histogram, float old_min, float old_max, float min, float max);

/* First and last bin of the range that keeps the L2 error of a 16-bit quantisation small. max > min. */
void ns_histogram_search(const float *histogram, float min, float max, int *start, int *end);

#endif
