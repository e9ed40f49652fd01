#include "npu/operations/internal.h"

#include "npu/memory/internal.h"

#define MAX_IMAGE ((int64_t)1 << 28)

ns_npu_taps ns_npu_taps_of(int64_t out, int stride, int pad, int taps, int dilation, int64_t size)
{
    ns_npu_taps result = {.first = out * stride - pad, .begin = 0, .end = taps};
    while (result.begin < taps && result.first + (int64_t)result.begin * dilation < 0)
        result.begin++;
    while (result.end > result.begin && result.first + (int64_t)(result.end - 1) * dilation >= size)
        result.end--;
    return result;
}

/* Row y of a map as 16-bit values. */
static ns_code narrow_row(ns_npu_machine *machine, const ns_npu_map *map, int64_t y, const int32_t *row,
                          size_t count, int16_t *target, ns_error *error)
{
    int32_t outside = 0;
    for (size_t i = 0; i < count; i++) {
        target[i] = (int16_t)row[i];
        outside |= target[i] - row[i];
    }
    if (outside)
        return ns_npu_unsupported(machine, error,
                                  "%s row %lld: a value less its zero point does not fit 16 bits", map->name,
                                  (long long)y);
    return NS_OK;
}

ns_code ns_npu_weights_from_ifm2(ns_npu_machine *machine, const ns_npu_operation *operation, ns_weights *out,
                                 ns_error *error)
{
    const ns_npu_map *ifm2 = &operation->ifm2;
    size_t count = (size_t)(ifm2->width * ifm2->depth);
    void *values, *row;
    NS_TRY(ns_npu_map_check(machine, ifm2, false, error));
    NS_TRY(ns_npu_spend(machine, count, error));
    NS_TRY(ns_npu_room(machine, count, sizeof(int16_t), &values, error));
    NS_TRY(ns_npu_room(machine, count, sizeof(int32_t), &row, error));
    ns_npu_map_read(machine, ifm2, 0, row);
    NS_TRY(narrow_row(machine, ifm2, 0, row, count, values, error));
    *out = (ns_weights){.values = values,
                        .count = count,
                        .ofm_depth = (int)ifm2->width,
                        .kernel_height = 1,
                        .kernel_width = 1,
                        .ifm_depth = (int)ifm2->depth};
    return NS_OK;
}

ns_code ns_npu_image_load(ns_npu_machine *machine, const ns_npu_operation *operation, ns_npu_image *out,
                          ns_error *error)
{
    const ns_npu_map *ifm = &operation->ifm;
    const bool empty = ifm->height == 0 || ifm->width == 0; /* padding only */
    if (!empty)
        NS_TRY(ns_npu_map_check(machine, ifm, false, error));
    int64_t height = ifm->height + operation->pad_top + operation->pad_bottom;
    int64_t width = ifm->width + operation->pad_left + operation->pad_right;
    if (height > MAX_IMAGE / width || height * width > MAX_IMAGE / ifm->depth)
        return ns_npu_unsupported(machine, error, "a padded IFM of %lld x %lld x %lld elements",
                                  (long long)height, (long long)width, (long long)ifm->depth);
    void *data, *row_memory;
    NS_TRY(ns_npu_spend(machine, (uint64_t)(height * width * ifm->depth), error));
    const size_t total = (size_t)(height * width * ifm->depth);
    const bool is_padded = empty || height != ifm->height || width != ifm->width;
    NS_TRY((is_padded ? ns_npu_scratch : ns_npu_room)(machine, total + 1, sizeof(int16_t), &data, error));
    ((int16_t *)data)[total] = 0;
    NS_TRY(ns_npu_room(machine, (size_t)(ifm->width * ifm->depth), sizeof(int32_t), &row_memory, error));
    *out = (ns_npu_image){data, height, width, ifm->depth};
    int32_t *row = row_memory;
    size_t count = (size_t)(ifm->width * ifm->depth);
    for (int64_t y = 0; !empty && y < ifm->height; y++) {
        ns_npu_map_read(machine, ifm, y, row);
        int16_t *target = out->data + ((y + operation->pad_top) * width + operation->pad_left) * ifm->depth;
        NS_TRY(narrow_row(machine, ifm, y, row, count, target, error));
    }
    return NS_OK;
}
