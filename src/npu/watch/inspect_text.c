#include <inttypes.h>
#include <math.h>

#include "npu/operations/internal.h"
#include "npu/watch/interface.h"
#include "npu/watch/internal.h"

typedef struct text_writer {
    ns_npu_stream *stream;
    ns_buffer *buffer;
    const char *only; /* NULL: all operations */
    int operations;   /* block operations so far */
    int shown;
} text_writer;

static void text_map(ns_buffer *buffer, const ns_npu_map *map)
{
    char type[16];
    if (map->scalar) {
        ns_buffer_format(buffer, "    %-5s scalar %" PRId64 " %s zero point %d\n", map->name,
                         map->scalar_value, ns_inspect_type_text(map, type), map->zero_point);
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
            map->name, map->height, map->width, map->depth, ns_inspect_type_text(map, type), map->zero_point,
            map->region);
        return;
    }
    ns_buffer_format(buffer,
                     "    %-5s %" PRId64 " x %" PRId64 " x %" PRId64
                     " %s %s zero point %d, region %d at 0x%" PRIx64,
                     map->name, map->height, map->width, map->depth, ns_inspect_type_text(map, type),
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

static void text_weights(ns_buffer *buffer, const ns_npu_operation *operation,
                         const ns_inspect_weights *weights)
{
    ns_buffer_format(buffer, "    weights %" PRIu64 " bytes in region %d at 0x%" PRIx64, weights->bytes,
                     operation->weight_region, operation->weight_base[0]);
    if (weights->problem)
        ns_buffer_format(buffer, ": %s\n", weights->problem);
    else if (weights->known)
        ns_buffer_format(buffer, ": %zu values, %zu zero, %d to %d\n", weights->count, weights->zeros,
                         weights->low, weights->high);
    else
        ns_buffer_format(buffer, " (filled while running)\n");
}

static ns_code add_weights(const text_writer *writer, const ns_npu_operation *operation, ns_error *error)
{
    ns_inspect_weights weights;
    ns_arena *arena = ns_arena_new_like(writer->buffer->arena);
    if (!arena)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the description");
    const ns_code code = ns_inspect_look_at_weights(writer->stream, operation, arena, &weights, error);
    if (code == NS_OK)
        text_weights(writer->buffer, operation, &weights);
    ns_arena_free(arena);
    return code;
}

static ns_code add_factors(const text_writer *writer, const ns_npu_operation *operation, ns_error *error)
{
    ns_inspect_factors factors;
    ns_buffer *buffer = writer->buffer;
    ns_arena *arena = ns_arena_new_like(buffer->arena);
    if (!arena)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the description");
    const ns_code code = ns_inspect_look_at_factors(writer->stream, operation, arena, &factors, error);
    ns_arena_free(arena);
    ns_buffer_format(buffer, "    scale per channel, %" PRIu64 " bytes in region %d at 0x%" PRIx64,
                     operation->scale_length[0] + operation->scale_length[1], operation->scale_region,
                     operation->scale_base[0]);
    if (code == NS_OK && factors.known)
        ns_buffer_format(buffer, ": %.5g to %.5g", factors.low, factors.high);
    ns_buffer_append(buffer, "\n", 1);
    return code;
}

static ns_code text_operation(const text_writer *writer, const ns_npu_visit *visit, ns_error *error)
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
    if (ns_inspect_has_weights(operation))
        NS_TRY(add_weights(writer, operation, error));
    if (operation->scaling == NS_NPU_SCALING_GLOBAL)
        ns_buffer_format(buffer, "    scale %" PRIu32 " >> %d = %.5g\n", operation->scale.scale,
                         operation->scale.shift, ldexp(operation->scale.scale, -operation->scale.shift));
    else if (operation->scaling == NS_NPU_SCALING_CHANNEL)
        NS_TRY(add_factors(writer, operation, error));
    if (ns_npu_table_size(operation->table) > 0)
        ns_buffer_format(buffer, "    table at internal address 0x%zx\n", operation->table_address);
    if (operation->clip)
        ns_buffer_format(buffer, "    clip %" PRId64 " to %" PRId64 "\n", operation->clip_low,
                         operation->clip_high);
    return NS_OK;
}

static void text_dma(const text_writer *writer, const ns_npu_visit *visit)
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

static ns_code visit_operation(void *context, ns_npu_machine *machine, const ns_npu_visit *visit,
                               ns_error *error)
{
    text_writer *writer = context;
    if (visit->operation && ns_inspect_is_wanted(visit->operation, writer->operations, writer->only)) {
        NS_TRY(text_operation(writer, visit, error));
        writer->shown++;
    } else if (writer->only)
        (void)0;
    else if (visit->dma)
        text_dma(writer, visit);
    else if (visit->problem)
        ns_buffer_format(writer->buffer, "    ?  %s\n", visit->problem);
    writer->operations += machine->family->kind_of(visit->command) == NS_NPU_COMMAND_BLOCK;
    return NS_OK;
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

static void text_header(const ns_npu_stream *stream, ns_buffer *buffer)
{
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
}

static void text_commands(const ns_npu_stream *stream, ns_buffer *buffer)
{
    ns_buffer_format(buffer, "\ncommands\n");
    for (size_t i = 0; i < stream->command_count; i++) {
        ns_buffer_format(buffer, "%5zu %6" PRIu32 "  ", i, stream->commands[i].word);
        ns_npu_disassemble(stream->config->table, &stream->commands[i], buffer);
        ns_buffer_append(buffer, "\n", 1);
    }
}

ns_code ns_npu_inspect_text(ns_npu_stream *stream, ns_buffer *buffer, ns_error *error)
{
    return ns_npu_inspect_some(stream, NULL, buffer, error);
}

ns_code ns_npu_inspect_some(ns_npu_stream *stream, const char *only, ns_buffer *buffer, ns_error *error)
{
    text_writer writer = {.stream = stream, .buffer = buffer, .only = only};
    text_header(stream, buffer);
    ns_buffer_format(buffer, "\noperations\n");
    NS_TRY(ns_npu_walk(stream, visit_operation, &writer, error));
    if (only && !writer.shown)
        return ns_fail(error, NS_ERROR_USAGE, NS_INSPECT_NOTHING, only);
    if (!only)
        text_commands(stream, buffer);
    return buffer->failed ? ns_fail(error, NS_ERROR_MEMORY, "no memory for the description") : NS_OK;
}
