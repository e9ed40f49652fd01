#include "kernels/kernels.h"

#include "npuscope/cpu.h"

ns_kernels ns_kernels_get(unsigned cpu_mask)
{
    cpu_mask &= ns_cpu_detect();
    ns_kernels kernels = {
        .gemm_i16 = ns_gemm_i16_c,
        .gemm_f64 = ns_gemm_f64_c,
        .gemm_f32 = ns_gemm_f32_c,
        .binary = ns_binary_rows_c,
        .rescale = &ns_rescale_rows_c,
        .requantise = ns_requantise_rows_c,
        .wide = &ns_wide_kernels_c,
        .table_i16 = ns_table_row_c,
        .depthwise_i16 = ns_depthwise_i16_c,
        .pack_split = ns_gemm_pack_split_i16,
    };
#if defined(__x86_64__)
    if (cpu_mask & NS_CPU_AVX2) {
        kernels.binary = ns_binary_rows_avx2;
        kernels.rescale = &ns_rescale_rows_avx2;
        kernels.requantise = ns_requantise_rows_avx2;
        kernels.wide = &ns_wide_kernels_avx2;
        kernels.gemm_i16 = ns_gemm_i16_avx2;
        kernels.gemm_f64 = ns_gemm_f64_avx2;
        kernels.gemm_f32 = ns_gemm_f32_avx2;
        kernels.table_i16 = ns_table_row_avx2;
        kernels.depthwise_i16 = ns_depthwise_i16_avx2;
        kernels.depthwise_scaled = ns_depthwise_scaled_avx2;
        kernels.pack_split = ns_gemm_pack_split_avx2;
        kernels.fused = &ns_fused_kernels_avx2;
    }
    if (cpu_mask & NS_CPU_AVX512) { /* such a processor has AVX2: what is not named here is AVX2's */
        kernels.binary = ns_binary_rows_avx512;
        kernels.rescale = &ns_rescale_rows_avx512;
        kernels.requantise = ns_requantise_rows_avx512;
        kernels.gemm_i16 = ns_gemm_i16_avx512;
        kernels.gemm_f64 = ns_gemm_f64_avx512;
        kernels.table_i16 = ns_table_row_avx512;
        kernels.depthwise_i16 = ns_depthwise_i16_avx512;
        kernels.depthwise_scaled = ns_depthwise_scaled_avx512;
        kernels.fused = &ns_fused_kernels_avx512;
    }
    if ((cpu_mask & NS_CPU_AVX512) && (cpu_mask & NS_CPU_AVX512VNNI))
        kernels.gemm_i16 = ns_gemm_i16_avx512vnni;
    if ((cpu_mask & NS_CPU_AVX512) && (cpu_mask & NS_CPU_AVX512VNNI) && (cpu_mask & NS_CPU_AMX)) {
        kernels.gemm_i16 = ns_gemm_i16_amx;
        kernels.pack_tiles = ns_gemm_pack_tiles_amx;
    }
    if ((cpu_mask & NS_CPU_AVX512) && (cpu_mask & NS_CPU_AVX512VBMI)) {
        kernels.table_i16 = ns_table_row_avx512vbmi;
        kernels.fused = &ns_fused_kernels_avx512vbmi;
    }
#elif defined(__aarch64__)
    if (cpu_mask & NS_CPU_NEON) {
        kernels.rescale = &ns_rescale_rows_neon;
        kernels.requantise = ns_requantise_rows_neon;
        kernels.wide = &ns_wide_kernels_neon;
        kernels.gemm_i16 = ns_gemm_i16_neon;
        kernels.gemm_f64 = ns_gemm_f64_neon;
        kernels.gemm_f32 = ns_gemm_f32_neon;
        kernels.table_i16 = ns_table_row_neon;
        kernels.depthwise_i16 = ns_depthwise_i16_neon;
        kernels.depthwise_scaled = ns_depthwise_scaled_neon;
        kernels.fused = &ns_fused_kernels_neon; /* binary: plain C is compiled for NEON */
    }
#endif
    return kernels;
}
