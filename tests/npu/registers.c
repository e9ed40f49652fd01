/* The register tables: no two entries share an encoding, no two fields share a bit, every enumerated field
 * has values. With --dump [u85]: a table as text, for registers_vela.py and registers_vela_u85.py. */
#include "support/test.h"

#include "npu/stream/registers.h"

static const ns_npu_table *const tables[] = {&ns_npu_table_u55, &ns_npu_table_u85};

static void entries_do_not_collide(void **state)
{
    (void)state;
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        const ns_npu_table *table = tables[t];
        bool seen[2][NS_NPU_IDS] = {0};
        for (int i = 0; i < table->operation_count + table->register_count; i++) {
            const ns_npu_entry *entry = i < table->operation_count
                                            ? &table->operations[i]
                                            : &table->registers[i - table->operation_count];
            assert_in_range(entry->id, 0, NS_NPU_IDS - 1);
            if (seen[entry->form][entry->id])
                fail_msg("%s: cmd%d 0x%03x stands twice", entry->name, entry->form, entry->id);
            seen[entry->form][entry->id] = true;
        }
    }
}

/* The index finds each entry, and nothing else. */
static void index_finds_entries(void **state)
{
    (void)state;
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        const ns_npu_table *table = tables[t];
        int found = 0;
        for (int form = 0; form < 2; form++)
            for (int id = 0; id < NS_NPU_IDS; id++)
                found += (table->register_index[form][id] != 0) + (table->operation_index[form][id] != 0);
        assert_int_equal(found, table->register_count + table->operation_count);
        for (int i = 0; i < table->register_count; i++)
            assert_int_equal(table->register_index[table->registers[i].form][table->registers[i].id], i + 1);
        for (int i = 0; i < table->operation_count; i++)
            assert_int_equal(table->operation_index[table->operations[i].form][table->operations[i].id],
                             i + 1);
    }
}

static void check_fields(const ns_npu_table *table, const ns_npu_field *fields, int count,
                         const ns_npu_entry *entries)
{
    for (int i = 0; i < count; i++) {
        int width = entries[fields[i].entry].form == NS_NPU_CMD0 ? 16 : 48;
        assert_in_range(fields[i].width, 1, width - fields[i].low);
        for (int j = 0; j < i; j++)
            if (fields[j].entry == fields[i].entry && fields[j].low < fields[i].low + fields[i].width &&
                fields[i].low < fields[j].low + fields[j].width)
                fail_msg("%s: %s and %s overlap", entries[fields[i].entry].name, fields[i].name,
                         fields[j].name);
        if (fields[i].enum_index < 0)
            continue;
        int values = 0;
        for (int v = 0; v < table->value_count; v++)
            if (table->values[v].enum_index == fields[i].enum_index) {
                values++;
                assert_in_range(table->values[v].value, 0, (1 << fields[i].width) - 1);
            }
        assert_true(values > 0);
    }
}

static void fields_do_not_overlap(void **state)
{
    (void)state;
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        check_fields(tables[t], tables[t]->fields, tables[t]->field_count, tables[t]->registers);
        check_fields(tables[t], tables[t]->operation_fields, tables[t]->operation_field_count,
                     tables[t]->operations);
    }
}

static void fields_are_extracted(void **state)
{
    (void)state;
    const ns_npu_field stride = {.low = 0, .width = 40, .is_signed = true};
    const ns_npu_field shift = {.low = 32, .width = 6};
    const ns_npu_field zero_point = {.low = 0, .width = 16, .is_signed = true};
    assert_int_equal(ns_npu_field_of(&stride, 0xfffffffff0u), -16);
    assert_int_equal(ns_npu_field_of(&stride, 0x0012345678u), 0x12345678);
    assert_int_equal(ns_npu_field_of(&shift, (uint64_t)0x3f << 32 | 0xffffffffu), 63);
    assert_int_equal(ns_npu_field_of(&zero_point, 0xff80), -128);
}

static void dump(const ns_npu_table *table, bool operations)
{
    const ns_npu_entry *entries = operations ? table->operations : table->registers;
    const ns_npu_field *fields = operations ? table->operation_fields : table->fields;
    int count = operations ? table->operation_count : table->register_count;
    int field_count = operations ? table->operation_field_count : table->field_count;
    for (int i = 0; i < count; i++) {
        printf("%s cmd%d 0x%03x %s", operations ? "operation" : "register", entries[i].form, entries[i].id,
               entries[i].name);
        for (int f = 0; f < field_count; f++)
            if (fields[f].entry == i)
                printf(" %s:%d:%d:%s", fields[f].name, fields[f].low, fields[f].width,
                       fields[f].enum_index < 0 ? "-" : table->enums[fields[f].enum_index]);
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--dump") == 0) {
        const ns_npu_table *table = tables[argc > 2 && strcmp(argv[2], "u85") == 0];
        dump(table, true);
        dump(table, false);
        for (int v = 0; v < table->value_count; v++)
            printf("value %s %s %d\n", table->enums[table->values[v].enum_index], table->values[v].name,
                   table->values[v].value);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_do_not_collide),
        cmocka_unit_test(index_finds_entries),
        cmocka_unit_test(fields_do_not_overlap),
        cmocka_unit_test(fields_are_extracted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
