/* The JSON writer: layout, numbers, text that is no UTF-8, and that a document is whole or an error. */
#include "base/interface.h"

#include <limits.h>
#include <math.h>

#include "support/arena.h"
#include "support/test.h"

static ns_buffer buffer;

static ns_json begin(bool indent, int digits)
{
    buffer = (ns_buffer){.arena = arena};
    return ns_json_begin(&buffer, indent, digits);
}

static void assert_document(ns_json *json, const char *expected)
{
    ns_bytes bytes;
    ns_error error;
    ASSERT_OK(ns_json_finish(json, "a document", &bytes, &error));
    assert_int_equal(bytes.size, strlen(expected));
    assert_memory_equal(bytes.data, expected, bytes.size);
}

static void fill(ns_json *json)
{
    ns_json_object(json, NULL);
    ns_json_text(json, "a", "b");
    ns_json_array(json, "list");
    ns_json_integer(json, NULL, INT64_MIN);
    ns_json_bool(json, NULL, true);
    ns_json_array(json, NULL);
    ns_json_end(json);
    ns_json_end(json);
    ns_json_integers(json, "two", 2, (const int64_t[]){3, -4});
    ns_json_null(json, "none");
    ns_json_text(json, "absent", NULL);
    ns_json_end(json);
}

static void test_layout(void **state)
{
    (void)state;
    ns_json json = begin(false, 9);
    fill(&json);
    assert_document(&json,
                    "{\"a\":\"b\",\"list\":[-9223372036854775808,true,[]],\"two\":[3,-4],\"none\":null,"
                    "\"absent\":null}\n");
    json = begin(true, 9);
    fill(&json);
    assert_document(&json, "{\n \"a\": \"b\",\n \"list\": [\n  -9223372036854775808,\n  true,\n  []\n ],\n"
                           " \"two\": [\n  3,\n  -4\n ],\n \"none\": null,\n \"absent\": null\n}\n");
    json = begin(true, 9);
    json.lines = 1;
    fill(&json);
    assert_document(&json, "{\n \"a\": \"b\",\n \"list\": [-9223372036854775808, true, []],\n"
                           " \"two\": [3, -4],\n \"none\": null,\n \"absent\": null\n}\n");
}

/* As C's %g, but a real stays one and exponents are short. */
static void test_reals(void **state)
{
    (void)state;
    const double values[] = {1, 0.1, -2.5, 1e300, 1e-7, 3e5, INFINITY, -INFINITY, NAN, -0.0};
    ns_json json = begin(false, 17);
    ns_json_array(&json, NULL);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        ns_json_real(&json, NULL, values[i]);
    ns_json_end(&json);
    assert_document(&json,
                    "[1.0,0.10000000000000001,-2.5,1.0000000000000001e300,9.9999999999999995e-8,300000.0,"
                    "null,null,null,-0.0]\n");
    json = begin(false, 9);
    ns_json_real(&json, NULL, 1e10);
    assert_document(&json, "1e10\n");
}

/* RFC 3629: overlong forms, surrogates, cut characters and what lies beyond U+10FFFF are no characters. */
static void test_text(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"\"\\\b\f\n\r\t/", "\"\\\"\\\\\\b\\f\\n\\r\\t/\"\n"},
        {"\x01\x1f\x7f", "\"\\u0001\\u001F\x7f\"\n"},
        {"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"\n"},
        {"a\xff"
         "b",
         "\"a\\\\xffb\"\n"},
        {"\xc0\xaf", "\"\\\\xc0\\\\xaf\"\n"},
        {"\xe0\x80\x80", "\"\\\\xe0\\\\x80\\\\x80\"\n"},
        {"\xed\xa0\x80", "\"\\\\xed\\\\xa0\\\\x80\"\n"},
        {"\xf4\x90\x80\x80", "\"\\\\xf4\\\\x90\\\\x80\\\\x80\"\n"},
        {"\xe2\x82", "\"\\\\xe2\\\\x82\"\n"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ns_json json = begin(false, 9);
        ns_json_text(&json, NULL, texts[i][0]);
        assert_document(&json, texts[i][1]);
    }
}

static void test_a_document_within(void **state)
{
    (void)state;
    static const char inner[] = "{\"x\": 1}\n";
    ns_json json = begin(false, 9);
    ns_json_object(&json, NULL);
    ns_json_document(&json, "in", (ns_bytes){(const uint8_t *)inner, sizeof inner - 1});
    ns_json_end(&json);
    assert_document(&json, "{\"in\":{\"x\": 1}}\n");
}

static void assert_refused(ns_json *json, ns_code code)
{
    ns_bytes bytes = {(const uint8_t *)"x", 1};
    ns_error error;
    assert_int_equal(ns_json_finish(json, "a document", &bytes, &error), code);
    assert_null(bytes.data);
    assert_int_equal(bytes.size, 0);
    assert_non_null(strstr(error.message, "a document"));
}

/* Where memory was out once, nothing comes of it, however much fits again afterwards. */
static void test_memory(void **state)
{
    (void)state;
    ns_json json = begin(true, 9);
    ns_json_array(&json, NULL);
    buffer.failed = true;
    ns_json_integer(&json, NULL, 1);
    ns_json_end(&json);
    assert_refused(&json, NS_ERROR_MEMORY);
}

static void test_nesting(void **state)
{
    (void)state;
    ns_json json = begin(true, 9);
    ns_json_array(&json, NULL);
    assert_refused(&json, NS_ERROR_INTERNAL); /* not closed */
    json = begin(true, 9);
    ns_json_object(&json, NULL);
    ns_json_integer(&json, NULL, 1); /* no key */
    ns_json_end(&json);
    assert_refused(&json, NS_ERROR_INTERNAL);
    json = begin(true, 9);
    ns_json_array(&json, NULL);
    ns_json_integer(&json, "key", 1); /* in an array */
    ns_json_end(&json);
    assert_refused(&json, NS_ERROR_INTERNAL);
    json = begin(true, 9);
    ns_json_end(&json); /* nothing is open */
    assert_refused(&json, NS_ERROR_INTERNAL);
    json = begin(true, 9);
    for (int i = 0; i <= NS_JSON_DEPTH; i++)
        ns_json_array(&json, NULL);
    for (int i = 0; i <= NS_JSON_DEPTH; i++)
        ns_json_end(&json);
    assert_refused(&json, NS_ERROR_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_layout, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_document_within, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nesting, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
