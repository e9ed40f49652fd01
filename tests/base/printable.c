/* Names of strangers on a terminal: what is escaped, what stays, and where it is cut. */
#include "base/interface.h"
#include "support/test.h"

static void check(const char *text, const char *expected)
{
    char out[256];
    assert_string_equal(ns_printable(text, out, sizeof out), expected);
}

static void controls_are_escaped(void **state)
{
    (void)state;
    check("conv/weight.1", "conv/weight.1");
    check("\x1b]0;title\x07\x1b[31my", "\\x1b]0;title\\x07\\x1b[31my");
    check("a\nb\rc\td\x7f", "a\\x0ab\\x0dc\td\\x7f");
    check("\xc2\x9b"
          "31m",
          "\\xc2\\x9b31m"); /* CSI as one character */
    check("a\xe2\x80\xae"
          "b",
          "a\\xe2\\x80\\xaeb"); /* right to left */
    check("gr\xc3\xbc\xc3\x9f \xe6\xbc\xa2 \xf0\x9f\x8d\x80",
          "gr\xc3\xbc\xc3\x9f \xe6\xbc\xa2 \xf0\x9f\x8d\x80");
}

static void what_is_not_utf8_is_escaped(void **state)
{
    (void)state;
    check("a\xff"
          "b",
          "a\\xffb");
    check("\xc0\xaf", "\\xc0\\xaf");          /* overlong */
    check("\xed\xa0\x80", "\\xed\\xa0\\x80"); /* a surrogate */
    check("\xe6\xbc", "\\xe6\\xbc");          /* cut off */
}

static void long_names_are_cut_at_a_character(void **state)
{
    (void)state;
    char out[6];
    assert_string_equal(ns_printable("abcdefgh", out, sizeof out), "abcde");
    assert_string_equal(ns_printable("ab\x1b", out, sizeof out), "ab");
    assert_string_equal(ns_printable("abcd\xc3\xbc", out, sizeof out), "abcd");
}

/* What stands in the stream's target after the text was written in parts of `part` bytes. */
static void check_stream(const char *text, size_t part, bool colours, const char *expected)
{
    char *written = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&written, &size), *stream = ns_printable_stream(to, colours, 0);
    assert_non_null(stream);
    for (size_t at = 0; at < strlen(text); at += part) {
        const size_t left = strlen(text) - at;
        assert_int_equal(fwrite(text + at, 1, left < part ? left : part, stream), left < part ? left : part);
        assert_int_equal(fflush(stream), 0);
    }
    assert_int_equal(fclose(stream), 0);
    assert_int_equal(fclose(to), 0);
    assert_string_equal(written, expected);
    free(written);
}

/* The same however the text is cut. */
static void a_stream_escapes_what_it_is_given(void **state)
{
    (void)state;
    for (size_t part = 1; part < 40; part++) {
        check_stream(
            "a\x1b[2J\tb\n\rgr\xc3\xbc\xc3\x9f \xf0\x9f\x8d\x80 \xff\xc3(\xe2\x80\xae\xe6\xbc", part, false,
            "a\\x1b[2J\tb\n\\x0dgr\xc3\xbc\xc3\x9f \xf0\x9f\x8d\x80 \\xff\\xc3(\\xe2\\x80\\xae\\xe6\\xbc");
        check_stream("\x1b[1;31mred\x1b[0m \x1b[31m\x1b", part, true, "\x1b[1;31mred\x1b[0m \\x1b[31m\\x1b");
        check_stream("\x1b[1;31mred\x1b[0m", part, false, "\\x1b[1;31mred\\x1b[0m");
    }
    char *much = malloc(3 * 100000 + 1), *text = malloc(3 * 100000 + 1);
    for (int i = 0; i < 100000; i++)
        memcpy(much + 3 * i, i % 2 ? "\xe6\xbc\xa2" : "abc", 3);
    much[3 * 100000] = 0;
    strcpy(text, much);
    check_stream(text, 99991, false, much);
    free(much);
    free(text);
}

static void messages_are_printable(void **state)
{
    (void)state;
    ns_error error;
    ns_fail(&error, NS_ERROR_INPUT, "tensor '%s'\nand more", "\x1b[2J");
    assert_string_equal(error.message, "tensor '\\x1b[2J'\nand more");
    ns_add_context(&error, "%s", "\x07name");
    assert_string_equal(error.message, "\\x07name: tensor '\\x1b[2J'\nand more");
}

static void check_wrapped(const char *text, size_t columns, const char *expected)
{
    char *written = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&written, &size), *stream = ns_printable_stream(to, true, columns);
    assert_non_null(stream);
    for (const char *at = text; *at; at++) /* in bytes: lines go on when they are whole */
        assert_int_equal(fputc(*at, stream) == EOF || fflush(stream) != 0, 0);
    assert_int_equal(fclose(stream), 0);
    assert_int_equal(fclose(to), 0);
    assert_string_equal(written, expected);
    free(written);
}

static void lines_keep_to_the_columns(void **state)
{
    (void)state;
    check_wrapped("one two three four\n", 10, "one two\n  three\n  four\n");
    check_wrapped("one two three four\n", 0, "one two three four\n");
    check_wrapped("exactly te\nexactly ten\n", 10, "exactly te\nexactly\n  ten\n");
    check_wrapped("  in one two three\n", 10, "  in one\n    two\n    three\n");
    /* Longer words stay whole; so does what is left of a line without an end. */
    check_wrapped("a_long_word_of_20_xx b\nend", 10, "a_long_word_of_20_xx\n  b\nend");
    /* Colours and the bytes of a character behind its first take no column. */
    check_wrapped("\033[32mone\033[0m two x\n", 10, "\033[32mone\033[0m two x\n");
    check_wrapped("gr\xc3\xbc\xc3\x9f \xe6\xbc\xa2 abc\n", 10, "gr\xc3\xbc\xc3\x9f \xe6\xbc\xa2 abc\n");
    check_wrapped("\n\n", 10, "\n\n");
    /* A number and its unit stay together; a number and a word do not. */
    check_wrapped("alone 59.1 dB, 68%\n", 12, "alone\n  59.1 dB,\n  68%\n");
    check_wrapped("alone 59.1 decks\n", 12, "alone 59.1\n  decks\n");
}

static void words_that_are_nearly_right(void **state)
{
    (void)state;
    static const struct {
        const char *given, *word;
        int distance;
    } pairs[] = {
        {"input", "input", 0},
        {"inptu", "input", 1},
        {"layernorm", "layer_norm", 1},
        {"sofmax", "softmax", 1},
        {"attention", "scaled_dot_product_attention", 64},
        {"log_softmax_x", "log_softmax", 2},
        {"layernorm", "norm", 64},
        {"tanhh", "tanh", 1},
        {"seeed", "speed", 1},
        {"of", "often", -1},
        {"kitten", "sitting", -1},
        {"nosuch", "tanh", -1},
        {"", "input", -1},
        {"quantisde", "quantized", 2},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_int_equal(ns_word_distance(pairs[i].given, pairs[i].word), pairs[i].distance);
    char word[70];
    memset(word, 'a', sizeof word - 1);
    word[sizeof word - 1] = 0;
    assert_int_equal(ns_word_distance(word, word), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_that_are_nearly_right),
        cmocka_unit_test(lines_keep_to_the_columns),
        cmocka_unit_test(controls_are_escaped),
        cmocka_unit_test(what_is_not_utf8_is_escaped),
        cmocka_unit_test(long_names_are_cut_at_a_character),
        cmocka_unit_test(a_stream_escapes_what_it_is_given),
        cmocka_unit_test(messages_are_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
