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

ns_conformance ns_conformance_compare(const ns_corpus *corpus, const ns_corpus_graph *graph, int index,
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
    int64_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t distance = element(got, i, item_size) - element(expected.data, i, item_size);
        distance = distance < 0 ? -distance : distance;
        if (distance == 0)
            continue;
        if (different++ == 0)
            first = i;
        largest = distance > largest ? distance : largest;
    }
    if (different == 0)
        return NS_CONFORMANCE_EQUAL;
    snprintf(message, NS_CONFORMANCE_MESSAGE,
             "output %d: %zu of %zu elements differ, by at most %lld; element %zu is %lld, expected %lld",
             index, different, count, (long long)largest, first, (long long)element(got, first, item_size),
             (long long)element(expected.data, first, item_size));
    return graph->inexact && largest == 1 ? NS_CONFORMANCE_OFF_ONE : NS_CONFORMANCE_DIFFERS;
}
