/* Work: what an operator costs, by its declared shapes. */
#ifndef NS_EVAL_WORK_H
#define NS_EVAL_WORK_H

#include "npuscope/graph.h"

/* Multiply-accumulates, window elements of pools, else the elements of all operands; saturates at UINT64_MAX
 * / 2. */
uint64_t ns_eval_work(const ns_block *block, const ns_operator *op);

/* Work of an operator without elements: what its start costs. */
#define NS_EVAL_OPERATOR_WORK 256

#endif
