/* Execute DMA: a transfer, and those who watch it. */
#ifndef NS_NPU_EXECUTE_DMA_H
#define NS_NPU_EXECUTE_DMA_H

#include "npu/machine.h"
#include "npu/memory/dma.h"

/* Copies; a fault when a run reaches outside its memory. */
ns_code ns_npu_dma_run(ns_npu_machine *machine, const ns_npu_dma *dma, ns_error *error);

#endif
