/* A sum whose terms cancel differs by more than 1e-6 between two orders of additions, and the observers'
 * ranges with it; so calibration adds as PyTorch 2.13 does: ATen/native/cpu/SumKernel.cpp (cascade_sum) over
 * the loops of ATen/TensorIterator.cpp (reorder_dimensions, coalesce_dimensions), with vectors of 8 floats
 * (AVX2; AVX-512 machines use the same kernel). PyTorch splits tensors of 32768 elements and more between its
 * threads, which makes their sums depend on the machine; here they are added as one thread would. */
#include "num/interface.h"

#include <string.h>

#include "npuscope/tensor.h"

enum { LANES = 8, ROWS = 4, LEVELS = 4 };

static int ceil_log2(size_t n)
{
    int bits = 1;
    while (((size_t)1 << bits) < n)
        bits++;
    return bits;
}

/* `size` floats at distance `stride`: chunks of at least 16 additions, the chunks' sums in chunks again, up
 * to four levels. */
static float cascade(const float *x, size_t stride, size_t size)
{
    int power = ceil_log2(size) / LEVELS;
    power = power > 4 ? power : 4;
    size_t chunk = (size_t)1 << power;
    float levels[LEVELS] = {0};
    size_t i = 0;
    while (i + chunk <= size) {
        for (size_t j = 0; j < chunk; j++, i++)
            levels[0] += x[i * stride];
        for (int level = 1; level < LEVELS; level++) {
            levels[level] += levels[level - 1];
            levels[level - 1] = 0;
            if (i & (chunk - 1) << (level * power))
                break;
        }
    }
    for (; i < size; i++)
        levels[0] += x[i * stride];
    return ((levels[0] + levels[1]) + levels[2]) + levels[3];
}

/* Four cascades over every fourth element; what is left of the row goes to the first. */
static float row(const float *x, size_t stride, size_t size)
{
    size_t quarter = size / ROWS;
    float sums[ROWS];
    for (size_t k = 0; k < ROWS; k++)
        sums[k] = cascade(x + k * stride, stride * ROWS, quarter);
    for (size_t i = quarter * ROWS; i < size; i++)
        sums[0] += x[i * stride];
    return ((sums[0] + sums[1]) + sums[2]) + sums[3];
}

/* A contiguous row of at least one vector. */
static float vector_row(const float *x, size_t size)
{
    size_t vectors = size / LANES;
    float sum = 0;
    for (size_t i = vectors * LANES; i < size; i++)
        sum += x[i];
    for (size_t lane = 0; lane < LANES; lane++)
        sum += row(x + lane, LANES, vectors);
    return sum;
}

float ns_float32_sum(const float *values, size_t count)
{
    return count >= LANES ? vector_row(values, count) : row(values, 1, count);
}

typedef struct ns_loop {
    size_t size, in, out; /* strides in elements; out 0: reduced */
} ns_loop;

/* Two loops, the reduced one first: adds size0 elements to each of size1 results. */
static void reduce_plane(const float *x, float *out, ns_loop reduced, ns_loop kept)
{
    for (size_t j = 0; j < kept.size; j++) {
        const float *start = x + j * kept.in;
        float sum;
        if (reduced.in == 1 && reduced.size >= LANES)
            sum = vector_row(start, reduced.size);
        else if (kept.in == 1 && kept.size >= LANES)
            /* Columns in blocks of four vectors need no split into rows. */
            sum = j < kept.size / (ROWS * LANES) * (ROWS * LANES) ? cascade(start, reduced.in, reduced.size)
                                                                  : row(start, reduced.in, reduced.size);
        else if (reduced.in < kept.in || j >= kept.size / ROWS * ROWS)
            sum = row(start, reduced.in, reduced.size);
        else
            sum = cascade(start, reduced.in, reduced.size);
        out[j * kept.out] += sum;
    }
}

/* The loops over the operand: reduced dims before kept ones, inner before outer; dims of size 1 left out,
 * neighbours that are one run of memory merged. Returns their number. */
static int make_loops(int rank, const int64_t *shape, const bool *reduced, ns_loop *loops)
{
    int count = 0;
    for (int pass = 0; pass < 2; pass++) {
        size_t in = 1, out = 1;
        for (int d = rank - 1; d >= 0; d--) {
            size_t size = (size_t)shape[d];
            if (size != 1 && reduced[d] == (pass == 0)) {
                ns_loop loop = {size, in, reduced[d] ? 0 : out};
                ns_loop *last = count ? &loops[count - 1] : NULL;
                if (last && last->size * last->in == in && last->size * last->out == loop.out)
                    last->size *= size;
                else
                    loops[count++] = loop;
            }
            in *= size;
            out *= reduced[d] ? 1 : size;
        }
    }
    return count;
}

void ns_float32_reduce(int rank, const int64_t *shape, const bool *reduced, const float *values, float *out)
{
    ns_loop loops[NS_MAX_RANK + 2];
    size_t operand_count = 1, result_count = 1;
    for (int d = 0; d < rank; d++) {
        operand_count *= (size_t)shape[d];
        result_count *= reduced[d] ? 1 : (size_t)shape[d];
    }
    int count = make_loops(rank, shape, reduced, loops);
    memset(out, 0, result_count * sizeof *out);
    if (operand_count == 0)
        return;
    while (count < 2)
        loops[count++] = (ns_loop){1, 0, 0};
    /* Without anything to reduce, the kept loop is the second of a plane of one row. */
    ns_loop first = loops[0], second = loops[1];
    if (first.out != 0 && second.out == 0) {
        first = loops[1];
        second = loops[0];
    }
    if (first.out != 0) { /* two kept loops: a copy */
        for (size_t i = 0; i < result_count; i++)
            out[i] = values[i];
        return;
    }
    size_t position[NS_MAX_RANK] = {0};
    for (;;) {
        reduce_plane(values, out, first, second);
        int d = 2;
        for (; d < count; d++) {
            values += loops[d].in;
            out += loops[d].out;
            if (++position[d] < loops[d].size)
                break;
            values -= loops[d].in * loops[d].size;
            out -= loops[d].out * loops[d].size;
            position[d] = 0;
        }
        if (d >= count)
            return;
    }
}
