#include "npu/stream/internal.h"

#include <inttypes.h>

/* Layout of a command's first word. */
#define ID_MASK 0x3ffu
#define ZERO_SHIFT 10
#define ZERO_MASK 0xfu
#define FORM_SHIFT 14
#define FORM_MASK 0x3u
#define PARAMETER_SHIFT 16

/* One word is at least one command, so a stream of 2^24 words (64 MiB) is the largest that is kept decoded;
 * the driver payload's length field has as many bits. */
#define MAX_WORDS ((size_t)1 << 24)

/* Whether the reserved bits go on with the sign of a signed field below them: Vela's Python core
 * (3.12.0, 4.5.0) writes the upper 16 bits of a negative stride, of which 8 belong to the field. */
static bool are_sign(const ns_npu_table *table, const ns_npu_command *command, uint64_t reserved)
{
    for (int i = 0; !command->is_operation && i < table->field_count; i++) {
        const ns_npu_field *field = &table->fields[i];
        if (field->entry == command->index && field->is_signed)
            return reserved == reserved >> (field->low + field->width) << (field->low + field->width) &&
                   (command->value & reserved) == reserved && ns_npu_field_of(field, command->value) < 0;
    }
    return false;
}

static ns_code check_fields(const ns_npu_table *table, const ns_npu_command *command, const char *name,
                            ns_error *error)
{
    uint64_t reserved = ns_npu_reserved_bits(table, command->is_operation, command->index);
    if ((command->value & reserved) && !are_sign(table, command, reserved))
        return ns_fail(error, NS_ERROR_FAULT,
                       "word %" PRIu32 ": %s = 0x%" PRIx64 " sets reserved bits (0x%" PRIx64 ")",
                       command->word, name, command->value, command->value & reserved);
    const ns_npu_field *fields = command->is_operation ? table->operation_fields : table->fields;
    int count = command->is_operation ? table->operation_field_count : table->field_count;
    for (int i = 0; i < count; i++) {
        if (fields[i].entry != command->index || fields[i].enum_index < 0)
            continue;
        int64_t value = ns_npu_field_of(&fields[i], command->value);
        if (!ns_npu_value_text(table, fields[i].enum_index, value))
            return ns_fail(error, NS_ERROR_FAULT, "word %" PRIu32 ": %s: field %s has no value %" PRId64,
                           command->word, name, fields[i].name, value);
    }
    return NS_OK;
}

static ns_code decode_one(const ns_npu_table *table, unsigned products, ns_bytes words, size_t word,
                          ns_npu_command *out, ns_error *error)
{
    uint32_t first = ns_load_u32(words.data + 4 * word);
    unsigned form = first >> FORM_SHIFT & FORM_MASK;
    unsigned id = first & ID_MASK;
    if (form > NS_NPU_CMD1 || (first >> ZERO_SHIFT & ZERO_MASK))
        return ns_fail(error, NS_ERROR_FAULT, "word %zu: 0x%08" PRIx32 " is not a command of %s", word, first,
                       table->family);
    *out = (ns_npu_command){.word = (uint32_t)word, .value = first >> PARAMETER_SHIFT};
    if (form == NS_NPU_CMD1) {
        if (!ns_bytes_contains(words, 4 * word, 8))
            return ns_fail(error, NS_ERROR_FAULT, "word %zu: the stream ends inside a two-word command",
                           word);
        out->value = out->value << 32 | ns_load_u32(words.data + 4 * word + 4);
    }
    const ns_npu_entry *entry = NULL;
    if (table->operation_index[form][id]) {
        out->is_operation = true;
        out->index = (uint8_t)(table->operation_index[form][id] - 1);
        entry = &table->operations[out->index];
    } else if (table->register_index[form][id]) {
        out->index = (uint8_t)(table->register_index[form][id] - 1);
        entry = &table->registers[out->index];
    }
    if (!entry || !(entry->products & products))
        return ns_fail(error, NS_ERROR_FAULT,
                       "word %zu: undefined command 0x%08" PRIx32 " (cmd%u 0x%03x%s%s)", word, first, form,
                       id, entry ? ", not on this product: " : "", entry ? entry->name : "");
    return check_fields(table, out, entry->name, error);
}

ns_code ns_npu_decode(const ns_npu_table *table, unsigned products, ns_bytes words, ns_arena *arena,
                      ns_npu_command **out, size_t *count, ns_error *error)
{
    if (words.size % 4 != 0 || words.size / 4 > MAX_WORDS)
        return ns_fail(error, NS_ERROR_FAULT, "a command stream of %zu bytes: want whole words, at most %zu",
                       words.size, MAX_WORDS);
    size_t total = words.size / 4;
    ns_npu_command *commands = NS_ARENA_ARRAY(arena, total, ns_npu_command);
    if (!commands)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu commands", total);
    size_t n = 0;
    for (size_t word = 0; word < total; n++) {
        NS_TRY(decode_one(table, products, words, word, &commands[n], error));
        const ns_npu_entry *entries = commands[n].is_operation ? table->operations : table->registers;
        word += entries[commands[n].index].form == NS_NPU_CMD1 ? 2 : 1;
    }
    *out = commands;
    *count = n;
    return NS_OK;
}

void ns_npu_disassemble(const ns_npu_table *table, const ns_npu_command *command, ns_buffer *buffer)
{
    bool op = command->is_operation;
    const ns_npu_entry *entry = op ? &table->operations[command->index] : &table->registers[command->index];
    const ns_npu_field *fields = op ? table->operation_fields : table->fields;
    int count = op ? table->operation_field_count : table->field_count;
    ns_buffer_format(buffer, "%s_%s", op ? "OP" : "SET", entry->name);
    for (int i = 0; i < count; i++) {
        if (fields[i].entry != command->index)
            continue;
        int64_t value = ns_npu_field_of(&fields[i], command->value);
        const char *text =
            fields[i].enum_index >= 0 ? ns_npu_value_text(table, fields[i].enum_index, value) : NULL;
        if (text)
            ns_buffer_format(buffer, " %s=%s", fields[i].name, text);
        else if (fields[i].width > 16 && value >= 0)
            ns_buffer_format(buffer, " %s=0x%" PRIx64, fields[i].name, (uint64_t)value);
        else
            ns_buffer_format(buffer, " %s=%" PRId64, fields[i].name, value);
    }
}
