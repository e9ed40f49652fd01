/* Kernels: the exact integer loops behind evaluator and simulator. Plain C first; a version for an
 * instruction set replaces a pointer when the CPU has it and the mask allows it. Every version gives the
 * same bits as plain C (tests/kernels). */
#ifndef NS_KERNELS_KERNELS_H
#define NS_KERNELS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/matrix.h"
#include "kernels/rows.h"

typedef struct ns_kernels {
    ns_gemm_i16 gemm_i16;
    ns_gemm_f64 gemm_f64;
    ns_gemm_f32 gemm_f32;
    const ns_binary_rows *binary; /* [NS_BINARY_COUNT] */
    const ns_rescale_rows *rescale;
    ns_requantise_rows requantise;
    const ns_wide_kernels *wide;
    ns_table_row table_i16;
    ns_depthwise_i16 depthwise_i16;
    ns_depthwise_scaled depthwise_scaled; /* NULL: none */
    ns_gemm_pack_split pack_split;
    ns_gemm_pack_tiles pack_tiles; /* NULL: gemm_i16 has no use for them */
    const ns_fused_kernels *fused; /* NULL: none */
} ns_kernels;

/* The kernels for a CPU mask (npuscope/cpu.h); 0 gives plain C. */
ns_kernels ns_kernels_get(unsigned cpu_mask);

#endif
