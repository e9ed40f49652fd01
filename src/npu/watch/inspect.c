#include "npu/watch/inspect.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "npu/operations/activation.h"
#include "npu/walk.h"
#include "npu/weights/weights.h"

typedef struct inspect_writer {
    ns_npu_stream *stream;
    ns_buffer *buffer;
    bool json;
    int operations; /* block operations so far */
    const char *comma;
    ns_error *ended; /* out of an operation: a budget that is over, which ends the description */
} inspect_writer;

/* Weights of an operation as far as they can be told without running: those that lie in read-only memory. */
typedef struct inspect_weights {
    bool known;
    uint64_t bytes;      /* compressed */
    size_t count, zeros; /* dense */
    int low, high;       /* value range */
    const char *problem; /* why they do not decode; NULL */
    ns_error error;
} inspect_weights;

static void look_at_weights(const inspect_writer *writer, const ns_npu_operation *operation, ns_arena *arena,
                            inspect_weights *out)
{
    const ns_npu_stream *stream = writer->stream;
    ns_bytes streams[NS_WEIGHT_STREAMS_MAX] = {0};
    ns_weights weights;
    *out = (inspect_weights){0};
    for (int i = 0; i < NS_WEIGHT_STREAMS_MAX; i++) {
        uint64_t length = operation->weight_length[i];
        out->bytes += length;
        if (!length)
            continue;
        if (operation->weight_region != stream->weight_region || operation->weight_base[i] < 0 ||
            !ns_bytes_contains(stream->weights, (size_t)operation->weight_base[i], length))
            return;
        streams[i] = (ns_bytes){stream->weights.data + operation->weight_base[i], length};
    }
    out->known = true;
    ns_code code = stream->config->product_bit == NS_NPU_PRODUCT_U85
                       ? ns_weights_decode_u85(&operation->weights, streams, arena, &weights, &out->error)
                       : ns_weights_decode_u55(&operation->weights, streams, arena, &weights, &out->error);
    if (ns_code_ends_run(code))
        *writer->ended = out->error;
    if (code != NS_OK) {
        out->problem = out->error.message;
        return;
    }
    out->count = weights.count;
    for (size_t i = 0; i < weights.count; i++) {
        int value = weights.values[i];
        out->zeros += value == 0;
        out->low = value < out->low ? value : out->low;
        out->high = value > out->high ? value : out->high;
    }
}

static const char *type_text(const ns_npu_map *map, char *text, size_t size)
{
    snprintf(text, size, "%sint%d", map->is_signed ? "" : "u", 8 * map->bytes);
    return text;
}

/* Accumulators that stay give no OFM, and POOL NONE has no IFM: the registers are stale. */
static bool is_absent(const ns_npu_map *map)
{
    return map->unused || map->height == 0;
}

static bool has_weights(const ns_npu_operation *operation)
{
    return operation->kind == NS_NPU_DEPTHWISE ||
           (operation->kind == NS_NPU_CONV && !operation->weights_from_ifm2);
}

/* ---- text ---- */

static void text_map(ns_buffer *buffer, const ns_npu_map *map)
{
    char type[16];
    if (map->scalar) {
        ns_buffer_format(buffer, "    %-5s scalar %" PRId64 " %s zero point %d\n", map->name,
                         map->scalar_value, type_text(map, type, sizeof type), map->zero_point);
        return;
    }
    if (map->height == 0) {
        ns_buffer_format(buffer, "    %-5s none\n", map->name);
        return;
    }
    if (map->unused) {
        ns_buffer_format(buffer, "    %-5s %" PRId64 " x %" PRId64 " x %" PRId64 ", kept as accumulators\n",
                         map->name, map->height, map->width, map->depth);
        return;
    }
    if (map->chain) {
        ns_buffer_format(
            buffer, "    %-5s %" PRId64 " x %" PRId64 " x %" PRId64 " %s zero point %d, chain buffer %d\n",
            map->name, map->height, map->width, map->depth, type_text(map, type, sizeof type),
            map->zero_point, map->region);
        return;
    }
    ns_buffer_format(buffer,
                     "    %-5s %" PRId64 " x %" PRId64 " x %" PRId64
                     " %s %s zero point %d, region %d at 0x%" PRIx64,
                     map->name, map->height, map->width, map->depth, type_text(map, type, sizeof type),
                     map->brick ? "NHCWB16" : "NHWC", map->zero_point, map->region, map->base[0]);
    if (map->height0 < map->height || map->width0 < map->width)
        ns_buffer_format(buffer, ", tiles 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 " split at row %" PRId64,
                         map->base[1], map->base[2], map->base[3], map->height0);
    ns_buffer_format(buffer, ", strides %" PRId64 " %" PRId64 " %" PRId64 "%s%s%s%s\n", map->stride_y,
                     map->stride_x, map->stride_c, map->broadcast_h ? ", broadcast H" : "",
                     map->broadcast_w ? ", broadcast W" : "", map->broadcast_c ? ", broadcast C" : "",
                     map->upscale == NS_NPU_UPSCALE_NEAREST ? ", upscaled 2 x"
                     : map->upscale == NS_NPU_UPSCALE_ZEROS ? ", zeros between"
                                                            : "");
}

static void text_weights(const inspect_writer *writer, const ns_npu_operation *operation)
{
    ns_buffer *buffer = writer->buffer;
    ns_arena *arena = ns_arena_new_like(buffer->arena);
    inspect_weights weights;
    if (!arena)
        return;
    look_at_weights(writer, operation, arena, &weights);
    ns_buffer_format(buffer, "    weights %" PRIu64 " bytes in region %d at 0x%" PRIx64, weights.bytes,
                     operation->weight_region, operation->weight_base[0]);
    if (weights.problem)
        ns_buffer_format(buffer, ": %s\n", weights.problem);
    else if (weights.known)
        ns_buffer_format(buffer, ": %zu values, %zu zero, %d to %d\n", weights.count, weights.zeros,
                         weights.low, weights.high);
    else
        ns_buffer_format(buffer, " (filled while running)\n");
    ns_arena_free(arena);
}

static void text_operation(inspect_writer *writer, const ns_npu_visit *visit)
{
    const ns_npu_operation *operation = visit->operation;
    ns_buffer *buffer = writer->buffer;
    ns_buffer_format(buffer, "%4d  %s  (command %zu)\n", writer->operations, operation->name, visit->index);
    text_map(buffer, &operation->ifm);
    if (operation->has_ifm2)
        text_map(buffer, &operation->ifm2);
    text_map(buffer, &operation->ofm);
    if (operation->kernel_height)
        ns_buffer_format(
            buffer,
            "    kernel %d x %d, stride %d x %d, dilation %d x %d, pads top %d left %d right %d bottom %d\n",
            operation->kernel_height, operation->kernel_width, operation->stride_y, operation->stride_x,
            operation->dilation_y, operation->dilation_x, operation->pad_top, operation->pad_left,
            operation->pad_right, operation->pad_bottom);
    if (has_weights(operation))
        text_weights(writer, operation);
    if (operation->scaling == NS_NPU_SCALING_GLOBAL)
        ns_buffer_format(buffer, "    scale %" PRIu32 " >> %d\n", operation->scale.scale,
                         operation->scale.shift);
    else if (operation->scaling == NS_NPU_SCALING_CHANNEL)
        ns_buffer_format(buffer, "    scale per channel, %" PRIu64 " bytes in region %d at 0x%" PRIx64 "\n",
                         operation->scale_length[0] + operation->scale_length[1], operation->scale_region,
                         operation->scale_base[0]);
    if (ns_npu_table_size(operation->table) > 0)
        ns_buffer_format(buffer, "    table at internal address 0x%zx\n", operation->table_address);
    if (operation->clip)
        ns_buffer_format(buffer, "    clip %" PRId64 " to %" PRId64 "\n", operation->clip_low,
                         operation->clip_high);
}

static void text_dma(inspect_writer *writer, const ns_npu_visit *visit)
{
    const ns_npu_dma *dma = visit->dma;
    ns_buffer_format(writer->buffer, "      DMA of %" PRIu64 " bytes", dma->length);
    if (dma->runs != 1 || dma->groups != 1)
        ns_buffer_format(writer->buffer, " x %" PRIu64 " x %" PRIu64, dma->runs, dma->groups);
    ns_buffer_format(writer->buffer, ", region %d at 0x%" PRIx64 " to ", dma->source.region,
                     dma->source.address);
    if (dma->destination.internal)
        ns_buffer_format(writer->buffer, "internal memory");
    else
        ns_buffer_format(writer->buffer, "region %d", dma->destination.region);
    ns_buffer_format(writer->buffer, " at 0x%" PRIx64 "  (command %zu)\n", dma->destination.address,
                     visit->index);
}

/* ---- JSON ---- */

/* Messages and names hold printable ASCII; quotes and backslashes are escaped. */
static void json_string(ns_buffer *buffer, const char *text)
{
    ns_buffer_append(buffer, "\"", 1);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            ns_buffer_append(buffer, "\\", 1);
        if ((unsigned char)*text >= ' ')
            ns_buffer_append(buffer, text, 1);
    }
    ns_buffer_append(buffer, "\"", 1);
}

static void json_map(ns_buffer *buffer, const char *key, const ns_npu_map *map)
{
    char type[16];
    if (is_absent(map)) {
        ns_buffer_format(buffer, ", \"%s\": null", key);
        return;
    }
    ns_buffer_format(buffer, ", \"%s\": {\"type\": \"%s\", \"zero_point\": %d", key,
                     type_text(map, type, sizeof type), map->zero_point);
    if (map->scalar)
        ns_buffer_format(buffer, ", \"scalar\": %" PRId64 "}", map->scalar_value);
    else if (map->chain)
        ns_buffer_format(buffer, ", \"shape\": [%" PRId64 ", %" PRId64 ", %" PRId64 "], \"chain\": %d}",
                         map->height, map->width, map->depth, map->region);
    else
        ns_buffer_format(
            buffer,
            ", \"shape\": [%" PRId64 ", %" PRId64 ", %" PRId64 "], \"format\": \"%s\", \"region\": %d, "
            "\"bases\": [%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 "], \"tile\": [%" PRId64
            ", %" PRId64 ", %" PRId64 "], \"strides\": [%" PRId64 ", %" PRId64 ", %" PRId64 "]}",
            map->height, map->width, map->depth, map->brick ? "NHCWB16" : "NHWC", map->region, map->base[0],
            map->base[1], map->base[2], map->base[3], map->width0, map->height0, map->height1, map->stride_y,
            map->stride_x, map->stride_c);
}

static void json_operation(inspect_writer *writer, const ns_npu_visit *visit)
{
    const ns_npu_operation *operation = visit->operation;
    ns_buffer *buffer = writer->buffer;
    ns_buffer_format(buffer,
                     "%s\n  {\"operation\": %d, \"command\": %zu, \"word\": %" PRIu32 ", \"name\": \"%s\"",
                     writer->comma, writer->operations, visit->index, visit->command->word, operation->name);
    json_map(buffer, "ifm", &operation->ifm);
    if (operation->has_ifm2)
        json_map(buffer, "ifm2", &operation->ifm2);
    json_map(buffer, "ofm", &operation->ofm);
    if (operation->kernel_height)
        ns_buffer_format(
            buffer,
            ", \"kernel\": [%d, %d], \"stride\": [%d, %d], \"dilation\": [%d, %d], \"pad\": [%d, %d, %d, %d]",
            operation->kernel_height, operation->kernel_width, operation->stride_y, operation->stride_x,
            operation->dilation_y, operation->dilation_x, operation->pad_top, operation->pad_left,
            operation->pad_right, operation->pad_bottom);
    ns_arena *arena = ns_arena_new_like(buffer->arena);
    if (arena && has_weights(operation)) {
        inspect_weights weights;
        look_at_weights(writer, operation, arena, &weights);
        ns_buffer_format(buffer,
                         ", \"weights\": {\"region\": %d, \"address\": %" PRId64 ", \"bytes\": %" PRIu64,
                         operation->weight_region, operation->weight_base[0], weights.bytes);
        if (weights.known && !weights.problem)
            ns_buffer_format(buffer, ", \"count\": %zu, \"zeros\": %zu, \"low\": %d, \"high\": %d",
                             weights.count, weights.zeros, weights.low, weights.high);
        ns_buffer_format(buffer, "}");
    }
    ns_arena_free(arena);
    if (operation->scaling == NS_NPU_SCALING_GLOBAL)
        ns_buffer_format(buffer, ", \"scale\": [%" PRIu32 ", %d]", operation->scale.scale,
                         operation->scale.shift);
    else if (operation->scaling == NS_NPU_SCALING_CHANNEL)
        ns_buffer_format(buffer,
                         ", \"scales\": {\"region\": %d, \"address\": %" PRId64 ", \"bytes\": %" PRIu64 "}",
                         operation->scale_region, operation->scale_base[0],
                         operation->scale_length[0] + operation->scale_length[1]);
    if (ns_npu_table_size(operation->table) > 0)
        ns_buffer_format(buffer, ", \"table\": %zu", operation->table_address);
    if (operation->clip)
        ns_buffer_format(buffer, ", \"clip\": [%" PRId64 ", %" PRId64 "]", operation->clip_low,
                         operation->clip_high);
    ns_buffer_format(buffer, "}");
    writer->comma = ",";
}

/* ---- both ---- */

static ns_code visit_operation(void *context, ns_npu_machine *machine, const ns_npu_visit *visit,
                               ns_error *error)
{
    inspect_writer *writer = context;
    ns_error ended = {0};
    writer->ended = &ended;
    if (writer->json && visit->operation)
        json_operation(writer, visit);
    else if (!writer->json && visit->operation)
        text_operation(writer, visit);
    else if (!writer->json && visit->dma)
        text_dma(writer, visit);
    else if (!writer->json && visit->problem)
        ns_buffer_format(writer->buffer, "    ?  %s\n", visit->problem);
    if (machine->family->kind_of(visit->command) == NS_NPU_COMMAND_BLOCK)
        writer->operations++;
    return ended.code == NS_OK ? NS_OK : ns_fail(error, ended.code, "%s", ended.message);
}

static void text_io(ns_buffer *buffer, const char *what, const ns_npu_io *io, int count)
{
    for (int i = 0; i < count; i++) {
        ns_buffer_format(buffer, "%s %d: [", what, i);
        for (int d = 0; d < io[i].rank; d++)
            ns_buffer_format(buffer, "%s%" PRId64, d ? ", " : "", io[i].shape[d]);
        ns_buffer_format(buffer, "] of %d bytes, region %d at 0x%" PRIx64 "%s%s", io[i].element_bytes,
                         io[i].region, io[i].offset, io[i].name ? ", " : "", io[i].name ? io[i].name : "");
        if (io[i].scale != 0)
            ns_buffer_format(buffer, ", scale %.9g, zero point %" PRId64, io[i].scale, io[i].zero_point);
        ns_buffer_format(buffer, "\n");
    }
}

ns_code ns_npu_inspect_text(ns_npu_stream *stream, ns_buffer *buffer, ns_error *error)
{
    inspect_writer writer = {.stream = stream, .buffer = buffer};
    ns_buffer_format(buffer, "command stream for %s (CONFIG 0x%08" PRIx32 ", ID 0x%08" PRIx32 ")\n",
                     stream->config->text, stream->config_word, stream->id_word);
    ns_buffer_format(buffer, "region %d: read only, %zu bytes\nregion %d: scratch, %" PRIu64 " bytes\n",
                     stream->weight_region, stream->weights.size, stream->scratch_region,
                     stream->scratch_size);
    if (stream->scratch_fast_size)
        ns_buffer_format(buffer, "region %d: fast scratch, %" PRIu64 " bytes\n", stream->scratch_fast_region,
                         stream->scratch_fast_size);
    if (stream->input_size)
        ns_buffer_format(buffer, "region %d: inputs, %" PRIu64 " bytes\n", NS_NPU_REGION_INPUTS,
                         stream->input_size);
    if (stream->output_size)
        ns_buffer_format(buffer, "region %d: outputs, %" PRIu64 " bytes\n", NS_NPU_REGION_OUTPUTS,
                         stream->output_size);
    text_io(buffer, "input", stream->inputs, stream->input_count);
    text_io(buffer, "output", stream->outputs, stream->output_count);
    ns_buffer_format(buffer, "\noperations\n");
    NS_TRY(ns_npu_walk(stream, visit_operation, &writer, error));
    ns_buffer_format(buffer, "\ncommands\n");
    for (size_t i = 0; i < stream->command_count; i++) {
        ns_buffer_format(buffer, "%5zu %6" PRIu32 "  ", i, stream->commands[i].word);
        ns_npu_disassemble(stream->config->table, &stream->commands[i], buffer);
        ns_buffer_append(buffer, "\n", 1);
    }
    return buffer->failed ? ns_fail(error, NS_ERROR_MEMORY, "no memory for the description") : NS_OK;
}

static void json_io(ns_buffer *buffer, const char *key, const ns_npu_io *io, int count)
{
    ns_buffer_format(buffer, ", \"%s\": [", key);
    for (int i = 0; i < count; i++) {
        ns_buffer_format(buffer, "%s{\"shape\": [", i ? ", " : "");
        for (int d = 0; d < io[i].rank; d++)
            ns_buffer_format(buffer, "%s%" PRId64, d ? ", " : "", io[i].shape[d]);
        ns_buffer_format(buffer, "], \"element_bytes\": %d, \"region\": %d, \"offset\": %" PRIu64,
                         io[i].element_bytes, io[i].region, io[i].offset);
        if (io[i].name) {
            ns_buffer_format(buffer, ", \"name\": ");
            json_string(buffer, io[i].name);
        }
        if (isfinite(io[i].scale) && io[i].scale != 0)
            ns_buffer_format(buffer, ", \"scale\": %.9g, \"zero_point\": %" PRId64, io[i].scale,
                             io[i].zero_point);
        ns_buffer_format(buffer, "}");
    }
    ns_buffer_format(buffer, "]");
}

static void json_commands(ns_npu_stream *stream, ns_buffer *buffer)
{
    for (size_t i = 0; i < stream->command_count; i++) {
        const ns_npu_command *command = &stream->commands[i];
        const ns_npu_table *table = stream->config->table;
        bool op = command->is_operation;
        const ns_npu_field *fields = op ? table->operation_fields : table->fields;
        int count = op ? table->operation_field_count : table->field_count;
        ns_buffer_format(buffer, "%s\n  {\"word\": %" PRIu32 ", \"name\": \"%s_%s\"", i ? "," : "",
                         command->word, op ? "OP" : "SET",
                         (op ? table->operations : table->registers)[command->index].name);
        for (int f = 0; f < count; f++)
            if (fields[f].entry == command->index)
                ns_buffer_format(buffer, ", \"%s\": %" PRId64, fields[f].name,
                                 ns_npu_field_of(&fields[f], command->value));
        ns_buffer_format(buffer, "}");
    }
}

ns_code ns_npu_inspect_json(ns_npu_stream *stream, ns_buffer *buffer, ns_error *error)
{
    inspect_writer writer = {.stream = stream, .buffer = buffer, .json = true, .comma = ""};
    ns_buffer_format(buffer,
                     "{\"schema\": \"npuscope/inspect/1\", \"format\": \"npu\", \"accelerator\": \"%s\", "
                     "\"config\": %" PRIu32 ", \"id\": %" PRIu32
                     ", \"read_only_size\": %zu, \"scratch_size\": %" PRIu64
                     ", \"scratch_fast_size\": %" PRIu64,
                     stream->config->text, stream->config_word, stream->id_word, stream->weights.size,
                     stream->scratch_size, stream->scratch_fast_size);
    json_io(buffer, "inputs", stream->inputs, stream->input_count);
    json_io(buffer, "outputs", stream->outputs, stream->output_count);
    ns_buffer_format(buffer, ", \"operations\": [");
    NS_TRY(ns_npu_walk(stream, visit_operation, &writer, error));
    ns_buffer_format(buffer, "\n], \"commands\": [");
    json_commands(stream, buffer);
    ns_buffer_format(buffer, "\n]}\n");
    return buffer->failed ? ns_fail(error, NS_ERROR_MEMORY, "no memory for the description") : NS_OK;
}
