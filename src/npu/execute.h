/* Execute: an operation through its function, the output stage, and those who watch. */
#ifndef NS_NPU_EXECUTE_H
#define NS_NPU_EXECUTE_H

#include "npu/operations/operation.h"

/* Executes an operation of a common kind. */
ns_code ns_npu_execute(ns_npu_machine *machine, ns_npu_operation *operation, ns_error *error);

#endif
