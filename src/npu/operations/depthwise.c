/* DEPTHWISE: acc[y][x][c] = bias[c] + sum over ky, kx of
 *           (IFM[y * sy + ky * dy - pad_top][x * sx + kx * dx - pad_left][c] - zero point) * W[ky][kx][c]
 * with zero outside the image; then each channel's scale.
 * Source: Vela 5.1.0, ethos_u55_weight_encoder.cpp (one weight per channel and tap). */
#include "npu/operations/internal.h"

#include <string.h>

#include "kernels/matrix.h"
#include "npu/memory/internal.h"
#include "npu/weights/internal.h"

/* What the product kernel wants: tap by tap, each a row of channels. */
typedef struct depthwise {
    ns_depthwise call;
    const int16_t **taps;
    int64_t *offsets; /* of each tap from the window's first, in elements */
} depthwise;

/* The weights in the kernel's order, in room of their own or kept with the stream. */
static ns_code pack(ns_npu_machine *machine, const ns_weights *weights, size_t taps, size_t depth,
                    const int16_t **out, ns_error *error)
{
    if (weights->kept && weights->kept->packed) {
        *out = weights->kept->packed;
        return NS_OK;
    }
    const size_t size = ns_depthwise_packed_size(taps, depth);
    void *memory = weights->kept ? NS_ARENA_ARRAY(weights->kept_arena, size, int16_t) : NULL;
    const bool is_kept = memory != NULL;
    if (!is_kept)
        NS_TRY(ns_npu_scratch(machine, size, sizeof(int16_t), &memory, error));
    ns_depthwise_pack(weights->values, taps, depth, memory);
    if (is_kept)
        weights->kept->packed = memory;
    *out = memory;
    return NS_OK;
}

static ns_code prepare(ns_npu_machine *machine, const ns_npu_operation *operation, const ns_weights *weights,
                       const ns_npu_image *image, depthwise *out, ns_error *error)
{
    enum { BLOCK = 254 }; /* products of 16 bits and weights of at most 256: 2^23 each */
    const size_t taps = (size_t)operation->kernel_height * (size_t)operation->kernel_width;
    const size_t depth = (size_t)operation->ofm.depth;
    void *pointers, *offsets, *zeros;
    const int16_t *packed;
    NS_TRY(pack(machine, weights, taps, depth, &packed, error));
    NS_TRY(ns_npu_room(machine, taps + 1, sizeof(int16_t *), &pointers, error));
    NS_TRY(ns_npu_room(machine, taps, sizeof(int64_t), &offsets, error));
    NS_TRY(ns_npu_scratch(machine, depth, sizeof(int64_t), &zeros, error));
    *out = (depthwise){
        {.in = pointers, .packed = packed, .taps = taps, .count = depth, .block = BLOCK, .start = zeros},
        pointers,
        offsets};
    for (int ky = 0; ky < operation->kernel_height; ky++)
        for (int kx = 0; kx < operation->kernel_width; kx++)
            out->offsets[ky * operation->kernel_width + kx] =
                ((int64_t)ky * operation->dilation_y * image->width + (int64_t)kx * operation->dilation_x) *
                image->depth;
    return NS_OK;
}

/* The sums of one pixel, whose window begins at `first`. */
static void multiply(const ns_npu_machine *machine, const depthwise *d, const int16_t *first, int64_t *out)
{
    for (size_t t = 0; t < d->call.taps; t++)
        d->taps[t] = first + d->offsets[t];
    d->taps[d->call.taps] = first; /* makes them even */
    machine->kernels.depthwise_i16(&d->call, out);
}

ns_code ns_npu_depthwise(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                         ns_error *error)
{
    ns_weights weights;
    ns_npu_image image;
    depthwise d;
    const int64_t width = operation->ofm.width, depth = operation->ofm.depth;
    uint64_t taps = (uint64_t)operation->kernel_height * operation->kernel_width;
    uint64_t pixels = (uint64_t)operation->ofm.height * width * depth;
    NS_TRY(ns_npu_spend(machine, taps > UINT64_MAX / pixels ? UINT64_MAX : pixels * taps, error));
    NS_TRY(ns_npu_weights_get(machine, operation, &weights, error));
    NS_TRY(ns_npu_image_load(machine, operation, &image, error));
    if (machine->statistics)
        machine->statistics->macs += pixels * taps;
    const int64_t step = ns_npu_piece_width(machine, operation, NULL, 0);
    void *memory;
    NS_TRY(ns_npu_room(machine, (size_t)(step * depth), sizeof(int64_t), &memory, error));
    NS_TRY(prepare(machine, operation, &weights, &image, &d, error));
    int64_t *row = memory;
    for (int64_t y = 0; y < operation->ofm.height; y++)
        for (int64_t x = 0; x < width; x += step) {
            const ns_npu_piece piece = {y, x, step < width - x ? step : width - x};
            for (int64_t i = 0; i < piece.width; i++)
                multiply(machine, &d,
                         image.data +
                             (y * operation->stride_y * image.width + (x + i) * operation->stride_x) *
                                 image.depth,
                         row + i * depth);
            NS_TRY(ns_npu_output_piece(machine, output, &piece, row, error));
        }
    return NS_OK;
}
