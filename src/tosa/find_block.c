#include <string.h>

#include "npuscope/graph.h"

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
