#include "npu/memory/internal.h"

#include "npu/stream/registers.h"

/* Reads a field into an int64_t. */
#define GET(reg, name, out) NS_TRY(ns_npu_get(machine, U55_FIELD_##reg##_##name, (out), error))

static const ns_npu_dma_fields source_fields = NS_NPU_DMA_FIELDS(U55_, SRC);
static const ns_npu_dma_fields destination_fields = NS_NPU_DMA_FIELDS(U55_, DST);

/* One dimension: LEN bytes. Two and three (U65, destination only): SIZE0 runs, each LEN + SKIP0 after the
 * last, SIZE1 groups, each LEN * SIZE0 + SKIP1 after the last: so Vela computes SKIP1. */
ns_code ns_npu_dma_u55(ns_npu_machine *machine, ns_npu_dma *out, ns_error *error)
{
    int64_t source_mode, mode, length, size, skip;
    *out = (ns_npu_dma){.runs = 1, .groups = 1};
    NS_TRY(ns_npu_read_dma_side(machine, &source_fields, &out->source, error));
    GET(DMA0_SRC_REGION, STRIDE_MODE, &source_mode);
    NS_TRY(ns_npu_read_dma_side(machine, &destination_fields, &out->destination, error));
    GET(DMA0_DST_REGION, STRIDE_MODE, &mode);
    GET(DMA0_LEN, LENGTH, &length);
    out->length = (uint64_t)length;
    if (source_mode != U55_DMA_STRIDE_MODE_D1)
        return ns_npu_unsupported(
            machine, error,
            "DMA0_SRC_REGION: a strided source, which no compiler emits; want STRIDE_MODE D1");
    if (mode == U55_DMA_STRIDE_MODE_D1)
        return NS_OK;
    if (machine->config->product_bit == NS_NPU_PRODUCT_U55)
        return ns_npu_fault(machine, error, "DMA0_DST_REGION: Ethos-U55 has one-dimensional DMA only");
    GET(DMA0_SIZE0, SIZE, &size);
    GET(DMA0_SKIP0, SKIP, &skip);
    out->runs = (uint64_t)size;
    out->source.stride0 = length;
    out->destination.stride0 = length + skip;
    if (mode == U55_DMA_STRIDE_MODE_D2)
        return NS_OK;
    GET(DMA0_SIZE1, SIZE, &size);
    GET(DMA0_SKIP1, SKIP, &skip);
    out->groups = (uint64_t)size;
    out->source.stride1 = length * (int64_t)out->runs;
    out->destination.stride1 = out->source.stride1 + skip;
    return NS_OK;
}
