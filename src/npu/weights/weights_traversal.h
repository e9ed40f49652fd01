/* Weight traversals: the two families' orders of the symbols of a stream. */
#ifndef NS_NPU_WEIGHTS_TRAVERSAL_H
#define NS_NPU_WEIGHTS_TRAVERSAL_H

#include "npu/weights/weights_cursor.h"

/* The traversal of one stream. */
void ns_weight_traverse_u55(const ns_weight_order *order, int stream, ns_weight_cursor *cursor);
void ns_weight_traverse_u85(const ns_weight_order *order, int stream, ns_weight_cursor *cursor);

/* Symbols of one core's share of a weight block: the unit in which the fast format takes cores in turn. */
size_t ns_weight_block_u85(const ns_weight_order *order);

#endif
