#include "npu/stream/registers.h"

const char *ns_npu_value_text(const ns_npu_table *table, int enum_index, int64_t value)
{
    for (int i = 0; i < table->value_count; i++)
        if (table->values[i].enum_index == enum_index && table->values[i].value == value)
            return table->values[i].name;
    return NULL;
}

uint64_t ns_npu_reserved_bits(const ns_npu_table *table, bool is_operation, int index)
{
    const ns_npu_entry *entry = is_operation ? &table->operations[index] : &table->registers[index];
    const ns_npu_field *fields = is_operation ? table->operation_fields : table->fields;
    int count = is_operation ? table->operation_field_count : table->field_count;
    uint64_t used = 0;
    for (int i = 0; i < count; i++)
        if (fields[i].entry == index)
            used |= (~(uint64_t)0 >> (64 - fields[i].width)) << fields[i].low;
    return ~used & (entry->form == NS_NPU_CMD0 ? 0xffff : 0xffffffffffffu);
}
