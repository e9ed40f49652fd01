#include "npu/memory/internal.h"

#include "npu/stream/registers.h"
#include "npu/watch/rules.h"

/* Reads a field into an int64_t. */
#define GET(reg, name, out) NS_TRY(ns_npu_get(machine, U85_FIELD_##reg##_##name, (out), error))

static const ns_npu_dma_fields source_fields = NS_NPU_DMA_FIELDS(U85_, SRC);
static const ns_npu_dma_fields destination_fields = NS_NPU_DMA_FIELDS(U85_, DST);

/* In one dimension SIZE0, which is 0 until it is written, only says whether there is an index to read. Vela
 * 5.0.0 leaves it as it was; 5.1.0 writes 1. */
static void apply_size_rules(ns_npu_machine *machine, ns_npu_dma *dma)
{
    const uint64_t size = machine->value[U85_REGISTER_DMA0_SIZE0];
    if (!dma->source.indexed && !dma->destination.indexed)
        return;
    if (size == 0) {
        ns_npu_chip_rule(machine, NS_NPU_RULE_DMA_INDEX_SIZE, "%s",
                         dma->destination.indexed ? "the destination is indexed" : "the source is indexed");
        dma->source.indexed = dma->destination.indexed = false;
    } else if (size > 1) {
        ns_npu_chip_rule(machine, NS_NPU_RULE_DMA_STALE_SIZE, "DMA0_SIZE0 is %llu", (unsigned long long)size);
    }
}

ns_code ns_npu_dma_u85(ns_npu_machine *machine, ns_npu_dma *out, ns_error *error)
{
    int64_t region, mode, from_index, to_index, length, size;
    *out = (ns_npu_dma){.runs = 1, .groups = 1};
    NS_TRY(ns_npu_read_dma_side(machine, &source_fields, &out->source, error));
    GET(DMA0_SRC_REGION, STRIDE_MODE, &mode);
    GET(DMA0_SRC_REGION, IDX_MODE, &from_index);
    out->source.indexed = from_index == U85_DMA_IDX_MODE_ENABLED;
    NS_TRY(ns_npu_read_dma_side(machine, &destination_fields, &out->destination, error));
    GET(DMA0_DST_REGION, IDX_MODE, &to_index);
    out->destination.indexed = to_index == U85_DMA_IDX_MODE_ENABLED;
    GET(DMA0_LEN, LENGTH, &length);
    out->length = (uint64_t)length;
    if (out->source.indexed && out->destination.indexed)
        return ns_npu_fault(machine, error, "DMA0_SRC_REGION and DMA0_DST_REGION are both indexed");
    const bool indexed = out->source.indexed || out->destination.indexed;
    if (indexed) {
        GET(DMA0_IDX_REGION, REGION, &region);
        GET(DMA0_IDX, ADDRESS, &out->index_address);
        GET(DMA0_IDX_MAX, IDX_MAX, &out->index_max);
        out->index_region = (int)region;
    }
    if (mode == U85_DMA_STRIDE_MODE_D1) {
        apply_size_rules(machine, out);
    } else {
        GET(DMA0_SIZE0, SIZE, &size);
        out->runs = (uint64_t)size;
    }
    if (mode != U85_DMA_STRIDE_MODE_D1 || out->source.indexed)
        GET(DMA0_SRC_STRIDE0, STRIDE, &out->source.stride0);
    if (mode != U85_DMA_STRIDE_MODE_D1 || out->destination.indexed)
        GET(DMA0_DST_STRIDE0, STRIDE, &out->destination.stride0);
    if (mode != U85_DMA_STRIDE_MODE_D3)
        return NS_OK;
    GET(DMA0_SIZE1, SIZE, &size);
    out->groups = (uint64_t)size;
    GET(DMA0_SRC_STRIDE1, STRIDE, &out->source.stride1);
    GET(DMA0_DST_STRIDE1, STRIDE, &out->destination.stride1);
    if (indexed)
        GET(DMA0_IDX_SKIP1, SKIP, &out->index_skip);
    return NS_OK;
}
