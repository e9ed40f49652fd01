/* Interpolated lookups: plain C against values worked out by hand, every version against plain C. */
#include "support/kernels.h"

static int16_t table[513], in[65536];
static int32_t expected[65536], got[65537];

static void plain_values(void **state)
{
    (void)state;
    memset(table, 0, sizeof table);
    table[0] = -32768;
    table[1] = -1;
    table[256] = 100;
    table[257] = -3;
    table[511] = 7;
    table[512] = 32767;
    static const int16_t values[] = {-32768, -32767, -32641, 0, 64, 127, 128, 32767};
    /* -32768: 128 * -32768; each step adds the slope 32767, the 127th ends at -32768 + 127 * 32767 / 128. */
    static const int32_t results[] = {-4194304, -4194304 + 32767, -4194304 + 127 * 32767,
                                      12800,    12800 - 103 * 64, 12800 - 103 * 127,
                                      -384,     896 + 127 * 32760};
    ns_table_row_c(table, values, got, 8);
    for (int i = 0; i < 8; i++)
        assert_int_equal(got[i], results[i]);
}

static void check(const ns_kernels *kernels, const char *text)
{
    ns_random random = {5};
    for (int i = 0; i < 65536; i++)
        in[i] = (int16_t)(i - 32768);
    for (int round = 0; round < 24; round++) {
        for (int i = 0; i < 513; i++) {
            int64_t value = test_edge_value(&random, 16);
            /* Slopes must lie in int16. */
            while (i && (value - table[i - 1] != (int16_t)(value - table[i - 1])))
                value = test_edge_value(&random, 16);
            table[i] = (int16_t)value;
        }
        size_t count = round ? (size_t)ns_random_range(&random, 0, 530) : 65536;
        size_t first = round ? (size_t)ns_random_range(&random, 0, 65000) : 0;
        got[count] = 77;
        ns_table_row_c(table, in + first, expected, count);
        kernels->table_i16(table, in + first, got, count);
        for (size_t i = 0; i < count; i++)
            if (got[i] != expected[i])
                fail_msg("%s: round %d, input %d gives %d, expected %d", text, round, in[first + i], got[i],
                         expected[i]);
        assert_int_equal(got[count], 77);
    }
}

TEST_EACH_MASK(check)

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(plain_values), cmocka_unit_test(every_mask)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
