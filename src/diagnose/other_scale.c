/* The reference is not what the graph computes: which stage would have to take something for larger or
 * smaller to bring both together?
 *
 * A graph is its own truth: where a lowering takes one operation for another's equal, quantises a bias for
 * another input or drops a RESCALE, nothing in it looks wrong. But with the float model's outputs every
 * scale can be tried (scale_search.c). */
#include <math.h>
#include <stdlib.h>

#include "diagnose/findings.h"

/* How near all together must bring the reference, in times what the roundings' worst estimate leaves (6 dB);
 * or what one alone must bring, in times. */
#define NEAR 4
#define EXPLAINED 10
#define CLEARLY 1.5

static const char *sentence(const ns_dg_scale_search *s, const ns_dg_knob *k)
{
    const ns_dg_findings *f = s->f;
    const ns_dg_plan *plan = f->plan;
    const int others = s->taken_count - 1;
    const ns_operator *op = ns_dg_operator(plan, k->op);
    const bool own = k->op == plan->nodes[k->node].final;
    const char *what =
        op->op != NS_OP_RESCALE ? "its bias"
        : own                   ? "its result"
              : ns_arena_format(f->arena, "what it reads of '%s'", ns_dg_name(plan, op->inputs[0]));
    return ns_arena_format(
        f->arena,
        "scale: were %s %.4g times as large%s, the reference would be %.1f dB from the graph's "
        "real-valued self",
        what ? what : "", exp2(k->octaves),
        others ? ns_arena_format(f->arena, ", and the other %s too", others == 1 ? "one" : "ones") : "",
        ns_dg_db(ns_dg_scale_distance(s)));
}

static int in_order(const void *a, const void *b)
{
    return ((const ns_dg_knob *)a)->node - ((const ns_dg_knob *)b)->node;
}

/* The first to run first: what it does wrong the others are given. */
static ns_code blame(ns_dg_scale_search *s, ns_diagnose_precision *out, ns_error *error)
{
    ns_dg_findings *f = s->f;
    const double reached = ns_dg_scale_distance(s);
    qsort(s->taken, (size_t)s->taken_count, sizeof *s->taken, in_order);
    s->taken[s->taken_count - 1].energy = reached;
    out->blame = NS_ARENA_ARRAY(f->arena, NS_DG_MOST_SCALES, ns_diagnose_blame);
    if (!out->blame)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the blamed");
    for (int i = 0; i < s->taken_count; i++) {
        out->blame[i] = ns_dg_unmeasured(s->taken[i].node - f->plan->input_count, NS_DIAGNOSE_CAUSE_SCALE,
                                         sentence(s, &s->taken[i]));
        if (!out->blame[i].why)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for the blamed");
    }
    out->blame_count = s->taken_count;
    out->without_faults_db = ns_dg_db(reached);
    return NS_OK;
}

/* Why nobody is named; nothing where the input's own scale explains it (ns_dg_words_of_scale). */
static void note_nobody(const ns_dg_scale_search *s)
{
    if (s->f->input_distance > 0 && s->f->input_distance < s->f->hidden / EXPLAINED)
        return;
    if (s->f->input_distance > 0 && s->taken_count && ns_dg_scale_distance(s) > s->f->input_distance / 4)
        ns_dg_note(s->f,
                   "no operator is named: another scale of the input does as much as any scale in the graph");
    else
        ns_dg_note(s->f,
                   ns_arena_format(
                       s->f->arena,
                       "no operator is named: no scale or bias, nor up to %d of them together, brings the "
                       "reference nearer than %.1f dB (%.1f as it is): the graph differs in something else, "
                       "or what a table or a clamp has cut off hides it",
                       NS_DG_MOST_SCALES, ns_dg_db(ns_dg_scale_distance(s)), ns_dg_db(s->as_is)));
}

/* The graph comes as near as roundings leave it, or one scale alone brings much: with many scales to turn
 * something always comes nearer. */
static bool explains(const ns_dg_scale_search *s, double worst)
{
    const double reached = ns_dg_scale_distance(s);
    return s->taken_count > 0 &&
           (reached <= NEAR * worst || (s->taken_count == 1 && reached <= s->as_is / EXPLAINED));
}

/* Multipliers alone, which are the same throughout; and with biases, of which there are more to turn: fewer
 * scales are the better answer, and of as many those that come clearly nearer. */
static ns_code search_both(ns_dg_findings *f, double worst, ns_dg_scale_search *s, ns_error *error)
{
    ns_dg_scale_search all;
    NS_TRY(ns_dg_search_scales(f, false, worst, s, error));
    NS_TRY(ns_dg_search_scales(f, true, worst, &all, error));
    const bool nearer = ns_dg_scale_distance(&all) < ns_dg_scale_distance(s) / CLEARLY;
    if (explains(&all, worst) && (!explains(s, worst) || all.taken_count < s->taken_count ||
                                  (all.taken_count == s->taken_count && nearer)))
        *s = all;
    return NS_OK;
}

ns_code ns_dg_blame_scales(ns_dg_findings *f, ns_diagnose_precision *out, ns_error *error)
{
    ns_dg_scale_search s;
    double worst = 0;
    for (int i = 0; i < f->seed_count; i++)
        worst = fmax(worst, f->seeds[i]);
    NS_TRY(search_both(f, worst, &s, error));
    /* Another scale of the input by hand explains as much: what a stage reads of it would do the same. */
    if (!explains(&s, worst) || (f->input_distance > 0 && ns_dg_scale_distance(&s) > f->input_distance / 4)) {
        note_nobody(&s);
        return NS_OK;
    }
    out->reason = ns_diagnose_cause_sentence(NS_DIAGNOSE_CAUSE_SCALE);
    return blame(&s, out, error);
}
