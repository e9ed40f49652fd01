#include "npu/watch/interface.h"

#include <inttypes.h>
#include <stdio.h>

#include "npu/internal.h"

ns_code ns_npu_coverage_new(const ns_npu_table *table, ns_arena *arena, ns_npu_coverage **out,
                            ns_error *error)
{
    ns_npu_coverage *coverage = NS_ARENA_NEW(arena, ns_npu_coverage);
    if (coverage) {
        coverage->table = table;
        coverage->operations = NS_ARENA_ARRAY(arena, (size_t)table->operation_count, uint64_t);
        coverage->operation_fields =
            NS_ARENA_ARRAY(arena, (size_t)table->operation_field_count, ns_npu_field_coverage);
        coverage->fields = NS_ARENA_ARRAY(arena, (size_t)table->field_count, ns_npu_field_coverage);
        coverage->values = NS_ARENA_ARRAY(arena, (size_t)table->value_count, uint64_t);
    }
    if (!coverage || !coverage->operations || !coverage->operation_fields || !coverage->fields ||
        !coverage->values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for coverage");
    *out = coverage;
    return NS_OK;
}

static void count_value(ns_npu_coverage *coverage, const ns_npu_field *field, int64_t value,
                        ns_npu_field_coverage *seen)
{
    const ns_npu_table *table = coverage->table;
    if (seen->count == 0 || value < seen->low)
        seen->low = value;
    if (seen->count == 0 || value > seen->high)
        seen->high = value;
    seen->count++;
    for (int i = 0; field->enum_index >= 0 && i < table->value_count; i++)
        if (table->values[i].enum_index == field->enum_index && table->values[i].value == value)
            coverage->values[i]++;
}

static ns_code visit(void *context, ns_npu_machine *machine, const ns_npu_visit *visit, ns_error *error)
{
    ns_npu_coverage *coverage = context;
    const ns_npu_table *table = coverage->table;
    (void)error;
    coverage->operations[visit->command->index]++;
    for (int i = 0; i < table->operation_field_count; i++)
        if (table->operation_fields[i].entry == visit->command->index)
            count_value(coverage, &table->operation_fields[i],
                        ns_npu_field_of(&table->operation_fields[i], visit->command->value),
                        &coverage->operation_fields[i]);
    if (!visit->operation && !visit->dma)
        return NS_OK;
    for (int i = 0; i < table->field_count; i++) {
        const ns_npu_field *field = &table->fields[i];
        if (machine->written[field->entry])
            count_value(coverage, field, ns_npu_field_of(field, machine->value[field->entry]),
                        &coverage->fields[i]);
    }
    return NS_OK;
}

ns_code ns_npu_coverage_add(ns_npu_coverage *coverage, ns_npu_stream *stream, ns_error *error)
{
    if (stream->config->table != coverage->table)
        return ns_fail(error, NS_ERROR_INPUT, "a stream for %s in a coverage of %s", stream->config->text,
                       coverage->table->family);
    coverage->streams++;
    return ns_npu_walk(stream, visit, coverage, error);
}

typedef struct modes {
    void (*take)(void *context, uint64_t mode);
    void *context;
    const ns_npu_table *table;
    uint64_t last; /* the operation before: 0 at the begin */
} modes;

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

static ns_code take_mode(void *context, ns_npu_machine *machine, const ns_npu_visit *visit, ns_error *error)
{
    modes *m = context;
    (void)error;
    if (machine->family->kind_of(visit->command) == NS_NPU_COMMAND_CONTROL)
        return NS_OK;
    const uint64_t operation = mix(visit->command->index, visit->command->value);
    const uint64_t own = mix(operation, (uint64_t)m->table->register_count); /* of the family */
    for (int i = 0; i < m->table->field_count; i++) {
        const ns_npu_field *field = &m->table->fields[i];
        if (field->enum_index >= 0 && machine->written[field->entry])
            m->take(m->context, mix(mix(own, (uint64_t)i + 1),
                                    (uint64_t)ns_npu_field_of(field, machine->value[field->entry])));
    }
    m->take(m->context, mix(m->last, own));
    m->last = own;
    return NS_OK;
}

ns_code ns_npu_coverage_modes(ns_npu_stream *stream, void (*take)(void *context, uint64_t mode),
                              void *context, ns_error *error)
{
    modes m = {take, context, stream->config->table, 0};
    return ns_npu_walk(stream, take_mode, &m, error);
}

/* Writes the enum's values of a field that were seen (or not). */
static void list_values(const ns_npu_coverage *coverage, int enum_index, bool seen, const char *before,
                        ns_buffer *buffer)
{
    const ns_npu_table *table = coverage->table;
    for (int i = 0; i < table->value_count; i++)
        if (table->values[i].enum_index == enum_index && (coverage->values[i] != 0) == seen) {
            ns_buffer_format(buffer, "%s%s", before, table->values[i].name);
            before = " ";
        }
}

void ns_npu_coverage_text(const ns_npu_coverage *coverage, ns_buffer *buffer)
{
    const ns_npu_table *table = coverage->table;
    ns_buffer_format(buffer, "%s: %" PRIu64 " streams\n\noperation        executed\n", table->family,
                     coverage->streams);
    for (int i = 0; i < table->operation_count; i++)
        ns_buffer_format(buffer, "%-16s %" PRIu64 "\n", table->operations[i].name, coverage->operations[i]);
    ns_buffer_format(buffer, "\nregister field                           range or values\n");
    for (int i = 0; i < table->field_count; i++) {
        const ns_npu_field_coverage *seen = &coverage->fields[i];
        char name[64];
        if (!seen->count)
            continue;
        snprintf(name, sizeof name, "%s.%s", table->registers[table->fields[i].entry].name,
                 table->fields[i].name);
        ns_buffer_format(buffer, "%-40s", name);
        if (table->fields[i].enum_index < 0)
            ns_buffer_format(buffer, " %" PRId64 " to %" PRId64, seen->low, seen->high);
        else
            list_values(coverage, table->fields[i].enum_index, true, " ", buffer);
        ns_buffer_format(buffer, "\n");
    }
    ns_buffer_format(buffer, "\nnever executed\n");
    for (int i = 0; i < table->operation_count; i++)
        if (!coverage->operations[i])
            ns_buffer_format(buffer, "  operation %s\n", table->operations[i].name);
    for (int i = 0; i < table->field_count; i++)
        if (!coverage->fields[i].count)
            ns_buffer_format(buffer, "  register %s.%s\n", table->registers[table->fields[i].entry].name,
                             table->fields[i].name);
    for (int i = 0; i < table->value_count; i++)
        if (!coverage->values[i])
            ns_buffer_format(buffer, "  value %s %s\n", table->enums[table->values[i].enum_index],
                             table->values[i].name);
}

void ns_npu_coverage_json(const ns_npu_coverage *coverage, ns_json *json)
{
    const ns_npu_table *table = coverage->table;
    char name[96];
    ns_json_object(json, NULL);
    ns_json_text(json, "family", table->family);
    ns_json_integer(json, "streams", (int64_t)coverage->streams);
    ns_json_object(json, "operations");
    for (int i = 0; i < table->operation_count; i++)
        ns_json_integer(json, table->operations[i].name, (int64_t)coverage->operations[i]);
    ns_json_end(json);
    ns_json_object(json, "fields");
    for (int i = 0; i < table->field_count; i++) {
        const ns_npu_field *field = &table->fields[i];
        snprintf(name, sizeof name, "%s.%s", table->registers[field->entry].name, field->name);
        ns_json_object(json, name);
        ns_json_integer(json, "count", (int64_t)coverage->fields[i].count);
        ns_json_integer(json, "low", coverage->fields[i].low);
        ns_json_integer(json, "high", coverage->fields[i].high);
        ns_json_end(json);
    }
    ns_json_end(json);
    ns_json_object(json, "values");
    for (int i = 0; i < table->value_count; i++) {
        const ns_npu_value_name *value = &table->values[i];
        snprintf(name, sizeof name, "%s.%s", table->enums[value->enum_index], value->name);
        ns_json_integer(json, name, (int64_t)coverage->values[i]);
    }
    ns_json_end(json);
    ns_json_end(json);
}
