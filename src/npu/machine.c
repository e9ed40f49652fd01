#include "npu/machine.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static const char *command_name(const ns_npu_machine *machine, char *text, size_t size)
{
    const ns_npu_table *table = machine->config->table;
    const ns_npu_command *command = &machine->commands[machine->command];
    snprintf(text, size, "command %zu (word %" PRIu32 ", %s_%s)", machine->command, command->word,
             command->is_operation ? "OP" : "SET",
             (command->is_operation ? table->operations : table->registers)[command->index].name);
    return text;
}

static ns_code fail_at(ns_npu_machine *machine, ns_error *error, ns_code code, const char *format,
                       va_list arguments)
{
    char place[96], what[NS_MESSAGE_SIZE - 128];
    vsnprintf(what, sizeof what, format, arguments);
    return ns_fail(error, code, "%s: %s", command_name(machine, place, sizeof place), what);
}

ns_code ns_npu_fault(ns_npu_machine *machine, ns_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    ns_code code = fail_at(machine, error, NS_ERROR_FAULT, format, arguments);
    va_end(arguments);
    return code;
}

ns_code ns_npu_unsupported(ns_npu_machine *machine, ns_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    ns_code code = fail_at(machine, error, NS_ERROR_UNSUPPORTED, format, arguments);
    va_end(arguments);
    return code;
}

void ns_npu_warn(ns_npu_machine *machine, const char *format, ...)
{
    if (!machine->options->message)
        return;
    char place[96], what[NS_MESSAGE_SIZE - 128], text[NS_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(text, sizeof text, "%s: %s", command_name(machine, place, sizeof place), what);
    machine->options->message(machine->options->context, text);
}

ns_code ns_npu_get(ns_npu_machine *machine, int field, int64_t *out, ns_error *error)
{
    const ns_npu_table *table = machine->config->table;
    const ns_npu_field *entry = &table->fields[field];
    if (!machine->written[entry->entry])
        return ns_npu_fault(machine, error, "it needs register %s, which the stream never wrote",
                            table->registers[entry->entry].name);
    *out = ns_npu_field_of(entry, machine->value[entry->entry]);
    return NS_OK;
}

ns_code ns_npu_spend(ns_npu_machine *machine, uint64_t amount, ns_error *error)
{
    const ns_code code = ns_budget_spend(machine->budget, amount, error);
    if (code != NS_OK) {
        char place[96];
        if (error)
            ns_add_context(error, "%s", command_name(machine, place, sizeof place));
        return code;
    }
    machine->work += amount;
    if (machine->statistics)
        machine->statistics->work = machine->work;
    return NS_OK;
}

ns_code ns_npu_room(ns_npu_machine *machine, size_t count, size_t size, void **out, ns_error *error)
{
    *out = count <= SIZE_MAX / 2 / size ? ns_arena_take(machine->scratch, count * size) : NULL;
    return *out ? NS_OK
                : ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu elements of %zu bytes", count, size);
}

ns_code ns_npu_scratch(ns_npu_machine *machine, size_t count, size_t size, void **out, ns_error *error)
{
    *out = ns_arena_alloc(machine->scratch, count, size);
    return *out ? NS_OK
                : ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu elements of %zu bytes", count, size);
}
