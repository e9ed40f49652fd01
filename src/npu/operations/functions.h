/* The function of each kind of operation, in a file of its name; each takes the opened output stage. */
#ifndef NS_NPU_FUNCTIONS_H
#define NS_NPU_FUNCTIONS_H

#include "npu/operations/output.h"

ns_code ns_npu_conv(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                    ns_error *error);
ns_code ns_npu_depthwise(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                         ns_error *error);
ns_code ns_npu_pool_max(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                        ns_error *error);
ns_code ns_npu_pool_average(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                            ns_error *error);
ns_code ns_npu_pool_none(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                         ns_error *error);
ns_code ns_npu_pool_argmax(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                           ns_error *error);
ns_code ns_npu_resize(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                      ns_error *error);
ns_code ns_npu_reduce_sum(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                          ns_error *error);
ns_code ns_npu_elementwise(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                           ns_error *error);

#endif
