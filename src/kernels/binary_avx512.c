/* The loops of binary_template.h, compiled for AVX512. */
#if defined(__x86_64__)
/* Headers first: they are not to be compiled for the target below. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/target.h"

NS_TARGET_BEGIN_AVX512
#define ROWS ns_binary_rows_avx512
#include "kernels/binary_template.h"
NS_TARGET_END
#else
typedef int ns_no_binary_avx512;
#endif
