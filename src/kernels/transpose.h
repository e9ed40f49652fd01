/* Transpose: 16-bit elements, rows to columns. */
#ifndef NS_KERNELS_TRANSPOSE_H
#define NS_KERNELS_TRANSPOSE_H

#include <stddef.h>
#include <stdint.h>

/* to[r * to_step + c] = from[c * from_step + r] for r < rows, c < columns. */
void ns_transpose_i16(const int16_t *from, size_t from_step, int16_t *to, size_t to_step, size_t rows,
                      size_t columns);

#endif
