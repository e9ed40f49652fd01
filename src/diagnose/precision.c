/* The precision half: which operator loses it, why, and what mends it. */
#include <math.h>

#include "base/interface.h"
#include "diagnose/findings.h"
#include "diagnose/plan.h"
#include "measure/interface.h"

/* The largest difference between Q and eval at an output, in steps. */
static double difference_from_eval(ns_dg_session *session)
{
    const ns_dg_plan *plan = session->plan;
    double worst = 0;
    for (int o = 0; o < plan->block->output_count; o++) {
        const int node = plan->node_of[plan->block->outputs[o]];
        for (size_t i = 0; node >= 0 && i < plan->nodes[node].count; i++)
            worst = fmax(worst, fabs((double)ns_tensor_get(&session->evaluated[o], i) -
                                     ns_dg_stored_at(&session->q[0][node], i)));
    }
    ns_arena_free(session->eval_arena);
    session->eval_arena = NULL;
    return worst;
}

static void fill_energies(const ns_dg_findings *f, ns_diagnose_stage *rows)
{
    double sum = 0;
    for (int i = f->plan->input_count; i < f->plan->node_count; i++)
        sum += isfinite(f->alone[i]) ? f->alone[i] : 0;
    for (int i = f->plan->input_count; i < f->plan->node_count; i++) {
        ns_diagnose_stage *row = &rows[i - f->plan->input_count];
        if (!isnan(f->alone[i])) {
            row->alone_db = ns_dg_db(f->alone[i]);
            row->share = sum > 0 ? f->alone[i] / sum : 0;
        }
        if (!isnan(f->knocked[i])) {
            row->knocked_out_db = ns_dg_db(f->knocked[i]);
            row->gain_db = ns_dg_gain(f->float_as_is, f->float_knocked[i]);
        }
    }
}

/* Where the real-valued self is not the model, nothing that was measured against it holds. */
static void forget_energies(ns_diagnose_precision *out)
{
    for (int i = 0; i < out->stage_count; i++) {
        ns_diagnose_stage *row = &out->stages[i];
        row->alone_db = row->knocked_out_db = row->share = row->gain_db = NAN;
    }
}

static void fill_gains(const ns_dg_findings *f, ns_diagnose_precision *out)
{
    double before = f->float_as_is;
    for (int i = 0; i < f->blame_count; i++) {
        const int node = f->blame[i];
        ns_diagnose_blame *blame = &out->blame[i];
        const double alone_gain = ns_dg_gain(f->float_as_is, f->float_knocked[node]);
        /* Of faults in series none gains by itself: each is given what all of them bring. */
        blame->stage = node - f->plan->input_count;
        blame->gain_db = alone_gain >= NS_DG_LEAST_GAIN ? alone_gain : ns_dg_gain(before, f->joint[i]);
        blame->now_db = out->against_float_db;
        blame->knocked_out_db = ns_dg_db(f->float_knocked[node]);
        blame->joint_db = ns_dg_db(f->joint[i]);
        if (i + 1 < f->blame_count && f->joint[i + 1] != f->joint[i])
            before = f->joint[i];
    }
}

static ns_code fill_blame(ns_dg_findings *f, ns_diagnose_precision *out, ns_error *error)
{
    out->blame = NS_ARENA_ARRAY(f->arena, (size_t)f->blame_count, ns_diagnose_blame);
    if (!out->blame)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the blamed");
    out->blame_count = f->blame_count;
    fill_gains(f, out);
    NS_TRY(ns_dg_find_causes(f, f->blame, f->blame_count, out->blame, error));
    NS_TRY(ns_dg_find_mends(f, out->blame, &out->all_mended_db, error));
    for (int i = 0; i < f->blame_count; i++)
        if (ns_diagnose_cause_family(out->blame[i].cause) == NS_DIAGNOSE_CAUSE_TABLE)
            NS_TRY(ns_dg_draw_curve(f, f->blame[i], &out->blame[i].curve, error));
    return NS_OK;
}

/* Nothing in dB is known then: only the names. */
static ns_code fill_suspects(ns_dg_findings *f, ns_diagnose_precision *out, ns_error *error)
{
    out->blame = NS_ARENA_ARRAY(f->arena, (size_t)f->suspect_count, ns_diagnose_blame);
    if (!out->blame)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the suspects");
    for (int i = 0; i < f->suspect_count; i++)
        out->blame[out->blame_count++] =
            (ns_diagnose_blame){.stage = f->suspects[i] - f->plan->input_count,
                                .cause = NS_DIAGNOSE_CAUSE_TABLE,
                                .why = ns_diagnose_cause_sentence(NS_DIAGNOSE_CAUSE_SUSPECT),
                                .gain_db = NAN,
                                .now_db = NAN,
                                .knocked_out_db = NAN,
                                .mended_db = NAN,
                                .joint_db = NAN};
    return NS_OK;
}

static ns_diagnose_verdict judge(const ns_dg_findings *f)
{
    const ns_dg_dithered *worst = f->dithered_count ? &f->dithered[0] : NULL;
    ns_diagnose_verdict verdict = NS_DIAGNOSE_HEALTHY;
    /* The distance to another model is not the roundings' doing. */
    const double roundings = ns_dg_is_another_model(f) ? f->estimated : f->hidden;
    if (worst && worst->energy > f->as_is && ns_dg_db(roundings) < NS_DG_POOR)
        verdict = worst->kind[0] == 'i' ? NS_DIAGNOSE_INPUT : NS_DIAGNOSE_WEIGHTS;
    if (f->blame_count && (verdict == NS_DIAGNOSE_HEALTHY || f->alone[f->blame[0]] > worst->energy))
        verdict = NS_DIAGNOSE_OPERATOR;
    if (f->clipped_biases)
        verdict = NS_DIAGNOSE_WEIGHTS;
    if (f->masked)
        verdict = NS_DIAGNOSE_OPERATOR;
    else if (f->suspicious || (verdict == NS_DIAGNOSE_HEALTHY && ns_dg_is_another_model(f)))
        verdict = NS_DIAGNOSE_SUSPECT;
    if (f->rails >= NS_DG_CLIPPED)
        verdict = NS_DIAGNOSE_INPUT;
    /* On codes that are not the model's nothing is told of the operators. */
    return ns_dg_is_scale_doubtful(f) ? NS_DIAGNOSE_SUSPECT : verdict;
}

static const char *reason_of(const ns_dg_findings *f, ns_diagnose_verdict verdict)
{
    const bool other = verdict == NS_DIAGNOSE_SUSPECT && !f->suspicious && ns_dg_is_another_model(f);
    if (verdict == NS_DIAGNOSE_SUSPECT && ns_dg_is_scale_doubtful(f))
        return "the input's scale, given by hand, does not fit the reference: no operator is judged";
    if (verdict == NS_DIAGNOSE_INPUT && f->rails < NS_DG_CLIPPED)
        return "the rounding of an input, before the graph, limits the result";
    return other ? "the reference is not what this graph computes" : ns_diagnose_verdict_sentence(verdict);
}

/* The bits are all there is, eight of them, or 16 where the result is near: stages whose codes use the range,
 * none of them clipped, lose what their step costs and nothing else; no setting would mend it. Inputs that
 * calibrate are seldom all of one size: a quarter of the range is used. Sets *limit. */
enum { USED_PART = 4, PLENTY = 80 /* dB: so many steps of 16 bits in a row leave no more */ };
static ns_code is_format(ns_dg_findings *f, const ns_diagnose_stage *rows, int index, bool *limit,
                         ns_error *error)
{
    const ns_dg_node *node = &f->plan->nodes[f->blame[index]];
    const ns_diagnose_stage *row = &rows[f->blame[index] - f->plan->input_count];
    ns_diagnose_blame blame = {0};
    const bool bytes = node->high == 127;
    *limit = (bytes || ns_dg_db(f->as_is) > PLENTY) && row->largest_code >= ns_dg_span(node) / USED_PART &&
             row->peak < 1.05;
    if (*limit)
        NS_TRY(ns_dg_find_causes(f, &f->blame[index], 1, &blame, error));
    const ns_diagnose_cause family = ns_diagnose_cause_family(blame.cause);
    *limit = *limit && (family == NS_DIAGNOSE_CAUSE_STEP || (bytes && family == NS_DIAGNOSE_CAUSE_TABLE));
    return NS_OK;
}

/* Takes such stages off the end of the blamed: behind a real fault they are what is left. *all: nothing else.
 */
static ns_code drop_format(ns_dg_findings *f, const ns_diagnose_stage *rows, bool *all, ns_error *error)
{
    int count = f->blame_count;
    bool limit = true;
    while (count && limit) {
        NS_TRY(is_format(f, rows, count - 1, &limit, error));
        count -= limit;
    }
    *all = count == 0 && f->blame_count > 0;
    f->blame_count = *all ? f->blame_count : count;
    return NS_OK;
}

static void note_format(ns_dg_findings *f, const ns_diagnose_stage *rows)
{
    const ns_diagnose_stage *first = &rows[f->blame[0] - f->plan->input_count];
    ns_dg_note(
        f, ns_arena_format(f->arena,
                           "%d-bit activations limit the result: %.1f dB against the graph's real-valued "
                           "self; the largest share is that of %s '%s', %.0f%%, whose codes use the range",
                           f->plan->nodes[f->blame[0]].high == 127 ? 8 : 16, ns_dg_db(f->as_is), first->op,
                           first->output, 100 * first->share));
    f->blame_count = 0;
}

static void fill_figures(const ns_dg_findings *f, ns_diagnose_precision *out)
{
    double low = INFINITY, high = -INFINITY;
    for (int i = 0; i < f->seed_count; i++) {
        low = fmin(low, ns_dg_db(f->as_is + f->seeds[i]));
        high = fmax(high, ns_dg_db(f->as_is + f->seeds[i]));
    }
    out->low_db = low;
    out->high_db = high;
    out->limit_db = ns_dg_db(f->hidden);
    out->against_ideal_db = ns_dg_db(f->as_is);
    /* The real-valued self is not the model: no distance to it means anything. */
    if (!f->measured && (f->suspicious || f->clipped_biases))
        out->against_float_db = out->low_db = out->high_db = out->without_faults_db = out->limit_db =
            out->against_ideal_db = NAN;
    else if (f->suspicious)
        out->without_faults_db = out->limit_db = out->against_ideal_db = NAN;
    out->measured = f->measured;
}

static ns_code fill_dither(const ns_dg_findings *f, ns_diagnose_precision *out, ns_error *error)
{
    out->dither = NS_ARENA_ARRAY(f->arena, (size_t)f->dithered_count, ns_diagnose_dither);
    if (!out->dither)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the estimates");
    for (int i = 0; i < f->dithered_count; i++)
        out->dither[out->dither_count++] = (ns_diagnose_dither){
            ns_arena_string(f->arena, ns_dg_name(f->plan, f->dithered[i].tensor)), f->dithered[i].kind,
            ns_dg_db(f->dithered[i].energy), f->dithered[i].largest_code};
    for (int i = 0; i < out->dither_count; i++)
        if (!out->dither[i].tensor)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for the estimates");
    return NS_OK;
}

static void fill_outputs(const ns_dg_findings *f, ns_diagnose_precision *out)
{
    const ns_dg_plan *plan = f->plan;
    for (int o = 0; o < plan->output_count; o++)
        for (int s = 0; s < f->session->samples; s++)
            for (size_t i = 0; i < plan->nodes[plan->outputs[o]].count; i++)
                out->output_bins[ns_error_bin(
                    fabs(ns_dg_stored_at(&f->session->q[s][plan->outputs[o]], i) -
                         ns_dg_stored_at(&f->session->r[s][plan->outputs[o]], i)))]++;
}

static ns_code measure_all(ns_dg_findings *f, ns_diagnose_precision *out, ns_error *error)
{
    const size_t nodes = (size_t)f->plan->node_count;
    NS_TRY(ns_dg_name_rows(f, out, error));
    f->alone = NS_ARENA_ARRAY(f->arena, nodes, double);
    f->knocked = NS_ARENA_ARRAY(f->arena, nodes, double);
    f->float_knocked = NS_ARENA_ARRAY(f->arena, nodes, double);
    if (!f->alone || !f->knocked || !f->float_knocked)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the stages");
    for (size_t i = 0; i < nodes; i++)
        f->alone[i] = f->knocked[i] = f->float_knocked[i] = NAN;
    NS_TRY(ns_dg_fill_rows(f, out->stages, error));
    f->rows = out->stages;
    if (!f->session->options->against_self)
        NS_TRY(ns_dg_dither(f, error));
    NS_TRY(ns_dg_take_references(f, error));
    NS_TRY(ns_dg_measure_alone(f, error));
    NS_TRY(ns_dg_find_blame(f, error));
    return ns_dg_find_suspects(f, error);
}

static ns_code diagnose(ns_dg_session *session, ns_arena *arena, ns_diagnose_precision *out, ns_error *error)
{
    ns_dg_findings f = {.session = session, .plan = session->plan, .arena = arena};
    const double differs = difference_from_eval(session);
    if (differs > 1)
        return ns_fail(error, NS_ERROR_INTERNAL,
                       "the diagnosis' own evaluator differs from eval by %.0f steps", differs);
    if (differs > 0)
        ns_dg_note(&f, "the diagnosis' own evaluator differs from eval by a step at an output");
    NS_TRY(measure_all(&f, out, error));
    fill_energies(&f, out->stages);
    if (f.suspicious)
        forget_energies(out);
    NS_TRY(fill_dither(&f, out, error));
    fill_outputs(&f, out);
    bool format = false;
    out->verdict = judge(&f);
    if (ns_dg_is_scale_doubtful(&f) || (out->verdict == NS_DIAGNOSE_INPUT && ns_dg_hand_input(&f) >= 0))
        f.blame_count = 0;
    if (out->verdict == NS_DIAGNOSE_OPERATOR && !f.masked)
        NS_TRY(drop_format(&f, out->stages, &format, error));
    if (format) {
        note_format(&f, out->stages);
        out->verdict = NS_DIAGNOSE_HEALTHY;
    }
    for (int o = 0; o < session->plan->output_count && !f.measured; o++)
        if (session->plan->nodes[session->plan->outputs[o]].zero_unknown)
            ns_dg_note(
                &f, "an output's zero point stands nowhere in the graph: all dB are relative to its codes; a "
                    "reference tells it");
    NS_TRY(ns_dg_note_distance(&f, error));
    ns_dg_note_roundings(&f, out->verdict);
    out->reason = reason_of(&f, out->verdict);
    if (out->verdict == NS_DIAGNOSE_HEALTHY && !f.measured && !format && ns_dg_note_open(&f))
        out->reason = "nothing to blame, as far as the graph tells; a reference would tell more";
    out->samples = session->samples;
    NS_TRY(ns_dg_fill_waterfall(&f, out, error));
    if (f.suspicious)
        out->step_count = 0;
    if (out->verdict == NS_DIAGNOSE_OPERATOR && f.masked)
        NS_TRY(ns_dg_blame_masks(&f, out, error));
    else if (out->verdict == NS_DIAGNOSE_SUSPECT && !f.suspicious)
        NS_TRY(ns_dg_blame_scales(&f, out, error));
    else if (out->verdict == NS_DIAGNOSE_SUSPECT)
        NS_TRY(fill_suspects(&f, out, error));
    else if (out->verdict != NS_DIAGNOSE_WEIGHTS)
        NS_TRY(fill_blame(&f, out, error));
    bool lost = false;
    NS_TRY(ns_dg_blame_multipliers(&f, out, &lost, error));
    if (lost) {
        out->verdict = NS_DIAGNOSE_SUSPECT;
        f.suspicious = true; /* no dB mean anything */
    }
    fill_figures(&f, out);
    out->notes = f.notes;
    out->note_count = f.note_count;
    return NS_OK;
}

static ns_code run(ns_dg_session *session, ns_arena *arena, ns_diagnose_precision *out, ns_error *error)
{
    ns_error why = {0};
    const ns_code code = ns_dg_session_run(session, &why);
    if (code == NS_ERROR_UNPREDICTABLE)
        return ns_dg_blame_undefined(session, arena, out, error);
    return code == NS_OK ? diagnose(session, arena, out, error) : ns_fail(error, code, "%s", why.message);
}

ns_code ns_diagnose_precision_run(const ns_graph *graph, const ns_diagnose_options *given, ns_arena *arena,
                                  ns_diagnose_precision *out, ns_error *error)
{
    ns_diagnose_options taken, *options = &taken;
    NS_TRY(NS_OPTIONS_TAKE(&taken, given, error));
    ns_dg_plan *plan = NULL;
    ns_dg_session session = {0};
    *out = (ns_diagnose_precision){.all_mended_db = NAN};
    NS_TRY(ns_dg_plan_new(graph, options->cpu_mask, arena, &plan, error));
    ns_code code = ns_dg_session_open(&session, plan, options, arena, error);
    if (code == NS_OK)
        code = ns_dg_identify(&session, plan, error);
    if (code == NS_OK)
        code = run(&session, arena, out, error);
    ns_dg_session_close(&session);
    ns_dg_plan_close(plan);
    return code;
}
