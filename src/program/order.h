/* Order: a program's tensors lie in memory as dim_order says; files and callers have them row-major. */
#ifndef NS_PROGRAM_ORDER_H
#define NS_PROGRAM_ORDER_H

#include "npuscope/program.h"

/* All elements of the tensor, from row-major order to memory order and back. Both sides have tensor->count
 * elements of ns_scalar_bytes(tensor->scalar). */
void ns_program_to_memory_order(const ns_program_tensor *tensor, const void *row_major, void *memory);

/* From tensor->data. */
void ns_program_from_memory_order(const ns_program_tensor *tensor, void *row_major);

#endif
