/* Execute: a graph that Vela compiled, on integer inputs. */
#ifndef NS_STAGE_EXECUTE_H
#define NS_STAGE_EXECUTE_H

#include "npuscope/vela.h"

/* Loads the stream of a request that is COMPILED and runs it. `inputs` and `outputs` are in the graph's
 * order, which Vela keeps; the counts must be the stream's (NS_ERROR_INPUT). `statistics` may be NULL. */
ns_code ns_suite_execute(const ns_vela_request *request, const ns_npu_options *options,
                         const ns_tensor *inputs, int input_count, int output_count, ns_arena *arena,
                         ns_tensor *outputs, ns_npu_statistics *statistics, ns_error *error);

#endif
