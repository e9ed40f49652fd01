#include "kernels/rows.h"

#define ROWS ns_binary_rows_c
#include "kernels/binary_template.h"
