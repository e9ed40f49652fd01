/* Sweep: the halves of a sweep before and after Vela, for runs that compile many graphs at once. */
#ifndef NS_SWEEP_SWEEP_H
#define NS_SWEEP_SWEEP_H

#include "catalogue/interface.h"
#include "npuscope/sweep.h"

typedef struct ns_sweep ns_sweep;

/* One input, one output, and nothing but elementwise operators of one operand between them. */
bool ns_sweep_fits(const ns_aten_program *program);

/* Exact results that sweeps of one case on several targets share. Threads may use one at once. NULL when
 * memory is out; free takes NULL. */
typedef struct ns_sweep_memory ns_sweep_memory;
ns_sweep_memory *ns_sweep_memory_new(void);
void ns_sweep_memory_free(ns_sweep_memory *memory);

/* Runs all codes through the evaluator. `program` has its scales; `memory` may be NULL. `arena` has all that
 * is made and must live until the sweep is finished, as must `memory`. Errors as for ns_sweep_run. */
ns_code ns_sweep_begin(const ns_suite_row *row, const ns_aten_program *program, unsigned cpu_mask, bool npu,
                       ns_sweep_memory *memory, ns_arena *arena, ns_sweep **out, ns_error *error);

/* What Vela is to compile; NULL where the NPU is not to run. */
ns_vela_request *ns_sweep_request(ns_sweep *sweep);

/* Runs the NPU, for which the request has its outcome. *out lies in the arena. */
ns_code ns_sweep_finish(ns_sweep *sweep, ns_sweep_result **out, ns_error *error);

#endif
