/* output[n, h, w] = sum over c of (A[n, h, c] - A_zp) * (B[n, c, w] - B_zp). */
#include "eval/internal.h"

/* Row `row` of A as int16 less its zero point. */
static void load_row(const ns_tensor *a, size_t row, size_t c, int64_t zero, int16_t *out)
{
    if (a->dtype == NS_DTYPE_INT8)
        for (size_t i = 0; i < c; i++)
            out[i] = (int16_t)(((const int8_t *)a->data)[row * c + i] - zero);
    else
        for (size_t i = 0; i < c; i++)
            out[i] = ((const int16_t *)a->data)[row * c + i];
}

ns_code ns_eval_matmul(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 4, 4, 1, error));
    const ns_tensor *a = call->inputs[0], *b = call->inputs[1];
    ns_tensor *out = call->outputs[0];
    bool is_wide = a->dtype == NS_DTYPE_INT16;
    if (a->dtype != NS_DTYPE_INT8 && !is_wide)
        return ns_eval_unsupported_type(a, error);
    if (b->dtype != a->dtype || b->rank != 3 || a->rank != 3 || b->shape[0] != a->shape[0] ||
        b->shape[1] != a->shape[2])
        return ns_eval_bad_shape(b, "B", error);
    if (out->dtype != (is_wide ? NS_DTYPE_INT48 : NS_DTYPE_INT32) || out->rank != 3 ||
        out->shape[0] != a->shape[0] || out->shape[1] != a->shape[1] || out->shape[2] != b->shape[2])
        return ns_eval_bad_shape(out, "the output", error);
    int64_t a_zero = 0, b_zero = 0;
    NS_TRY(ns_eval_scalar(call->inputs[2], "A's zero point", &a_zero, error));
    NS_TRY(ns_eval_scalar(call->inputs[3], "B's zero point", &b_zero, error));
    if (is_wide && (a_zero || b_zero))
        return ns_fail(error, NS_ERROR_INPUT, "only int8 has zero points");

    size_t batches = (size_t)a->shape[0], h = (size_t)a->shape[1], c = (size_t)a->shape[2];
    size_t w = (size_t)b->shape[2], step = ns_product_row_size(c);
    ns_product product;
    NS_TRY(ns_product_new(&product, call->kernels, out, c, w, is_wide, call->scratch, error));
    int16_t *rows = NS_ARENA_ARRAY(call->scratch, NS_PRODUCT_BAND * step, int16_t);
    if (!rows)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its rows");
    for (size_t n = 0; n < batches; n++) {
        if (is_wide)
            ns_gemm_pack_split_i16((const int16_t *)b->data + n * c * w, c, w, product.packed,
                                   product.packed_high);
        else
            for (size_t i = 0; i < c * w; i++)
                product.packed[ns_gemm_packed_index(c, i / w, i % w)] =
                    (int16_t)(((const int8_t *)b->data)[n * c * w + i] - b_zero);
        ns_product_ready(&product, is_wide ? 32768 : 255);
        for (size_t i = 0; i < h; i += NS_PRODUCT_BAND) {
            size_t count = h - i < NS_PRODUCT_BAND ? h - i : NS_PRODUCT_BAND;
            for (size_t r = 0; r < count; r++)
                load_row(a, n * h + i + r, c, a_zero, rows + r * step);
            NS_TRY(ns_budget_check_time(call->budget, error));
            NS_TRY(ns_product_rows(&product, rows, step, n * h + i, count, error));
        }
    }
    return NS_OK;
}
