#include "kernels/rows.h"

#define ROWS ns_rescale_rows_c
#include "kernels/rescale_template.h"
