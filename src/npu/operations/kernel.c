#include "npu/operations/internal.h"

#include <string.h>

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

/* Whether the elements are the 16-bit values that are wanted. */
static bool is_short(const ns_npu_map *map)
{
    return map->bytes == 2 && map->is_signed && map->zero_point == 0 && !map->scalar &&
           map->upscale == NS_NPU_UPSCALE_NONE;
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
    const ns_npu_piece piece = {0, 0, ifm2->width};
    if (is_short(ifm2) && ns_npu_map_is_apart(machine, ifm2, &operation->ofm)) {
        values = (void *)ns_npu_map_take(machine, ifm2, &piece, values); /* only read */
    } else {
        ns_npu_map_read(machine, ifm2, &piece, row);
        NS_TRY(narrow_row(machine, ifm2, 0, row, count, values, error));
    }
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
    if (is_short(ifm) && !is_padded && height == 1 && ifm->depth % 2 == 0 &&
        ns_npu_map_is_apart(machine, ifm, &operation->ofm)) {
        const ns_npu_piece piece = {0, 0, width};
        NS_TRY(ns_npu_room(machine, total, sizeof(int16_t), &data, error));
        *out = (ns_npu_image){ns_npu_map_take(machine, ifm, &piece, data), height, width, ifm->depth};
        return NS_OK;
    }
    NS_TRY((is_padded ? ns_npu_scratch : ns_npu_room)(machine, total + 1, sizeof(int16_t), &data, error));
    ((int16_t *)data)[total] = 0;
    NS_TRY(ns_npu_room(machine, (size_t)(ifm->width * ifm->depth), sizeof(int32_t), &row_memory, error));
    *out = (ns_npu_image){data, height, width, ifm->depth};
    int32_t *row = row_memory;
    int16_t *values = data;
    size_t count = (size_t)(ifm->width * ifm->depth);
    for (int64_t y = 0; !empty && y < ifm->height; y++) {
        const ns_npu_piece piece = {y, 0, ifm->width};
        int16_t *target = values + ((y + operation->pad_top) * width + operation->pad_left) * ifm->depth;
        if (is_short(ifm)) {
            const void *place = ns_npu_map_take(machine, ifm, &piece, target);
            if (place != target)
                memcpy(target, place, count * sizeof *target);
            continue;
        }
        ns_npu_map_read(machine, ifm, &piece, row);
        NS_TRY(narrow_row(machine, ifm, y, row, count, target, error));
    }
    return NS_OK;
}

ns_code ns_npu_pool_load(ns_npu_machine *machine, const ns_npu_operation *operation, int32_t **out,
                         ns_error *error)
{
    const ns_npu_map *ifm = &operation->ifm;
    NS_TRY(ns_npu_map_check(machine, ifm, false, error));
    if (ifm->height > MAX_IMAGE / (ifm->width * ifm->depth))
        return ns_npu_unsupported(machine, error, "an IFM of %lld x %lld x %lld elements",
                                  (long long)ifm->height, (long long)ifm->width, (long long)ifm->depth);
    int64_t row = ifm->width * ifm->depth;
    void *data;
    NS_TRY(ns_npu_room(machine, (size_t)(ifm->height * row), sizeof(int32_t), &data, error));
    *out = data;
    NS_TRY(ns_npu_spend(machine, (uint64_t)(ifm->height * row), error));
    for (int64_t y = 0; y < ifm->height; y++)
        ns_npu_map_read(machine, ifm, &(ns_npu_piece){y, 0, ifm->width}, *out + y * row);
    return NS_OK;
}
