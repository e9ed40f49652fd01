/* PyTorch's float32 linear layer on a CPU, in its own order of additions. */
#ifndef NS_NUM_FLOAT32_PRODUCT_H
#define NS_NUM_FLOAT32_PRODUCT_H

#include <stdint.h>

/* One element of x w^T, without the bias, which is added last: row `row` of `rows` rows x [rows, inner] and
 * row `column` of `columns` rows w [columns, inner]; `x` and `w` point at these two rows. */
float ns_float32_product(const double *x, const double *w, int64_t inner, int64_t row, int64_t rows,
                         int64_t column, int64_t columns);

#endif
