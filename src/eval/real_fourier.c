/* FFT2D and RFFT2D: output[n, y, x] = sum over iy, ix of input[n, iy, ix] * e^(-+ i angle), with
 * angle = 2 pi (iy y / H + ix x / W); + where FFT2D is inverse. RFFT2D: x up to W / 2, of a real input. Sizes
 * are powers of two. Rows, then columns; each line by the radix-2 decimation in time (Cooley and Tukey,
 * 1965). */
#include <complex.h>
#include <math.h>
#include <string.h>

#include "eval/real.h"

/* C's CMPLX, which glibc gives gcc alone. `re + im * I` would make NaN of an infinite part. */
static double complex complex_of(double re, double im)
{
    const double parts[2] = {re, im};
    double complex value;
    memcpy(&value, parts, sizeof value);
    return value;
}

/* `line` has `size` values, `step` apart; `room` and `twiddles` (e^(sign i 2 pi k / size)) as many. */
static void transform(double complex *line, size_t step, size_t size, const double complex *twiddles,
                      double complex *room)
{
    size_t reversed = 0;
    for (size_t i = 0; i < size; i++) {
        room[reversed] = line[i * step];
        size_t bit = size >> 1;
        while (bit && reversed & bit) {
            reversed ^= bit;
            bit >>= 1;
        }
        reversed |= bit;
    }
    for (size_t half = 1; half < size; half *= 2)
        for (size_t first = 0; first < size; first += 2 * half)
            for (size_t k = 0; k < half; k++) {
                const double complex a = room[first + k];
                const double complex b = room[first + k + half] * twiddles[k * (size / (2 * half))];
                room[first + k] = a + b;
                room[first + k + half] = a - b;
            }
    for (size_t i = 0; i < size; i++)
        line[i * step] = room[i];
}

static double complex *make_twiddles(ns_arena *arena, size_t size, double sign)
{
    double complex *twiddles = NS_ARENA_ARRAY(arena, size, double complex);
    for (size_t k = 0; twiddles && k < size; k++) {
        const double angle = sign * 2 * M_PI * (double)k / (double)size;
        twiddles[k] = complex_of(cos(angle), sin(angle));
    }
    return twiddles;
}

static ns_code check(const ns_eval_call *call, bool real, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, real ? 1 : 2, real ? 1 : 2, 2, error));
    const ns_tensor *in = call->inputs[0];
    if (in->rank != 3)
        return ns_eval_bad_shape(in, "the input", error);
    for (int d = 1; d < 3; d++)
        if (in->shape[d] < 1 || in->shape[d] & (in->shape[d] - 1))
            return ns_eval_bad_shape(in, "the input, whose sides are not powers of two,", error);
    if (!real && !ns_shape_equal(in, call->inputs[1]))
        return ns_eval_bad_shape(call->inputs[1], "the imaginary input", error);
    for (int i = 0; i < 2; i++) {
        const ns_tensor *out = call->outputs[i];
        if (out->rank != 3 || out->shape[0] != in->shape[0] || out->shape[1] != in->shape[1] ||
            out->shape[2] != (real ? in->shape[2] / 2 + 1 : in->shape[2]))
            return ns_eval_bad_shape(out, "the output", error);
    }
    return NS_OK;
}

ns_code ns_real_fourier(ns_eval_call *call, ns_error *error)
{
    const bool real = call->node->op == NS_OP_RFFT2D;
    NS_TRY(check(call, real, error));
    const ns_tensor *in = call->inputs[0], *imaginary = real ? NULL : call->inputs[1];
    const size_t h = (size_t)in->shape[1], w = (size_t)in->shape[2];
    const size_t columns = (size_t)call->outputs[0]->shape[2];
    const double sign = !real && call->attributes->inverse ? 1 : -1;
    double complex *plane = NS_ARENA_ARRAY(call->scratch, h * w, double complex);
    double complex *room = NS_ARENA_ARRAY(call->scratch, h > w ? h : w, double complex);
    const double complex *across = make_twiddles(call->scratch, w, sign);
    const double complex *down = make_twiddles(call->scratch, h, sign);
    if (!plane || !room || !across || !down)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its transform");
    for (size_t n = 0; n < (size_t)in->shape[0]; n++) {
        NS_TRY(ns_budget_check_time(call->budget, error));
        for (size_t i = 0; i < h * w; i++)
            plane[i] =
                complex_of(ns_real_get(in, n * h * w + i), real ? 0 : ns_real_get(imaginary, n * h * w + i));
        for (size_t y = 0; y < h; y++)
            transform(plane + y * w, 1, w, across, room);
        for (size_t x = 0; x < columns; x++)
            transform(plane + x, w, h, down, room);
        for (size_t i = 0; i < h * columns; i++) {
            const double complex value = plane[i / columns * w + i % columns];
            ns_real_set(call->outputs[0], n * h * columns + i, creal(value));
            ns_real_set(call->outputs[1], n * h * columns + i, cimag(value));
        }
    }
    return NS_OK;
}
