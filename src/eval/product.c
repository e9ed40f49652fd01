#include "eval/internal.h"

static ns_code make_tiles(ns_product *product, ns_arena *arena, ns_error *error)
{
    const size_t size = ns_gemm_tiles_size(product->k, product->n, product->packed_high != NULL);
    product->tiles = NS_ARENA_ARRAY(arena, size, uint32_t);
    product->tile_room = NS_ARENA_ARRAY(arena, ns_gemm_tile_room(product->k), uint8_t);
    return product->tiles && product->tile_room ? NS_OK
                                                : ns_fail(error, NS_ERROR_MEMORY, "no memory for its tiles");
}

ns_code ns_product_new(ns_product *product, const ns_kernels *kernels, ns_tensor *out, size_t k, size_t n,
                       bool split, ns_arena *arena, ns_error *error)
{
    *product = (ns_product){.kernels = kernels, .out = out, .k = k, .n = n};
    size_t size = ns_gemm_packed_size(k, n);
    bool is_narrow = out->dtype == NS_DTYPE_INT32;
    product->packed = NS_ARENA_ARRAY(arena, size, int16_t);
    product->packed_high = split ? NS_ARENA_ARRAY(arena, size, int16_t) : NULL;
    product->narrow = is_narrow ? NS_ARENA_ARRAY(arena, NS_PRODUCT_BAND * n, int64_t) : NULL;
    if (!product->packed || (split && !product->packed_high) || (is_narrow && !product->narrow))
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu by %zu weights", k, n);
    return kernels->pack_tiles ? make_tiles(product, arena, error) : NS_OK;
}

ns_code ns_product_bias(ns_product *product, const ns_tensor *bias, ns_arena *arena, ns_error *error)
{
    size_t count = ns_tensor_count(bias);
    if (bias->dtype != product->out->dtype || (count != 1 && count != product->n))
        return ns_eval_bad_shape(bias, "the bias", error);
    product->bias = NS_ARENA_ARRAY(arena, product->n, int64_t);
    if (!product->bias)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its bias");
    for (size_t j = 0; j < product->n; j++)
        product->bias[j] = ns_tensor_get(bias, count == 1 ? 0 : j);
    return NS_OK;
}

static int64_t largest_magnitude(const int16_t *values, size_t count)
{
    int least = 0, most = 0;
    for (size_t i = 0; i < count; i++) {
        least = values[i] < least ? values[i] : least;
        most = values[i] > most ? values[i] : most;
    }
    return -least > most ? -least : most;
}

void ns_product_ready(ns_product *product, int64_t largest)
{
    size_t size = ns_gemm_packed_size(product->k, product->n);
    /* Columns that are split change with every evaluation: their type's bound will do. */
    int64_t weight = product->packed_high ? 128 : largest_magnitude(product->packed, size);
    int64_t high = product->packed_high ? 128 : 0;
    int64_t part = weight > high ? weight : high;
    if (largest < 1)
        largest = 1;
    /* `block` products of at most largest * part each stay within int32. With int16 by int8 that is
     * (2^31 - 1) / (2^15 * 2^7) = 511 steps, 510 of them in pairs. */
    int64_t block = INT32_MAX / (largest * (part ? part : 1)) / 2 * 2;
    product->block = block < 2 ? 2 : (size_t)block;
    /* |sum| <= k * largest * (256 * high + weight). No step can leave the accumulator's type when that fits,
     * nor the addition of a bias when it fits with the largest of them. */
    int64_t bias = 0;
    for (size_t j = 0; product->bias && j < product->n; j++) {
        int64_t b = product->bias[j] < 0 ? -product->bias[j] : product->bias[j];
        bias = b > bias ? b : bias;
    }
    __int128 bound = (__int128)product->k * largest * (256 * high + weight) + bias;
    product->careful = bound > ns_dtype_max(product->out->dtype);
    product->bound = bound > INT64_MAX ? INT64_MAX : (int64_t)bound;
    product->has_tiles =
        product->tiles && product->kernels->pack_tiles(product->packed, product->packed_high, product->k,
                                                       product->n, product->tiles);
}

static int64_t column_value(const ns_product *product, size_t s, size_t j)
{
    size_t at = ns_gemm_packed_index(product->k, s, j);
    return product->packed[at] + (product->packed_high ? (int64_t)product->packed_high[at] * 256 : 0);
}

/* One step at a time, as the specification has it: every partial sum must fit the accumulator. */
static ns_code careful_rows(ns_product *product, const int16_t *rows, size_t step, size_t first, size_t count,
                            ns_error *error)
{
    int64_t low = ns_dtype_min(product->out->dtype), high = ns_dtype_max(product->out->dtype);
    const char *type = ns_dtype_text(product->out->dtype);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < product->n; j++) {
            size_t at = (first + i) * product->n + j;
            int64_t sum = 0;
            char element[128];
            for (size_t s = 0; s < product->k; s++) {
                sum += rows[i * step + s] * column_value(product, s, j);
                if (sum < low || sum > high)
                    return ns_fail(error, NS_ERROR_UNPREDICTABLE,
                                   "%s: the accumulator is %lld after step %zu of %zu, outside %s",
                                   ns_eval_element(product->out, at, element, sizeof element), (long long)sum,
                                   s + 1, product->k, type);
            }
            int64_t total = sum + (product->bias ? product->bias[j] : 0);
            if (total < low || total > high)
                return ns_fail(error, NS_ERROR_UNPREDICTABLE,
                               "%s: the sum %lld with its bias is %lld, outside %s",
                               ns_eval_element(product->out, at, element, sizeof element), (long long)sum,
                               (long long)total, type);
            ns_tensor_set(product->out, at, total);
        }
    return NS_OK;
}

void ns_product_fast_rows(ns_product *product, const int16_t *rows, size_t step, size_t count, void *to)
{
    size_t n = product->n;
    int64_t *sums = product->narrow ? product->narrow : to;
    const ns_gemm_i16_call call = {.a = rows,
                                   .a_step = step,
                                   .packed = product->packed,
                                   .packed_high = product->packed_high,
                                   .tiles = product->has_tiles ? product->tiles : NULL,
                                   .tile_room = product->tile_room,
                                   .m = count,
                                   .n = n,
                                   .k = product->k,
                                   .block = product->block,
                                   .start = product->bias,
                                   .c = sums,
                                   .c_step = n,
                                   .scale = product->scale,
                                   .out = to};
    product->kernels->gemm_i16(&call);
    for (size_t i = 0; product->narrow && i < count * n; i++)
        ((int32_t *)to)[i] = (int32_t)sums[i];
}

ns_code ns_product_rows(ns_product *product, const int16_t *rows, size_t step, size_t first, size_t count,
                        ns_error *error)
{
    if (product->careful)
        return careful_rows(product, rows, step, first, count, error);
    const size_t size = (size_t)ns_dtype_bytes(product->out->dtype);
    ns_product_fast_rows(product, rows, step, count, (char *)product->out->data + first * product->n * size);
    return NS_OK;
}

ns_code ns_requantise_new(const ns_kernels *kernels, ns_step_scales *scales, size_t columns, int64_t bound,
                          ns_arena *arena, ns_requantise **out, ns_error *error)
{
    const size_t size = ns_requantise_size(columns);
    ns_requantise *q = NS_ARENA_NEW(arena, ns_requantise);
    int32_t *values = NS_ARENA_ARRAY(arena, 3 * size, int32_t);
    if (!q || !values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its scales");
    *q = (ns_requantise){kernels->requantise, values, values + size, values + 2 * size};
    scales->is_taken =
        ns_requantise_prepare(q, scales->multipliers, scales->shifts, scales->per_channel, columns, bound);
    *out = scales->is_taken ? q : NULL;
    return NS_OK;
}

ns_code ns_product_scale(ns_product *product, ns_step_scales *scales, ns_arena *arena, ns_error *error)
{
    if (!scales)
        return NS_OK;
    return ns_requantise_new(product->kernels, scales, product->n, product->bound, arena, &product->scale,
                             error);
}
