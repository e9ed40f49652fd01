/* Running a stream: memory, inputs in, commands, outputs out. */
#include <inttypes.h>
#include <string.h>

#include "base/interface.h"
#include "npu/internal.h"
#include "npu/watch/internal.h"
#include "npu/watch/rules.h"

#define LUT_BANKS 2
#define BANK 1024

/* Where an input or output lies in the memory that is bound: options->fast_scratch may leave its region less
 * than the stream wants. */
static ns_code io_span(ns_npu_machine *machine, const ns_npu_io *io, const char *what, int index,
                       uint64_t bytes, uint8_t **out, ns_error *error)
{
    const ns_npu_region *region = &machine->regions[io->region];
    if (io->offset > region->size || bytes > region->size - io->offset)
        return ns_fail(error, NS_ERROR_INPUT,
                       "%s %d takes bytes 0x%" PRIx64 " to 0x%" PRIx64
                       " of region %d, of which the device gives "
                       "only 0x%" PRIx64 ": give it more fast scratch",
                       what, index, io->offset, io->offset + bytes, io->region, region->size);
    *out = region->data + io->offset;
    return NS_OK;
}

static ns_code bind(ns_npu_machine *machine, ns_arena *memory, int region, uint64_t size, ns_error *error)
{
    uint8_t *data = ns_arena_alloc(memory, size ? (size_t)size : 1, 1);
    if (!data)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for region %d of %" PRIu64 " bytes", region, size);
    machine->regions[region] = (ns_npu_region){data, size, true};
    return NS_OK;
}

static ns_code bind_all(ns_npu_machine *machine, ns_arena *memory, ns_error *error)
{
    ns_npu_stream *stream = machine->stream;
    if (stream->input_size)
        NS_TRY(bind(machine, memory, NS_NPU_REGION_INPUTS, stream->input_size, error));
    if (stream->output_size)
        NS_TRY(bind(machine, memory, NS_NPU_REGION_OUTPUTS, stream->output_size, error));
    if (stream->shared)
        machine->regions[stream->scratch_region] =
            (ns_npu_region){stream->shared->data, stream->scratch_size, true};
    else
        NS_TRY(bind(machine, memory, stream->scratch_region, stream->scratch_size, error));
    const uint64_t device = machine->options->fast_scratch, fast = stream->scratch_fast_size;
    if (fast)
        NS_TRY(bind(machine, memory, stream->scratch_fast_region, device && device < fast ? device : fast,
                    error));
    else
        machine->regions[stream->scratch_fast_region] = machine->regions[stream->scratch_region];
    machine->regions[stream->weight_region] =
        (ns_npu_region){(uint8_t *)stream->weights.data, stream->weights.size, false};
    const ns_npu_config *config = stream->config;
    machine->internal_size =
        config->lut_bank ? (size_t)(config->lut_bank + LUT_BANKS) * BANK : machine->family->table_memory;
    machine->internal = ns_arena_alloc(memory, machine->internal_size, 1);
    machine->internal_valid = ns_arena_alloc(memory, machine->internal_size, 1);
    if (!machine->internal || !machine->internal_valid)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu bytes of internal memory",
                       machine->internal_size);
    return NS_OK;
}

static ns_code copy_in(ns_npu_machine *machine, const ns_tensor *inputs, int input_count, ns_error *error)
{
    ns_npu_stream *stream = machine->stream;
    if (input_count != stream->input_count)
        return ns_fail(error, NS_ERROR_INPUT, "the stream has %d inputs, %d are given", stream->input_count,
                       input_count);
    for (int i = 0; i < input_count; i++) {
        const ns_npu_io *io = &stream->inputs[i];
        size_t wanted, given;
        char text[96];
        NS_TRY(ns_shape_count(io->rank, io->shape, &wanted, error));
        NS_TRY(ns_shape_count(inputs[i].rank, inputs[i].shape, &given, error));
        if (given != wanted || ns_dtype_bytes(inputs[i].dtype) != io->element_bytes)
            return ns_fail(error, NS_ERROR_INPUT, "input %d is %s; want %zu elements of %d bytes", i,
                           ns_tensor_describe(&inputs[i], text, sizeof text), wanted, io->element_bytes);
        uint8_t *target;
        const size_t bytes = wanted * (size_t)io->element_bytes;
        NS_TRY(io_span(machine, io, "input", i, bytes, &target, error));
        memcpy(target, inputs[i].data, bytes);
    }
    return NS_OK;
}

/* Variables to where the stream keeps them, or from there (`out`). */
static ns_code copy_variables(ns_npu_machine *machine, const ns_tensor *values, bool out, ns_error *error)
{
    for (int i = 0; i < machine->stream->variable_count; i++) {
        const ns_npu_io *io = &machine->stream->variables[i];
        const size_t bytes = ns_tensor_count(&values[i]) * (size_t)io->element_bytes;
        uint8_t *place;
        NS_TRY(io_span(machine, io, "variable", i, bytes, &place, error));
        memcpy(out ? values[i].data : place, out ? place : values[i].data, bytes);
    }
    return NS_OK;
}

static ns_code start_variables(ns_npu_machine *machine, ns_arena *memory, ns_error *error)
{
    const ns_npu_stream *stream = machine->stream;
    ns_tensor *fresh = NS_ARENA_ARRAY(memory, (size_t)stream->variable_count, ns_tensor);
    if (!fresh)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for variables");
    if (machine->options->variables)
        return copy_variables(machine, machine->options->variables, false, error);
    NS_TRY(ns_npu_make_variables(stream, memory, fresh, error));
    return copy_variables(machine, fresh, false, error);
}

static ns_code copy_out(ns_npu_machine *machine, const ns_tensor *inputs, int input_count, ns_arena *arena,
                        ns_tensor *outputs, ns_error *error)
{
    int rank = input_count ? inputs[0].rank : 1;
    for (int i = 1; i < input_count; i++)
        rank = inputs[i].rank < rank ? inputs[i].rank : rank;
    for (int i = 0; i < machine->stream->output_count; i++) {
        const ns_npu_io *io = &machine->stream->outputs[i];
        int dropped = 0;
        while (!io->exact_shape && io->rank - dropped > rank && io->shape[dropped] == 1)
            dropped++;
        ns_dtype dtype = io->element_bytes == 1   ? NS_DTYPE_INT8
                         : io->element_bytes == 2 ? NS_DTYPE_INT16
                         : io->element_bytes == 4 ? NS_DTYPE_INT32
                                                  : NS_DTYPE_INT64;
        NS_TRY(ns_tensor_new(arena, dtype, io->rank - dropped, io->shape + dropped, &outputs[i], error));
        uint8_t *source;
        const size_t bytes = ns_tensor_count(&outputs[i]) * (size_t)io->element_bytes;
        NS_TRY(io_span(machine, io, "output", i, bytes, &source, error));
        memcpy(outputs[i].data, source, bytes);
    }
    return NS_OK;
}

static ns_code execute(ns_npu_machine *machine, const ns_npu_command *command, ns_error *error)
{
    const ns_npu_family *family = machine->family;
    ns_npu_dma dma;
    switch (family->kind_of(command)) {
    case NS_NPU_COMMAND_BLOCK:
        return family->block(machine, command, error);
    case NS_NPU_COMMAND_DMA:
        NS_TRY(family->read_dma(machine, &dma, error));
        return ns_npu_dma_run(machine, &dma, error);
    case NS_NPU_COMMAND_CONTROL:
        break;
    }
    return family->control(machine, command, error);
}

static ns_code step(ns_npu_machine *machine, ns_error *error)
{
    const ns_npu_command *command = &machine->commands[machine->command];
    NS_TRY(ns_npu_spend(machine, 1, error));
    if (machine->statistics)
        machine->statistics->commands++;
    if (command->is_operation)
        return execute(machine, command, error);
    machine->value[command->index] = command->value;
    machine->written[command->index] = (uint32_t)machine->command + 1;
    return NS_OK;
}

/* Executes the stream's commands from the first to STOP. */
static ns_code run_commands(ns_npu_machine *machine, ns_error *error)
{
    while (!machine->stopped) {
        machine->command = machine->next;
        if (machine->command >= machine->command_count)
            return ns_fail(error, NS_ERROR_FAULT,
                           "the command stream ends after %zu commands without OP_STOP",
                           machine->command_count);
        machine->next = machine->command + 1;
        NS_TRY(step(machine, error));
        ns_arena_reset(machine->scratch);
    }
    return NS_OK;
}

static ns_code run(ns_npu_machine *machine, ns_arena *memory, const ns_tensor *inputs, int input_count,
                   ns_arena *arena, ns_tensor *outputs, ns_error *error)
{
    NS_TRY(bind_all(machine, memory, error));
    if (machine->options->hazards) {
        machine->hazards =
            ns_npu_hazards_new(memory, machine->family->dma_limit, machine->family->kernel_limit);
        if (!machine->hazards)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for the books of outstanding operations");
    }
    NS_TRY(copy_in(machine, inputs, input_count, error));
    NS_TRY(start_variables(machine, memory, error));
    if (machine->options->check) {
        machine->shadow = ns_npu_shadow_new(machine, memory);
        if (!machine->shadow)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for the books on memory");
    }
    NS_TRY(run_commands(machine, error));
    ns_npu_shadow_finish(machine);
    if (machine->options->variables)
        NS_TRY(copy_variables(machine, machine->options->variables, true, error));
    return copy_out(machine, inputs, input_count, arena, outputs, error);
}

ns_code ns_npu_run(ns_npu_stream *stream, const ns_npu_options *given, const ns_tensor *inputs,
                   int input_count, ns_arena *arena, ns_tensor *outputs, ns_npu_statistics *statistics,
                   ns_error *error)
{
    ns_npu_options taken, *options = &taken;
    ns_npu_statistics ignored;
    NS_TRY(NS_OPTIONS_TAKE(&taken, given, error));
    statistics = statistics ? statistics : &ignored;
    *statistics = (ns_npu_statistics){0};
    ns_budget own, *budget = options->budget ? options->budget : ns_arena_budget(arena);
    if (!budget)
        ns_budget_open(budget = &own, 0, 0, 0);
    ns_arena *memory = ns_arena_new_within(budget), *scratch = ns_arena_new_within(budget);
    ns_npu_machine *machine = memory ? NS_ARENA_NEW(memory, ns_npu_machine) : NULL;
    ns_code code;
    if (machine && scratch) {
        machine->config = stream->config;
        machine->family = ns_npu_family_of(stream->config);
        machine->options = options;
        machine->budget = budget;
        machine->statistics = statistics;
        machine->kernels = ns_kernels_get(options->cpu_mask);
        machine->stream = stream;
        stream->runs++;
        machine->scratch = scratch;
        machine->commands = stream->commands;
        machine->command_count = stream->command_count;
        if (stream->variable_count && !stream->starts_known && options->message)
            options->message(
                options->context,
                "the stream keeps variables, such as an LSTM's state, and they start at zero; a "
                "TFLite runtime starts them at their zero point, which the stream does not hold");
        code = run(machine, memory, inputs, input_count, arena, outputs, error);
    } else {
        code = ns_fail(error, NS_ERROR_MEMORY, "no memory to run a command stream");
    }
    for (int i = 0; machine && i < NS_NPU_CHAINS; i++)
        ns_npu_buffer_free(&machine->chains[i]);
    if (machine)
        ns_npu_buffer_free(&machine->accumulators);
    ns_arena_free(scratch);
    ns_arena_free(memory);
    return ns_budget_settle(budget, code, error);
}
