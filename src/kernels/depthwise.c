#include "kernels/depthwise.h"

#define LANES 4
#define NAME ns_depthwise_i16_c
#include "kernels/depthwise_template.h"
