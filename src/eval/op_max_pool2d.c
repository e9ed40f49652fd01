/* output[n, oy, ox, c] = the largest input in the window; padding does not count. */
#include "eval/internal.h"

static ns_code largest(const ns_pool_window *window, size_t at, void *context, int64_t *result,
                       ns_error *error)
{
    (void)at, (void)context, (void)error;
    int64_t best = ns_pool_get(window, 0, 0);
    for (int64_t y = 0; y < window->rows; y++)
        for (int64_t x = 0; x < window->columns; x++) {
            const int64_t value = ns_pool_get(window, y, x);
            best = value > best ? value : best;
        }
    *result = best;
    return NS_OK;
}

ns_code ns_eval_max_pool2d(ns_eval_call *call, ns_error *error)
{
    ns_pool pool;
    NS_TRY(ns_pool_read(call, &pool, error));
    return ns_pool_run(call, &pool, largest, NULL, error);
}
