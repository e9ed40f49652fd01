/* Registers to operations, by family. */
#ifndef NS_NPU_OPERATION_FAMILIES_H
#define NS_NPU_OPERATION_FAMILIES_H

#include "npu/operations/operation.h"

/* What the command would do with the registers as they are now. Faults name the register whose value has
 * no meaning for the operation. */
ns_code ns_npu_operation_u55(ns_npu_machine *machine, const ns_npu_command *command, ns_npu_operation *out,
                             ns_error *error);
ns_code ns_npu_operation_u85(ns_npu_machine *machine, const ns_npu_command *command, ns_npu_operation *out,
                             ns_error *error);

#endif
