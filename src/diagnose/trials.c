/* Trials: the mends of all blamed stages, each measured by a run of its own, and the best of each together.
 */
#include <math.h>
#include <stdlib.h>

#include "diagnose/findings.h"

/* A mend that gains less is none, in dB. */
#define LEAST 0.5

/* A constant is worth a word in a mend from here, in dB. */
#define WORTH_SAYING 0.1

enum { MOST_OF_ONE = 8 }; /* the run without any mend is one of them */

ns_code ns_dg_trials_new(ns_dg_findings *f, ns_dg_trials *trials, ns_error *error)
{
    *trials = (ns_dg_trials){
        .list = NS_ARENA_ARRAY(f->arena, (size_t)f->blame_count * MOST_OF_ONE + 1, ns_dg_trial)};
    return trials->list ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for the mends");
}

ns_code ns_dg_trial_add(ns_dg_findings *f, ns_dg_trials *trials, int blamed, const char *text, bool steps,
                        ns_dg_trial **out, ns_error *error)
{
    const size_t nodes = (size_t)f->plan->node_count;
    ns_dg_trial *trial = &trials->list[trials->count++];
    *trial = (ns_dg_trial){.blamed = blamed,
                           .text = text,
                           .modes = NS_ARENA_ARRAY(f->arena, nodes, unsigned),
                           .steps = steps ? NS_ARENA_ARRAY(f->arena, nodes, double) : NULL,
                           .constant_of = -1};
    if (!text || !trial->modes || (steps && !trial->steps))
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a mend");
    for (size_t i = 0; i < nodes; i++)
        trial->modes[i] = NS_DG_SAME;
    *out = trial;
    return NS_OK;
}

/* A mend is judged with those above it ideal, and with the others of its series. */
static void idealise_others(const ns_dg_findings *f, int index, unsigned *modes)
{
    for (int i = 0; i < f->blame_count; i++)
        if (i != index && (i < index || f->joint[i] == f->joint[index]))
            modes[f->blame[i]] = NS_DG_IDEAL;
}

static ns_code run_trial(ns_dg_session *session, ns_dg_worker *worker, int index, void *context,
                         ns_error *error)
{
    const ns_dg_trials *trials = context;
    ns_dg_trial *trial = &trials->list[index];
    const ns_dg_findings *f = trials->findings;
    if (trial->measured)
        return NS_OK;
    unsigned *modes = malloc((size_t)session->plan->node_count * sizeof *modes);
    if (!modes)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a mend");
    for (int i = 0; i < session->plan->node_count; i++)
        modes[i] = NS_DG_SAME;
    idealise_others(f, trial->blamed, modes);
    for (int i = 0; i < session->plan->node_count; i++)
        modes[i] = trial->modes[i] != NS_DG_SAME ? trial->modes[i] : modes[i];
    const ns_dg_change change = {.rest = NS_DG_TOSA, .modes = modes, .fine_steps = trial->steps};
    ns_code code = ns_dg_measure_float(f, worker, change, &trial->energy, error);
    if (code == NS_OK && trial->constant_of >= 0) {
        modes[trial->constant_of] |= NS_DG_CONSTANT;
        code = ns_dg_measure_float(f, worker, change, &trial->with_constant, error);
    }
    free(modes);
    return code;
}

/* Best first; of those that are alike to 0.05 dB the one that was thought of first. */
static ns_code keep(ns_dg_findings *f, const ns_dg_trial *trial, ns_diagnose_blame *blame, bool *first,
                    ns_error *error)
{
    const bool constant =
        trial->constant_of >= 0 && ns_dg_db(trial->energy) - ns_dg_db(trial->with_constant) > WORTH_SAYING;
    const char *text = trial->text;
    if (constant)
        text = ns_arena_format(f->arena, "%s; the constant that it reads at a finer scale too", text);
    if (!text)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a mend");
    const ns_diagnose_mend mend = {text, ns_dg_db(trial->energy), trial->applicable};
    int at = blame->mend_count++;
    /* Beside others' mends, which are measured together, one that was measured otherwise comes last. */
    for (; at > 0 && !(trial->measured && f->blame_count > 1) &&
           blame->mends[at - 1].mended_db < mend.mended_db - 0.05;
         at--)
        blame->mends[at] = blame->mends[at - 1];
    blame->mends[at] = mend;
    *first = at == 0;
    return NS_OK;
}

/* Gives each blamed stage the mends that help it; `best`: the trial of its first one, or NULL. */
static ns_code sort_out(ns_dg_findings *f, ns_dg_trials *trials, ns_diagnose_blame *blames,
                        ns_dg_trial **best, ns_error *error)
{
    double as_is = 0, fit = 0;
    for (int i = 0; i < f->blame_count; i++)
        if (!(blames[i].mends = NS_ARENA_ARRAY(f->arena, MOST_OF_ONE, ns_diagnose_mend)))
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for the mends");
    for (int k = 0; k < trials->count; k++) {
        ns_dg_trial *trial = &trials->list[k];
        bool first = false;
        if (!*trial->text)
            fit = as_is = ns_dg_db(trial->energy);
        if (trial->modes[f->blame[trial->blamed]] == NS_DG_FIT)
            fit = fmax(fit, ns_dg_db(trial->energy));
        /* Another order is none where the same tensor would do with the range that it needs. */
        const double least = trial->measured && !trial->at_floor ? fit : as_is;
        if (*trial->text && ns_dg_db(trial->energy) >= least + LEAST)
            NS_TRY(keep(f, trial, &blames[trial->blamed], &first, error));
        best[trial->blamed] = first && !(trial->measured && f->blame_count > 1) ? trial : best[trial->blamed];
    }
    for (int i = 0; i < f->blame_count; i++)
        blames[i].mended_db = blames[i].mend_count ? blames[i].mends[0].mended_db : NAN;
    return NS_OK;
}

/* ---- all together ---- */

/* What two mends make of one stage: what either makes ideal is. */
static unsigned both(unsigned a, unsigned b)
{
    if (a == NS_DG_SAME || b == NS_DG_SAME)
        return a == NS_DG_SAME ? b : a;
    if (a == NS_DG_IDEAL || b == NS_DG_IDEAL)
        return NS_DG_IDEAL;
    return ((a | b) & ~(unsigned)NS_DG_TOSA) | (a & b & NS_DG_TOSA);
}

static void join(const ns_dg_trial *from, ns_dg_trial *to, int nodes)
{
    for (int i = 0; i < nodes; i++) {
        to->modes[i] = both(from->modes[i], to->modes[i]);
        if (from->steps && from->steps[i] > 0)
            to->steps[i] = to->steps[i] > 0 ? fmin(to->steps[i], from->steps[i]) : from->steps[i];
    }
}

/* The first mend of each blamed stage, all at once and nothing ideal; NAN: there is none. */
static ns_code measure_together(ns_dg_findings *f, ns_dg_trial **best, double *db, ns_error *error)
{
    ns_dg_trials one = {.list = NS_ARENA_ARRAY(f->arena, 1, ns_dg_trial)};
    ns_dg_trial *all = NULL;
    int mended = 0;
    double energy = NAN;
    if (!one.list)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the mends");
    NS_TRY(ns_dg_trial_add(f, &one, 0, "", true, &all, error));
    for (int i = 0; i < f->blame_count; i++)
        if (best[i]) {
            join(best[i], all, f->plan->node_count);
            mended++;
        }
    const ns_dg_change change = {.rest = NS_DG_TOSA, .modes = all->modes, .fine_steps = all->steps};
    if (f->blame_count == 1 && mended)
        energy = best[0]->energy;
    else if (mended)
        NS_TRY(ns_dg_measure_float(f, &f->session->workers[0], change, &energy, error));
    *db = mended ? ns_dg_db(energy) : NAN;
    return NS_OK;
}

ns_code ns_dg_trials_run(ns_dg_findings *f, ns_dg_trials *trials, ns_diagnose_blame *blames,
                         double *together_db, ns_error *error)
{
    ns_dg_trial **best = NS_ARENA_ARRAY(f->arena, (size_t)f->blame_count + 1, ns_dg_trial *);
    if (!best)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the mends");
    trials->findings = f;
    NS_TRY(ns_dg_parallel(f->session, trials->count, run_trial, trials, error));
    NS_TRY(sort_out(f, trials, blames, best, error));
    return measure_together(f, best, together_db, error);
}
