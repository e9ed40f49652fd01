/* Matrix products: plain C against the sum of products itself, and every version against plain C. */
#include "support/kernels.h"

enum { MOST_ROWS = 48, MOST_COLUMNS = 150, MOST_STEPS = 1200 };

typedef struct shape {
    size_t m, n, k;
    bool is_wide; /* left-hand values of 16 bits, else of 9 */
} shape;

static const shape shapes[] = {
    {1, 1, 1, true},    {1, 16, 2, true},   {2, 17, 3, false},    {3, 15, 31, true},    {4, 16, 64, false},
    {5, 33, 7, true},   {8, 48, 16, true},  {9, 50, 5, false},    {19, 31, 1199, true}, {7, 20, 1200, true},
    {16, 1, 511, true}, {12, 16, 0, true},  {0, 16, 8, false},    {13, 49, 510, true},  {6, 2, 700, false},
    {5, 64, 33, true},  {9, 130, 12, true}, {4, 150, 600, false}, {3, 112, 20, true},   {48, 70, 130, true},
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

static _Alignas(64) int16_t packed_high[(MOST_STEPS + 2) * 160];

/* Adds what a kernel with tiles wants; where tiles are all that it needs, they are all that it gets. */
static void add_tiles(const ns_kernels *kernels, ns_gemm_i16_call *call)
{
    static uint32_t tiles[(MOST_STEPS + 64) * 160 / 2];
    static uint8_t room[(MOST_STEPS + 64) * 32];
    if (!kernels->pack_tiles)
        return;
    assert_true(ns_gemm_tiles_size(call->k, call->n, call->packed_high) <= sizeof tiles / sizeof *tiles);
    assert_true(ns_gemm_tile_room(call->k) <= sizeof room);
    memset(tiles, 0x55, sizeof tiles);
    assert_true(kernels->pack_tiles(call->packed, call->packed_high, call->k, call->n, tiles));
    call->tiles = tiles;
    call->tile_room = room;
    if (call->m % 16 == 0 && call->k >= 128)
        memset(packed, 0x33, sizeof packed);
}

/* Tiles hold int8 alone. */
static void nine_bits_have_no_tiles(const ns_kernels *kernels)
{
    uint32_t tiles[256];
    for (int value = -256; value < 256 && kernels->pack_tiles; value++) {
        memset(packed, 0, sizeof packed);
        packed[ns_gemm_packed_index(3, 2, 5)] = (int16_t)value;
        assert_int_equal(kernels->pack_tiles(packed, NULL, 3, 7, tiles), value >= -128 && value < 128);
    }
}

static int16_t narrow[MOST_ROWS * (MOST_COLUMNS + 3)];

/* A product of int16 by int16, whose right-hand side is split, requantised with the scales of each column or
 * not, against the sums of products and the formula of RESCALE. */
static void check_split(const ns_kernels *kernels, const char *text, const shape *s, ns_random *random,
                        int round)
{
    static int16_t wide[MOST_STEPS * MOST_COLUMNS];
    int32_t multipliers[MOST_COLUMNS], arrays[3][MOST_COLUMNS + 16];
    int8_t shifts[MOST_COLUMNS];
    const size_t a_step = (s->k + 1) / 2 * 2 + 2, c_step = s->n + 3;
    draw(s, a_step, random);
    for (size_t i = 0; i < s->k * s->n; i++)
        wide[i] = (int16_t)(round == 1 ? INT16_MIN : test_edge_value(random, 16));
    kernels->pack_split(wide, s->k, s->n, packed, packed_high);
    for (size_t n = 0; n < s->n; n++) {
        start[n] = test_edge_value(random, 36);
        multipliers[n] = (int32_t)(ns_random_u64(random) % 32768);
        shifts[n] = (int8_t)ns_random_range(random, 28, 62);
    }
    ns_requantise q = {kernels->requantise, arrays[0], arrays[1], arrays[2]};
    assert_true(ns_requantise_prepare(&q, multipliers, shifts, round % 2, s->n, INT64_C(1) << 42));
    memset(got, 0x55, sizeof got);
    memset(narrow, 0x55, sizeof narrow);
    ns_gemm_i16_call call = {a, a_step, packed, s->m, s->n, s->k, 510, start, got, c_step, packed_high};
    add_tiles(kernels, &call);
    kernels->gemm_i16(&call);
    call.scale = &q;
    call.out = narrow;
    kernels->gemm_i16(&call);
    for (size_t m = 0; m < s->m; m++)
        for (size_t n = 0; n < c_step && m * c_step + n < s->m * s->n; n++) {
            int64_t sum = n < s->n ? start[n] : 0x5555555555555555;
            for (size_t k = 0; n < s->n && k < s->k; k++)
                sum += (int64_t)a[m * a_step + k] * wide[k * s->n + n];
            const size_t c = round % 2 ? n : 0;
            int64_t r = 0x5555;
            if (n < s->n)
                r = (int64_t)(((__int128)sum * multipliers[c] + ((__int128)1 << (shifts[c] - 1))) >>
                              shifts[c]);
            r = r < INT16_MIN ? INT16_MIN : r > INT16_MAX ? INT16_MAX : r;
            if (got[m * c_step + n] != sum || narrow[m * c_step + n] != r)
                fail_msg("%s: split %zu by %zu by %zu, round %d: [%zu, %zu] is %lld and %d, expected %lld "
                         "and %lld",
                         text, s->m, s->n, s->k, round, m, n, (long long)got[m * c_step + n],
                         narrow[m * c_step + n], (long long)sum, (long long)r);
        }
}

static void plain_splits(void **state)
{
    (void)state;
    ns_random random = {5};
    const ns_kernels kernels = ns_kernels_get(0);
    for (int i = 0; i < SHAPE_COUNT; i++)
        check_split(&kernels, "plain C", &shapes[i], &random, i % 4);
}

static void check(const ns_kernels *kernels, const char *text)
{
    ns_random random = {4};
    nine_bits_have_no_tiles(kernels);
    for (int i = 0; i < SHAPE_COUNT; i++)
        for (int round = 0; round < 8; round++) {
            const shape *s = &shapes[i];
            size_t a_step = (s->k + 1) / 2 * 2 + 2, block, c_step = s->n + 3;
            const int64_t *from = round % 2 ? start : NULL;
            if (round < 4)
                check_split(kernels, text, s, &random, round);
            block = draw(s, a_step, &random);
            if (round % 4 == 3)
                block = 2;
            memset(expected, 0x55, sizeof expected);
            memset(got, 0x55, sizeof got);
            ns_gemm_i16_call call = {a, a_step, packed, s->m, s->n, s->k, block, from, expected, c_step};
            ns_gemm_i16_c(&call);
            call.c = got;
            add_tiles(kernels, &call);
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
                                       cmocka_unit_test(plain_splits), cmocka_unit_test(every_mask)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
