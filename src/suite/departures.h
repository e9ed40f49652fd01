/* Departures: what stages give against what was recorded with a case of one's own. */
#ifndef NS_SUITE_DEPARTURES_H
#define NS_SUITE_DEPARTURES_H

#include "stage/stage.h"

/* Fills in `recorded`, `departing` and `most_departing` of a stage's result. `values`: of all outputs. The
 * same are: for ideal, reals within the harness's tolerance of the float model's; for quantised, codes of the
 * output's scale that differ by one at most from the quantised model's; for eval and npu, equal integers. */
void ns_find_departures(const ns_ladder *ladder, const double *values, ns_stage_result *result);

#endif
