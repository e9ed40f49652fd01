/* Triage: which releases, targets and options are right, wrong or refused for a reduced graph. */
#include <string.h>

#include "fuzzvela/internal.h"

/* The accelerators that stand for all: of each family the smallest and one of the larger ones. */
static const ns_accelerator accelerators[] = {
    NS_ACCELERATOR_U55_128, NS_ACCELERATOR_U55_256,  NS_ACCELERATOR_U65_256,
    NS_ACCELERATOR_U65_512, NS_ACCELERATOR_U85_128,  NS_ACCELERATOR_U85_256,
    NS_ACCELERATOR_U85_512, NS_ACCELERATOR_U85_1024, NS_ACCELERATOR_U85_2048};
enum { ACCELERATORS = sizeof accelerators / sizeof *accelerators, FAMILIES = 3 };

/* Options of Vela that change how a graph is compiled, and not what it means. */
static const char *const options_tried[] = {"--optimise Size", "--disable-chaining", "--disable-fwd"};
enum { OPTIONS = sizeof options_tried / sizeof *options_tried };

static void tally(ns_fuzz_cell *cell, ns_ruling ruling)
{
    int *const counts[] = {&cell->right,     &cell->refused, &cell->wrong,
                           &cell->undefined, &cell->hazard,  &cell->crash};
    (*counts[ruling])++;
}

static ns_code fill_cells(const ns_judge *judge, const char *release, const ns_exhibit *exhibit,
                          ns_arena *arena, ns_fuzz_cell *cells, ns_error *error)
{
    ns_fuzz_target targets[ACCELERATORS];
    ns_judgement judgements[ACCELERATORS];
    for (int i = 0; i < ACCELERATORS; i++)
        targets[i] = (ns_fuzz_target){accelerators[i], ""};
    ns_judge all = *judge;
    all.targets = targets;
    all.target_count = ACCELERATORS;
    NS_TRY(ns_judge_run(&all, exhibit, arena, judgements, error));
    for (int i = 0; i < FAMILIES; i++)
        cells[i] = (ns_fuzz_cell){.release = release, .family = 1u << i};
    for (int i = 0; i < ACCELERATORS; i++)
        for (int f = 0; f < FAMILIES; f++)
            if (ns_accelerator_family(accelerators[i]) == cells[f].family)
                tally(&cells[f], judgements[i].ruling);
    return NS_OK;
}

static ns_code try_options(const ns_judge *judge, const ns_exhibit *exhibit, ns_arena *scratch,
                           ns_arena *arena, ns_fuzz_finding *finding, ns_error *error)
{
    ns_accelerator accelerator;
    ns_fuzz_target targets[OPTIONS];
    ns_judgement judgements[OPTIONS];
    NS_TRY(ns_accelerator_parse(finding->target, &accelerator, error));
    for (int i = 0; i < OPTIONS; i++)
        targets[i] = (ns_fuzz_target){accelerator, options_tried[i]};
    ns_judge all = *judge;
    all.targets = targets;
    all.target_count = OPTIONS;
    NS_TRY(ns_judge_run(&all, exhibit, scratch, judgements, error));
    for (int i = 0; i < OPTIONS; i++)
        if (judgements[i].ruling == NS_RULING_RIGHT)
            finding->avoided_by = ns_arena_format(arena, "%s%s%s", finding->avoided_by,
                                                  *finding->avoided_by ? ", " : "", options_tried[i]);
    return finding->avoided_by ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a finding");
}

static ns_code fill(const ns_judge *judges, const ns_fuzz_options *options, const ns_exhibit *exhibit,
                    ns_arena *scratch, ns_arena *arena, ns_fuzz_finding *finding, ns_error *error)
{
    ns_fuzz_cell *cells = NS_ARENA_ARRAY(arena, (size_t)options->vela_count * FAMILIES, ns_fuzz_cell);
    if (!cells)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a finding");
    finding->cells = cells;
    finding->cell_count = options->vela_count * FAMILIES;
    for (int r = 0; r < options->vela_count; r++) {
        NS_TRY(
            fill_cells(&judges[r], options->velas[r].version, exhibit, scratch, &cells[r * FAMILIES], error));
        if (strcmp(options->velas[r].version, finding->release) == 0)
            NS_TRY(try_options(&judges[r], exhibit, scratch, arena, finding, error));
    }
    return NS_OK;
}

ns_code ns_triage(const ns_judge *judges, const ns_fuzz_options *options, const ns_exhibit *exhibit,
                  ns_arena *arena, ns_fuzz_finding *finding, ns_error *error)
{
    ns_arena *scratch = ns_arena_new();
    const ns_code code = scratch ? fill(judges, options, exhibit, scratch, arena, finding, error)
                                 : ns_fail(error, NS_ERROR_MEMORY, "no memory for a finding");
    ns_arena_free(scratch);
    return code;
}
