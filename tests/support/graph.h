/* Graphs of test data, for the tests of every room that takes one. */
#ifndef NS_TESTS_GRAPH_H
#define NS_TESTS_GRAPH_H

#include <dirent.h>

#include "base/file.h"
#include "npuscope/graph.h"
#include "support/test.h"

/* The bytes of tests/data/<name> in `arena`. */
static inline ns_bytes test_read_file(ns_arena *arena, const char *name)
{
    char path[1024];
    ns_error error;
    ns_bytes bytes = {0};
    ASSERT_OK(ns_file_read(test_data(path, sizeof path, name), arena, &bytes, &error));
    return bytes;
}

/* The graph of tests/data/<name>; the caller frees it. */
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
    DIR *folder = opendir(test_data(path, sizeof path, "captured"));
    assert_non_null(folder);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "captured/%s/delegate0.tosa", entry->d_name);
        check(path);
        count++;
    }
    closedir(folder);
    return count;
}

#endif
