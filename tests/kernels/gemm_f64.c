/* Products of doubles and of floats: every version against the sum of products itself, with integers whose
 * sums stay below 2^53, or 2^24, and are therefore exact in any order. */
#include "kernels/matrix.h"

#include "support/kernels.h"

enum { MOST_ROWS = 20, MOST_COLUMNS = 60, MOST_STEPS = 300 };

static const struct {
    size_t m, n, k, first, used; /* `used` of the k steps, from `first` on */
} shapes[] = {
    {1, 1, 1, 0, 1},     {1, 8, 2, 0, 2},    {3, 9, 5, 0, 5},       {8, 24, 16, 0, 16}, {9, 25, 7, 2, 4},
    {17, 23, 33, 0, 33}, {6, 16, 64, 8, 56}, {20, 60, 300, 0, 300}, {7, 17, 0, 0, 0},   {12, 8, 11, 10, 1},
};
enum { SHAPE_COUNT = sizeof shapes / sizeof shapes[0] };

static double a[MOST_ROWS * (MOST_STEPS + 3)], b[MOST_STEPS * MOST_COLUMNS],
    packed[MOST_STEPS * (MOST_COLUMNS + 8)];
static double wanted[MOST_ROWS * (MOST_COLUMNS + 2)], got[MOST_ROWS * (MOST_COLUMNS + 2)];

static void draw(ns_random *random, double *values, size_t count, int bits)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (double)test_edge_value(random, bits);
}

static void every_version_gives_the_sums(void **state)
{
    (void)state;
    ns_random random = {7};
    const unsigned masks[] = {0, NS_CPU_AVX2, ~0u};
    for (int i = 0; i < SHAPE_COUNT; i++) {
        const size_t m = shapes[i].m, n = shapes[i].n, k = shapes[i].k, a_step = shapes[i].used + 3,
                     c_step = n + 2;
        draw(&random, a, m * a_step, 16);
        draw(&random, b, k * n, 16);
        ns_gemm_f64_pack(b, n, 1, k, n, packed);
        for (int v = 0; v < 3; v++) {
            draw(&random, got, m * c_step, 40);
            memcpy(wanted, got, sizeof got);
            for (size_t r = 0; r < m; r++)
                for (size_t c = 0; c < n; c++)
                    for (size_t s = 0; s < shapes[i].used; s++)
                        wanted[r * c_step + c] += a[r * a_step + s] * b[(shapes[i].first + s) * n + c];
            ns_kernels_get(masks[v]).gemm_f64(&(ns_gemm_f64_call){a, a_step, packed, shapes[i].first, k, m, n,
                                                                  shapes[i].used, got, c_step});
            assert_memory_equal(wanted, got, m * c_step * sizeof(double)); /* what lies between rows stays */
        }
    }
}

static float a32[MOST_ROWS * (MOST_STEPS + 3)], packed32[MOST_STEPS * (MOST_COLUMNS + 8)],
    wanted32[MOST_ROWS * (MOST_COLUMNS + 2)], got32[MOST_ROWS * (MOST_COLUMNS + 2)];

static void floats_give_the_sums_too(void **state)
{
    (void)state;
    ns_random random = {11};
    const unsigned masks[] = {0, NS_CPU_AVX2, ~0u};
    for (int i = 0; i < SHAPE_COUNT; i++) {
        const size_t m = shapes[i].m, n = shapes[i].n, k = shapes[i].k, a_step = shapes[i].used + 3,
                     c_step = n + 2;
        draw(&random, a, m * a_step, 7);
        draw(&random, b, k * n, 7);
        for (size_t e = 0; e < m * a_step; e++)
            a32[e] = (float)a[e];
        ns_gemm_f32_pack(b, n, 1, k, n, packed32);
        for (int v = 0; v < 3; v++) {
            for (size_t e = 0; e < m * c_step; e++)
                wanted32[e] = got32[e] = (float)(e % 1000);
            for (size_t r = 0; r < m; r++)
                for (size_t c = 0; c < n; c++)
                    for (size_t s = 0; s < shapes[i].used; s++)
                        wanted32[r * c_step + c] +=
                            (float)(a[r * a_step + s] * b[(shapes[i].first + s) * n + c]);
            ns_kernels_get(masks[v]).gemm_f32(&(ns_gemm_f32_call){a32, a_step, packed32, shapes[i].first, k,
                                                                  m, n, shapes[i].used, got32, c_step});
            assert_memory_equal(wanted32, got32, m * c_step * sizeof(float));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_version_gives_the_sums),
                                       cmocka_unit_test(floats_give_the_sums_too)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
