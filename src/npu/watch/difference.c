/* The first operation at which two streams for one accelerator part. */
#include <string.h>

#include "npu/internal.h"
#include "npu/watch/interface.h"

/* The registers as an operation saw them. */
typedef struct snapshot {
    const ns_npu_command *command;
    size_t index; /* of the command */
    uint64_t *value;
    bool *written;
} snapshot;

typedef struct snapshots {
    const ns_npu_table *table;
    ns_arena *arena;
    snapshot *list;
    size_t count;
} snapshots;

static ns_code visit(void *context, ns_npu_machine *machine, const ns_npu_visit *visit, ns_error *error)
{
    snapshots *s = context;
    if (machine->family->kind_of(visit->command) == NS_NPU_COMMAND_CONTROL)
        return NS_OK;
    const size_t registers = (size_t)s->table->register_count;
    snapshot taken = {visit->command, visit->index,
                      ns_arena_copy(s->arena, machine->value, registers * sizeof *machine->value),
                      NS_ARENA_ARRAY(s->arena, registers, bool)};
    if (!taken.value || !taken.written)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory to compare two streams");
    for (size_t i = 0; i < registers; i++)
        taken.written[i] = machine->written[i] != 0;
    s->list[s->count++] = taken;
    return NS_OK;
}

static ns_code take(ns_npu_stream *stream, ns_arena *arena, snapshots *out, ns_error *error)
{
    *out = (snapshots){.table = stream->config->table,
                       .arena = arena,
                       .list = NS_ARENA_ARRAY(arena, stream->command_count + 1, snapshot)};
    return out->list ? ns_npu_walk(stream, visit, out, error)
                     : ns_fail(error, NS_ERROR_MEMORY, "no memory to compare two streams");
}

static const char *name_of(const ns_npu_table *table, const snapshot *s)
{
    return s ? table->operations[s->command->index].name : NULL;
}

static bool same_operation(const snapshot *a, const snapshot *b)
{
    return a && b && a->command->index == b->command->index && a->command->value == b->command->value;
}

/* The field's value in both; whether it differs. A register that one stream never wrote differs from any. */
static bool differs(const ns_npu_field *field, const snapshot *a, const snapshot *b,
                    ns_npu_field_difference *out)
{
    const int r = field->entry;
    out->written[0] = a->written[r];
    out->written[1] = b->written[r];
    out->value[0] = ns_npu_field_of(field, a->value[r]);
    out->value[1] = ns_npu_field_of(field, b->value[r]);
    return out->written[0] != out->written[1] || (out->written[0] && out->value[0] != out->value[1]);
}

static int list_fields(const ns_npu_table *table, const snapshot *a, const snapshot *b,
                       ns_npu_field_difference *out)
{
    int count = 0;
    for (int i = 0; i < table->field_count; i++) {
        ns_npu_field_difference row = {.name = table->fields[i].name,
                                       .register_name = table->registers[table->fields[i].entry].name};
        if (!differs(&table->fields[i], a, b, &row))
            continue;
        if (out)
            out[count] = row;
        count++;
    }
    return count;
}

static bool same(const ns_npu_table *table, const snapshot *a, const snapshot *b)
{
    return same_operation(a, b) && list_fields(table, a, b, NULL) == 0;
}

static ns_code describe(const snapshots *a, const snapshots *b, size_t at, ns_arena *arena,
                        ns_npu_difference *out, ns_error *error)
{
    const snapshot *one = at < a->count ? &a->list[at] : NULL;
    const snapshot *other = at < b->count ? &b->list[at] : NULL;
    out->differs = true;
    out->operation = at;
    out->name[0] = name_of(a->table, one);
    out->name[1] = name_of(a->table, other);
    out->command[0] = one ? (int64_t)one->index : -1;
    out->command[1] = other ? (int64_t)other->index : -1;
    if (!same_operation(one, other))
        return NS_OK;
    ns_npu_field_difference *fields =
        NS_ARENA_ARRAY(arena, (size_t)a->table->field_count, ns_npu_field_difference);
    if (!fields)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory to compare two streams");
    out->field_count = list_fields(a->table, one, other, fields);
    out->fields = fields;
    return NS_OK;
}

static ns_code compare(ns_npu_stream *a, ns_npu_stream *b, ns_arena *scratch, ns_arena *arena,
                       ns_npu_difference *out, ns_error *error)
{
    snapshots one, other;
    NS_TRY(take(a, scratch, &one, error));
    NS_TRY(take(b, scratch, &other, error));
    const size_t both = one.count < other.count ? one.count : other.count;
    *out = (ns_npu_difference){.operations = {one.count, other.count}};
    size_t at = 0;
    while (at < both && same(one.table, &one.list[at], &other.list[at]))
        at++;
    return at == one.count && at == other.count ? NS_OK : describe(&one, &other, at, arena, out, error);
}

ns_code ns_npu_stream_difference(ns_npu_stream *a, ns_npu_stream *b, ns_arena *arena, ns_npu_difference *out,
                                 ns_error *error)
{
    if (a->config->accelerator != b->config->accelerator)
        return ns_fail(error, NS_ERROR_INPUT, "a stream for %s compared with one for %s", a->config->text,
                       b->config->text);
    ns_arena *scratch = ns_arena_new_like(arena);
    const ns_code code = scratch ? compare(a, b, scratch, arena, out, error)
                                 : ns_fail(error, NS_ERROR_MEMORY, "no memory to compare two streams");
    ns_arena_free(scratch);
    return code;
}

static void add_value(ns_buffer *buffer, const ns_npu_field_difference *field, int side)
{
    if (field->written[side])
        ns_buffer_format(buffer, "%lld", (long long)field->value[side]);
    else
        ns_buffer_format(buffer, "not written");
}

void ns_npu_difference_text(const ns_npu_difference *d, ns_buffer *buffer)
{
    if (!d->differs) {
        ns_buffer_format(buffer, "all %zu operations have the same registers", d->operations[0]);
        return;
    }
    ns_buffer_format(buffer, "operation %zu, ", d->operation);
    if (!d->field_count) {
        ns_buffer_format(buffer, "%s where the other has %s", d->name[0] ? d->name[0] : "none",
                         d->name[1] ? d->name[1] : "none");
        return;
    }
    ns_buffer_format(buffer, "%s (command %lld)", d->name[0], (long long)d->command[0]);
    for (int i = 0; i < d->field_count; i++) {
        ns_buffer_format(buffer, "%s %s.%s ", i ? "," : ":", d->fields[i].register_name, d->fields[i].name);
        add_value(buffer, &d->fields[i], 0);
        ns_buffer_format(buffer, " against ");
        add_value(buffer, &d->fields[i], 1);
    }
}
