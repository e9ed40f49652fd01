/* Table: interpolated lookup in 513 entries. */
#ifndef NS_KERNELS_TABLE_H
#define NS_KERNELS_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* out[i] = 128 * table[j] + (table[j + 1] - table[j]) * (in[i] mod 128) with j = floor(in[i] / 128) + 256,
 * i < count: 23 bits. The caller has checked that each slope it needs lies in int16. */
typedef void (*ns_table_row)(const int16_t *table, const int16_t *in, int32_t *out, size_t count);

void ns_table_row_c(const int16_t *table, const int16_t *in, int32_t *out, size_t count);
#if defined(__x86_64__)
void ns_table_row_avx2(const int16_t *table, const int16_t *in, int32_t *out, size_t count);
void ns_table_row_avx512(const int16_t *table, const int16_t *in, int32_t *out, size_t count);
#endif

#endif
