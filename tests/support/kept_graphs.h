/* Graphs that stay until a test's end, for results whose names are the graph's; with support/arena.h:
 * cmocka_unit_test_setup_teardown(test, set_up, tear_down_graphs). */
#ifndef NS_TESTS_KEPT_GRAPHS_H
#define NS_TESTS_KEPT_GRAPHS_H

#include "npuscope/graph.h"
#include "support/arena.h"
#include "support/test.h"

static ns_graph *kept_graphs[32];
static int kept_count;

static ns_graph *keep(ns_graph *graph)
{
    assert_in_range(kept_count, 0, sizeof kept_graphs / sizeof kept_graphs[0] - 1);
    kept_graphs[kept_count++] = graph;
    return graph;
}

static int tear_down_graphs(void **state)
{
    while (kept_count)
        ns_graph_free(kept_graphs[--kept_count]);
    return tear_down(state);
}

#endif
