/* ideal: the program in exact real arithmetic. */
#include "stage/stage.h"

ns_code ns_stage_ideal(ns_case_run *run, ns_stage_output *output, ns_error *error)
{
    double **values;
    NS_TRY(ns_aten_evaluate(run->program, NS_ATEN_IDEAL, run->inputs, run->arena, &values, error));
    output->values = values[run->program->outputs[0]];
    return NS_OK;
}
