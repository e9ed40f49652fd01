/* Reduces a graph of the user's. */
#include <string.h>

#include "draft/interface.h"
#include "fuzzvela/internal.h"
#include "npuscope/fuzz_vela.h"

#define HANG_SECONDS 60

/* A judge of the release that goes wrong, and of each other one: all with servers. */
typedef struct witnesses {
    ns_judge judges[NS_FUZZ_VELA_RELEASES];
    ns_vela velas[NS_FUZZ_VELA_RELEASES];
    int count;
} witnesses;

static ns_code add_witness(witnesses *w, const ns_vela *vela, ns_arena *arena, ns_error *error)
{
    const ns_budget *budget = ns_arena_budget(arena); /* of each trial */
    for (int i = 0; i < w->count; i++)
        if (strcmp(w->velas[i].version, vela->version) == 0)
            return NS_OK;
    if (w->count == NS_FUZZ_VELA_RELEASES)
        return ns_fail(error, NS_ERROR_USAGE, "at most %d releases", NS_FUZZ_VELA_RELEASES);
    w->velas[w->count] = *vela;
    w->judges[w->count] = (ns_judge){.max_work = budget ? budget->max_work : NS_BUDGET_DEFAULT_WORK};
    NS_TRY(ns_vela_server_new(vela, HANG_SECONDS, arena, &w->judges[w->count].server, error));
    w->count++;
    return NS_OK;
}

static ns_code find_evidence(const ns_reduce_options *options, const witnesses *w, const ns_draft *reduced,
                             const ns_exhibit *exhibit, const ns_judgement *j, ns_arena *arena,
                             ns_reduce_result *result, ns_error *error)
{
    const ns_triage_set set = {w->judges, w->velas, w->count, options->flags ? options->flags : ""};
    ns_fuzz_finding *f = NS_ARENA_NEW(arena, ns_fuzz_finding);
    if (!f)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a finding");
    *f = (ns_fuzz_finding){.signature = result->signature,
                           .kind = result->kind,
                           .operation = result->operation,
                           .target = ns_accelerator_text(options->accelerator),
                           .release = options->vela.version,
                           .message = j->message,
                           .flags = options->flags,
                           .known_defect = result->known_defect,
                           .avoided_by = "",
                           .file = result->file,
                           .file_size = result->file_size,
                           .inputs = result->inputs,
                           .input_count = result->input_count,
                           .wrong = j->wrong,
                           .elements = j->elements,
                           .largest = j->largest,
                           .count = 1,
                           .operators = result->operators,
                           .trials = result->trials,
                           .seconds = result->seconds};
    NS_TRY(ns_triage(&set, reduced, exhibit, arena, f, error));
    result->finding = f;
    result->avoided_by = f->avoided_by;
    return NS_OK;
}

static ns_code describe(const ns_reduce_options *options, witnesses *w, const ns_draft *reduced,
                        const ns_exhibit *exhibit, ns_arena *arena, ns_reduce_result *result, ns_error *error)
{
    ns_judgement j;
    NS_TRY(ns_judge_run(&w->judges[0], exhibit, arena, &j, error));
    result->kind = ns_ruling_text(j.ruling);
    result->known_defect = ns_judge_known(exhibit, &j, options->accelerator, options->vela.version, arena);
    result->signature = ns_judge_signature(&j, NULL, arena);
    result->operation = ns_draft_words(reduced, arena);
    result->file = exhibit->file;
    result->file_size = exhibit->file_size;
    result->inputs = exhibit->inputs;
    result->input_count = exhibit->input_count;
    result->outputs =
        ns_arena_copy(arena, exhibit->outputs, (size_t)exhibit->output_count * sizeof(ns_tensor));
    result->output_count = exhibit->output_count;
    result->avoided_by = "";
    if (!result->outputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a reduced graph");
    return options->evidence ? find_evidence(options, w, reduced, exhibit, &j, arena, result, error) : NS_OK;
}

/* A graph with nothing to reduce: what becomes of it, and where. Returns NS_ERROR_INPUT. */
static ns_code tell_why(const ns_reduce_options *options, witnesses *w, const ns_draft *draft,
                        ns_arena *arena, ns_error *error)
{
    ns_exhibit exhibit;
    ns_judgement j;
    if (ns_exhibit_make(draft, arena, &exhibit, NULL) != NS_OK)
        return NS_ERROR_INPUT;
    const ns_code code = ns_judge_run(&w->judges[0], &exhibit, arena, &j, NULL);
    ns_graph_free(exhibit.graph);
    if (code != NS_OK || ns_ruling_is_finding(j.ruling))
        return NS_ERROR_INPUT;
    return ns_fail(error, NS_ERROR_INPUT, "Vela %s %s this graph for %s%s%s: there is nothing to reduce",
                   options->vela.version, j.ruling == NS_RULING_REFUSED ? "refuses" : "is right about",
                   ns_accelerator_text(options->accelerator), *j.message ? ": " : "", j.message);
}

static ns_code reduce(const ns_reduce_options *options, witnesses *w, const ns_draft *draft, ns_arena *arena,
                      ns_reduce_result *result, ns_error *error)
{
    ns_draft reduced;
    ns_exhibit exhibit;
    const ns_fuzz_target target = {options->accelerator, options->flags};
    w->judges[0].targets = &target;
    w->judges[0].target_count = 1;
    ns_judge_watch watch = {.judge = &w->judges[0], .release = options->vela.version};
    ns_draft_reduction reduction = {.signature = ns_judge_watched,
                                    .context = &watch,
                                    .time_limit = options->time_limit,
                                    .ordinary = options->ordinary,
                                    .centre = options->centre};
    const ns_code found = ns_draft_reduce(&reduction, draft, arena, &reduced, error);
    if (found != NS_OK)
        return found == NS_ERROR_INPUT ? tell_why(options, w, draft, arena, error) : found;
    *result = (ns_reduce_result){.operators_before = ns_draft_operators(draft),
                                 .operators = ns_draft_operators(&reduced),
                                 .trials = reduction.trials,
                                 .seconds = reduction.seconds};
    NS_TRY(ns_exhibit_make(&reduced, arena, &exhibit, error));
    const ns_code code = describe(options, w, &reduced, &exhibit, arena, result, error);
    ns_graph_free(exhibit.graph);
    return code;
}

static ns_code reduce_with(const ns_reduce_options *options, witnesses *w, const ns_draft *draft,
                           ns_arena *arena, ns_reduce_result *result, ns_error *error)
{
    NS_TRY(add_witness(w, &options->vela, arena, error));
    for (int i = 0; options->evidence && i < options->other_count; i++)
        NS_TRY(add_witness(w, &options->others[i], arena, error));
    return reduce(options, w, draft, arena, result, error);
}

ns_code ns_reduce_graph(const ns_reduce_options *given, const ns_graph *graph, const ns_tensor *inputs,
                        int input_count, ns_arena *arena, ns_reduce_result *result, ns_error *error)
{
    ns_reduce_options taken;
    const ns_reduce_options *options = &taken;
    NS_TRY(NS_OPTIONS_TAKE(&taken, given, error));
    ns_draft draft;
    witnesses w = {0};
    NS_TRY(ns_draft_from_graph(graph, inputs, input_count, arena, &draft, error));
    const ns_code code = reduce_with(options, &w, &draft, arena, result, error);
    for (int i = 0; i < w.count; i++)
        ns_vela_server_end(w.judges[i].server);
    return code;
}
