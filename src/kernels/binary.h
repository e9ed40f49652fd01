/* Elementwise binary loops over one row; binary.def lists them. */
#ifndef NS_KERNELS_BINARY_H
#define NS_KERNELS_BINARY_H

#include <stdbool.h>
#include <stddef.h>

typedef enum ns_binary {
#define NS_BINARY(name, result, value, bad) NS_BINARY_##name,
#include "kernels/binary.def"
#undef NS_BINARY
    NS_BINARY_COUNT
} ns_binary;

/* out[i] = f(a[i * a_step], b[i * b_step]), i < count; steps are 0 or 1. Returns true when the
 * specification's REQUIRE fails for an element; `out` is then of no use. No overlap of `out` with a or b
 * unless equal element by element. */
typedef bool (*ns_binary_row)(const void *a, int a_step, const void *b, int b_step, void *out, size_t count);

/* One row of loops by element type: int8 (and bool), int16, int32, int64. */
typedef ns_binary_row ns_binary_rows[4];

extern const ns_binary_rows ns_binary_rows_c[NS_BINARY_COUNT];
#if defined(__x86_64__)
extern const ns_binary_rows ns_binary_rows_avx2[NS_BINARY_COUNT];
extern const ns_binary_rows ns_binary_rows_avx512[NS_BINARY_COUNT];
#endif

#endif
