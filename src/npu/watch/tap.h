/* Tap: hands what an operation stored to options->tap, and counts operations. */
#ifndef NS_NPU_TAP_H
#define NS_NPU_TAP_H

#include "npu/operations/operation.h"

/* Called after each operation, tap or not. The OFM is read back from memory, so what the callback sees is
 * what later operations read. */
ns_code ns_npu_tap_operation(ns_npu_machine *machine, const ns_npu_operation *operation, int64_t saturated,
                             ns_error *error);

#endif
