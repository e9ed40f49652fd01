/* Hazards: whether waits and block dependencies promise what the data need.
 *
 * The NPU runs DMA transfers and block operations side by side. A stream orders them with OP_DMA_WAIT and
 * OP_KERNEL_WAIT (go on when at most n are outstanding), and block operations among themselves with BLOCKDEP.
 * Executing in order, as this simulator does, gives the right numbers whatever they say; this part keeps the
 * books of what may still be running and reports every access that nothing orders. */
#ifndef NS_NPU_HAZARDS_H
#define NS_NPU_HAZARDS_H

#include "npu/memory/dma.h"
#include "npu/operations/operation.h"

typedef struct ns_npu_hazards ns_npu_hazards;

/* Books for a run, in `arena`; NULL when memory is out. Limits are the numbers of transfers and operations
 * that the NPU lets run before it stalls by itself. */
ns_npu_hazards *ns_npu_hazards_new(ns_arena *arena, int dma_limit, int kernel_limit);

/* Each does nothing when machine->hazards is NULL. Call before executing. */
void ns_npu_hazards_operation(ns_npu_machine *machine, const ns_npu_operation *operation);
void ns_npu_hazards_dma(ns_npu_machine *machine, const ns_npu_dma *dma);
void ns_npu_hazards_dma_wait(ns_npu_machine *machine, int outstanding);
void ns_npu_hazards_kernel_wait(ns_npu_machine *machine, int outstanding);

#endif
