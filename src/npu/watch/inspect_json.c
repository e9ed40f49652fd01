#include <math.h>
#include <stdio.h>

#include "npu/operations/internal.h"
#include "npu/watch/interface.h"
#include "npu/watch/internal.h"

typedef struct json_writer {
    ns_npu_stream *stream;
    ns_json *json;
    const char *only; /* NULL: all operations */
    int operations;   /* block operations so far */
    int shown;
} json_writer;

#define INTEGERS(json, key, ...)                                                           \
    ns_json_integers(json, key, (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), \
                     (const int64_t[]){__VA_ARGS__})

/* Accumulators that stay give no OFM, and POOL NONE has no IFM: the registers are stale. */
static bool is_absent(const ns_npu_map *map)
{
    return map->unused || map->height == 0;
}

static void add_map(ns_json *json, const char *key, const ns_npu_map *map)
{
    char type[16];
    if (is_absent(map)) {
        ns_json_null(json, key);
        return;
    }
    ns_json_object(json, key);
    ns_json_text(json, "type", ns_inspect_type_text(map, type));
    ns_json_integer(json, "zero_point", map->zero_point);
    if (map->scalar)
        ns_json_integer(json, "scalar", map->scalar_value);
    else
        INTEGERS(json, "shape", map->height, map->width, map->depth);
    if (!map->scalar && map->chain)
        ns_json_integer(json, "chain", map->region);
    if (!map->scalar && !map->chain) {
        ns_json_text(json, "format", map->brick ? "NHCWB16" : "NHWC");
        ns_json_integer(json, "region", map->region);
        ns_json_integers(json, "bases", 4, map->base);
        INTEGERS(json, "tile", map->width0, map->height0, map->height1);
        INTEGERS(json, "strides", map->stride_y, map->stride_x, map->stride_c);
    }
    ns_json_end(json);
}

static void add_kernel(ns_json *json, const ns_npu_operation *operation)
{
    INTEGERS(json, "kernel", operation->kernel_height, operation->kernel_width);
    INTEGERS(json, "stride", operation->stride_y, operation->stride_x);
    INTEGERS(json, "dilation", operation->dilation_y, operation->dilation_x);
    INTEGERS(json, "pad", operation->pad_top, operation->pad_left, operation->pad_right,
             operation->pad_bottom);
}

/* Opens an object that says where bytes lie. */
static void open_place(ns_json *json, const char *key, int region, int64_t address, uint64_t bytes)
{
    ns_json_object(json, key);
    ns_json_integer(json, "region", region);
    ns_json_integer(json, "address", address);
    ns_json_integer(json, "bytes", (int64_t)bytes);
}

static ns_code add_weights(const json_writer *writer, const ns_npu_operation *operation, ns_error *error)
{
    ns_json *json = writer->json;
    ns_inspect_weights weights;
    ns_arena *arena = ns_arena_new_like(json->buffer->arena);
    if (!arena)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the description");
    const ns_code code = ns_inspect_look_at_weights(writer->stream, operation, arena, &weights, error);
    if (code == NS_OK) {
        open_place(json, "weights", operation->weight_region, operation->weight_base[0], weights.bytes);
        if (weights.known && !weights.problem) {
            ns_json_integer(json, "count", (int64_t)weights.count);
            ns_json_integer(json, "zeros", (int64_t)weights.zeros);
            ns_json_integer(json, "low", weights.low);
            ns_json_integer(json, "high", weights.high);
        }
        ns_json_end(json);
    }
    ns_arena_free(arena);
    return code;
}

static ns_code add_scales(const json_writer *writer, const ns_npu_operation *operation, ns_error *error)
{
    ns_json *json = writer->json;
    ns_inspect_factors factors;
    ns_arena *arena = ns_arena_new_like(json->buffer->arena);
    if (!arena)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the description");
    const ns_code code = ns_inspect_look_at_factors(writer->stream, operation, arena, &factors, error);
    open_place(json, "scales", operation->scale_region, operation->scale_base[0],
               operation->scale_length[0] + operation->scale_length[1]);
    if (code == NS_OK && factors.known) {
        ns_json_real(json, "least_factor", factors.low);
        ns_json_real(json, "most_factor", factors.high);
    }
    ns_json_end(json);
    ns_arena_free(arena);
    return code;
}

static ns_code add_output(const json_writer *writer, const ns_npu_operation *operation, ns_error *error)
{
    ns_json *json = writer->json;
    if (operation->scaling == NS_NPU_SCALING_GLOBAL) {
        INTEGERS(json, "scale", operation->scale.scale, operation->scale.shift);
        ns_json_real(json, "factor", ldexp(operation->scale.scale, -operation->scale.shift));
    }
    if (operation->scaling == NS_NPU_SCALING_CHANNEL)
        NS_TRY(add_scales(writer, operation, error));
    if (ns_npu_table_size(operation->table) > 0)
        ns_json_integer(json, "table", (int64_t)operation->table_address);
    if (operation->clip)
        INTEGERS(json, "clip", operation->clip_low, operation->clip_high);
    return NS_OK;
}

static ns_code add_operation(const json_writer *writer, const ns_npu_visit *visit, ns_error *error)
{
    const ns_npu_operation *operation = visit->operation;
    ns_json *json = writer->json;
    ns_json_object(json, NULL);
    ns_json_integer(json, "operation", writer->operations);
    ns_json_integer(json, "command", (int64_t)visit->index);
    ns_json_integer(json, "word", visit->command->word);
    ns_json_text(json, "name", operation->name);
    add_map(json, "ifm", &operation->ifm);
    if (operation->has_ifm2)
        add_map(json, "ifm2", &operation->ifm2);
    add_map(json, "ofm", &operation->ofm);
    if (operation->kernel_height)
        add_kernel(json, operation);
    if (ns_inspect_has_weights(operation))
        NS_TRY(add_weights(writer, operation, error));
    NS_TRY(add_output(writer, operation, error));
    ns_json_end(json);
    return NS_OK;
}

static ns_code visit_operation(void *context, ns_npu_machine *machine, const ns_npu_visit *visit,
                               ns_error *error)
{
    json_writer *writer = context;
    if (visit->operation && ns_inspect_is_wanted(visit->operation, writer->operations, writer->only)) {
        NS_TRY(add_operation(writer, visit, error));
        writer->shown++;
    }
    writer->operations += machine->family->kind_of(visit->command) == NS_NPU_COMMAND_BLOCK;
    return NS_OK;
}

static void add_io(ns_json *json, const char *key, const ns_npu_io *io, int count)
{
    ns_json_array(json, key);
    for (int i = 0; i < count; i++) {
        ns_json_object(json, NULL);
        ns_json_integers(json, "shape", io[i].rank, io[i].shape);
        ns_json_integer(json, "element_bytes", io[i].element_bytes);
        ns_json_integer(json, "region", io[i].region);
        ns_json_integer(json, "offset", (int64_t)io[i].offset);
        if (io[i].name)
            ns_json_text(json, "name", io[i].name);
        if (isfinite(io[i].scale) && io[i].scale != 0) {
            ns_json_real(json, "scale", (double)io[i].scale);
            ns_json_integer(json, "zero_point", io[i].zero_point);
        }
        ns_json_end(json);
    }
    ns_json_end(json);
}

static void add_command(ns_json *json, const ns_npu_table *table, const ns_npu_command *command)
{
    char name[48];
    const bool op = command->is_operation;
    const ns_npu_field *fields = op ? table->operation_fields : table->fields;
    const int count = op ? table->operation_field_count : table->field_count;
    snprintf(name, sizeof name, "%s_%s", op ? "OP" : "SET",
             (op ? table->operations : table->registers)[command->index].name);
    ns_json_object(json, NULL);
    ns_json_integer(json, "word", command->word);
    ns_json_text(json, "name", name);
    for (int f = 0; f < count; f++)
        if (fields[f].entry == command->index)
            ns_json_integer(json, fields[f].name, ns_npu_field_of(&fields[f], command->value));
    ns_json_end(json);
}

static void add_header(ns_json *json, const ns_npu_stream *stream)
{
    ns_json_text(json, "schema", "npuscope/inspect/1");
    ns_json_text(json, "format", "npu");
    ns_json_text(json, "accelerator", stream->config->text);
    ns_json_integer(json, "config", stream->config_word);
    ns_json_integer(json, "id", stream->id_word);
    ns_json_integer(json, "read_only_size", (int64_t)stream->weights.size);
    ns_json_integer(json, "scratch_size", (int64_t)stream->scratch_size);
    ns_json_integer(json, "scratch_fast_size", (int64_t)stream->scratch_fast_size);
    add_io(json, "inputs", stream->inputs, stream->input_count);
    add_io(json, "outputs", stream->outputs, stream->output_count);
}

ns_code ns_npu_inspect_json(ns_npu_stream *stream, ns_json *json, const char *key, ns_error *error)
{
    return ns_npu_inspect_some_json(stream, NULL, json, key, error);
}

ns_code ns_npu_inspect_some_json(ns_npu_stream *stream, const char *only, ns_json *json, const char *key,
                                 ns_error *error)
{
    json_writer writer = {.stream = stream, .json = json, .only = only};
    const int lines = json->lines, digits = json->digits;
    /* An operation or a command a line; scales are float32. */
    json->lines = json->depth + 2;
    json->digits = 9;
    ns_json_object(json, key);
    add_header(json, stream);
    ns_json_array(json, "operations");
    NS_TRY(ns_npu_walk(stream, visit_operation, &writer, error));
    ns_json_end(json);
    if (only && !writer.shown)
        return ns_fail(error, NS_ERROR_USAGE, NS_INSPECT_NOTHING, only);
    ns_json_array(json, "commands");
    for (size_t i = 0; i < stream->command_count && !only; i++)
        add_command(json, stream->config->table, &stream->commands[i]);
    ns_json_end(json);
    ns_json_end(json);
    json->lines = lines;
    json->digits = digits;
    return NS_OK;
}
