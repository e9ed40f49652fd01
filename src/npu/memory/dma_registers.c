#include "npu/memory/internal.h"

ns_code ns_npu_read_dma_side(ns_npu_machine *machine, const ns_npu_dma_fields *fields, ns_npu_dma_side *side,
                             ns_error *error)
{
    int64_t region, mode;
    NS_TRY(ns_npu_get(machine, fields->region, &region, error));
    NS_TRY(ns_npu_get(machine, fields->region_mode, &mode, error));
    side->region = (int)region;
    side->internal = mode == fields->internal;
    return ns_npu_get(machine, fields->address, &side->address, error);
}
