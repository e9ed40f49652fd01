/* Search: for tests, which plant what is to be found. */
#ifndef NS_SWEEP_SEARCH_H
#define NS_SWEEP_SEARCH_H

#include "npuscope/search.h"

/* A NULL member does nothing. */
typedef struct ns_search_hooks {
    void *context;
    /* After the evaluator; may change the result. */
    void (*evaluated)(void *context, const ns_tensor *inputs, ns_tensor *output);
} ns_search_hooks;

/* ns_search_run with hooks. */
ns_code ns_search_run_hooked(const ns_search_options *options, const ns_search_hooks *hooks, ns_arena *arena,
                             ns_search_result **out, ns_error *error);

#endif
