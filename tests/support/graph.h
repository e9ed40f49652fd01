/* Graphs of test data, for the tests of every room that takes one. */
#ifndef NS_TESTS_GRAPH_H
#define NS_TESTS_GRAPH_H

#include "npuscope/graph.h"
#include "support/data.h"
#include "support/test.h"

/* The bytes of test data file `name` (support/data.h) in `arena`. */
static inline ns_bytes test_read_file(ns_arena *arena, const char *name)
{
    ns_error error;
    ns_bytes bytes = {0};
    ASSERT_OK(test_data_read(name, arena, &bytes, &error));
    return bytes;
}

/* The graph of test data file `name`; the caller frees it. */
static inline ns_graph *test_read_graph(const char *name)
{
    ns_arena *arena = ns_arena_new();
    ns_error error;
    ns_graph *graph = NULL;
    const ns_bytes bytes = test_read_file(arena, name);
    ASSERT_OK(ns_graph_read(bytes.data, bytes.size, &graph, &error));
    ns_arena_free(arena);
    return graph;
}

/* Calls `check` with "captured/<case>/delegate0.tosa" for each captured case; returns how many. */
static inline int test_each_captured(void (*check)(const char *name))
{
    char path[1024];
    int count = 0;
    ns_error error;
    const char *const *names = NULL;
    ns_arena *arena = ns_arena_new();
    ASSERT_OK(test_data_list("captured", arena, &names, &count, &error));
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "captured/%s/delegate0.tosa", names[i]);
        check(path);
    }
    ns_arena_free(arena);
    return count;
}

#endif
