/* ideal: the program in exact real arithmetic. */
#include "ir/interface.h"
#include "stage/interface.h"

ns_code ns_stage_ideal(ns_ladder *ladder, ns_stage_output *output, ns_error *error)
{
    double **values;
    NS_TRY(ns_aten_evaluate(ladder->program, NS_ATEN_IDEAL, ladder->inputs, ladder->arena, &values, error));
    return ns_outputs_collect(ladder, ladder->program, values, &output->values, error);
}
