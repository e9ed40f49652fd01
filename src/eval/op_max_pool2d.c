/* output[n, oy, ox, c] = the largest input in the window; padding does not count. */
#include "eval/pool.h"

ns_code ns_eval_max_pool2d(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 1, 1, 1, error));
    const ns_tensor *in = call->inputs[0];
    ns_pool pool;
    NS_TRY(ns_pool_read(call, &pool, error));
    size_t at = 0;
    int bytes = ns_dtype_bytes(in->dtype);
    for (int64_t n = 0; n < pool.batches; n++)
        for (int64_t oy = 0; oy < pool.out[0]; oy++)
            for (int64_t ox = 0; ox < pool.out[1]; ox++)
                for (size_t c = 0; c < pool.channels; c++, at++) {
                    int64_t y0, y1, x0, x1, best = ns_dtype_min(in->dtype);
                    ns_pool_window(&pool, 0, oy, &y0, &y1);
                    ns_pool_window(&pool, 1, ox, &x0, &x1);
                    for (int64_t y = y0; y < y1; y++)
                        for (int64_t x = x0; x < x1; x++) {
                            size_t position = (size_t)((n * pool.in[0] + y) * pool.in[1] + x);
                            int64_t value = ns_eval_get(in->data, bytes, position * pool.channels + c);
                            best = value > best ? value : best;
                        }
                    ns_eval_set(call->outputs[0]->data, bytes, at, best);
                }
    return NS_OK;
}
