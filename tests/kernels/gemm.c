/* Matrix products: plain C against the sum of products itself, and every version against plain C. */
#include "support/kernels.h"

enum { MOST_ROWS = 19, MOST_COLUMNS = 150, MOST_STEPS = 1200 };

typedef struct shape {
    size_t m, n, k;
    bool is_wide; /* left-hand values of 16 bits, else of 9 */
} shape;

static const shape shapes[] = {
    {1, 1, 1, true},    {1, 16, 2, true},   {2, 17, 3, false},    {3, 15, 31, true},    {4, 16, 64, false},
    {5, 33, 7, true},   {8, 48, 16, true},  {9, 50, 5, false},    {19, 31, 1199, true}, {7, 20, 1200, true},
    {16, 1, 511, true}, {12, 16, 0, true},  {0, 16, 8, false},    {13, 49, 510, true},  {6, 2, 700, false},
    {5, 64, 33, true},  {9, 130, 12, true}, {4, 150, 600, false}, {3, 112, 20, true},
};
enum { SHAPE_COUNT = sizeof shapes / sizeof *shapes };

static int16_t a[MOST_ROWS * (MOST_STEPS + 4)];
static int16_t b[MOST_STEPS * MOST_COLUMNS];
static _Alignas(64) int16_t packed[(MOST_STEPS + 2) * 160];
static int64_t start[MOST_COLUMNS], expected[MOST_ROWS * (MOST_COLUMNS + 3)],
    got[MOST_ROWS * (MOST_COLUMNS + 3)];

/* Fills a, b, packed and start; returns the steps that 32-bit sums can hold. */
static size_t draw(const shape *s, size_t a_step, ns_random *random)
{
    bool is_extreme = ns_random_u64(random) % 4 == 0;
    for (size_t i = 0; i < s->m * a_step; i++)
        a[i] = (int16_t)(is_extreme ? (s->is_wide ? INT16_MIN : -255)
                                    : test_edge_value(random, s->is_wide ? 16 : 9));
    assert_true(ns_gemm_packed_size(s->k, s->n) <= sizeof packed / sizeof *packed);
    memset(packed, 0, sizeof packed);
    for (size_t k = 0; k < s->k; k++)
        for (size_t n = 0; n < s->n; n++) {
            b[k * s->n + n] = (int16_t)(is_extreme ? -128 : test_edge_value(random, 8));
            packed[ns_gemm_packed_index(s->k, k, n)] = b[k * s->n + n];
        }
    for (size_t n = 0; n < s->n; n++)
        start[n] = test_edge_value(random, 48);
    return (size_t)(INT32_MAX / ((s->is_wide ? 32768 : 256) * 128) / 2 * 2);
}

static void plain_is_the_sum_of_products(void **state)
{
    (void)state;
    ns_random random = {3};
    for (int i = 0; i < SHAPE_COUNT; i++) {
        const shape *s = &shapes[i];
        size_t a_step = (s->k + 1) / 2 * 2 + 2, block = draw(s, a_step, &random);
        ns_gemm_i16_c(&(ns_gemm_i16_call){a, a_step, packed, s->m, s->n, s->k, block, start, got, s->n});
        for (size_t m = 0; m < s->m; m++)
            for (size_t n = 0; n < s->n; n++) {
                int64_t sum = start[n];
                for (size_t k = 0; k < s->k; k++)
                    sum += (int64_t)a[m * a_step + k] * b[k * s->n + n];
                if (got[m * s->n + n] != sum)
                    fail_msg("%zu by %zu by %zu: [%zu, %zu] is %lld, expected %lld", s->m, s->n, s->k, m, n,
                             (long long)got[m * s->n + n], (long long)sum);
            }
    }
}

static void check(const ns_kernels *kernels, const char *text)
{
    ns_random random = {4};
    for (int i = 0; i < SHAPE_COUNT; i++)
        for (int round = 0; round < 8; round++) {
            const shape *s = &shapes[i];
            size_t a_step = (s->k + 1) / 2 * 2 + 2, block = draw(s, a_step, &random), c_step = s->n + 3;
            if (round % 4 == 3)
                block = 2;
            memset(expected, 0x55, sizeof expected);
            memset(got, 0x55, sizeof got);
            const int64_t *from = round % 2 ? start : NULL;
            ns_gemm_i16_call call = {a, a_step, packed, s->m, s->n, s->k, block, from, expected, c_step};
            ns_gemm_i16_c(&call);
            call.c = got;
            kernels->gemm_i16(&call);
            for (size_t e = 0; e < sizeof got / sizeof *got; e++)
                if (got[e] != expected[e])
                    fail_msg("%s: %zu by %zu by %zu, block %zu, round %d: element %zu (step %zu) is %lld, "
                             "expected %lld",
                             text, s->m, s->n, s->k, block, round, e, c_step, (long long)got[e],
                             (long long)expected[e]);
        }
}

TEST_EACH_MASK(check)

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(plain_is_the_sum_of_products),
                                       cmocka_unit_test(every_mask)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
