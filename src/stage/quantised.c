/* quantised: the program in exact real arithmetic, rounded to integer * scale where ExecuTorch's quantiser
 * puts quantise and dequantise: the best that any implementation could do with these scales. */
#include "ir/interface.h"
#include "measure/interface.h"
#include "quant/interface.h"
#include "stage/interface.h"

/* A bound that is not known is a reason not to judge, not an error. */
static ns_code find_bound(ns_ladder *ladder, double *const *exact, ns_error *error)
{
    ns_error problem = {0};
    double **bounds;
    const ns_code code = ns_format_bound(ladder->decomposed, exact, ladder->arena, &bounds, &problem);
    if (code == NS_OK)
        return ns_outputs_collect(ladder, ladder->decomposed, bounds, &ladder->format_bound, error);
    ladder->format_bound = NULL;
    ladder->bound_problem = ns_arena_string(ladder->arena, problem.message);
    return code == NS_ERROR_UNSUPPORTED && ladder->bound_problem
               ? NS_OK
               : ns_fail(error, code, "%s", problem.message);
}

/* ExecuTorch's pipelines calibrate on the very inputs that they then compare. */
ns_code ns_stage_quantised(ns_ladder *ladder, ns_stage_output *output, ns_error *error)
{
    const ns_quantise_options options = {.epsilon = ladder->row->settings.epsilon,
                                         .per_channel = ladder->row->settings.per_channel};
    NS_TRY(ns_quantise_program(ladder->decomposed, &options, 1, ladder->inputs, error));
    double **exact, **values;
    NS_TRY(ns_aten_evaluate(ladder->decomposed, NS_ATEN_IDEAL, ladder->inputs, ladder->arena, &exact, error));
    NS_TRY(find_bound(ladder, exact, error));
    if (ladder->hooks && ladder->hooks->quantised)
        NS_TRY(ladder->hooks->quantised(ladder->hooks->context, ladder->decomposed, error));
    NS_TRY(ns_aten_evaluate(ladder->decomposed, NS_ATEN_QUANTISED, ladder->inputs, ladder->arena, &values,
                            error));
    for (int o = 0; o < ladder->output_count; o++) {
        const ns_quantisation *quantisation =
            &ladder->decomposed->nodes[ladder->decomposed->outputs[o]].quantisation;
        if (quantisation->present && quantisation->axis < 0)
            ladder->outputs[o].scale = (double)quantisation->scales[0];
    }
    return ns_outputs_collect(ladder, ladder->decomposed, values, &output->values, error);
}
