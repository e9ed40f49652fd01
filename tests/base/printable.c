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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(controls_are_escaped),
        cmocka_unit_test(what_is_not_utf8_is_escaped),
        cmocka_unit_test(long_names_are_cut_at_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
