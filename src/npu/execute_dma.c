/* for j < groups, i < runs: copy `length` bytes from source + j * stride1 + i * stride0 to destination + ...,
 * where an indexed side has the next index in place of i (gather, scatter).
 * Source: Vela 5.1.0, ethos_u65_register_cs_generator.cpp, GenerateDMA; ethos_u85_register_cs_generator.cpp,
 * GenerateDMA; regor/compiler/high_level_command_stream_generator.cpp, GenerateHLCDMACommands. */
#include "npu/internal.h"

#include <inttypes.h>
#include <string.h>

#include "npu/memory/internal.h"
#include "npu/watch/internal.h"
#include "npu/watch/rules.h"

static ns_code span(ns_npu_machine *machine, const ns_npu_dma_side *side, int64_t offset, uint64_t length,
                    bool write, uint8_t **out, ns_error *error)
{
    int64_t address = side->address + offset;
    const char *what = write ? "DMA destination" : "DMA source";
    if (!side->internal)
        return ns_npu_span(machine, side->region, address, length, write, what, out, error);
    if (address < 0 || (uint64_t)address > machine->internal_size ||
        length > machine->internal_size - (uint64_t)address)
        return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_OUTSIDE_MEMORY,
                                "%s: bytes 0x%" PRIx64 " to 0x%" PRIx64
                                " reach outside the internal memory, which has 0x%zx bytes",
                                what, address, address + (int64_t)length, machine->internal_size);
    *out = machine->internal + address;
    return NS_OK;
}

static ns_code read_index(ns_npu_machine *machine, const ns_npu_dma *dma, int64_t *address, int64_t *index,
                          ns_error *error)
{
    uint8_t *bytes;
    NS_TRY(ns_npu_span(machine, dma->index_region, *address, sizeof(uint32_t), false, "DMA indices", &bytes,
                       error));
    *index = (int32_t)ns_load_u32(bytes);
    if (*index < 0 || *index > dma->index_max)
        return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_INDEX_RANGE,
                                "the index at 0x%" PRIx64 " of region %d is %" PRId64
                                ", outside 0 to DMA0_IDX_MAX %" PRId64,
                                *address, dma->index_region, *index, dma->index_max);
    *address += (int64_t)sizeof(uint32_t);
    return NS_OK;
}

/* Strides have 40 bits and indices 31: a sum that leaves 64 bits lies outside any region. */
static ns_code offset_of(ns_npu_machine *machine, const ns_npu_dma_side *side, uint64_t group, uint64_t run,
                         int64_t index, int64_t *out, ns_error *error)
{
    int64_t inner, outer;
    if (__builtin_mul_overflow((int64_t)group, side->stride1, &outer) ||
        __builtin_mul_overflow(side->indexed ? index : (int64_t)run, side->stride0, &inner) ||
        __builtin_add_overflow(inner, outer, out) || *out < -((int64_t)1 << 60) || *out > (int64_t)1 << 60)
        return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_OUTSIDE_MEMORY,
                                "a DMA address leaves 64 bits");
    return NS_OK;
}

ns_code ns_npu_dma_run(ns_npu_machine *machine, const ns_npu_dma *dma, ns_error *error)
{
    if (dma->source.internal)
        return ns_npu_unsupported(machine, error, "a DMA that reads the internal memory");
    machine->statistics->dma++;
    ns_npu_hazards_dma(machine, dma);
    const bool indexed = dma->source.indexed || dma->destination.indexed;
    int64_t index = 0, index_address = dma->index_address;
    for (uint64_t j = 0; j < dma->groups; j++) {
        NS_TRY(ns_npu_spend(machine, 1, error));
        for (uint64_t i = 0; i < dma->runs; i++) {
            int64_t from = 0, to = 0;
            uint8_t *source, *destination;
            NS_TRY(ns_npu_spend(machine, dma->length + 1, error));
            if (indexed)
                NS_TRY(read_index(machine, dma, &index_address, &index, error));
            NS_TRY(offset_of(machine, &dma->source, j, i, index, &from, error));
            NS_TRY(offset_of(machine, &dma->destination, j, i, index, &to, error));
            NS_TRY(span(machine, &dma->source, from, dma->length, false, &source, error));
            NS_TRY(span(machine, &dma->destination, to, dma->length, true, &destination, error));
            ns_npu_shadow_copy(machine, dma, dma->source.address + from, dma->destination.address + to);
            memmove(destination, source, dma->length);
            if (dma->destination.internal)
                memset(machine->internal_valid + (destination - machine->internal), 1, dma->length);
        }
        if (__builtin_add_overflow(index_address, dma->index_skip, &index_address))
            return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_OUTSIDE_MEMORY,
                                    "the address of a DMA's indices leaves 64 bits");
    }
    return NS_OK;
}
