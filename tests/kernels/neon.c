/* The NEON matrix product against plain C. A program of its own without libraries, so that it can be built by
 * a cross compiler and run under an emulator (neon.sh). Prints the first difference; exit code 1. */
#include <stdio.h>
#include <string.h>

#include "base/interface.h"
#include "kernels/matrix.h"

/* The right-hand side of 16 bits in two halves, and the sums requantised. 0, or 1 with a message. */
static int check_split(void);

enum { M_MOST = 20, N_MOST = 100, K_MOST = 700 };

static int16_t a[M_MOST * (K_MOST + 1)], packed[(N_MOST + 16) * (K_MOST + 2)];
static int64_t start[N_MOST], expected[M_MOST * N_MOST], got[M_MOST * N_MOST + 1];

int main(void)
{
    ns_random random = {1};
    for (int round = 0; round < 300; round++) {
        size_t k = 1 + ns_random_u64(&random) % K_MOST, n = 1 + ns_random_u64(&random) % N_MOST;
        size_t m = 1 + ns_random_u64(&random) % M_MOST;
        for (size_t i = 0; i < m * (k + 1); i++)
            a[i] = (int16_t)(round % 5 ? (int16_t)ns_random_u64(&random) : INT16_MIN);
        for (size_t i = 0; i < ns_gemm_packed_size(k, n); i++)
            packed[i] = (int16_t)(round % 7 ? ns_random_range(&random, -128, 127) : -128);
        for (size_t j = 0; j < n; j++)
            start[j] = (int64_t)ns_random_u64(&random) >> 17;
        const int64_t *from = round % 2 ? start : NULL;
        size_t block = round % 3 ? 510 : 2 + 2 * (ns_random_u64(&random) % 20);
        ns_gemm_i16_call call = {a, k + 1, packed, m, n, k, block, from, expected, n, NULL, NULL, NULL};
        ns_gemm_i16_c(&call);
        memset(got, 0x55, sizeof got);
        call.c = got;
        ns_gemm_i16_neon(&call);
        if (memcmp(got, expected, m * n * sizeof *got) != 0 || got[m * n] != 0x5555555555555555) {
            printf("neon: m %zu, n %zu, k %zu, block %zu\n", m, n, k, block);
            return 1;
        }
    }
    return check_split();
}

static int check_split(void)
{
    static int16_t wide[N_MOST * K_MOST], high[(N_MOST + 16) * (K_MOST + 2)], narrow[2][M_MOST * N_MOST];
    static int32_t arrays[3][N_MOST + 16];
    ns_random random = {3};
    for (int round = 0; round < 100; round++) {
        size_t k = 1 + ns_random_u64(&random) % K_MOST, n = 1 + ns_random_u64(&random) % N_MOST;
        size_t m = 1 + ns_random_u64(&random) % M_MOST;
        for (size_t i = 0; i < m * (k + 1); i++)
            a[i] = (int16_t)ns_random_u64(&random);
        for (size_t i = 0; i < k * n; i++)
            wide[i] = (int16_t)ns_random_u64(&random);
        ns_gemm_pack_split_i16(wide, k, n, packed, high);
        ns_gemm_i16_call call = {a, k + 1, packed, m, n, k, 510, NULL, expected, n, high, NULL, NULL};
        ns_gemm_i16_c(&call);
        call.c = got;
        ns_gemm_i16_neon(&call);
        ns_requantise q = {ns_requantise_rows_c, arrays[0], arrays[1], arrays[2]};
        const int32_t multiplier = 20000;
        const int8_t shift = 30;
        if (!ns_requantise_prepare(&q, &multiplier, &shift, false, n, INT64_C(1) << 41))
            return 1;
        call.scale = &q;
        call.out = narrow[0];
        ns_gemm_i16_c(&call);
        call.out = narrow[1];
        ns_gemm_i16_neon(&call);
        if (memcmp(got, expected, m * n * sizeof *got) ||
            memcmp(narrow[0], narrow[1], m * n * sizeof **narrow)) {
            printf("neon, split: m %zu, n %zu, k %zu\n", m, n, k);
            return 1;
        }
    }
    return 0;
}
