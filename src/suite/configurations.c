/* Configurations: whose fault is it that the NPU's result differs from eval's? The same graph, compiled for
 * the other accelerators of its family and with other options, must give the same integers: where some of
 * these streams do, the simulator executes that graph rightly in general, and Vela's stream for this
 * configuration is to be suspected; where none does, the simulator is. */
#include "suite/internal.h"

#include <string.h>

#include "base/bytes.h"
#include "stage/interface.h"

const char *ns_agreement_text(ns_agreement agreement)
{
    static const char *const texts[] = {
#define NS_AGREEMENT(NAME, text) [NS_AGREEMENT_##NAME] = text,
#include "npuscope/agreements.def"
#undef NS_AGREEMENT
    };
    return texts[agreement];
}

const char *ns_suspect_text(ns_suspect suspect)
{
    return suspect == NS_SUSPECT_VELA ? "vela" : suspect == NS_SUSPECT_SIMULATOR ? "simulator" : "";
}

static size_t family_length(const char *accelerator)
{
    return (size_t)(strrchr(accelerator, '-') - accelerator) + 1;
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static const struct {
    const char *flags, *family;
} option_sets[] = {
#define NS_CONFIGURATION(flags, family) {flags, family},
#include "suite/configurations.def"
#undef NS_CONFIGURATION
};
enum { OPTION_SETS = sizeof option_sets / sizeof option_sets[0] };

/* The row's own options and these; NULL: out of memory. */
static const char *add_flags(const ns_ladder *ladder, const char *flags)
{
    const char *own = ladder->request.flags;
    return own && *own ? ns_arena_format(ladder->arena, "%s %s", own, flags) : flags;
}

ns_code ns_configurations_list(const ns_ladder *ladder, ns_vela_request **requests, int *count,
                               ns_error *error)
{
    const ns_accelerator own = ladder->request.accelerator;
    const char *text = ns_accelerator_text(own);
    *requests = NS_ARENA_ARRAY(ladder->arena, NS_ACCELERATOR_COUNT + OPTION_SETS, ns_vela_request);
    if (!*requests)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the configurations");
    ns_vela_request *next = *requests;
    for (int i = 0; i < NS_ACCELERATOR_COUNT; i++)
        if ((ns_accelerator)i != own &&
            strncmp(ns_accelerator_text((ns_accelerator)i), text, family_length(text)) == 0)
            *next++ = (ns_vela_request){.graph = ladder->request.graph,
                                        .graph_size = ladder->request.graph_size,
                                        .accelerator = (ns_accelerator)i,
                                        .flags = ladder->request.flags};
    for (int i = 0; i < OPTION_SETS; i++)
        if (starts_with(text, option_sets[i].family)) {
            *next = (ns_vela_request){.graph = ladder->request.graph,
                                      .graph_size = ladder->request.graph_size,
                                      .accelerator = own,
                                      .flags = add_flags(ladder, option_sets[i].flags)};
            if (!next++->flags)
                return ns_fail(error, NS_ERROR_MEMORY, "no memory for the configurations");
        }
    *count = (int)(next - *requests);
    return NS_OK;
}

/* Executes one stream; what goes wrong in it is its outcome. */
static ns_code try_one(const ns_ladder *ladder, const ns_vela_request *request, ns_configuration *out,
                       ns_error *error)
{
    ns_error problem = {0};
    const ns_stage_execution execution = {.request = request,
                                          .cpu_mask = ladder->cpu_mask,
                                          .input_count = ladder->input_count,
                                          .output_count = ladder->output_count,
                                          .inputs = ladder->integers};
    *out = (ns_configuration){.accelerator = ns_accelerator_text(request->accelerator),
                              .flags = request->flags ? request->flags : "",
                              .agreement = NS_AGREEMENT_NOT_COMPILED,
                              .reason = request->reason};
    if (request->outcome != NS_VELA_COMPILED)
        return NS_OK;
    out->agreement = NS_AGREEMENT_NOT_RUN;
    ns_tensor *got = NS_ARENA_ARRAY(ladder->arena, (size_t)ladder->output_count, ns_tensor);
    if (!got)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the outputs");
    const ns_code code = ns_stage_execute(&execution, ladder->arena, got, NULL, &problem);
    if (ns_code_ends_run(code))
        return ns_fail(error, code, "%s", problem.message);
    for (int o = 0; code == NS_OK && o < ladder->output_count; o++)
        if (ns_tensor_count(&got[o]) != ladder->outputs[o].count)
            out->reason = "the stream gives another number of elements than the graph";
    if (code != NS_OK && !(out->reason = ns_arena_string(ladder->arena, problem.message)))
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a message");
    if (out->reason)
        return NS_OK;
    for (int o = 0; o < ladder->output_count; o++)
        for (size_t i = 0; i < ladder->outputs[o].count; i++)
            out->differing += ns_tensor_get(&got[o], i) != ns_tensor_get(&ladder->evaluated[o], i);
    out->agreement = out->differing ? NS_AGREEMENT_DIFFERS : NS_AGREEMENT_AGREES;
    return NS_OK;
}

static void list(ns_buffer *buffer, const ns_case_result *result, ns_agreement agreement)
{
    const char *separator = "";
    for (int i = 0; i < result->configuration_count; i++) {
        const ns_configuration *one = &result->configurations[i];
        if (one->agreement != agreement)
            continue;
        ns_buffer_format(buffer, "%s%s", separator, *one->flags ? one->flags : one->accelerator);
        separator = ", ";
    }
}

static ns_code conclude(const ns_ladder *ladder, ns_case_result *result, ns_error *error)
{
    int counts[NS_AGREEMENT_NOT_RUN + 1] = {0};
    for (int i = 0; i < result->configuration_count; i++)
        counts[result->configurations[i].agreement]++;
    ns_buffer buffer = {.arena = ladder->arena};
    ns_buffer_format(&buffer, "%s. ", result->reason ? result->reason : "");
    if (ladder->chip_rule) {
        result->suspect = NS_SUSPECT_VELA;
        ns_buffer_format(&buffer, "Vela is to be suspected: %s; compiled with ", ladder->chip_rule);
        list(&buffer, result, counts[NS_AGREEMENT_AGREES] ? NS_AGREEMENT_AGREES : NS_AGREEMENT_DIFFERS);
        ns_buffer_format(&buffer, " the graph %s eval's result",
                         counts[NS_AGREEMENT_AGREES] ? "gives" : "does not give");
    } else if (counts[NS_AGREEMENT_AGREES]) {
        result->suspect = NS_SUSPECT_VELA;
        ns_buffer_format(&buffer, "Vela is to be suspected: compiled with ");
        list(&buffer, result, NS_AGREEMENT_AGREES);
        ns_buffer_format(&buffer, " the graph gives eval's result");
        if (counts[NS_AGREEMENT_DIFFERS]) {
            ns_buffer_format(&buffer, "; with ");
            list(&buffer, result, NS_AGREEMENT_DIFFERS);
            ns_buffer_format(&buffer, " it does not");
        }
    } else if (counts[NS_AGREEMENT_DIFFERS] && result->defect_count) {
        result->suspect = NS_SUSPECT_VELA;
        ns_buffer_format(&buffer, "Vela is to be suspected: the graph meets its known defect %s; with ",
                         ns_defect_get_info(result->defects[0])->id);
        list(&buffer, result, NS_AGREEMENT_DIFFERS);
        ns_buffer_format(&buffer, " it does not give eval's result either");
    } else if (counts[NS_AGREEMENT_DIFFERS]) {
        result->suspect = NS_SUSPECT_SIMULATOR;
        ns_buffer_format(&buffer,
                         "npuscope's simulator is to be suspected: none of %d other configurations of Vela "
                         "gives eval's result (",
                         counts[NS_AGREEMENT_DIFFERS]);
        list(&buffer, result, NS_AGREEMENT_DIFFERS);
        ns_buffer_format(&buffer, ")");
    } else {
        ns_buffer_format(&buffer, "No other configuration of Vela could be compared");
    }
    ns_buffer_append(&buffer, "", 1);
    if (buffer.failed)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a reason");
    result->reason = (const char *)buffer.data;
    for (int i = 0; i < result->stage_count; i++)
        if (result->stages[i].stage == NS_STAGE_NPU)
            result->stages[i].reason = result->reason;
    return NS_OK;
}

ns_code ns_configurations_judge(const ns_ladder *ladder, const ns_vela_request *requests, int count,
                                ns_case_result *result, ns_error *error)
{
    ns_configuration *tried = NS_ARENA_ARRAY(ladder->arena, (size_t)count, ns_configuration);
    if (!tried)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the configurations");
    for (int i = 0; i < count; i++)
        NS_TRY(try_one(ladder, &requests[i], &tried[i], error));
    result->configurations = tried;
    result->configuration_count = count;
    return conclude(ladder, result, error);
}
