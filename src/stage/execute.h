/* Execute: a graph that Vela compiled, on integer inputs. */
#ifndef NS_STAGE_EXECUTE_H
#define NS_STAGE_EXECUTE_H

#include "npuscope/vela.h"

/* `inputs` and outputs are in the graph's order, which Vela keeps. */
typedef struct ns_stage_execution {
    const ns_vela_request *request; /* COMPILED */
    unsigned cpu_mask;
    int input_count, output_count;
    const ns_tensor *inputs;
    const bool *read; /* which inputs the graph reads: Vela drops the others from the stream; NULL: all */
} ns_stage_execution;

/* Loads the request's stream and runs it. NS_ERROR_INPUT where the stream has other numbers of inputs and
 * outputs. `statistics` may be NULL. */
ns_code ns_stage_execute(const ns_stage_execution *execution, ns_arena *arena, ns_tensor *outputs,
                         ns_npu_statistics *statistics, ns_error *error);

#endif
