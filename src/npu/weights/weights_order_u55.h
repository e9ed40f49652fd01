/* The order of weights of Ethos-U55 and U65. */
#ifndef NS_NPU_WEIGHTS_ORDER_U55_H
#define NS_NPU_WEIGHTS_ORDER_U55_H

#include "npu/weights/weights_cursor.h"

/* The traversal of one stream. */
void ns_weight_traverse_u55(const ns_weight_order *order, int stream, ns_weight_cursor *cursor);

#endif
