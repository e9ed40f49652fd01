/* Tests that compile with Vela: they find it and share an empty cache folder. Test programs that include this
 * are skipped (exit code 77) where Vela is not installed (scripts/install-vela installs it into build/venv).
 */
#ifndef NS_TESTS_WITH_VELA_H
#define NS_TESTS_WITH_VELA_H

#include <stdio.h>
#include <stdlib.h>

#include "npuscope/vela.h"
#include "support/test.h"

static ns_vela vela;
static ns_arena *arena;
static char cache[] = "/tmp/npuscope-test-XXXXXX";

/* Runs the group of tests and removes the cache. Returns what main returns. */
static int with_vela(int (*run_group)(void))
{
    ns_error error = {0};
    ns_vela_cache_info info;
    arena = ns_arena_new();
    if (ns_vela_find(NULL, arena, &vela, &error) != NS_OK) {
        printf("%s\n", error.message);
        return 77;
    }
    if (!mkdtemp(cache))
        return 1;
    int failed = run_group();
    failed += ns_vela_cache_clear(cache, &info, &error) != NS_OK || remove(cache) != 0;
    ns_arena_free(arena);
    return failed;
}

#endif
