/* vela: Arm's compiler on the lowered graph. It ran before, on the graphs of all rows at once; here its
 * outcome becomes the row's. */
#include "stage/stage.h"

ns_code ns_stage_vela(ns_case_run *run, ns_stage_output *output, ns_error *error)
{
    ns_vela_request *request = &run->request;
    if (run->hooks && run->hooks->compiled)
        NS_TRY(run->hooks->compiled(run->hooks->context, request, run->arena, error));
    switch (request->outcome) {
    case NS_VELA_COMPILED:
        return NS_OK;
    case NS_VELA_REFUSED:
        output->rejected = true;
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "Vela refuses the graph for %s: %s",
                       run->row->target->accelerator, request->reason);
    case NS_VELA_CRASHED:
        return ns_fail(error, NS_ERROR_INPUT, "Vela failed on the graph for %s: %s",
                       run->row->target->accelerator, request->reason);
    case NS_VELA_NOT_RUN:
        break;
    }
    return ns_fail(error, NS_ERROR_INTERNAL, "Vela was not run on the graph");
}
