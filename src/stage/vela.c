/* vela: Arm's compiler on the lowered graph. It ran before, on the graphs of all rows at once; here its
 * outcome becomes the row's. */
#include "stage/interface.h"

static ns_code conclude(const ns_ladder *ladder, const ns_vela_request *request, ns_stage_output *output,
                        ns_error *error)
{
    switch (request->outcome) {
    case NS_VELA_COMPILED:
        return NS_OK;
    case NS_VELA_REFUSED:
        output->rejected = true;
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "Vela refuses the graph for %s: %s",
                       ladder->row->target->accelerator, request->reason);
    case NS_VELA_CRASHED:
        return ns_fail(error, NS_ERROR_INPUT, "Vela failed on the graph for %s: %s",
                       ladder->row->target->accelerator, request->reason);
    case NS_VELA_NOT_RUN:
        break;
    }
    return ns_fail(error, NS_ERROR_INTERNAL, "Vela was not run on the graph");
}

ns_code ns_stage_vela(ns_ladder *ladder, ns_stage_output *output, ns_error *error)
{
    ns_vela_request *request;
    for (int i = 0; (request = ns_ladder_request(ladder, i)) != NULL; i++) {
        if (ladder->hooks && ladder->hooks->compiled)
            NS_TRY(ladder->hooks->compiled(ladder->hooks->context, request, ladder->arena, error));
        NS_TRY(conclude(ladder, request, output, error));
    }
    return NS_OK;
}
