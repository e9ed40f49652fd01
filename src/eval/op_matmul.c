/* output[n, h, w] = sum over c of (A[n, h, c] - A_zp) * (B[n, c, w] - B_zp); MATMUL_T: B[n or 0, w, c]. */
#include "eval/internal.h"

typedef struct matmul {
    size_t batches, h, c, w;
    bool is_wide;     /* int16, else int8 */
    bool is_turned;   /* MATMUL_T */
    size_t b_batches; /* 1: the same B for all */
    int16_t *turned;  /* is_turned and is_wide: room for one batch of B */
    int64_t a_zero, b_zero;
    ns_product product;
    size_t batch; /* whose B is packed; SIZE_MAX: none */
} matmul;

/* Checks the operands and makes room. */
static ns_code read_matmul(const ns_eval_call *call, matmul *m, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 4, 4, 1, error));
    const ns_tensor *a = call->inputs[0], *b = call->inputs[1];
    ns_tensor *out = call->outputs[0];
    *m = (matmul){.is_wide = a->dtype == NS_DTYPE_INT16,
                  .is_turned = call->node->op == NS_OP_MATMUL_T,
                  .batch = SIZE_MAX};
    const int c_axis = m->is_turned ? 2 : 1, w_axis = m->is_turned ? 1 : 2;
    if (a->dtype != NS_DTYPE_INT8 && !m->is_wide)
        return ns_eval_unsupported_type(a, error);
    if (b->dtype != a->dtype || b->rank != 3 || a->rank != 3 ||
        (b->shape[0] != a->shape[0] && !(m->is_turned && b->shape[0] == 1)) ||
        b->shape[c_axis] != a->shape[2])
        return ns_eval_bad_shape(b, "B", error);
    if (out->dtype != (m->is_wide ? NS_DTYPE_INT48 : NS_DTYPE_INT32) || out->rank != 3 ||
        out->shape[0] != a->shape[0] || out->shape[1] != a->shape[1] || out->shape[2] != b->shape[w_axis])
        return ns_eval_bad_shape(out, "the output", error);
    NS_TRY(ns_eval_scalar(call->inputs[2], "A's zero point", &m->a_zero, error));
    NS_TRY(ns_eval_scalar(call->inputs[3], "B's zero point", &m->b_zero, error));
    if (m->is_wide && (m->a_zero || m->b_zero))
        return ns_fail(error, NS_ERROR_INPUT, "only int8 has zero points");
    m->batches = (size_t)a->shape[0];
    m->h = (size_t)a->shape[1];
    m->c = (size_t)a->shape[2];
    m->w = (size_t)b->shape[w_axis];
    m->b_batches = (size_t)b->shape[0];
    if (m->is_turned && m->is_wide)
        m->turned = NS_ARENA_ARRAY(call->scratch, m->c * m->w, int16_t);
    if (m->is_turned && m->is_wide && !m->turned)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for B");
    return ns_product_new(&m->product, call->kernels, out, m->c, m->w, m->is_wide, call->scratch, error);
}

/* Bytes of room for a band of A; 0 where its rows serve as they are. */
static size_t room_of(const matmul *m)
{
    const size_t step = ns_product_row_size(m->c);
    return m->is_wide && m->c == step ? 0 : NS_PRODUCT_BAND * step * sizeof(int16_t);
}

/* Where step k of column j of a batch's B lies. */
static size_t place_of(const matmul *m, size_t k, size_t j)
{
    return m->is_turned ? j * m->c + k : k * m->w + j;
}

/* B of one batch as the right-hand side. */
static void pack(matmul *m, const void *b, size_t batch)
{
    const size_t first = batch % m->b_batches * m->c * m->w;
    ns_product *p = &m->product;
    if (m->is_wide) {
        const int16_t *rows = (const int16_t *)b + first;
        if (m->is_turned)
            ns_transpose_i16(rows, m->c, m->turned, m->w, m->c, m->w);
        p->kernels->pack_split(m->is_turned ? m->turned : rows, m->c, m->w, p->packed, p->packed_high);
    } else {
        for (size_t k = 0; k < m->c; k++)
            for (size_t j = 0; j < m->w; j++)
                p->packed[ns_gemm_packed_index(m->c, k, j)] =
                    (int16_t)(((const int8_t *)b)[first + place_of(m, k, j)] - m->b_zero);
    }
    ns_product_ready(p, m->is_wide ? 32768 : 255);
    m->batch = batch;
}

/* Rows first .. first + count - 1 of A as int16 less its zero point: in room of their own, or where they are.
 */
static const int16_t *load_rows(const matmul *m, const void *a, size_t first, size_t count, int16_t *room)
{
    const size_t c = m->c, step = ns_product_row_size(c);
    if (!room_of(m))
        return (const int16_t *)a + first * c;
    for (size_t r = 0; r < count; r++)
        for (size_t i = 0; i < c; i++)
            room[r * step + i] = m->is_wide ? ((const int16_t *)a)[(first + r) * c + i]
                                            : (int16_t)(((const int8_t *)a)[(first + r) * c + i] - m->a_zero);
    return room;
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
    int16_t *room = ns_arena_take(call->scratch, room_of(&m));
    if (!room)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its rows");
    for (size_t first = 0, count; first < m.batches * m.h; first += count) {
        count = band_of(&m, first, m.h);
        if (m.batch != first / m.h)
            pack(&m, call->inputs[1]->data, first / m.h);
        const int16_t *rows = load_rows(&m, call->inputs[0]->data, first, count, room);
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
        const int16_t *rows = load_rows(m, slab->in[0], first, count, slab->room);
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
    step->room_size = room_of(m);
    step->run = run_step;
    step->data = m;
    return NS_OK;
}
