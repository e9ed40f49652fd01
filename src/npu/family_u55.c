#include "npu/internal.h"

#include <string.h>

#include "npu/memory/internal.h"
#include "npu/operations/internal.h"
#include "npu/stream/registers.h"
#include "npu/watch/internal.h"

static ns_npu_command_kind kind_of(const ns_npu_command *command)
{
    switch (command->index) {
    case U55_OP_CONV:
    case U55_OP_DEPTHWISE:
    case U55_OP_POOL:
    case U55_OP_ELEMENTWISE:
        return NS_NPU_COMMAND_BLOCK;
    case U55_OP_DMA_START:
        return NS_NPU_COMMAND_DMA;
    default:
        return NS_NPU_COMMAND_CONTROL;
    }
}

static ns_code execute_block(ns_npu_machine *machine, const ns_npu_command *command, ns_error *error)
{
    ns_npu_operation operation;
    NS_TRY(ns_npu_read_operation(machine, command, &operation, error));
    NS_TRY(ns_npu_execute(machine, &operation, error));
    /* 16 KiB of SHRAM keep no banks for tables: accumulators overwrite them (ethos_u55.cpp,
     * reservedEndBanks). */
    if (machine->config->lut_bank < 16 && ns_npu_table_size(operation.table) == 0)
        memset(machine->internal_valid, 0, machine->internal_size);
    return NS_OK;
}

static ns_code control(ns_npu_machine *machine, const ns_npu_command *command, ns_error *error)
{
    (void)error;
    if (command->index == U55_OP_STOP)
        machine->stopped = true;
    else if (command->index == U55_OP_DMA_WAIT)
        ns_npu_hazards_dma_wait(machine, (int)(command->value & 1));
    else if (command->index == U55_OP_KERNEL_WAIT)
        ns_npu_hazards_kernel_wait(machine, (int)(command->value & 3));
    return NS_OK;
}

#define COMMON                                                                     \
    .kernel_limit = 2, .kind_of = kind_of, .read_operation = ns_npu_operation_u55, \
    .read_dma = ns_npu_dma_u55, .block = execute_block, .control = control

const ns_npu_family ns_npu_family_u55 = {COMMON, .dma_limit = 1};
const ns_npu_family ns_npu_family_u65 = {COMMON, .dma_limit = 2};
