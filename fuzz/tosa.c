/* Fuzz target: a .tosa file is read, validated, printed and written; what was written is read again. */
#include <stdint.h>
#include <stdlib.h>

#include "npuscope/graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ns_error error;
    ns_graph *graph = NULL;
    if (ns_graph_read(data, size, &graph, &error) != NS_OK)
        return 0;
    ns_arena *arena = ns_arena_new();
    const char *text = NULL;
    const void *written = NULL;
    size_t written_size = 0;
    ns_graph_validate(graph, &error);
    if (!arena || ns_graph_print_text(graph, arena, &text, &error) != NS_OK ||
        ns_graph_print_json(graph, arena, &text, &error) != NS_OK)
        abort();
    const ns_code code = ns_graph_write(graph, arena, &written, &written_size, &error);
    ns_graph_free(graph);
    if (code != NS_OK || ns_graph_read(written, written_size, &graph, &error) != NS_OK)
        abort();
    ns_graph_free(graph);
    ns_arena_free(arena);
    return 0;
}
