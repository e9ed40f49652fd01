/* Vela's debug database: which word of the stream comes from which operator. The tables are cut from those
 * that Vela 5.1.0 writes for a REDUCE_MIN and a SUB (queue offsets are those of the operations' words times
 * four, as `npuscope inspect` shows them), with a fused TABLE added as Vela lists one. */
#include "npuscope/vela_debug.h"

#include <string.h>

#include "base/bytes.h"
#include "support/test.h"

static const char text[] =
    "<?xml version='1.0' encoding='UTF-8'?>\n<debug source=\"o/g\">\n"
    "<table name=\"perf_debug\">\n<![CDATA[\n"
    "\"id\",\"ofm_shape_n\",\"ofm_shape_h\",\"ofm_shape_w\",\"ofm_shape_c\"\n"
    "68,1,12,1,1\n73,1,1,3,4\n77,1,80,16,1\n79,1,80,16,2\n]]>\n</table>\n"
    "<table name=\"perf\">\n<![CDATA[\n"
    "\"id\",\"source_id\",\"optimised_id\",\"operator\",\"name\"\n"
    "68,8,27,\"ReduceMax\",\"min, \"\"inverted\"\"\"\n73,8,26,\"Sub\",\"tosa_reduce_min_default\"\n"
    "77,3,25,\"Transpose\",\"before\"\n79,4,24,\"LUT\",\"behind\"\n]]>\n</table>\n"
    "<table name=\"queue\">\n<![CDATA[\n"
    "\"offset\",\"cmdstream_id\",\"optimised_id\",\"scheduled_id\"\n"
    "672,1,26,73\n412,1,27,68\n700,1,25,77\n704,1,0,99\n]]>\n</table>\n"
    "<table name=\"group\">\n<![CDATA[\n\"id\",\"group_id\"\n79,77\n]]>\n</table>\n"
    "<table name=\"tensors\">\n<![CDATA[\n"
    "\"id\",\"data_type\",\"memory\",\"start_address\",\"size\",\"format\",\"name\"\n"
    "8,\"Int16\",\"Sram\",\"0x1c0\",\"0x60\",\"NHCWB16\",\"tosa_reduce_min_default\"\n]]>\n</table>\n"
    "<table name=\"source\">\n<![CDATA[\n\"id\",\"operator\",\"ext_key\"\n"
    "8,\"ReduceMin\",8\n3,\"Transpose\",1\n4,\"Table\",2\n]]>\n</table>\n</debug>\n";

static void test_operations(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_vela_debug *debug;
    ASSERT_OK(ns_vela_debug_read(text, sizeof text - 1, arena, &debug, &error));
    assert_int_equal(debug->operation_count, 4);
    const ns_vela_debug_operation *sub = ns_vela_debug_find(debug, 168);
    assert_non_null(sub);
    assert_string_equal(sub->name, "Sub");
    assert_string_equal(sub->output, "tosa_reduce_min_default");
    assert_string_equal(sub->source, "ReduceMin");
    assert_int_equal(sub->index, 8);
    assert_int_equal(sub->shape[2], 3);
    assert_string_equal(ns_vela_debug_find(debug, 103)->output, "min, \"inverted\"");
    assert_null(ns_vela_debug_find(debug, 104));
    assert_int_equal(debug->tensor_count, 1);
    assert_int_equal(debug->tensors[0].address, 0x1c0);
    assert_true(debug->tensors[0].brick);
    ns_arena_free(arena);
}

/* A TABLE fused into the TRANSPOSE before it: what is stored is the TABLE's. An operation that the tables do
 * not explain stays unknown. */
static void test_fused_and_unknown(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_vela_debug *debug;
    ASSERT_OK(ns_vela_debug_read(text, sizeof text - 1, arena, &debug, &error));
    const ns_vela_debug_operation *fused = ns_vela_debug_find(debug, 175);
    assert_string_equal(fused->name, "Transpose");
    assert_string_equal(fused->output, "behind");
    assert_int_equal(fused->index, 1);
    assert_int_equal(fused->shape[3], 2);
    const ns_vela_debug_operation *unknown = ns_vela_debug_find(debug, 176);
    assert_string_equal(unknown->output, "");
    assert_int_equal(unknown->index, -1);
    ns_arena_free(arena);
}

static void begin_table(ns_buffer *buffer, const char *name, const char *heading)
{
    ns_buffer_format(buffer, "<table name=\"%s\">\n<![CDATA[\n%s\n", name, heading);
}

/* 50,000 operations of one group, and as many rows of the queue that run the first: where each row looked
 * through all others, a file of 3 MB took days. */
static void test_a_long_group(void **state)
{
    (void)state;
    enum { COUNT = 50000 };
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_vela_debug *debug;
    ns_buffer file = {.arena = arena};
    begin_table(&file, "perf", "\"id\",\"source_id\",\"operator\",\"name\"");
    for (int i = 0; i < COUNT; i++)
        ns_buffer_format(&file, "%d,%d,\"Sub\",\"t%d\"\n", i, i, i);
    ns_buffer_format(&file, "]]>\n</table>\n");
    begin_table(&file, "group", "\"id\",\"group_id\"");
    for (int i = 1; i < COUNT; i++)
        ns_buffer_format(&file, "%d,0\n", i);
    ns_buffer_format(&file, "]]>\n</table>\n");
    begin_table(&file, "queue", "\"offset\",\"scheduled_id\"");
    for (int i = 0; i < COUNT; i++)
        ns_buffer_format(&file, "%d,0\n", 4 * i);
    ns_buffer_format(&file, "]]>\n</table>\n");
    assert_false(file.failed);
    ASSERT_OK(ns_vela_debug_read(file.data, file.size, arena, &debug, &error));
    assert_int_equal(debug->operation_count, COUNT);
    assert_string_equal(ns_vela_debug_find(debug, 1)->output, "t49999");
    assert_string_equal(ns_vela_debug_find(debug, COUNT - 1)->output, "t49999");
    ns_arena_free(arena);
}

static void test_refused(void **state)
{
    (void)state;
    static const char ragged[] = "<table name=\"queue\"><![CDATA[\n\"offset\",\"id\"\n4,5,6\n]]>";
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_vela_debug *debug;
    assert_int_equal(ns_vela_debug_read("no XML", 6, arena, &debug, &error), NS_ERROR_INPUT);
    assert_int_equal(ns_vela_debug_read(ragged, sizeof ragged - 1, arena, &debug, &error), NS_ERROR_INPUT);
    assert_non_null(strstr(error.message, "table queue: row 0 has 3 cells, and the heading 2"));
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operations),
        cmocka_unit_test(test_fused_and_unknown),
        cmocka_unit_test(test_a_long_group),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
