#include "npu/memory/internal.h"

#include <inttypes.h>

#include "npu/watch/rules.h"

ns_code ns_npu_span(ns_npu_machine *machine, int region, int64_t address, uint64_t length, bool write,
                    const char *what, uint8_t **out, ns_error *error)
{
    const ns_npu_region *bound = &machine->regions[region];
    if (!bound->data)
        return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_NO_MEMORY,
                                "%s: region %d is not bound to any memory", what, region);
    if (write && !bound->writable)
        return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_READ_ONLY,
                                "%s: region %d is read only, and address 0x%" PRIx64 " would be written",
                                what, region, address);
    if (address < 0 || (uint64_t)address > bound->size || length > bound->size - (uint64_t)address)
        return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_OUTSIDE_MEMORY,
                                "%s: bytes 0x%" PRIx64 " to 0x%" PRIx64
                                " reach outside region %d, which has 0x%" PRIx64 " bytes",
                                what, address, address + (int64_t)length, region, bound->size);
    *out = bound->data + address;
    return NS_OK;
}

bool ns_npu_span_fits(const ns_npu_machine *machine, int region, int64_t address, uint64_t length, bool write)
{
    const ns_npu_region *bound = &machine->regions[region];
    return bound->data && (!write || bound->writable) && address >= 0 && (uint64_t)address <= bound->size &&
           length <= bound->size - (uint64_t)address;
}
