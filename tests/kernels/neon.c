/* The NEON matrix product against plain C. A program of its own without libraries, so that it can be built by
 * a cross compiler and run under an emulator (neon.sh). Prints the first difference; exit code 1. */
#include <stdio.h>
#include <string.h>

#include "base/interface.h"
#include "kernels/matrix.h"

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
        ns_gemm_i16_call call = {a, k + 1, packed, m, n, k, block, from, expected, n};
        ns_gemm_i16_c(&call);
        memset(got, 0x55, sizeof got);
        call.c = got;
        ns_gemm_i16_neon(&call);
        if (memcmp(got, expected, m * n * sizeof *got) != 0 || got[m * n] != 0x5555555555555555) {
            printf("neon: m %zu, n %zu, k %zu, block %zu\n", m, n, k, block);
            return 1;
        }
    }
    return 0;
}
