/* Given: a model of one's own on the ladder: what its stages compute or were given. */
#ifndef NS_STAGE_GIVEN_H
#define NS_STAGE_GIVEN_H

#include "stage/stage.h"

/* Whether the stage exists: ideal and quantised where all their values were given, eval and vela for a graph.
 */
bool ns_given_has(const ns_ladder *ladder, ns_stage stage);

/* What the model must give, exactly; *out is NULL where it was not given. */
ns_code ns_given_expected(const ns_ladder *ladder, double **out, ns_error *error);

ns_code ns_given_run(ns_ladder *ladder, ns_stage stage, ns_stage_output *output, ns_error *error);

#endif
