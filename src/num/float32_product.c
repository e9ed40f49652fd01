/* Scales follow from the largest results of the float run, so that calibration adds as the library behind
 * PyTorch does. Its orders were read off PyTorch 2.13 (oneMKL, on the AMD EPYC machines where cases are
 * recorded) by the way large terms of two signs swallow what is added between them, and checked on random
 * operands and on recorded results of ExecuTorch's linear tests: four rows and more   a chain of fused
 * multiply-adds; true of 16 columns and more and inner sizes to 100 one to three rows    four chains of
 * products and sums, every fourth element each, joined (0 + 2) + (1 + 3); chain 0 begins with the elements in
 * front of the first aligned address; what is left over comes last. Columns behind the last group of four:
 * one chain. Elsewhere (other blocks, other CPUs) the order is another one, and a scale may differ in its
 * last bits. */
#include "num/interface.h"

#include <math.h>

/* Elements that chain 0 takes in front. A single row is read from its end backwards in fours. */
static int64_t front_of(int64_t inner, int64_t row, int64_t rows)
{
    return rows == 1 ? (inner - 1) % 4 + 1 : (4 - row * inner % 4) % 4;
}

static float fused_chain(const double *x, const double *w, int64_t count, int64_t stride)
{
    float sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum = fmaf((float)x[i], (float)w[i * stride], sum);
    return sum;
}

static float chain(const double *x, const double *w, int64_t count, int64_t stride, float sum)
{
    for (int64_t i = 0; i < count; i += stride)
        sum += (float)x[i] * (float)w[i];
    return sum;
}

float ns_float32_product(const double *x, const double *w, int64_t inner, int64_t row, int64_t rows,
                         int64_t column, int64_t columns)
{
    if (rows > 3)
        return fused_chain(x, w, inner, 1);
    const int64_t front = front_of(inner, row, rows), body = inner > front ? (inner - front) / 4 * 4 : 0;
    if (column >= columns / 4 * 4 || body == 0)
        return chain(x, w, inner, 1, 0);
    float sums[4] = {chain(x, w, front, 1, 0), 0, 0, 0};
    for (int64_t k = 0; k < 4; k++)
        sums[k] = chain(x + front + k, w + front + k, body - k, 4, sums[k]);
    const float joined = (sums[0] + sums[2]) + (sums[1] + sums[3]);
    return chain(x + front + body, w + front + body, inner - front - body, 1, joined);
}

/* PyTorch's own loop where the product is small (aten/src/ATen/native/LinearAlgebra.cpp, baddbmm_cpu_kernel),
 * and oneMKL's elsewhere. */
enum { OWN_LOOP = 400, FUSED_COLUMNS = 12, FUSED_INNER = 128 };

/* Read off PyTorch 2.13 in the same way, for second operands that lie row by row; of three rows and fewer
 * with columns behind the last group of four the order is another one, as it is in blocks of a long inner
 * axis. */
bool ns_float32_matmul(const double *x, const double *w, int64_t rows, int64_t inner, int64_t columns,
                       float *out)
{
    const bool own = rows * inner * columns < OWN_LOOP;
    if (!own && rows > 3 && (columns < FUSED_COLUMNS || inner > FUSED_INNER))
        return false;
    if (!own && rows > 3) {
        *out = fused_chain(x, w, inner, columns);
        return true;
    }
    *out = 0;
    for (int64_t i = 0; i < inner; i++)
        *out += (float)x[i] * (float)w[i * columns];
    return true;
}
