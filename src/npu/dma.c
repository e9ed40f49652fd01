/* for j < groups, i < runs: copy `length` bytes from source + j * stride1 + i * stride0 to destination + ...
 * Source: Vela 5.1.0, ethos_u65_register_cs_generator.cpp, GenerateDMA. */
#include "npu/dma.h"

#include <inttypes.h>
#include <string.h>

#include "npu/hazards.h"

static ns_code span(ns_npu_machine *machine, const ns_npu_dma_side *side, int64_t offset, uint64_t length,
                    bool write, uint8_t **out, ns_error *error)
{
    int64_t address = side->address + offset;
    const char *what = write ? "DMA destination" : "DMA source";
    if (!side->internal)
        return ns_npu_span(machine, side->region, address, length, write, what, out, error);
    if (address < 0 || (uint64_t)address > machine->internal_size ||
        length > machine->internal_size - (uint64_t)address)
        return ns_npu_fault(machine, error,
                            "%s: bytes 0x%" PRIx64 " to 0x%" PRIx64
                            " reach outside the internal memory, which has 0x%zx bytes",
                            what, address, address + (int64_t)length, machine->internal_size);
    *out = machine->internal + address;
    return NS_OK;
}

ns_code ns_npu_dma_run(ns_npu_machine *machine, const ns_npu_dma *dma, ns_error *error)
{
    if (dma->source.internal)
        return ns_npu_unsupported(machine, error, "a DMA that reads the internal memory");
    machine->statistics->dma++;
    ns_npu_hazards_dma(machine, dma);
    for (uint64_t j = 0; j < dma->groups; j++)
        for (uint64_t i = 0; i < dma->runs; i++) {
            uint8_t *source, *destination;
            NS_TRY(ns_npu_spend(machine, dma->length + 1, error));
            NS_TRY(span(machine, &dma->source,
                        (int64_t)j * dma->source.stride1 + (int64_t)i * dma->source.stride0, dma->length,
                        false, &source, error));
            NS_TRY(span(machine, &dma->destination,
                        (int64_t)j * dma->destination.stride1 + (int64_t)i * dma->destination.stride0,
                        dma->length, true, &destination, error));
            memmove(destination, source, dma->length);
            if (dma->destination.internal)
                memset(machine->internal_valid + (destination - machine->internal), 1, dma->length);
        }
    return NS_OK;
}
