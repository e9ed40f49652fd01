/* CONV: acc[y][x][o] = bias[o] + sum over ky, kx, i of
 *           (IFM[y * sy + ky * dy - pad_top][x * sx + kx * dx - pad_left][i] - zero point) * W[o][ky][kx][i]
 * with zero outside the image; then each channel's scale. A vector product is a CONV with a 1 x 1 kernel.
 * Ethos-U85 may take W from IFM2 (a matrix product: W[o][i] = IFM2[0][o][i] - its zero point, kernel 1 x 1,
 * no bias, one scale for all channels), and may begin with accumulators other than zero (output.c). Source:
 * Vela 5.1.0, ethos_u55_weight_encoder.cpp (weights come less their zero point);
 * ethos_u55_register_cs_generator.cpp, GenerateKernel; ethos_u85_register_cs_generator.cpp,
 * GenerateConvolutionOp. */
#include "npu/operations/internal.h"

#include <string.h>

#include "kernels/matrix.h"
#include "npu/weights/internal.h"

/* The taps of output row y as a matrix [x][ky][kx][i], which has the order of the weights. */
static void gather(const ns_npu_operation *operation, const ns_npu_image *image, int64_t y, int16_t *patches)
{
    int64_t depth = image->depth;
    int height = operation->kernel_height, width = operation->kernel_width;
    int64_t run = operation->dilation_x == 1 ? width * depth : depth;
    for (int64_t x = 0; x < operation->ofm.width; x++)
        for (int ky = 0; ky < height; ky++) {
            int64_t row = y * operation->stride_y + (int64_t)ky * operation->dilation_y;
            const int16_t *source = image->data + (row * image->width + x * operation->stride_x) * depth;
            for (int64_t done = 0; done < width * depth; done += run) {
                memcpy(patches, source, (size_t)run * sizeof(int16_t));
                patches += run;
                source += operation->dilation_x * depth;
            }
        }
}

/* The matrix product of one row's patches with the weights. */
typedef struct conv_product {
    const int16_t *weights; /* [o][tap] */
    const int16_t *packed;  /* for the product kernel; NULL: sums of two products may leave 32 bits */
    size_t taps, block;
    int64_t depth;
} conv_product;

static int64_t largest(const int16_t *values, size_t count)
{
    int low = 0, high = 0;
    for (size_t i = 0; i < count; i++) {
        low = values[i] < low ? values[i] : low;
        high = values[i] > high ? values[i] : high;
    }
    return -low > high ? -low : high;
}

/* The weights as the product kernel wants them, in room of their own or kept with the stream. */
static ns_code pack(ns_npu_machine *machine, const ns_weights *weights, conv_product *out, ns_error *error)
{
    const size_t size = ns_gemm_packed_size(out->taps, (size_t)out->depth);
    void *memory = weights->kept ? NS_ARENA_ARRAY(weights->kept_arena, size, int16_t) : NULL;
    int16_t **kept = memory ? &weights->kept->packed : NULL;
    if (!memory)
        NS_TRY(ns_npu_scratch(machine, size, sizeof(int16_t), &memory, error));
    int16_t *packed = memory;
    for (size_t o = 0; o < (size_t)out->depth; o++)
        for (size_t k = 0; k < out->taps; k++)
            packed[ns_gemm_packed_index(out->taps, k, o)] = out->weights[o * out->taps + k];
    if (kept)
        *kept = packed;
    out->packed = packed;
    return NS_OK;
}

static ns_code prepare(ns_npu_machine *machine, const ns_npu_image *image, const ns_weights *weights,
                       uint64_t taps, int64_t depth, conv_product *out, ns_error *error)
{
    *out = (conv_product){.weights = weights->values, .taps = (size_t)taps, .depth = depth};
    const bool is_kept = weights->kept && weights->kept->packed;
    const int64_t weight = is_kept ? weights->kept->largest : largest(weights->values, weights->count);
    int64_t most = largest(image->data, (size_t)(image->height * image->width * image->depth)) * weight;
    /* Steps whose sum of products stays within 32 bits; more than a row has are of no use. */
    int64_t block = most ? INT32_MAX / most : INT32_MAX;
    out->block = (size_t)(block > 1 << 20 ? 1 << 20 : block & ~(int64_t)1);
    if (out->block < 2)
        return NS_OK;
    if (is_kept) {
        out->packed = weights->kept->packed;
        return NS_OK;
    }
    if (weights->kept)
        weights->kept->largest = weight;
    return pack(machine, weights, out, error);
}

static void multiply(const ns_npu_machine *machine, const int16_t *a, const conv_product *product,
                     int64_t *row, int64_t width)
{
    size_t depth = (size_t)product->depth;
    if (product->packed) {
        machine->kernels.gemm_i16(&(ns_gemm_i16_call){.a = a,
                                                      .a_step = product->taps,
                                                      .packed = product->packed,
                                                      .m = (size_t)width,
                                                      .n = depth,
                                                      .k = product->taps,
                                                      .block = product->block,
                                                      .c = row,
                                                      .c_step = depth});
        return;
    }
    for (size_t x = 0; x < (size_t)width; x++)
        for (size_t o = 0; o < depth; o++)
            row[x * depth + o] =
                ns_dot_i16_i16(a + x * product->taps, product->weights + o * product->taps, product->taps);
}

ns_code ns_npu_conv(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                    ns_error *error)
{
    ns_weights weights;
    ns_npu_image image;
    int64_t width = operation->ofm.width, depth = operation->ofm.depth;
    uint64_t taps = (uint64_t)operation->kernel_height * operation->kernel_width * operation->ifm.depth;
    uint64_t pixels = (uint64_t)operation->ofm.height * width * depth;
    NS_TRY(ns_npu_spend(machine, taps > UINT64_MAX / pixels ? UINT64_MAX : pixels * taps, error));
    NS_TRY(operation->weights_from_ifm2 ? ns_npu_weights_from_ifm2(machine, operation, &weights, error)
                                        : ns_npu_weights_get(machine, operation, &weights, error));
    NS_TRY(ns_npu_image_load(machine, operation, &image, error));
    if (machine->statistics)
        machine->statistics->macs += pixels * taps;

    bool direct = operation->kernel_height == 1 && operation->kernel_width == 1 && operation->stride_x == 1;
    /* Written whole, row by row. */
    const bool fits = taps < SIZE_MAX / 4 / (uint64_t)width;
    const size_t patch_bytes = direct || !fits ? 0 : ((size_t)width * taps + 1) * sizeof(int16_t);
    int16_t *patches = fits ? ns_arena_take(machine->scratch, patch_bytes) : NULL;
    int64_t *row = ns_arena_take(machine->scratch, (size_t)(width * depth) * sizeof *row);
    if (!patches || !row)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its rows");
    if (!direct)
        patches[(size_t)width * taps] = 0;
    conv_product product;
    NS_TRY(prepare(machine, &image, &weights, taps, depth, &product, error));
    for (int64_t y = 0; y < operation->ofm.height; y++) {
        const int16_t *a = patches;
        if (direct)
            a = image.data + y * operation->stride_y * image.width * image.depth;
        else
            gather(operation, &image, y, patches);
        multiply(machine, a, &product, row, width);
        NS_TRY(ns_npu_output_row(machine, output, y, row, error));
    }
    return NS_OK;
}
