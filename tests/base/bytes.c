#include "base/bytes.h"

#include "support/test.h"

static void test_slice_stays_inside(void **state)
{
    (void)state;
    const uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    const ns_bytes bytes = {data, sizeof data};
    uint32_t word = 0;
    assert_int_equal(ns_bytes_u32(bytes, 4, "word", &word, NULL), NS_OK);
    assert_int_equal(word, 0x08070605);
    ns_error error;
    assert_int_equal(ns_bytes_u32(bytes, 5, "word", &word, &error), NS_ERROR_INPUT);
    assert_string_equal(error.message, "word: 4 bytes at offset 5 reach past the end (8 bytes)");
    /* An offset whose sum with the length overflows is past the end too. */
    assert_int_equal(ns_bytes_u32(bytes, SIZE_MAX - 1, "word", &word, NULL), NS_ERROR_INPUT);
}

static void test_buffer_grows(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_buffer buffer = {.arena = arena};
    for (int i = 0; i < 1000; i++)
        ns_buffer_format(&buffer, "%d,", i);
    assert_false(buffer.failed);
    assert_int_equal(buffer.size, 10 * 2 + 90 * 3 + 900 * 4);
    assert_memory_equal(buffer.data + buffer.size - 8, "998,999,", 8);
    ns_arena_free(arena);
}

static ns_code gather(ns_sink *sink, ns_bytes bytes, ns_error *error)
{
    ns_buffer *all = sink->context;
    if (all->size > 300000)
        return ns_fail(error, NS_ERROR_IO, "the disk is full");
    ns_buffer_append(all, bytes.data, bytes.size);
    return NS_OK;
}

/* All that is appended reaches the sink in its order, and little of it is in memory at a time. */
static void test_buffer_with_a_sink(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error;
    for (int i = 0; i < 2; i++) {
        ns_buffer all = {.arena = arena}, plain = {.arena = arena};
        ns_sink sink = {.write = gather, .context = &all};
        ns_buffer buffer = {.arena = arena, .sink = &sink};
        for (int k = 0; k < (i ? 100000 : 40000); k++) {
            ns_buffer_format(&buffer, "%d,", k);
            ns_buffer_format(&plain, "%d,", k);
        }
        assert_in_range(buffer.capacity, 1, 65536);
        assert_int_equal(ns_buffer_finish(&buffer, "numbers", &error), i ? NS_ERROR_IO : NS_OK);
        if (i)
            assert_string_equal(error.message, "the disk is full");
        else
            assert_int_equal(all.size, plain.size);
        assert_memory_equal(all.data, plain.data, all.size);
    }
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slice_stays_inside),
        cmocka_unit_test(test_buffer_grows),
        cmocka_unit_test(test_buffer_with_a_sink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
