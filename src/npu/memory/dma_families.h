/* Registers to transfers, by family. */
#ifndef NS_NPU_DMA_FAMILIES_H
#define NS_NPU_DMA_FAMILIES_H

#include "npu/machine.h"
#include "npu/memory/dma.h"

/* What the command would do with the registers as they are now. */
ns_code ns_npu_dma_u55(ns_npu_machine *machine, ns_npu_dma *out, ns_error *error);
ns_code ns_npu_dma_u85(ns_npu_machine *machine, ns_npu_dma *out, ns_error *error);

#endif
