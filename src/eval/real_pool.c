/* AVG_POOL2D and MAX_POOL2D: padding does not count. */
#include "eval/internal.h"
#include "eval/real.h"

static double pool_window(const ns_tensor *in, const ns_pool_window *window, bool is_max, unsigned nan_mode)
{
    double result = is_max ? ns_real_get(in, window->first) : 0;
    for (int64_t y = 0; y < window->rows; y++)
        for (int64_t x = 0; x < window->columns; x++) {
            const double value =
                ns_real_get(in, window->first + (size_t)y * window->row + (size_t)x * window->column);
            result = is_max ? ns_real_extreme(result, value, 1, nan_mode) : result + value;
        }
    return is_max ? result : result / (double)(window->rows * window->columns);
}

ns_code ns_real_pool(ns_eval_call *call, ns_error *error)
{
    const bool is_max = call->node->op == NS_OP_MAX_POOL2D || call->node->op == NS_OP_MAX_POOL2D_ADAPTIVE;
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
    ns_pool pool;
    NS_TRY(ns_eval_expect_operands(call, is_max ? 1 : 3, 6, 1, error));
    NS_TRY(ns_pool_read(call, &pool, error));
    for (int i = 1; i < 3 && !is_max; i++)
        NS_TRY(ns_real_zero_point(call->inputs[i], error));
    for (size_t p = 0; p < ns_pool_positions(&pool); p++) {
        NS_TRY(ns_budget_check_time(call->budget, error));
        ns_pool_window window = ns_pool_window_at(&pool, in, p);
        for (size_t c = 0; c < pool.channels; c++, window.first++)
            ns_real_set(out, p * pool.channels + c,
                        pool_window(in, &window, is_max, call->attributes->nan_mode));
    }
    return NS_OK;
}
