/* output[n, h, w] = sum over c of (A[n, h, c] - A_zp) * (B[n, c, w] - B_zp). */
#include "eval/internal.h"

typedef struct matmul {
    size_t batches, h, c, w;
    bool is_wide; /* int16, else int8 */
    int64_t a_zero, b_zero;
    ns_product product;
    int16_t *rows; /* room for a band of A */
    size_t batch;  /* whose B is packed; SIZE_MAX: none */
} matmul;

/* Checks the operands and makes room. */
static ns_code read_matmul(const ns_eval_call *call, matmul *m, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 4, 4, 1, error));
    const ns_tensor *a = call->inputs[0], *b = call->inputs[1];
    ns_tensor *out = call->outputs[0];
    *m = (matmul){.is_wide = a->dtype == NS_DTYPE_INT16, .batch = SIZE_MAX};
    if (a->dtype != NS_DTYPE_INT8 && !m->is_wide)
        return ns_eval_unsupported_type(a, error);
    if (b->dtype != a->dtype || b->rank != 3 || a->rank != 3 || b->shape[0] != a->shape[0] ||
        b->shape[1] != a->shape[2])
        return ns_eval_bad_shape(b, "B", error);
    if (out->dtype != (m->is_wide ? NS_DTYPE_INT48 : NS_DTYPE_INT32) || out->rank != 3 ||
        out->shape[0] != a->shape[0] || out->shape[1] != a->shape[1] || out->shape[2] != b->shape[2])
        return ns_eval_bad_shape(out, "the output", error);
    NS_TRY(ns_eval_scalar(call->inputs[2], "A's zero point", &m->a_zero, error));
    NS_TRY(ns_eval_scalar(call->inputs[3], "B's zero point", &m->b_zero, error));
    if (m->is_wide && (m->a_zero || m->b_zero))
        return ns_fail(error, NS_ERROR_INPUT, "only int8 has zero points");
    m->batches = (size_t)a->shape[0];
    m->h = (size_t)a->shape[1];
    m->c = (size_t)a->shape[2];
    m->w = (size_t)b->shape[2];
    NS_TRY(ns_product_new(&m->product, call->kernels, out, m->c, m->w, m->is_wide, call->scratch, error));
    m->rows = NS_ARENA_ARRAY(call->scratch, NS_PRODUCT_BAND * ns_product_row_size(m->c), int16_t);
    return m->rows ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for its rows");
}

/* B of one batch as the right-hand side. */
static void pack(matmul *m, const void *b, size_t batch)
{
    const size_t first = batch * m->c * m->w;
    ns_product *p = &m->product;
    if (m->is_wide)
        p->kernels->pack_split((const int16_t *)b + first, m->c, m->w, p->packed, p->packed_high);
    else
        for (size_t i = 0; i < m->c * m->w; i++)
            p->packed[ns_gemm_packed_index(m->c, i / m->w, i % m->w)] =
                (int16_t)(((const int8_t *)b)[first + i] - m->b_zero);
    ns_product_ready(p, m->is_wide ? 32768 : 255);
    m->batch = batch;
}

/* Rows first .. first + count - 1 of A as int16 less its zero point: in room of their own, or where they are.
 */
static const int16_t *load_rows(const matmul *m, const void *a, size_t first, size_t count)
{
    const size_t c = m->c, step = ns_product_row_size(c);
    if (m->is_wide && c == step)
        return (const int16_t *)a + first * c;
    for (size_t r = 0; r < count; r++)
        for (size_t i = 0; i < c; i++)
            m->rows[r * step + i] = m->is_wide
                                        ? ((const int16_t *)a)[(first + r) * c + i]
                                        : (int16_t)(((const int8_t *)a)[(first + r) * c + i] - m->a_zero);
    return m->rows;
}

/* How many of `left` rows from `first` on run together: of one batch. */
static size_t band_of(const matmul *m, size_t first, size_t left)
{
    const size_t of_batch = m->h - first % m->h, most = left < of_batch ? left : of_batch;
    return most < NS_PRODUCT_BAND ? most : NS_PRODUCT_BAND;
}

ns_code ns_eval_matmul(ns_eval_call *call, ns_error *error)
{
    matmul m;
    NS_TRY(read_matmul(call, &m, error));
    for (size_t first = 0, count; first < m.batches * m.h; first += count) {
        count = band_of(&m, first, m.h);
        if (m.batch != first / m.h)
            pack(&m, call->inputs[1]->data, first / m.h);
        const int16_t *rows = load_rows(&m, call->inputs[0]->data, first, count);
        NS_TRY(ns_budget_check_time(call->budget, error));
        NS_TRY(ns_product_rows(&m.product, rows, ns_product_row_size(m.c), first, count, error));
    }
    return NS_OK;
}

static bool run_step(const ns_step *step, const ns_slab *slab)
{
    matmul *m = (matmul *)step->data;
    const size_t row = slab->columns * ns_product_value_size(&m->product);
    for (size_t done = 0, count; done < slab->rows; done += count) {
        const size_t first = slab->first + done;
        count = band_of(m, first, slab->rows - done);
        if (m->batch != first / m->h || (slab->is_new && done == 0))
            pack(m, slab->in[1], first / m->h);
        const int16_t *rows = load_rows(m, slab->in[0], first, count);
        ns_product_fast_rows(&m->product, rows, ns_product_row_size(m->c), count,
                             (char *)slab->out + done * row);
    }
    return false;
}

ns_code ns_step_matmul(ns_eval_call *call, ns_step *step, ns_error *error)
{
    matmul *m = NS_ARENA_NEW(call->scratch, matmul);
    if (!m)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a product");
    NS_TRY(read_matmul(call, m, error));
    /* The bounds of the types: B is not known yet. */
    const int64_t largest = m->is_wide ? INT64_C(1) << 30 : 255 * 255;
    if ((int64_t)m->c > ns_dtype_max(call->outputs[0]->dtype) / largest)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "every step is checked");
    m->product.bound = (int64_t)m->c * largest;
    NS_TRY(ns_product_scale(&m->product, m->is_wide ? step->scales : NULL, call->scratch, error));
    step->run = run_step;
    step->data = m;
    return NS_OK;
}
