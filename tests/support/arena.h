/* One arena for each test of a file: cmocka_unit_test_setup_teardown(test, set_up, tear_down). */
#ifndef NS_TESTS_ARENA_H
#define NS_TESTS_ARENA_H

#include "npuscope/arena.h"

static ns_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = ns_arena_new();
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ns_arena_free(arena);
    return 0;
}

#endif
