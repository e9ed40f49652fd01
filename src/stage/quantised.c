/* quantised: the program in exact real arithmetic, rounded to integer * scale where ExecuTorch's quantiser
 * puts quantise and dequantise: the best that any implementation could do with these scales. */
#include "measure/bound.h"
#include "quant/quantise.h"
#include "stage/stage.h"

/* A bound that is not known is a reason not to judge, not an error. */
static ns_code find_bound(ns_case_run *run, double *const *exact, ns_error *error)
{
    ns_error problem = {0};
    const ns_code code = ns_format_bound(run->decomposed, exact, run->arena, &run->format_bound, &problem);
    if (code == NS_OK)
        return NS_OK;
    run->format_bound = NULL;
    run->bound_problem = ns_arena_string(run->arena, problem.message);
    return code == NS_ERROR_UNSUPPORTED && run->bound_problem ? NS_OK
                                                              : ns_fail(error, code, "%s", problem.message);
}

/* ExecuTorch's pipelines calibrate on the very inputs that they then compare. */
ns_code ns_stage_quantised(ns_case_run *run, ns_stage_output *output, ns_error *error)
{
    const ns_quantise_options options = {.epsilon = run->row->settings.epsilon,
                                         .per_channel = run->row->settings.per_channel};
    NS_TRY(ns_quantise_program(run->decomposed, &options, 1, run->inputs, error));
    double **exact, **values;
    NS_TRY(ns_aten_evaluate(run->decomposed, NS_ATEN_IDEAL, run->inputs, run->arena, &exact, error));
    NS_TRY(find_bound(run, exact, error));
    if (run->hooks && run->hooks->quantised)
        NS_TRY(run->hooks->quantised(run->hooks->context, run->decomposed, error));
    NS_TRY(ns_aten_evaluate(run->decomposed, NS_ATEN_QUANTISED, run->inputs, run->arena, &values, error));
    const int result = run->decomposed->outputs[0];
    const ns_quantisation *quantisation = &run->decomposed->nodes[result].quantisation;
    if (quantisation->present && quantisation->axis < 0)
        run->scale = (double)quantisation->scales[0];
    output->values = values[result];
    return NS_OK;
}
