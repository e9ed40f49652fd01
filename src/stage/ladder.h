/* Ladder: a row's program and data, and its stages one by one. */
#ifndef NS_STAGE_LADDER_H
#define NS_STAGE_LADDER_H

#include "stage/stage.h"

/* Makes the row's program and data. All memory, that of the stages too, is `arena`'s. The caller may set
 * hooks, compile and watch of *out before the first stage. NS_ERROR_INTERNAL for an ill-formed catalogue. */
ns_code ns_ladder_new(const ns_suite_row *row, uint64_t seed, unsigned cpu_mask, ns_arena *arena,
                      ns_ladder **out, ns_error *error);

/* Whether the stage exists for what the ladder runs: a model has no quantised result unless one was given. */
bool ns_ladder_has(const ns_ladder *ladder, ns_stage stage);

/* Runs one stage; quantised comes before eval, eval before vela, vela before npu. */
ns_code ns_ladder_run(ns_ladder *ladder, ns_stage stage, ns_stage_output *output, ns_error *error);

#endif
