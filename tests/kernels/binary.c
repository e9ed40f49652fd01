/* Every loop of binary.def, each type and step, against plain C. */
#include "support/kernels.h"

enum { MOST = 300 };

static const char *const names[NS_BINARY_COUNT] = {
#define NS_BINARY(name, result, value, bad) #name,
#include "kernels/binary.def"
#undef NS_BINARY
};

/* Writes `value` as element i of type `type` (1 << type bytes). */
static void put(void *array, size_t i, int type, int64_t value)
{
    memcpy((char *)array + (i << type), &value, (size_t)1 << type);
}

/* Operands; where a fault can be avoided by drawing again, `clean` rows have none. */
static void draw(ns_random *random, ns_binary_row plain, int type, int steps, size_t count, bool clean,
                 char *const *operands)
{
    const int a_step = steps & 1, b_step = steps >> 1;
    char *a = operands[0], *b = operands[1];
    int64_t unused;
    put(a, 0, type, test_edge_value(random, 8 << type));
    put(b, 0, type, test_edge_value(random, 8 << type));
    for (size_t i = 0; i < count; i++)
        for (int attempt = 0; attempt < 64; attempt++) {
            if (a_step || i == 0)
                put(a, i, type, test_edge_value(random, 8 << type));
            if (b_step || i == 0)
                put(b, i, type,
                    ns_random_u64(random) % 2 ? test_edge_value(random, 8 << type)
                                              : ns_random_range(random, 0, 8 << type));
            if (!clean ||
                !plain(a + (a_step ? i << type : 0), 0, b + (b_step ? i << type : 0), 0, &unused, 1))
                break;
        }
}

static void check_row(const ns_kernels *kernels, const char *text, int which, int type, int steps,
                      size_t count, bool clean, ns_random *random)
{
    static _Alignas(64) char a[MOST * 8], b[MOST * 8], expected[MOST * 8 + 8], got[MOST * 8 + 8];
    int a_step = steps & 1, b_step = steps >> 1;
    ns_binary_row plain = ns_binary_rows_c[which][type];
    draw(random, plain, type, steps, count, clean, (char *[]){a, b});
    memset(expected, 0x55, sizeof expected);
    memset(got, 0x55, sizeof got);
    bool fault = plain(a, a_step, b, b_step, expected, count);
    bool found = kernels->binary[which][type](a, a_step, b, b_step, got, count);
    if (found != fault || (!fault && memcmp(expected, got, sizeof got)))
        fail_msg("%s: %s of int%d, steps %d and %d, %zu elements: fault %d, expected %d, or values differ",
                 text, names[which], 8 << type, a_step, b_step, count, found, fault);
}

static void check(const ns_kernels *kernels, const char *text)
{
    static const size_t counts[] = {0, 1, 2, 7, 15, 16, 31, 33, 63, 64, 65, 127, 257, MOST};
    ns_random random = {1};
    for (int which = 0; which < NS_BINARY_COUNT; which++)
        for (int type = 0; type < 4; type++)
            for (int steps = 0; steps < 4; steps++)
                for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
                    for (int clean = 0; clean < 2; clean++)
                        check_row(kernels, text, which, type, steps, counts[c], clean, &random);
}

/* The formulas themselves, at the edges of their types. */
static void plain_values(void **state)
{
    (void)state;
    static const struct {
        int which, type;
        int64_t x, y, result;
        bool fault;
    } cases[] = {
        {NS_BINARY_ADD, 2, INT32_MAX, 1, 0, true},
        {NS_BINARY_ADD, 2, INT32_MIN, INT32_MAX, -1, false},
        {NS_BINARY_ADD, 3, INT64_MIN, -1, 0, true},
        {NS_BINARY_SUB, 2, INT32_MIN, 1, 0, true},
        {NS_BINARY_SUB, 2, 0, INT32_MIN, 0, true},
        {NS_BINARY_SUB, 3, -1, INT64_MAX, INT64_MIN, false},
        {NS_BINARY_MUL, 0, -128, -128, 16384, false},
        {NS_BINARY_MUL, 1, -32768, -32768, 1 << 30, false},
        {NS_BINARY_MUL, 2, 65536, 65537, 65536, false},
        {NS_BINARY_INTDIV, 2, -7, 2, -3, false},
        {NS_BINARY_INTDIV, 2, 7, 0, 0, true},
        {NS_BINARY_INTDIV, 2, INT32_MIN, -1, 0, true},
        {NS_BINARY_ARITHMETIC_RIGHT_SHIFT, 0, -5, 1, -3, false},
        {NS_BINARY_ARITHMETIC_RIGHT_SHIFT, 0, -5, 8, 0, true},
        {NS_BINARY_ARITHMETIC_RIGHT_SHIFT, 2, 1, -1, 0, true},
        {NS_BINARY_ARITHMETIC_RIGHT_SHIFT_ROUND, 1, -5, 1, -2, false},
        {NS_BINARY_ARITHMETIC_RIGHT_SHIFT_ROUND, 1, 5, 1, 3, false},
        {NS_BINARY_ARITHMETIC_RIGHT_SHIFT_ROUND, 1, 5, 0, 5, false},
        {NS_BINARY_ARITHMETIC_RIGHT_SHIFT_ROUND, 2, 5, INT32_MIN, 5, true},
        {NS_BINARY_ARITHMETIC_RIGHT_SHIFT_ROUND, 3, 5, INT64_MIN, 5, true},
        {NS_BINARY_LOGICAL_RIGHT_SHIFT, 1, -1, 1, 32767, false},
        {NS_BINARY_LOGICAL_LEFT_SHIFT, 0, 3, 7, -128, false},
        {NS_BINARY_LOGICAL_LEFT_SHIFT, 3, 1, 64, 0, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool wide = cases[i].which == NS_BINARY_MUL && cases[i].type < 2;
        int64_t x = cases[i].x, y = cases[i].y, result = 0, expected = 0;
        put(&expected, 0, wide ? 2 : cases[i].type, cases[i].result);
        bool fault = ns_binary_rows_c[cases[i].which][cases[i].type](&x, 1, &y, 1, &result, 1);
        if (fault != cases[i].fault || (!fault && result != expected))
            fail_msg("%s of %lld and %lld: %lld, fault %d", names[cases[i].which], (long long)x, (long long)y,
                     (long long)result, fault);
    }
}

TEST_EACH_MASK(check)

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(plain_values), cmocka_unit_test(every_mask)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
