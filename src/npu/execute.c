#include "npu/internal.h"

#include "npu/memory/internal.h"
#include "npu/operations/internal.h"
#include "npu/watch/internal.h"
#include "npu/watch/rules.h"

static ns_code run(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                   ns_error *error)
{
    switch (operation->kind) {
    case NS_NPU_CONV:
        return ns_npu_conv(machine, operation, output, error);
    case NS_NPU_DEPTHWISE:
        return ns_npu_depthwise(machine, operation, output, error);
    case NS_NPU_POOL_MAX:
    case NS_NPU_POOL_MIN:
        return ns_npu_pool_max(machine, operation, output, error);
    case NS_NPU_POOL_AVERAGE:
        return ns_npu_pool_average(machine, operation, output, error);
    case NS_NPU_POOL_NONE:
        return ns_npu_pool_none(machine, operation, output, error);
    case NS_NPU_POOL_ARGMAX:
        return ns_npu_pool_argmax(machine, operation, output, error);
    case NS_NPU_RESIZE:
        return ns_npu_resize(machine, operation, output, error);
    case NS_NPU_REDUCE_SUM:
        return ns_npu_reduce_sum(machine, operation, output, error);
    case NS_NPU_ELEMENTWISE:
        return ns_npu_elementwise(machine, operation, output, error);
    }
    return ns_fail(error, NS_ERROR_INTERNAL, "operation kind %d has no executor", operation->kind);
}

ns_code ns_npu_execute(ns_npu_machine *machine, ns_npu_operation *operation, ns_error *error)
{
    ns_npu_output_stage output;
    NS_TRY(ns_npu_output_open(machine, operation, &output, error));
    ns_npu_hazards_operation(machine, operation);
    NS_TRY(run(machine, operation, &output, error));
    ns_npu_shadow_operation(machine, operation);
    return ns_npu_tap_operation(machine, operation, output.saturated, error);
}
