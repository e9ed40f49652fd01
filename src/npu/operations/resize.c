/* RESIZE (Ethos-U85): per axis, output o takes position t = o * step + offset in units of 1/n pixel;
 * i = floor(t / n), f = t - i * n, and neighbours i and i + 1 are clamped to the IFM:
 *   NEAREST:   IFM[i + (2 f >= n)];  REPLICATE: IFM[i]
 *   BILINEAR:  the sum over both axes of IFM * weight, weights n - f and f
 * acc = value * 2^16, which OFM_SCALE, a shift of 16 and more, takes back.
 * Source: Vela 5.1.0, ethos_u85_register_cs_generator.cpp, GenerateResizeOp; TOSA 1.0, RESIZE. */
#include "npu/operations/internal.h"

#define UNIT ((int64_t)1 << 16)

typedef struct resize_tap {
    int64_t first, second; /* coordinates, clamped */
    int64_t weight;        /* of the second; n - weight of the first */
} resize_tap;

static int64_t clamp(int64_t value, int64_t size)
{
    return value < 0 ? 0 : value >= size ? size - 1 : value;
}

static resize_tap tap_of(const ns_npu_resize_axis *axis, ns_npu_resize_mode mode, int64_t out, int64_t size)
{
    int64_t t = out * axis->step + axis->offset;
    int64_t i = t >= 0 ? t / axis->n : -((-t + axis->n - 1) / axis->n);
    int64_t f = t - i * axis->n;
    if (mode == NS_NPU_RESIZE_NEAREST)
        i += 2 * f >= axis->n;
    return (resize_tap){clamp(i, size), clamp(i + 1, size), f};
}

static void resize_row(const ns_npu_operation *operation, const int32_t *image, resize_tap y, int64_t *row)
{
    const ns_npu_map *ifm = &operation->ifm;
    const ns_npu_resize_axis *across = &operation->resize_x;
    const int32_t *upper = image + y.first * ifm->width * ifm->depth;
    const int32_t *lower = image + y.second * ifm->width * ifm->depth;
    for (int64_t out = 0; out < operation->ofm.width; out++) {
        resize_tap x = tap_of(across, operation->resize_mode, out, ifm->width);
        int64_t *target = row + out * ifm->depth;
        const int64_t left = x.first * ifm->depth, right = x.second * ifm->depth;
        if (operation->resize_mode != NS_NPU_RESIZE_BILINEAR) {
            for (int64_t c = 0; c < ifm->depth; c++)
                target[c] = upper[left + c] * UNIT;
            continue;
        }
        const int64_t wx = x.weight, vx = across->n - wx, wy = y.weight, vy = operation->resize_y.n - wy;
        for (int64_t c = 0; c < ifm->depth; c++)
            target[c] = ((upper[left + c] * vx + upper[right + c] * wx) * vy +
                         (lower[left + c] * vx + lower[right + c] * wx) * wy) *
                        UNIT;
    }
}

ns_code ns_npu_resize(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                      ns_error *error)
{
    const ns_npu_map *ofm = &operation->ofm;
    size_t count = (size_t)(ofm->width * ofm->depth);
    int32_t *image;
    void *row;
    NS_TRY(ns_npu_spend(machine, 4 * (uint64_t)ofm->height * count, error));
    NS_TRY(ns_npu_pool_load(machine, operation, &image, error));
    NS_TRY(ns_npu_scratch(machine, count, sizeof(int64_t), &row, error));
    for (int64_t y = 0; y < ofm->height; y++) {
        resize_row(operation, image,
                   tap_of(&operation->resize_y, operation->resize_mode, y, operation->ifm.height), row);
        NS_TRY(ns_npu_output_row(machine, output, y, row, error));
    }
    return NS_OK;
}
