#include "formats/flatbuffer.h"

#include "support/test.h"

static ns_error error;

/* A root table with a field of each width, a string, a vector of tables and one of bytes. */
static ns_bytes sample(ns_arena *arena)
{
    ns_fb_writer writer;
    size_t root = 0;
    ns_fb_begin(&writer, arena, "TEST", &root);
    ns_fb_field fields[] = {
        {.slot = 0, .size = 1, .value = 0xfe},
        {.slot = 1, .size = 4, .value = 0x12345678},
        {.slot = 3, .size = 8, .value = 0x0102030405060708},
        {.slot = 4, .size = 4},
        {.slot = 5, .size = 4},
        {.slot = 6, .size = 4},
    };
    ns_fb_link(&writer, root, ns_fb_put_table(&writer, 6, fields));
    ns_fb_link(&writer, fields[3].position, ns_fb_put_string(&writer, "name"));
    const size_t vector = ns_fb_put_vector(&writer, 2, 4, NULL, 4);
    ns_fb_link(&writer, fields[4].position, vector);
    for (size_t i = 0; i < 2; i++) {
        ns_fb_field field = {.slot = 1, .size = 4, .value = 7 + i};
        ns_fb_link(&writer, vector + 4 + i * 4, ns_fb_put_table(&writer, 1, &field));
    }
    ns_fb_link(&writer, fields[5].position, ns_fb_put_vector(&writer, 3, 1, "abc", 8));
    ns_bytes bytes = {0};
    const void *data = NULL;
    ASSERT_OK(ns_fb_finish(&writer, &data, &bytes.size, &error));
    bytes.data = data;
    return bytes;
}

static void test_round_trip(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    const ns_bytes bytes = sample(arena);
    ns_fb_reader reader;
    ns_fb_table root, element;
    ASSERT_OK(ns_fb_open(&reader, bytes, "TEST", &root, &error));
    uint8_t small = 0;
    uint32_t word = 0;
    uint64_t wide = 0;
    ASSERT_OK(ns_fb_u8(root, 0, 1, "a", &small, &error));
    ASSERT_OK(ns_fb_u32(root, 1, 1, "b", &word, &error));
    ASSERT_OK(ns_fb_u64(root, 3, 1, "d", &wide, &error));
    assert_int_equal(small, 0xfe);
    assert_int_equal(word, 0x12345678);
    assert_int_equal(wide, 0x0102030405060708);
    /* Absent: in a gap of the vtable, and behind its end. */
    ASSERT_OK(ns_fb_u32(root, 2, 99, "c", &word, &error));
    assert_int_equal(word, 99);
    ASSERT_OK(ns_fb_u32(root, 40, 98, "z", &word, &error));
    assert_int_equal(word, 98);
    ns_bytes text;
    ASSERT_OK(ns_fb_get_string(root, 4, "name", &text, &error));
    assert_int_equal(text.size, 4);
    assert_memory_equal(text.data, "name", 5);
    ns_fb_vector vector;
    ASSERT_OK(ns_fb_get_vector(root, 5, 4, "tables", &vector, &error));
    assert_int_equal(vector.count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        ASSERT_OK(ns_fb_element_table(vector, i, "table", &element, &error));
        ASSERT_OK(ns_fb_u32(element, 1, 0, "value", &word, &error));
        assert_int_equal(word, 7 + i);
    }
    ASSERT_OK(ns_fb_get_bytes(root, 6, "bytes", &text, &error));
    assert_memory_equal(text.data, "abc", 3);
    ns_arena_free(arena);
}

/* The format aligns a field to its width, and values to what the schema says, from the file's beginning. */
static void test_alignment(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    const ns_bytes bytes = sample(arena);
    const uint8_t wide[8] = {8, 7, 6, 5, 4, 3, 2, 1};
    int found = 0;
    for (size_t i = 0; i + 8 <= bytes.size; i++) {
        if (!memcmp(bytes.data + i, wide, 8)) {
            assert_int_equal(i % 8, 0);
            found++;
        }
        if (!memcmp(bytes.data + i, "abc", 3)) {
            assert_int_equal(i % 8, 0);
            found++;
        }
    }
    assert_int_equal(found, 2);
    /* The two element tables share one vtable: the second is 8 bytes, without one before it. */
    ns_fb_reader reader;
    ns_fb_table root, a, b;
    ns_fb_vector vector;
    ASSERT_OK(ns_fb_open(&reader, bytes, "TEST", &root, &error));
    ASSERT_OK(ns_fb_get_vector(root, 5, 4, "tables", &vector, &error));
    ASSERT_OK(ns_fb_element_table(vector, 0, "table", &a, &error));
    ASSERT_OK(ns_fb_element_table(vector, 1, "table", &b, &error));
    assert_int_equal(a.vtable, b.vtable);
    ns_arena_free(arena);
}

static void test_bounds(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    const ns_bytes bytes = sample(arena);
    ns_fb_reader reader;
    ns_fb_table root;
    ASSERT_OK(ns_fb_open(&reader, bytes, "TEST", &root, &error));
    ns_fb_vector vector;
    ASSERT_OK(ns_fb_get_vector(root, 5, 4, "tables", &vector, &error));
    uint8_t *copy = ns_arena_copy(arena, bytes.data, bytes.size);
    const ns_bytes changed = {copy, bytes.size};
    /* A count that reaches past the end. */
    ns_store_u32(copy + vector.position - 4, 0x40000000);
    ASSERT_OK(ns_fb_open(&reader, changed, "TEST", &root, &error));
    assert_int_equal(ns_fb_get_vector(root, 5, 4, "tables", &vector, &error), NS_ERROR_INPUT);
    assert_non_null(strstr(error.message, "tables: 1073741824 elements at byte"));
    /* A vtable outside the file. */
    memcpy(copy, bytes.data, bytes.size);
    ns_store_u32(copy + root.position, 0x7fffffff);
    assert_int_equal(ns_fb_open(&reader, changed, "TEST", &root, &error), NS_ERROR_INPUT);
    assert_non_null(strstr(error.message, "outside the file"));
    /* A table that is larger than the file. */
    memcpy(copy, bytes.data, bytes.size);
    ASSERT_OK(ns_fb_open(&reader, changed, "TEST", &root, &error));
    ns_store_u16(copy + root.vtable + 2, 0xffff);
    assert_int_equal(ns_fb_open(&reader, changed, "TEST", &root, &error), NS_ERROR_INPUT);
    assert_non_null(strstr(error.message, "has a bad size (65535)"));
    /* A string without its NUL. */
    memcpy(copy, bytes.data, bytes.size);
    for (size_t i = 0; i + 4 < bytes.size; i++)
        if (!memcmp(copy + i, "name", 4))
            copy[i + 4] = 'x';
    ASSERT_OK(ns_fb_open(&reader, changed, "TEST", &root, &error));
    ns_bytes text;
    assert_int_equal(ns_fb_get_string(root, 4, "name", &text, &error), NS_ERROR_INPUT);
    assert_non_null(strstr(error.message, "has no final NUL"));
    ns_arena_free(arena);
}

/* A vector whose offsets all lead to one large table is not walked to its end. */
static void test_shared_objects_use_up_the_budget(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_fb_writer writer;
    size_t root = 0;
    ns_fb_begin(&writer, arena, "TEST", &root);
    ns_fb_field field = {.slot = 0, .size = 4};
    ns_fb_link(&writer, root, ns_fb_put_table(&writer, 1, &field));
    const size_t count = 20000;
    const size_t vector_position = ns_fb_put_vector(&writer, count, 4, NULL, 4);
    ns_fb_link(&writer, field.position, vector_position);
    const size_t target = ns_fb_put_vector(&writer, 40000, 1, NULL, 4);
    for (size_t i = 0; i < count; i++)
        ns_fb_link(&writer, vector_position + 4 + i * 4, target);
    const void *data = NULL;
    size_t size = 0;
    ASSERT_OK(ns_fb_finish(&writer, &data, &size, &error));
    ns_fb_reader reader;
    ns_fb_table table;
    ns_fb_vector vector;
    ASSERT_OK(ns_fb_open(&reader, (ns_bytes){data, size}, "TEST", &table, &error));
    ASSERT_OK(ns_fb_get_vector(table, 0, 4, "strings", &vector, &error));
    /* Each is charged as a string of 40,000 bytes, though it is refused for the NULs in it. */
    ns_bytes text;
    uint32_t opened = 0;
    while (opened < vector.count && reader.budget > 40032) {
        assert_int_equal(ns_fb_element_string(vector, opened, "string", &text, &error), NS_ERROR_INPUT);
        opened++;
    }
    assert_true(opened < 300);
    assert_int_equal(ns_fb_element_string(vector, opened, "string", &text, &error), NS_ERROR_INPUT);
    assert_string_equal(error.message,
                        "string: the file refers to the same bytes too often (more than 64 times its size)");
    ns_arena_free(arena);
}

/* A root table at byte 16 whose field is an offset to a string at byte 24; one number of it is changed. */
static void expect_refused(size_t at, int width, uint32_t value, bool as_list, const char *message)
{
    uint8_t bytes[32] = {16, 0, 0, 0, 'T', 'E', 'S', 'T', 6, 0, 8, 0, 4,   0,   0, 0,
                         8,  0, 0, 0, 4,   0,   0,   0,   2, 0, 0, 0, 'a', 'b', 0, 0};
    ns_fb_reader reader;
    ns_fb_table root;
    ns_fb_vector list;
    ns_bytes text;
    memcpy(bytes + at, &value, (size_t)width);
    ns_code code = ns_fb_open(&reader, (ns_bytes){bytes, sizeof bytes}, "TEST", &root, &error);
    if (code == NS_OK)
        code = as_list ? ns_fb_get_vector(root, 0, 4, "list", &list, &error)
                       : ns_fb_get_string(root, 0, "text", &text, &error);
    assert_int_equal(code, NS_ERROR_INPUT);
    if (!strstr(error.message, message))
        fail_msg("'%s' is not '%s'", error.message, message);
}

/* Each bound on its own: nothing else is wrong with the file. */
static void test_each_bound(void **state)
{
    (void)state;
    expect_refused(0, 4, 29, false, "the offset 29 at byte 0 leads out of the file");
    expect_refused(0, 4, 2, false, "the offset 2 at byte 0 leads out of the file");
    expect_refused(16, 4, 17, false, "has its vtable at -1, outside the file");
    expect_refused(8, 2, 100, false, "the vtable at byte 8 has a bad size (100)");
    expect_refused(8, 2, 7, false, "the vtable at byte 8 has a bad size (7)");
    expect_refused(12, 2, 100, false, "field at offset 100 of the table at byte 16 leads out of the file");
    expect_refused(24, 4, 2, true, "list: 2 elements at byte 24 reach past the end");
    expect_refused(30, 1, 'c', false, "text: the string at byte 24 has no final NUL");
    expect_refused(28, 1, 0, false, "text: the string at byte 24 has a NUL inside");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_bound),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_shared_objects_use_up_the_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
