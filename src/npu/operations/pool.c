#include "npu/operations/internal.h"

#include "npu/memory/internal.h"

#define MAX_IMAGE ((int64_t)1 << 28)

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
        ns_npu_map_read(machine, ifm, y, *out + y * row);
    return NS_OK;
}
