/* The smallest graph with inputs that still shows the first finding of the precision half: the same operator,
 * function and cause to blame, or the same verdict. Each trial is a diagnosis. */
#include <math.h>
#include <string.h>

#include "base/interface.h"
#include "diagnose/internal.h"
#include "draft/interface.h"
#include "npuscope/diagnose.h"

/* "operator: TABLE rsqrt: table"; NULL: nothing is to blame. */
static const char *finding_of(const ns_diagnose_precision *p, ns_arena *arena)
{
    if (!ns_diagnose_verdict_fails(p->verdict))
        return NULL;
    const ns_diagnose_blame *first = p->blame_count ? &p->blame[0] : NULL;
    const ns_diagnose_stage *stage = first ? &p->stages[first->stage] : NULL;
    return ns_arena_format(arena, "%s: %s%s%s: %s", ns_diagnose_verdict_text(p->verdict),
                           stage ? stage->op : "", stage && stage->function ? " " : "",
                           stage && stage->function ? stage->function : "",
                           first ? ns_diagnose_cause_text(ns_diagnose_cause_family(first->cause)) : "");
}

static ns_code signature(void *context, const ns_exhibit *exhibit, ns_arena *arena, const char **text,
                         ns_error *error)
{
    const ns_diagnose_options *whole = context;
    ns_diagnose_precision precision;
    ns_diagnose_options options = {.inputs = exhibit->inputs,
                                   .input_count = exhibit->input_count,
                                   .samples = 1,
                                   .cpu_mask = whole->cpu_mask,
                                   .threads = 1,
                                   .against_self = whole->against_self};
    NS_TRY(ns_diagnose_precision_run(exhibit->graph, &options, arena, &precision, error));
    *text = finding_of(&precision, arena);
    return NS_OK;
}

/* A reference is of the whole graph, and of no smaller one. What only it has shown, because the estimate of
 * what the file hides covers it, shows against the graph's real-valued self; in `options` and *finding. */
static ns_code choose_truth(const ns_graph *graph, ns_diagnose_options *options, ns_arena *arena,
                            const char **finding, ns_error *error)
{
    ns_exhibit whole = {.graph = (ns_graph *)(uintptr_t)graph,
                        .inputs = options->inputs,
                        .input_count = options->input_count};
    const char *found = NULL;
    for (int self = 0; self < 2 && !found; self++) {
        options->against_self = self;
        NS_TRY(signature(options, &whole, arena, &found, error));
    }
    if (!found)
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "'%s' shows against the reference alone, and that is of the whole graph: nothing "
                       "smaller can show it",
                       *finding);
    *finding = options->against_self
                   ? ns_arena_format(arena,
                                     "%s (against its real-valued self; without the reference the "
                                     "estimate of what weights cost covers it)",
                                     found)
                   : found;
    return *finding ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a finding");
}

static ns_code fill(const ns_draft *reduced, ns_arena *arena, ns_diagnose_smallest *out, ns_error *error)
{
    ns_exhibit exhibit;
    NS_TRY(ns_exhibit_make(reduced, arena, &exhibit, error));
    ns_graph_free(exhibit.graph);
    out->file = exhibit.file;
    out->file_size = exhibit.file_size;
    out->inputs = exhibit.inputs;
    out->input_count = exhibit.input_count;
    out->outputs = ns_arena_copy(arena, exhibit.outputs, (size_t)exhibit.output_count * sizeof(ns_tensor));
    out->output_count = exhibit.output_count;
    out->operators = ns_draft_operators(reduced);
    out->words = ns_draft_words(reduced, arena);
    return out->outputs && out->words ? NS_OK
                                      : ns_fail(error, NS_ERROR_MEMORY, "no memory for a reduced graph");
}

ns_code ns_diagnose_reduce(const ns_graph *graph, const ns_diagnose_options *given,
                           const ns_diagnose_precision *precision, double time_limit, ns_arena *arena,
                           ns_diagnose_smallest *out, ns_error *error)
{
    ns_draft start, reduced;
    ns_diagnose_options taken, *options = &taken;
    NS_TRY(NS_OPTIONS_TAKE(&taken, given, error));
    *out = (ns_diagnose_smallest){.finding = finding_of(precision, arena)};
    if (!out->finding)
        return ns_fail(error, NS_ERROR_INPUT, "nothing is to blame that could be reduced");
    if (precision->blame_count &&
        ns_diagnose_cause_family(precision->blame[0].cause) == NS_DIAGNOSE_CAUSE_SCALE)
        return ns_fail(error, NS_ERROR_INPUT,
                       "a scale is wrong, which shows in the whole graph only: there is nothing that a "
                       "smaller graph could "
                       "show");
    if (ns_dg_is_undefined(precision))
        return ns_fail(
            error, NS_ERROR_INPUT,
            "TOSA has no result for it, and so none that a smaller graph could be held against: the "
            "element and its values are what there is to show");
    if (!precision->blame_count)
        return ns_fail(error, NS_ERROR_INPUT,
                       "the verdict blames no operator: there is nothing that a smaller graph could show");
    if (precision->measured)
        NS_TRY(choose_truth(graph, options, arena, &out->finding, error));
    NS_TRY(ns_draft_from_graph(graph, options->inputs, options->input_count, arena, &start, error));
    ns_draft_reduction reduction = {
        .signature = signature,
        .context = (void *)(uintptr_t)options,
        .time_limit = time_limit,
        .centre = precision->blame_count ? precision->stages[precision->blame[0].stage].output : NULL};
    NS_TRY(ns_draft_reduce(&reduction, &start, arena, &reduced, error));
    out->operators_before = ns_draft_operators(&start);
    out->trials = reduction.trials;
    out->seconds = reduction.seconds;
    return fill(&reduced, arena, out, error);
}
