#include "support/conformance.h"

#include <string.h>

static int64_t element(const void *data, size_t index, size_t item_size)
{
    switch (item_size) {
    case 1:
        return ((const int8_t *)data)[index];
    case 2:
        return ((const int16_t *)data)[index];
    case 4:
        return ((const int32_t *)data)[index];
    default:
        return ((const int64_t *)data)[index];
    }
}

/* Whether the reference model's single precision explains a difference of INEXACT_ROUND: one after a clip to
 * 8 or 16 bits, and of a larger value the last of its 24 bits. */
static bool within_single_precision(int64_t distance, int64_t expected)
{
    int64_t last_bit = (expected < 0 ? -expected : expected) >> 23;
    return distance <= (last_bit > 1 ? last_bit : 1);
}

ns_conformance ns_conformance_compare(ns_corpus *corpus, const ns_corpus_graph *graph, int index,
                                      const void *got, size_t count, size_t item_size, ns_arena *arena,
                                      char message[NS_CONFORMANCE_MESSAGE])
{
    ns_npy expected;
    ns_error error;
    if (ns_corpus_array(corpus, graph, "out", index, arena, &expected, &error) != NS_OK) {
        snprintf(message, NS_CONFORMANCE_MESSAGE, "%s", error.message);
        return NS_CONFORMANCE_FAILED;
    }
    if (count != expected.count || item_size != expected.item_size) {
        snprintf(message, NS_CONFORMANCE_MESSAGE, "output %d: %zu elements of %zu bytes, expected %zu of %zu",
                 index, count, item_size, expected.count, expected.item_size);
        return NS_CONFORMANCE_DIFFERS;
    }
    size_t different = 0, first = 0;
    bool inexact = graph->inexact;
    int64_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t distance = element(got, i, item_size) - element(expected.data, i, item_size);
        distance = distance < 0 ? -distance : distance;
        if (distance == 0)
            continue;
        if (different++ == 0)
            first = i;
        largest = distance > largest ? distance : largest;
        inexact = inexact && within_single_precision(distance, element(expected.data, i, item_size));
    }
    if (different == 0)
        return NS_CONFORMANCE_EQUAL;
    snprintf(message, NS_CONFORMANCE_MESSAGE,
             "output %d: %zu of %zu elements differ, by at most %lld; element %zu is %lld, expected %lld",
             index, different, count, (long long)largest, first, (long long)element(got, first, item_size),
             (long long)element(expected.data, first, item_size));
    return inexact ? NS_CONFORMANCE_INEXACT : NS_CONFORMANCE_DIFFERS;
}
