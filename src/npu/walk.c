#include "npu/internal.h"

static ns_code visit_operation(ns_npu_machine *machine, const ns_npu_command *command,
                               ns_npu_visitor *visitor, void *context, ns_error *error)
{
    ns_npu_operation operation;
    ns_npu_dma dma;
    ns_error inner = {0};
    ns_npu_visit visit = {.command = command, .index = machine->command};
    ns_npu_command_kind kind = machine->family->kind_of(command);
    if (kind == NS_NPU_COMMAND_BLOCK) {
        if (machine->family->read_operation(machine, command, &operation, &inner) == NS_OK)
            visit.operation = &operation;
        else
            visit.problem = inner.message;
    } else if (kind == NS_NPU_COMMAND_DMA) {
        if (machine->family->read_dma(machine, &dma, &inner) == NS_OK)
            visit.dma = &dma;
        else
            visit.problem = inner.message;
    }
    return visitor(context, machine, &visit, error);
}

ns_code ns_npu_walk(ns_npu_stream *stream, ns_npu_visitor *visitor, void *context, ns_error *error)
{
    static const ns_npu_options quiet;
    ns_npu_statistics statistics = {0};
    ns_arena *scratch = ns_arena_new();
    ns_npu_machine *machine = scratch ? NS_ARENA_NEW(scratch, ns_npu_machine) : NULL;
    ns_code code = machine ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory to walk a command stream");
    if (machine) {
        machine->config = stream->config;
        machine->family = ns_npu_family_of(stream->config);
        machine->options = &quiet;
        machine->statistics = &statistics;
        machine->stream = stream;
        machine->commands = stream->commands;
        machine->command_count = stream->command_count;
    }
    for (size_t i = 0; code == NS_OK && i < stream->command_count; i++) {
        const ns_npu_command *command = &stream->commands[i];
        machine->command = i;
        if (command->is_operation) {
            code = visit_operation(machine, command, visitor, context, error);
        } else {
            machine->value[command->index] = command->value;
            machine->written[command->index] = (uint32_t)i + 1;
        }
    }
    ns_arena_free(scratch);
    return code;
}
