#include "npu/internal.h"

#include <inttypes.h>
#include <string.h>

#include "npu/stream/internal.h"

/* An Ethos-U addresses 40 bits, but no memory beside one is that large; the bound keeps hostile files from
 * asking for more than the machine has. */
#define MAX_REGION ((uint64_t)1 << 31)

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
    for (int i = 0; i < stream->variable_count; i++)
        NS_TRY(check_io(&stream->variables[i], sizes, "variable", i, error));
    for (int i = 0; i < stream->output_count; i++)
        NS_TRY(check_io(&stream->outputs[i], sizes, "output", i, error));
    return ns_npu_decode(stream->config->table, stream->config->product_bit, stream->words, stream->arena,
                         &stream->commands, &stream->command_count, error);
}

/* True when a command selects the region: for the IFM, the OFM, weights, scales or a DMA. */
static bool uses_region(const ns_npu_stream *stream, int region)
{
    for (size_t i = 0; i < stream->command_count; i++) {
        const ns_npu_command *command = &stream->commands[i];
        if (!command->is_operation && (int)(command->value & 7) == region &&
            strstr(stream->config->table->registers[command->index].name, "_REGION"))
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

int ns_npu_variable_count(const ns_npu_stream *stream)
{
    return stream->variable_count;
}

const ns_npu_io *ns_npu_variable(const ns_npu_stream *stream, int index)
{
    return &stream->variables[index];
}

/* A TFLite runtime fills int8 variables with their zero point, and those of other types with 0
 * (MicroInterpreterGraph::ResetVariableTensors); an int16 state has zero point 0. */
ns_code ns_npu_make_variables(const ns_npu_stream *stream, ns_arena *arena, ns_tensor *out, ns_error *error)
{
    for (int i = 0; i < stream->variable_count; i++) {
        const ns_npu_io *io = &stream->variables[i];
        NS_TRY(
            ns_tensor_new(arena, ns_dtype_of_size(io->element_bytes), io->rank, io->shape, &out[i], error));
        if (io->element_bytes == 1)
            memset(out[i].data, (int)(uint8_t)io->zero_point, ns_tensor_count(&out[i]));
    }
    return NS_OK;
}

uint64_t ns_npu_scratch_size(const ns_npu_stream *stream)
{
    return stream->scratch_size;
}

bool ns_npu_has_fast_scratch(const ns_npu_stream *stream)
{
    return stream->scratch_fast_size != 0;
}

uint64_t ns_npu_stream_scratch_size(const ns_npu_stream *stream)
{
    return stream->scratch_size;
}

void ns_npu_stream_share(ns_npu_stream *stream, const ns_npu_shared *shared)
{
    stream->shared = shared;
}
