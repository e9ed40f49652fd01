/* Shadow: books on every byte of memory, who wrote it and whether it was read since. They show streams that
 * are wrong whatever the values: memory read that nothing wrote, loads that are overwritten before they are
 * read, outputs that are not written, inputs that are not read (shadow.def). */
#ifndef NS_NPU_SHADOW_H
#define NS_NPU_SHADOW_H

#include "npu/memory/internal.h"
#include "npu/operations/operation.h"

typedef enum ns_npu_sign {
#define NS_NPU_SIGN(name, certain, sentence) NS_NPU_SIGN_##name,
#include "npu/watch/shadow.def"
#undef NS_NPU_SIGN
    NS_NPU_SIGN_COUNT
} ns_npu_sign;

typedef struct ns_npu_shadow ns_npu_shadow;

/* Books for the machine's regions, which are bound, with the inputs copied in; NULL when memory is out. */
ns_npu_shadow *ns_npu_shadow_new(ns_npu_machine *machine, ns_arena *arena);

/* Each does nothing when machine->shadow is NULL. The operation has been executed: its addresses
 * have been checked. */
void ns_npu_shadow_operation(ns_npu_machine *machine, const ns_npu_operation *operation);

/* One run of a DMA: `length` bytes; addresses have been checked. */
void ns_npu_shadow_copy(ns_npu_machine *machine, const ns_npu_dma *dma, int64_t source, int64_t destination);

/* After the last command. */
void ns_npu_shadow_finish(ns_npu_machine *machine);

#endif
