/* Reduces a graph of the user's. */
#include <string.h>

#include "draft/interface.h"
#include "fuzzvela/internal.h"
#include "npuscope/fuzz_vela.h"

#define HANG_SECONDS 60

static ns_code describe(const ns_reduce_options *options, ns_judge *judge, const ns_draft *reduced,
                        ns_arena *arena, ns_reduce_result *result, ns_error *error)
{
    ns_exhibit exhibit;
    ns_judgement j;
    NS_TRY(ns_exhibit_make(reduced, arena, &exhibit, error));
    ns_code code = ns_judge_run(judge, &exhibit, arena, &j, error);
    if (code == NS_OK) {
        result->kind = ns_ruling_text(j.ruling);
        result->known_defect =
            ns_judge_known(&exhibit, &j, options->accelerator, options->vela.version, arena);
        result->signature = ns_judge_signature(&j, NULL, arena);
        result->operation = ns_draft_words(reduced, arena);
        result->file = exhibit.file;
        result->file_size = exhibit.file_size;
        result->inputs = exhibit.inputs;
        result->input_count = exhibit.input_count;
        result->outputs =
            ns_arena_copy(arena, exhibit.outputs, (size_t)exhibit.output_count * sizeof(ns_tensor));
        result->output_count = exhibit.output_count;
        if (!result->outputs)
            code = ns_fail(error, NS_ERROR_MEMORY, "no memory for a reduced graph");
    }
    ns_graph_free(exhibit.graph);
    result->avoided_by = "";
    return code == NS_OK ? ns_triage_orders(judge, reduced, arena, &result->avoided_by, error) : code;
}

static ns_code reduce(const ns_reduce_options *options, ns_vela_server *server, const ns_draft *draft,
                      ns_arena *arena, ns_reduce_result *result, ns_error *error)
{
    ns_draft reduced;
    const ns_fuzz_target target = {options->accelerator, options->flags};
    const ns_budget *budget = ns_arena_budget(arena); /* of each trial */
    ns_judge judge = {.server = server,
                      .targets = &target,
                      .target_count = 1,
                      .max_work = budget ? budget->max_work : NS_BUDGET_DEFAULT_WORK};
    ns_judge_watch watch = {.judge = &judge, .release = options->vela.version};
    ns_draft_reduction reduction = {.signature = ns_judge_watched,
                                    .context = &watch,
                                    .time_limit = options->time_limit,
                                    .ordinary = options->ordinary,
                                    .centre = options->centre};
    NS_TRY(ns_draft_reduce(&reduction, draft, arena, &reduced, error));
    *result = (ns_reduce_result){.operators_before = ns_draft_operators(draft),
                                 .operators = ns_draft_operators(&reduced),
                                 .trials = reduction.trials,
                                 .seconds = reduction.seconds};
    return describe(options, &judge, &reduced, arena, result, error);
}

ns_code ns_reduce_graph(const ns_reduce_options *given, const ns_graph *graph, const ns_tensor *inputs,
                        int input_count, ns_arena *arena, ns_reduce_result *result, ns_error *error)
{
    ns_reduce_options taken;
    const ns_reduce_options *options = &taken;
    NS_TRY(NS_OPTIONS_TAKE(&taken, given, error));
    ns_draft draft;
    ns_vela_server *server = NULL;
    NS_TRY(ns_draft_from_graph(graph, inputs, input_count, arena, &draft, error));
    NS_TRY(ns_vela_server_new(&options->vela, HANG_SECONDS, arena, &server, error));
    const ns_code code = reduce(options, server, &draft, arena, result, error);
    ns_vela_server_end(server);
    return code;
}
