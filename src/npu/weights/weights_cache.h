/* Weight cache: an operation's weights, decoded once for each stream. */
#ifndef NS_NPU_WEIGHTS_CACHE_H
#define NS_NPU_WEIGHTS_CACHE_H

#include "npu/operations/operation.h"

/* Decodes the operation's weights, or finds them in the stream's cache: keyed by the order and by the
 * compressed bytes themselves, for they may have been copied elsewhere by DMA. */
ns_code ns_npu_weights_get(ns_npu_machine *machine, const ns_npu_operation *operation, ns_weights *out,
                           ns_error *error);

#endif
