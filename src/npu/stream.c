#include "npu/stream.h"
#include "npu/watch/hazards.h"
#include "npu/watch/shadow.h"

#include <inttypes.h>
#include <string.h>

/* An Ethos-U addresses 40 bits, but no memory beside one is that large; the bound keeps hostile files from
 * asking for more than the machine has. */
#define MAX_REGION ((uint64_t)1 << 31)

#define LUT_BANKS 2
#define BANK 1024

static ns_code check_io(const ns_npu_io *io, const uint64_t *sizes, const char *what, int index,
                        ns_error *error)
{
    size_t count;
    NS_TRY(ns_shape_count(io->rank, io->shape, &count, error));
    if (io->element_bytes != 1 && io->element_bytes != 2 && io->element_bytes != 4 && io->element_bytes != 8)
        return ns_fail(error, NS_ERROR_INPUT, "%s %d has %d bytes per element; want 1, 2, 4 or 8", what,
                       index, io->element_bytes);
    if (io->region < 0 || io->region >= NS_NPU_REGIONS)
        return ns_fail(error, NS_ERROR_INPUT, "%s %d lies in region %d; there are %d", what, index,
                       io->region, NS_NPU_REGIONS);
    uint64_t size = sizes[io->region], bytes = (uint64_t)count * (uint64_t)io->element_bytes;
    if (io->offset > size || bytes > size - io->offset)
        return ns_fail(error, NS_ERROR_INPUT,
                       "%s %d takes bytes 0x%" PRIx64 " to 0x%" PRIx64 " of region %d, which has 0x%" PRIx64,
                       what, index, io->offset, io->offset + bytes, io->region, size);
    return NS_OK;
}

static ns_code check_input(const ns_npu_stream *stream, const uint64_t *sizes, int index, ns_error *error)
{
    const ns_npu_io *io = &stream->inputs[index];
    NS_TRY(check_io(io, sizes, "input", index, error));
    if (io->region == stream->weight_region)
        return ns_fail(error, NS_ERROR_INPUT,
                       "input %d lies in region %d, which holds the weights and is read only", index,
                       io->region);
    return NS_OK;
}

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

/* End of the last of them, for regions that hold nothing else. */
static uint64_t region_end(const ns_npu_io *io, int count, int region)
{
    uint64_t end = 0;
    for (int i = 0; i < count; i++) {
        if (io[i].region != region)
            continue;
        uint64_t bytes = (uint64_t)io[i].element_bytes;
        for (int d = 0; d < io[i].rank && d < NS_MAX_RANK; d++)
            if (__builtin_mul_overflow(bytes, (uint64_t)io[i].shape[d], &bytes))
                return UINT64_MAX;
        if (bytes > MAX_REGION || io[i].offset > MAX_REGION)
            return UINT64_MAX;
        /* Vela rounds allocations up to 16 bytes, and a DMA may copy the whole allocation. */
        uint64_t last = (io[i].offset + bytes + 15) / 16 * 16;
        end = last > end ? last : end;
    }
    return end;
}

static void region_sizes(const ns_npu_stream *stream, uint64_t *sizes)
{
    memset(sizes, 0, NS_NPU_REGIONS * sizeof *sizes);
    sizes[NS_NPU_REGION_INPUTS] = stream->input_size;
    sizes[NS_NPU_REGION_OUTPUTS] = stream->output_size;
    sizes[stream->scratch_fast_region] =
        stream->scratch_fast_size ? stream->scratch_fast_size : stream->scratch_size;
    sizes[stream->scratch_region] = stream->scratch_size;
    sizes[stream->weight_region] = stream->weights.size;
}

ns_code ns_npu_stream_finish(ns_npu_stream *stream, ns_bytes payload_bytes, ns_accelerator accelerator,
                             ns_error *error)
{
    ns_npu_payload payload;
    NS_TRY(ns_npu_payload_read(payload_bytes, &payload, error));
    stream->words = payload.words;
    stream->config_word = payload.config_word;
    stream->id_word = payload.id_word;
    NS_TRY(ns_npu_config_from_word(payload.config_word, accelerator, &stream->config, error));
    stream->family = ns_npu_family_of(stream->config);
    if (!stream->family)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "streams for %s are not supported", stream->config->text);
    if (stream->input_count < 0 || stream->output_count < 0)
        return ns_fail(error, NS_ERROR_INPUT, "a stream has %d inputs and %d outputs", stream->input_count,
                       stream->output_count);
    stream->input_size = region_end(stream->inputs, stream->input_count, NS_NPU_REGION_INPUTS);
    stream->output_size = region_end(stream->outputs, stream->output_count, NS_NPU_REGION_OUTPUTS);
    if (stream->scratch_size > MAX_REGION || stream->scratch_fast_size > MAX_REGION ||
        stream->input_size > MAX_REGION || stream->output_size > MAX_REGION)
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "the stream wants %" PRIu64 " bytes of scratch and %" PRIu64
                       " of fast scratch; at most %" PRIu64 " are given",
                       stream->scratch_size, stream->scratch_fast_size, MAX_REGION);
    uint64_t sizes[NS_NPU_REGIONS];
    region_sizes(stream, sizes);
    for (int i = 0; i < stream->input_count; i++)
        NS_TRY(check_input(stream, sizes, i, error));
    for (int i = 0; i < stream->output_count; i++)
        NS_TRY(check_io(&stream->outputs[i], sizes, "output", i, error));
    return ns_npu_decode(stream->family->table, stream->config->product_bit, stream->words, stream->arena,
                         &stream->commands, &stream->command_count, error);
}

/* True when a command selects the region: for the IFM, the OFM, weights, scales or a DMA. */
static bool uses_region(const ns_npu_stream *stream, int region)
{
    for (size_t i = 0; i < stream->command_count; i++) {
        const ns_npu_command *command = &stream->commands[i];
        if (!command->is_operation && (int)(command->value & 7) == region &&
            strstr(stream->family->table->registers[command->index].name, "_REGION"))
            return true;
    }
    return false;
}

ns_code ns_npu_load_parts(const ns_npu_parts *parts, ns_accelerator accelerator, ns_arena *arena,
                          ns_npu_stream **out, ns_error *error)
{
    ns_npu_stream *stream = NS_ARENA_NEW(arena, ns_npu_stream);
    void *payload = ns_arena_copy(arena, parts->payload, parts->payload_size);
    void *weights = ns_arena_copy(arena, parts->weights, parts->weights_size);
    if (stream) {
        stream->inputs = ns_arena_copy(arena, parts->inputs, (size_t)parts->input_count * sizeof(ns_npu_io));
        stream->outputs =
            ns_arena_copy(arena, parts->outputs, (size_t)parts->output_count * sizeof(ns_npu_io));
    }
    if (!stream || !payload || !weights || !stream->inputs || !stream->outputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a command stream of %zu bytes",
                       parts->payload_size);
    stream->arena = arena;
    stream->weights = (ns_bytes){weights, parts->weights_size};
    stream->scratch_size = parts->scratch_size;
    stream->scratch_fast_size = parts->scratch_fast_size;
    stream->weight_region = 0;
    stream->scratch_region = 1;
    stream->scratch_fast_region = 2;
    stream->input_count = parts->input_count;
    stream->output_count = parts->output_count;
    NS_TRY(ns_npu_stream_finish(stream, (ns_bytes){payload, parts->payload_size}, accelerator, error));
    if (!uses_region(stream, stream->scratch_fast_region))
        stream->scratch_fast_size = 0;
    *out = stream;
    return NS_OK;
}

ns_accelerator ns_npu_accelerator(const ns_npu_stream *stream)
{
    return stream->config->accelerator;
}

int ns_npu_input_count(const ns_npu_stream *stream)
{
    return stream->input_count;
}

int ns_npu_output_count(const ns_npu_stream *stream)
{
    return stream->output_count;
}

const ns_npu_io *ns_npu_input(const ns_npu_stream *stream, int index)
{
    return &stream->inputs[index];
}

const ns_npu_io *ns_npu_output(const ns_npu_stream *stream, int index)
{
    return &stream->outputs[index];
}

uint64_t ns_npu_scratch_size(const ns_npu_stream *stream)
{
    return stream->scratch_size;
}

bool ns_npu_has_fast_scratch(const ns_npu_stream *stream)
{
    return stream->scratch_fast_size != 0;
}

/* ---- running ---- */

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
        config->lut_bank ? (size_t)(config->lut_bank + LUT_BANKS) * BANK : stream->family->table_memory;
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
    if (machine->options->check) {
        machine->shadow = ns_npu_shadow_new(machine, memory);
        if (!machine->shadow)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for the books on memory");
    }
    NS_TRY(ns_npu_machine_run(machine, error));
    ns_npu_shadow_finish(machine);
    return copy_out(machine, inputs, input_count, arena, outputs, error);
}

ns_code ns_npu_run(ns_npu_stream *stream, const ns_npu_options *options, const ns_tensor *inputs,
                   int input_count, ns_arena *arena, ns_tensor *outputs, ns_npu_statistics *statistics,
                   ns_error *error)
{
    static const ns_npu_options defaults;
    ns_npu_statistics ignored;
    options = options ? options : &defaults;
    statistics = statistics ? statistics : &ignored;
    *statistics = (ns_npu_statistics){0};
    ns_budget own, *budget = options->budget;
    if (!budget)
        ns_budget_open(budget = &own, 0, 0, 0);
    ns_arena *memory = ns_arena_new_within(budget), *scratch = ns_arena_new_within(budget);
    ns_npu_machine *machine = memory ? NS_ARENA_NEW(memory, ns_npu_machine) : NULL;
    ns_code code;
    if (machine && scratch) {
        machine->config = stream->config;
        machine->family = stream->family;
        machine->options = options;
        machine->budget = budget;
        machine->statistics = statistics;
        machine->kernels = ns_kernels_get(options->cpu_mask);
        machine->stream = stream;
        machine->scratch = scratch;
        machine->commands = stream->commands;
        machine->command_count = stream->command_count;
        if (stream->has_variables && options->message)
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
