#include "tosa/internal.h"

#include <stdlib.h>
#include <string.h>

#include "npuscope/graph.h"

static int compare(const void *a, const void *b)
{
    return strcmp(((const ns_name *)a)->text, ((const ns_name *)b)->text);
}

ns_code ns_names_make(const ns_block *block, ns_arena *arena, ns_names *names, ns_error *error)
{
    *names = (ns_names){block->tensor_count, NS_ARENA_ARRAY(arena, (size_t)block->tensor_count, ns_name)};
    if (!names->sorted)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d names", names->count);
    for (int i = 0; i < names->count; i++)
        names->sorted[i] = (ns_name){block->tensors[i].name, i};
    qsort(names->sorted, (size_t)names->count, sizeof *names->sorted, compare);
    for (int i = 1; i < names->count; i++)
        if (!strcmp(names->sorted[i - 1].text, names->sorted[i].text))
            return ns_fail(error, NS_ERROR_INPUT, "two tensors have the name \"%s\": each needs its own",
                           names->sorted[i].text);
    return NS_OK;
}

int ns_names_find(const ns_names *names, ns_bytes name)
{
    int low = 0, high = names->count;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        const char *text = names->sorted[middle].text;
        int order = strncmp(text, (const char *)name.data, name.size);
        if (!order)
            order = text[name.size] != 0;
        if (!order)
            return names->sorted[middle].index;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

/* Tried with tosa_reference_model of tosa-tools 2026.5.0: of several regions with the name it takes the
 * first, of several blocks in the region the first, whatever they are called; a block's own name finds
 * nothing. */
const ns_block *ns_graph_find_block(const ns_graph *graph, const char *name)
{
    for (int i = 0; name && i < graph->region_count; i++) {
        const ns_region *region = &graph->regions[i];
        if (region->name && strcmp(region->name, name) == 0)
            return region->block_count > 0 ? &region->blocks[0] : NULL;
    }
    return NULL;
}
