/* What the DMA0 registers of all products have in common. */
#ifndef NS_NPU_DMA_REGISTERS_H
#define NS_NPU_DMA_REGISTERS_H

#include "npu/machine.h"
#include "npu/memory/dma.h"

typedef struct ns_npu_dma_fields {
    int region, region_mode, address;
    int internal; /* the value of region_mode for internal memory */
} ns_npu_dma_fields;

/* Of a family with prefix P (U55_, U85_); `side` is SRC or DST. */
#define NS_NPU_DMA_FIELDS(P, side)                                                                           \
    {                                                                                                        \
        .region = P##FIELD_DMA0_##side##_REGION_REGION,                                                      \
        .region_mode = P##FIELD_DMA0_##side##_REGION_REGION_MODE, .address = P##FIELD_DMA0_##side##_ADDRESS, \
        .internal = P##DMA_REGION_MODE_INTERNAL                                                              \
    }

/* Memory and address of one side; strides and indices are the family's. */
ns_code ns_npu_read_dma_side(ns_npu_machine *machine, const ns_npu_dma_fields *fields, ns_npu_dma_side *side,
                             ns_error *error);

#endif
