#include "npu/internal.h"

#include "npu/memory/internal.h"
#include "npu/operations/internal.h"
#include "npu/watch/internal.h"
#include "npu/watch/rules.h"

static ns_code run(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                   ns_error *error)
{
    switch (operation->kind) {
    case NS_NPU_CONV:
        return ns_npu_conv(machine, operation, output, error);
    case NS_NPU_DEPTHWISE:
        return ns_npu_depthwise(machine, operation, output, error);
    case NS_NPU_POOL_MAX:
    case NS_NPU_POOL_MIN:
        return ns_npu_pool_max(machine, operation, output, error);
    case NS_NPU_POOL_AVERAGE:
        return ns_npu_pool_average(machine, operation, output, error);
    case NS_NPU_POOL_NONE:
        return ns_npu_pool_none(machine, operation, output, error);
    case NS_NPU_POOL_ARGMAX:
        return ns_npu_pool_argmax(machine, operation, output, error);
    case NS_NPU_RESIZE:
        return ns_npu_resize(machine, operation, output, error);
    case NS_NPU_REDUCE_SUM:
        return ns_npu_reduce_sum(machine, operation, output, error);
    case NS_NPU_ELEMENTWISE:
        return ns_npu_elementwise(machine, operation, output, error);
    }
    return ns_fail(error, NS_ERROR_INTERNAL, "operation kind %d has no executor", operation->kind);
}

ns_code ns_npu_execute(ns_npu_machine *machine, ns_npu_operation *operation, ns_error *error)
{
    ns_npu_output_stage output;
    NS_TRY(ns_npu_output_open(machine, operation, &output, error));
    ns_npu_hazards_operation(machine, operation);
    NS_TRY(run(machine, operation, &output, error));
    ns_npu_shadow_operation(machine, operation);
    return ns_npu_tap_operation(machine, operation, output.saturated, error);
}

/* Commands of a stream whose operations are kept. */
#define MAX_COMMANDS ((size_t)1 << 18)

/* A chained map names a buffer of the machine that read it. */
static void rebase(ns_npu_map *map, const ns_npu_buffer *from, ns_npu_buffer *to)
{
    if (map->chain)
        map->chain = to + (map->chain - from);
}

static void rebase_all(ns_npu_operation *operation, const ns_npu_buffer *from, ns_npu_buffer *to)
{
    rebase(&operation->ifm, from, to);
    rebase(&operation->ifm2, from, to);
    rebase(&operation->ofm, from, to);
}

/* What a kept operation's maps point into, never read. */
static ns_npu_buffer nowhere[NS_NPU_CHAINS];

static void keep(ns_npu_machine *machine, const ns_npu_operation *operation)
{
    ns_npu_stream *stream = machine->stream;
    if (!stream->operations)
        stream->operations = NS_ARENA_ARRAY(stream->arena, stream->command_count, ns_npu_operation *);
    if (!stream->operations)
        return;
    ns_npu_operation *kept = ns_arena_copy(stream->arena, operation, sizeof *operation);
    if (kept)
        rebase_all(kept, machine->chains, nowhere);
    stream->operations[machine->command] = kept;
}

ns_code ns_npu_read_operation(ns_npu_machine *machine, const ns_npu_command *command, ns_npu_operation *out,
                              ns_error *error)
{
    const ns_npu_stream *stream = machine->stream;
    const bool is_linear = stream->runs > 1 && !machine->branches && stream->command_count <= MAX_COMMANDS;
    if (is_linear && stream->operations && stream->operations[machine->command]) {
        *out = *stream->operations[machine->command];
        rebase_all(out, nowhere, machine->chains);
        return NS_OK;
    }
    const size_t rules = machine->statistics->chip_rules;
    NS_TRY(machine->family->read_operation(machine, command, out, error));
    if (is_linear && machine->statistics->chip_rules == rules)
        keep(machine, out);
    return NS_OK;
}
