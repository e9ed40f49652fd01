/* Triage: which releases, targets and options are right, wrong or refused for a reduced graph. */
#include <string.h>

#include "fuzzvela/internal.h"
#include "npu/watch/interface.h"

/* The accelerators that stand for all: of each family the smallest and one of the larger ones. */
static const ns_accelerator accelerators[] = {
    NS_ACCELERATOR_U55_128, NS_ACCELERATOR_U55_256,  NS_ACCELERATOR_U65_256,
    NS_ACCELERATOR_U65_512, NS_ACCELERATOR_U85_128,  NS_ACCELERATOR_U85_256,
    NS_ACCELERATOR_U85_512, NS_ACCELERATOR_U85_1024, NS_ACCELERATOR_U85_2048};
enum { ACCELERATORS = sizeof accelerators / sizeof *accelerators, FAMILIES = 3 };

/* Options of Vela that change how a graph is compiled, and not what it means. */
static const char *const options_tried[] = {
    "--optimise Size",     "--optimise Performance", "--disable-chaining",     "--disable-cascading",
    "--disable-buffering", "--disable-fwd",          "--memory-mode Sram_Only"};
enum { OPTIONS = sizeof options_tried / sizeof *options_tried };

static void tally(ns_fuzz_cell *cell, ns_ruling ruling)
{
    int *const counts[] = {&cell->right,     &cell->refused, &cell->wrong,
                           &cell->undefined, &cell->hazard,  &cell->crash};
    (*counts[ruling])++;
}

/* Adds to `*text`, a list, "RESCALE before SLICE" for each pair of the draft's operators of which the other
 * order is exact and right for the judge's one target. What it tries, and the text, lies in `arena`. */
static ns_code try_orders(ns_judge *judge, const ns_draft *draft, ns_arena *arena, const char **text,
                          ns_error *error)
{
    for (int i = 0; i < draft->count; i++) {
        ns_draft swapped;
        ns_exhibit exhibit;
        ns_judgement j;
        if (!ns_draft_swap(draft, i, arena, &swapped) ||
            ns_exhibit_make(&swapped, arena, &exhibit, NULL) != NS_OK)
            continue;
        const ns_code code = ns_judge_run(judge, &exhibit, arena, &j, error);
        ns_graph_free(exhibit.graph);
        NS_TRY(code);
        if (j.ruling == NS_RULING_RIGHT)
            *text = ns_arena_format(arena, "%s%s%s before %s", *text, **text ? ", " : "",
                                    ns_op_text(draft->nodes[i].op),
                                    ns_op_text(draft->nodes[draft->nodes[i].inputs[0]].op));
        if (!*text)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a finding");
    }
    return NS_OK;
}

/* A finding in the making, and the streams for its target: the one that goes wrong, and one that does not. */
typedef struct triage {
    const ns_triage_set *set;
    const ns_draft *draft;
    const ns_exhibit *exhibit;
    ns_arena *scratch, *arena; /* of the streams; of the finding */
    ns_fuzz_finding *finding;
    ns_accelerator target;
    ns_npu_parts wrong, right; /* payload NULL: none is known */
    const char *variant;       /* of `right`: "Vela 5.2.0", "--disable-chaining" */
} triage;

/* Keeps what one release, with `option` beside the usual ones (NULL: without), makes for the finding's
 * target.
 */
static void note(triage *t, const char *release, const char *option, const ns_judgement *j)
{
    const bool own = strcmp(release, t->finding->release) == 0;
    if (own && !option)
        t->wrong = j->parts;
    else if (j->ruling == NS_RULING_RIGHT && !t->right.payload) {
        t->right = j->parts;
        t->variant = own ? option : ns_arena_format(t->arena, "Vela %s", release);
    }
}

static ns_code fill_cells(triage *t, const ns_judge *judge, const char *release, ns_fuzz_cell *cells,
                          ns_error *error)
{
    ns_fuzz_target targets[ACCELERATORS];
    ns_judgement judgements[ACCELERATORS];
    for (int i = 0; i < ACCELERATORS; i++)
        targets[i] = (ns_fuzz_target){accelerators[i], t->set->flags};
    ns_judge all = *judge;
    all.targets = targets;
    all.target_count = ACCELERATORS;
    NS_TRY(ns_judge_run(&all, t->exhibit, t->scratch, judgements, error));
    for (int i = 0; i < FAMILIES; i++)
        cells[i] = (ns_fuzz_cell){.release = release, .family = 1u << i};
    for (int i = 0; i < ACCELERATORS; i++) {
        for (int f = 0; f < FAMILIES; f++)
            if (ns_accelerator_family(accelerators[i]) == cells[f].family)
                tally(&cells[f], judgements[i].ruling);
        if (accelerators[i] == t->target)
            note(t, release, NULL, &judgements[i]);
    }
    return NS_OK;
}

static ns_code try_options(triage *t, const ns_judge *judge, ns_error *error)
{
    ns_fuzz_finding *finding = t->finding;
    ns_fuzz_target targets[OPTIONS];
    ns_judgement judgements[OPTIONS];
    for (int i = 0; i < OPTIONS; i++) {
        targets[i] = (ns_fuzz_target){t->target,
                                      ns_arena_format(t->scratch, "%s %s", t->set->flags, options_tried[i])};
        if (!targets[i].flags)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a finding");
    }
    ns_judge all = *judge;
    all.targets = targets;
    all.target_count = OPTIONS;
    NS_TRY(ns_judge_run(&all, t->exhibit, t->scratch, judgements, error));
    for (int i = 0; i < OPTIONS; i++) {
        note(t, finding->release, options_tried[i], &judgements[i]);
        if (judgements[i].ruling == NS_RULING_RIGHT)
            finding->avoided_by = ns_arena_format(t->arena, "%s%s%s", finding->avoided_by,
                                                  *finding->avoided_by ? ", " : "", options_tried[i]);
        if (!finding->avoided_by)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a finding");
    }
    const char *text = finding->avoided_by;
    all.targets = &(ns_fuzz_target){t->target, t->set->flags};
    all.target_count = 1;
    NS_TRY(try_orders(&all, t->draft, t->scratch, &text, error));
    finding->avoided_by = ns_arena_string(t->arena, text);
    return finding->avoided_by ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a finding");
}

/* Where the stream that goes wrong parts from the one that does not. */
static ns_code add_difference(triage *t, ns_error *error)
{
    ns_npu_stream *wrong = NULL, *right = NULL;
    ns_npu_difference difference;
    ns_buffer text = {.arena = t->arena};
    if (!t->wrong.payload || !t->right.payload)
        return NS_OK;
    NS_TRY(ns_npu_load_parts(&t->wrong, t->target, t->scratch, &wrong, error));
    NS_TRY(ns_npu_load_parts(&t->right, t->target, t->scratch, &right, error));
    NS_TRY(ns_npu_stream_difference(wrong, right, t->scratch, &difference, error));
    ns_npu_difference_text(&difference, &text);
    ns_buffer_append(&text, "", 1);
    if (text.failed || !t->variant)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a finding");
    t->finding->difference = (const char *)text.data;
    t->finding->variant = t->variant;
    return NS_OK;
}

static ns_code fill(triage *t, ns_error *error)
{
    const ns_triage_set *set = t->set;
    ns_fuzz_cell *cells = NS_ARENA_ARRAY(t->arena, (size_t)set->count * FAMILIES, ns_fuzz_cell);
    if (!cells)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a finding");
    t->finding->cells = cells;
    t->finding->cell_count = set->count * FAMILIES;
    NS_TRY(ns_accelerator_parse(t->finding->target, &t->target, error));
    for (int r = 0; r < set->count; r++) {
        if (strcmp(set->velas[r].version, t->finding->release) == 0)
            NS_TRY(try_options(t, &set->judges[r], error));
        NS_TRY(fill_cells(t, &set->judges[r], set->velas[r].version, &cells[r * FAMILIES], error));
    }
    return add_difference(t, error);
}

ns_code ns_triage(const ns_triage_set *set, const ns_draft *draft, const ns_exhibit *exhibit, ns_arena *arena,
                  ns_fuzz_finding *finding, ns_error *error)
{
    triage t = {.set = set,
                .draft = draft,
                .exhibit = exhibit,
                .scratch = ns_arena_new(),
                .arena = arena,
                .finding = finding};
    const ns_code code =
        t.scratch ? fill(&t, error) : ns_fail(error, NS_ERROR_MEMORY, "no memory for a finding");
    ns_arena_free(t.scratch);
    return code;
}
