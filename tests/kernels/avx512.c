/* The sources for AVX-512 and AVX512-VNNI on any processor: compiled here against emulated/immintrin.h, under
 * other names (meson.build), and compared with plain C. What a processor itself makes of them the other tests
 * show, where it has these instructions; the inline assembly of vpdpwssd is shown there only. */
#include "support/kernels.h"

enum { M_MOST = 20, N_MOST = 180, K_MOST = 700 };

static int16_t a[M_MOST * (K_MOST + 1)], packed[(N_MOST + 16) * (K_MOST + 2)];
static int64_t start[N_MOST], expected[M_MOST * N_MOST], got[M_MOST * N_MOST + 1];

static void check(const char *name, ns_gemm_i16 gemm, const ns_gemm_i16_call *plain)
{
    ns_gemm_i16_call call = *plain;
    call.c = got;
    memset(got, 0x55, sizeof got);
    gemm(&call);
    if (memcmp(got, expected, call.m * call.n * sizeof *got) != 0)
        fail_msg("%s: m %zu, n %zu, k %zu, block %zu", name, call.m, call.n, call.k, call.block);
    assert_int_equal(got[call.m * call.n], 0x5555555555555555);
}

static void matrix_products_equal_plain_c(void **state)
{
    (void)state;
    ns_random random = {1};
    for (int round = 0; round < 300; round++) {
        size_t k = 1 + ns_random_u64(&random) % K_MOST, n = 1 + ns_random_u64(&random) % N_MOST;
        size_t m = 1 + ns_random_u64(&random) % M_MOST;
        for (size_t i = 0; i < m * (k + 1); i++)
            a[i] = (int16_t)(round % 5 ? test_edge_value(&random, 16) : INT16_MIN);
        for (size_t i = 0; i < ns_gemm_packed_size(k, n); i++)
            packed[i] = (int16_t)test_edge_value(&random, 8);
        for (size_t j = 0; j < n; j++)
            start[j] = test_edge_value(&random, 48);
        const int64_t *from = round % 2 ? start : NULL;
        size_t block = round % 3 ? 510 : 2 + 2 * (ns_random_u64(&random) % 20);
        const ns_gemm_i16_call call = {a, k + 1, packed, m, n, k, block, from, expected, n};
        ns_gemm_i16_c(&call);
        check("avx512", ns_gemm_i16_avx512, &call);
        check("avx512vnni", ns_gemm_i16_avx512vnni, &call);
    }
}

/* The right-hand side in two halves, sums and what requantising makes of them. */
static void split_products_equal_plain_c(void **state)
{
    (void)state;
    static int16_t wide[N_MOST * K_MOST], high[(N_MOST + 16) * (K_MOST + 2)], narrow[2][M_MOST * N_MOST];
    static int32_t arrays[3][N_MOST + 16];
    ns_random random = {3};
    for (int round = 0; round < 60; round++) {
        size_t k = 1 + ns_random_u64(&random) % K_MOST, n = 1 + ns_random_u64(&random) % N_MOST;
        size_t m = 1 + ns_random_u64(&random) % M_MOST;
        for (size_t i = 0; i < m * (k + 1); i++)
            a[i] = (int16_t)test_edge_value(&random, 16);
        for (size_t i = 0; i < k * n; i++)
            wide[i] = (int16_t)test_edge_value(&random, 16);
        ns_gemm_pack_split_i16(wide, k, n, packed, high);
        ns_gemm_i16_call call = {a, k + 1, packed, m, n, k, 510, NULL, expected, n, high};
        ns_gemm_i16_c(&call);
        check("avx512", ns_gemm_i16_avx512, &call);
        check("avx512vnni", ns_gemm_i16_avx512vnni, &call);
        ns_requantise q = {ns_requantise_rows_c, arrays[0], arrays[1], arrays[2]};
        assert_true(ns_requantise_prepare(&q, &(int32_t){20000}, &(int8_t){30}, false, n, INT64_C(1) << 41));
        call.scale = &q;
        call.out = narrow[0];
        ns_gemm_i16_c(&call);
        call.out = narrow[1];
        ns_gemm_i16_avx512vnni(&call);
        assert_memory_equal(narrow[1], narrow[0], m * n * sizeof **narrow);
    }
}

static void lookups_equal_plain_c(void **state)
{
    (void)state;
    static int16_t in[65536 + 17];
    static int32_t plain[65536 + 17], vector[65536 + 18];
    ns_random random = {2};
    int16_t table[514] = {0};
    for (int i = 0; i < 513; i++)
        table[i] = (int16_t)ns_random_range(&random, -16384, 16383);
    /* The steepest slopes that are allowed. */
    static const int16_t steep[] = {0, 32767, -1, -32768, -1, 0, 32767, -1};
    memcpy(table + 100, steep, sizeof steep);
    for (size_t i = 0; i < sizeof in / sizeof *in; i++)
        in[i] = (int16_t)(i * 40503);
    ns_table_row_c(table, in, plain, 65536 + 17);
    ns_table_row_avx512(table, in, vector, 65536 + 17);
    assert_memory_equal(vector, plain, sizeof plain);
    assert_int_equal(vector[65536 + 17], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matrix_products_equal_plain_c),
        cmocka_unit_test(split_products_equal_plain_c),
        cmocka_unit_test(lookups_equal_plain_c),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
