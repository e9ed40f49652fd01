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
#include "npu/memory/internal.h"
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

/* The matrix product of a row's patches, or of several rows', with the weights. */
typedef struct conv_product {
    const int16_t *weights; /* [o][tap] */
    const int16_t *packed;  /* for the product kernel; NULL: sums of two products may leave 32 bits */
    const int16_t *packed_high;
    const uint32_t *tiles; /* NULL: none */
    uint8_t *tile_room;
    size_t taps, block;
    int64_t depth;
    int64_t bound; /* magnitude of any sum, without bias */
} conv_product;

static int64_t largest(const int16_t *values, size_t count)
{
    int16_t low = 0, high = 0; /* of the elements' type: one instruction for eight */
    for (size_t i = 0; i < count; i++) {
        low = values[i] < low ? values[i] : low;
        high = values[i] > high ? values[i] : high;
    }
    return -low > high ? -low : high;
}

/* The largest sum of magnitudes of a channel's weights. */
static int64_t largest_sum(const conv_product *product)
{
    int64_t most = 0;
    for (int64_t o = 0; o < product->depth; o++) {
        int64_t sum = 0;
        for (size_t k = 0; k < product->taps; k++) {
            const int value = product->weights[(size_t)o * product->taps + k];
            sum += value < 0 ? -value : value;
        }
        most = sum > most ? sum : most;
    }
    return most;
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

/* Weights of 16 bits as two halves of 8, whose sums keep to 32 bits. */
static ns_code pack_split(ns_npu_machine *machine, conv_product *out, ns_error *error)
{
    const size_t n = (size_t)out->depth, size = ns_gemm_packed_size(out->taps, n);
    void *turned, *low, *high;
    NS_TRY(ns_npu_room(machine, out->taps * n, sizeof(int16_t), &turned, error));
    NS_TRY(ns_npu_room(machine, size, sizeof(int16_t), &low, error));
    NS_TRY(ns_npu_room(machine, size, sizeof(int16_t), &high, error));
    ns_transpose_i16(out->weights, out->taps, turned, n, out->taps, n);
    machine->kernels.pack_split(turned, out->taps, n, low, high);
    out->packed = low;
    out->packed_high = high;
    return NS_OK;
}

/* The packed weights in tiles, where they fit; kept where the packed ones are. */
static ns_code add_tiles(ns_npu_machine *machine, const ns_weights *weights, conv_product *out,
                         ns_error *error)
{
    const size_t n = (size_t)out->depth, size = ns_gemm_tiles_size(out->taps, n, out->packed_high);
    ns_weights_kept here = {0}, *kept = weights->kept ? weights->kept : &here;
    void *room, *memory = kept->tiles;
    NS_TRY(ns_npu_room(machine, ns_gemm_tile_room(out->taps), 1, &room, error));
    if (!memory && weights->kept)
        memory = NS_ARENA_ARRAY(weights->kept_arena, size, uint32_t);
    if (!memory)
        NS_TRY(ns_npu_room(machine, size, sizeof(uint32_t), &memory, error));
    if (!kept->tiles)
        kept->fit_tiles = machine->kernels.pack_tiles(out->packed, out->packed_high, out->taps, n, memory);
    kept->tiles = memory;
    out->tiles = kept->fit_tiles ? memory : NULL;
    out->tile_room = room;
    return NS_OK;
}

/* Steps whose sum of products of such magnitudes stays within 32 bits; more than a row has are of no use. */
static size_t block_of(int64_t magnitudes)
{
    const int64_t block = magnitudes ? INT32_MAX / magnitudes : INT32_MAX;
    return (size_t)(block > 1 << 20 ? 1 << 20 : block & ~(int64_t)1);
}

static ns_code prepare_packed(ns_npu_machine *machine, const ns_npu_image *image, const ns_weights *weights,
                              uint64_t taps, int64_t depth, conv_product *out, ns_error *error)
{
    enum { HALF = 128, SHORT_BLOCK = 64 };
    *out = (conv_product){.weights = weights->values, .taps = (size_t)taps, .depth = depth};
    const bool is_kept = weights->kept && weights->kept->packed;
    const int64_t weight = is_kept ? weights->kept->largest : largest(weights->values, weights->count);
    const int64_t most = is_kept ? weights->kept->most : largest_sum(out);
    const int64_t value = largest(image->data, (size_t)(image->height * image->width * image->depth));
    out->bound = value * most; /* 2^15 of the image, 2^28 weights of 2^15 at most */
    out->block = out->bound <= INT32_MAX ? block_of(1) : block_of(value * weight);
    if (is_kept && out->block >= 2) {
        out->packed = weights->kept->packed;
        return NS_OK;
    }
    if (!weights->kept && out->block < SHORT_BLOCK && out->block < taps) {
        out->block = block_of(value * HALF);
        return pack_split(machine, out, error);
    }
    if (out->block < 2)
        return NS_OK;
    if (weights->kept) {
        weights->kept->largest = weight;
        weights->kept->most = most;
    }
    return pack(machine, weights, out, error);
}

static ns_code prepare(ns_npu_machine *machine, const ns_npu_image *image, const ns_weights *weights,
                       uint64_t taps, int64_t depth, conv_product *out, ns_error *error)
{
    NS_TRY(prepare_packed(machine, image, weights, taps, depth, out, error));
    return out->packed && machine->kernels.pack_tiles ? add_tiles(machine, weights, out, error) : NS_OK;
}

static void multiply(const ns_npu_machine *machine, const int16_t *a, const conv_product *product,
                     int64_t *row, int64_t width)
{
    size_t depth = (size_t)product->depth;
    if (product->packed) {
        machine->kernels.gemm_i16(&(ns_gemm_i16_call){.a = a,
                                                      .a_step = product->taps,
                                                      .packed = product->packed,
                                                      .packed_high = product->packed_high,
                                                      .tiles = product->tiles,
                                                      .tile_room = product->tile_room,
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

/* ---- results of 16 bits, requantised tile by tile ---- */

typedef struct conv_short {
    ns_npu_short result;
    ns_requantise scale;
    const int64_t *bias; /* NULL: none */
    int16_t *row;
    int64_t rows; /* of the OFM at once */
} conv_short;

/* The output stage's scales as the kernel takes them; false where it does not, or an accumulator might not
 * hold its sum. */
static bool set_scales(const ns_npu_operation *operation, const ns_npu_output_stage *output,
                       const conv_product *product, int32_t *multipliers, int8_t *shifts, conv_short *out)
{
    const size_t depth = (size_t)product->depth;
    const bool per_channel = operation->scaling == NS_NPU_SCALING_CHANNEL;
    int64_t most = 0;
    if (output->rounding != NS_NPU_ROUND_NATURAL)
        return false;
    for (size_t c = 0; c < (per_channel ? depth : 1); c++) {
        const uint32_t scale = per_channel ? output->records[c].scale : operation->scale.scale;
        const int64_t bias = per_channel ? output->records[c].bias : 0;
        most = bias > most ? bias : -bias > most ? -bias : most;
        if (scale > INT32_MAX)
            return false;
        multipliers[c] = (int32_t)scale;
        shifts[c] = (int8_t)(per_channel ? output->records[c].shift : operation->scale.shift);
    }
    out->bias = per_channel ? output->bias : NULL;
    most += product->bound;
    return most < (int64_t)1 << (operation->accumulator_bits - 1) &&
           ns_requantise_prepare(&out->scale, multipliers, shifts, per_channel, depth, most);
}

/* *takes false: the results want 64 bits. */
static ns_code open_short(ns_npu_machine *machine, const ns_npu_operation *operation,
                          const ns_npu_output_stage *output, const conv_product *product, bool is_direct,
                          conv_short *out, bool *takes, ns_error *error)
{
    enum { ELEMENTS = 1 << 16 };
    const size_t depth = (size_t)product->depth, room = ns_requantise_size(depth);
    const int64_t count = operation->ofm.width * operation->ofm.depth;
    void *memory;
    *out = (conv_short){0};
    *takes = false;
    if (!product->packed || operation->scaling == NS_NPU_SCALING_NONE ||
        operation->accumulator_input != NS_NPU_ACCUMULATOR_RESET)
        return NS_OK;
    NS_TRY(ns_npu_short_open(machine, operation, &out->result, takes, error));
    if (!*takes)
        return NS_OK;
    NS_TRY(ns_npu_room(machine, 5 * room, sizeof(int32_t), &memory, error));
    int32_t *values = memory;
    out->scale = (ns_requantise){machine->kernels.requantise, values, values + room, values + 2 * room};
    *takes = set_scales(operation, output, product, values + 3 * room, (int8_t *)(values + 4 * room), out);
    out->rows = is_direct && count < ELEMENTS ? ELEMENTS / count : 1;
    NS_TRY(ns_npu_room(machine, (size_t)(out->rows * count), sizeof(int16_t), &memory, error));
    out->row = memory;
    return NS_OK;
}

/* Whether element i of `pixels` was cut to 16 bits. */
static bool was_cut(const ns_npu_output_stage *output, const conv_product *product, const conv_short *s,
                    const int16_t *a, size_t i)
{
    const size_t depth = (size_t)product->depth, x = i / depth, o = i % depth;
    ns_npu_scale scale = output->operation->scale;
    int64_t sum = ns_dot_i16_i16(a + x * product->taps, product->weights + o * product->taps, product->taps);
    if (s->bias) {
        sum += s->bias[o];
        scale = (ns_npu_scale){output->records[o].scale, output->records[o].shift, output->rounding, 0};
    }
    const int64_t value = ns_npu_scale_value(sum, &scale);
    return value < INT16_MIN || value > INT16_MAX;
}

/* `rows` rows of the OFM from row y on, whose patches follow each other in `a`. */
static void multiply_short(ns_npu_machine *machine, ns_npu_output_stage *output, const conv_product *product,
                           const conv_short *s, const int16_t *a, int64_t y, int64_t rows)
{
    const ns_npu_operation *operation = output->operation;
    const ns_npu_map *ofm = &operation->ofm;
    const size_t depth = (size_t)product->depth, count = (size_t)(rows * ofm->width) * depth;
    machine->kernels.gemm_i16(&(ns_gemm_i16_call){.a = a,
                                                  .a_step = product->taps,
                                                  .packed = product->packed,
                                                  .packed_high = product->packed_high,
                                                  .tiles = product->tiles,
                                                  .tile_room = product->tile_room,
                                                  .m = count / depth,
                                                  .n = depth,
                                                  .k = product->taps,
                                                  .block = product->block,
                                                  .start = s->bias,
                                                  .c_step = depth,
                                                  .scale = &s->scale,
                                                  .out = s->row});
    if (ns_npu_short_clip(machine, &s->result, s->row, count, output))
        for (size_t i = 0; i < count; i++)
            if (ns_npu_short_is_open(&s->result, s->row[i]))
                output->saturated += was_cut(output, product, s, a, i);
    for (int64_t r = 0; r < rows; r++) {
        const ns_npu_piece piece = ns_npu_map_row(ofm, y + r);
        ns_npu_short_write(machine, operation, &s->result, &piece, s->row + (size_t)(r * ofm->width) * depth);
    }
}

ns_code ns_npu_conv(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                    ns_error *error)
{
    ns_weights weights;
    ns_npu_image image;
    int64_t width = operation->ofm.width, depth = operation->ofm.depth, height = operation->ofm.height;
    uint64_t taps = (uint64_t)operation->kernel_height * operation->kernel_width * operation->ifm.depth;
    uint64_t pixels = (uint64_t)height * width * depth;
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
    if (!patches)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its rows");
    if (!direct)
        patches[(size_t)width * taps] = 0;
    conv_product product;
    conv_short narrow;
    bool is_short;
    void *row;
    NS_TRY(prepare(machine, &image, &weights, taps, depth, &product, error));
    output->bound = product.bound;
    const bool are_adjacent = direct && operation->stride_y == 1 && image.width == width;
    NS_TRY(open_short(machine, operation, output, &product, are_adjacent, &narrow, &is_short, error));
    NS_TRY(ns_npu_room(machine, is_short ? 1 : (size_t)(width * depth), sizeof(int64_t), &row, error));
    for (int64_t y = 0, rows = 1; y < height; y += rows) {
        const int16_t *a = patches;
        if (direct)
            a = image.data + y * operation->stride_y * image.width * image.depth;
        else
            gather(operation, &image, y, patches);
        if (is_short) {
            NS_TRY(ns_npu_spend(machine, 0, error)); /* for the clock */
            rows = narrow.rows < height - y ? narrow.rows : height - y;
            multiply_short(machine, output, &product, &narrow, a, y, rows);
            continue;
        }
        multiply(machine, a, &product, row, width);
        NS_TRY(ns_npu_output_row(machine, output, y, row, error));
    }
    return NS_OK;
}
