#include "npu/internal.h"

#include "npu/memory/internal.h"
#include "npu/operations/internal.h"
#include "npu/stream/registers.h"
#include "npu/watch/internal.h"
#include "npu/watch/rules.h"

/* Taken branches after which a stream is given up: far above any loop of a model, and reached in seconds. */
#define MAX_BRANCHES ((uint64_t)1 << 22)

#define TABLE_MEMORY 2048

static ns_npu_command_kind kind_of(const ns_npu_command *command)
{
    switch (command->index) {
    case U85_OP_CONV:
    case U85_OP_DEPTHWISE:
    case U85_OP_POOL:
    case U85_OP_ELEMENTWISE:
    case U85_OP_RESIZE:
        return NS_NPU_COMMAND_BLOCK;
    case U85_OP_DMA_START:
        return NS_NPU_COMMAND_DMA;
    default:
        return NS_NPU_COMMAND_CONTROL;
    }
}

static ns_code execute_block(ns_npu_machine *machine, const ns_npu_command *command, ns_error *error)
{
    ns_npu_operation operation;
    NS_TRY(ns_npu_read_operation(machine, command, &operation, error));
    if (operation.kind == NS_NPU_REDUCE_SUM && operation.accumulator_bits == 48) {
        const bool brick = operation.ifm.brick;
        ns_npu_chip_rule(machine, brick ? NS_NPU_RULE_REDUCE_SUM_48_BRICK : NS_NPU_RULE_REDUCE_SUM_48,
                         "the IFM is in %s", brick ? "NHCWB16" : "NHWC");
        operation.gives_zeros = !brick || machine->options->strict_chip;
    }
    return ns_npu_execute(machine, &operation, error);
}

/* Command at a word of the stream; commands are sorted by it. */
static size_t command_at(const ns_npu_machine *machine, uint64_t word)
{
    size_t low = 0, high = machine->command_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (machine->commands[middle].word < word)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* BRANCH: to the byte offset BRANCH_TARGET, always or when the result flag is true. */
static ns_code branch(ns_npu_machine *machine, const ns_npu_command *command, ns_error *error)
{
    const ns_npu_table *table = machine->config->table;
    const uint64_t target =
        (uint64_t)ns_npu_field_of(&table->operation_fields[U85_OPFIELD_BRANCH_BRANCH_TARGET], command->value);
    const int64_t condition =
        ns_npu_field_of(&table->operation_fields[U85_OPFIELD_BRANCH_BRANCH_COND], command->value);
    if (condition == U85_BRANCH_COND_RF_TRUE && !machine->result_flag)
        return NS_OK;
    const size_t next = command_at(machine, target / 4);
    if (target % 4 || next == machine->command_count || machine->commands[next].word != target / 4)
        return ns_npu_fault(machine, error, "BRANCH_TARGET 0x%llx is not where a command begins",
                            (unsigned long long)target);
    if (++machine->branches > MAX_BRANCHES)
        return ns_npu_fault(machine, error, "over %llu branches have been taken: the stream does not end",
                            (unsigned long long)MAX_BRANCHES);
    machine->next = next;
    return NS_OK;
}

static ns_code control(ns_npu_machine *machine, const ns_npu_command *command, ns_error *error)
{
    switch (command->index) {
    case U85_OP_STOP:
        machine->stopped = true;
        return NS_OK;
    case U85_OP_BRANCH:
        return branch(machine, command, error);
    case U85_OP_DMA_WAIT:
        ns_npu_hazards_dma_wait(machine, (int)(command->value & 3));
        return NS_OK;
    case U85_OP_KERNEL_WAIT:
        ns_npu_hazards_kernel_wait(machine, (int)(command->value & 1));
        return NS_OK;
    default:
        return NS_OK;
    }
}

/* Limits: ethos_u85.hpp, MaxOutstandingDMAOps and MaxOutstandingKernelOps. */
const ns_npu_family ns_npu_family_u85 = {
    .dma_limit = 4,
    .kernel_limit = 2,
    .table_memory = TABLE_MEMORY,
    .kind_of = kind_of,
    .read_operation = ns_npu_operation_u85,
    .read_dma = ns_npu_dma_u85,
    .block = execute_block,
    .control = control,
};
