/* What there is to say beside the verdict; and what the inputs tell by themselves: elements that were clipped
 * before the graph, inputs that are constant. */
#include <math.h>
#include <string.h>

#include "base/interface.h"
#include "diagnose/findings.h"

enum { MOST_NOTES = 32 };

void ns_dg_note(ns_dg_findings *f, const char *text)
{
    if (!text || f->note_count >= MOST_NOTES)
        return;
    if (!f->notes)
        f->notes = NS_ARENA_ARRAY(f->arena, MOST_NOTES, const char *);
    for (int i = 0; f->notes && i < f->note_count; i++)
        if (strcmp(f->notes[i], text) == 0)
            return;
    if (f->notes)
        f->notes[f->note_count++] = text;
}

static void note_first(ns_dg_findings *f, const char *text)
{
    const int before = f->note_count;
    ns_dg_note(f, text);
    for (int i = f->note_count - 1; f->note_count > before && i > 0; i--) {
        const char *last = f->notes[i];
        f->notes[i] = f->notes[i - 1];
        f->notes[i - 1] = last;
    }
}

/* What lies at the ends of an input's range, and how near the others come to them. */
typedef struct ends {
    size_t at;      /* elements at an end; of known reals those that were beyond it */
    double nearest; /* largest |code| of the others */
} ends;

static ends look_at_ends(const ns_dg_findings *f, int input)
{
    const ns_dg_node *node = &f->plan->nodes[input];
    const bool known = f->session->options->real_inputs && f->session->options->real_inputs[input];
    const double low = node->high > 127 ? node->low + 1 : node->low;
    ends found = {0};
    for (int s = 0; s < f->session->samples; s++)
        for (size_t e = 0; e < node->count; e++) {
            const double code = ns_dg_stored_at(&f->session->q[s][input], e),
                         real = ns_dg_stored_at(&f->session->r[s][input], e);
            const bool end = code >= node->high || code <= low;
            found.at += end && (!known || fabs(real - code) > 1);
            found.nearest = end ? found.nearest : fmax(found.nearest, fabs(code));
        }
    return found;
}

/* Of what clipping cuts off, the slope is left: elements lie just below the end too. A mask of 0 and 1, a
 * row of a unit matrix, levels have none there. Of a normal distribution with 1 % beyond its end, or of one
 * that is spread evenly, this part of the range would be empty once in a hundred times. */
#define LEFT_OF_SLOPE 0.8

double ns_dg_clipped_share(const ns_dg_findings *f, int input)
{
    const ns_dg_node *node = &f->plan->nodes[input];
    const bool known = f->session->options->real_inputs && f->session->options->real_inputs[input];
    const ends found = look_at_ends(f, input);
    /* The largest element of a calibration sets the range, and another may round to it. */
    if (!known && (found.at <= 2 || found.nearest < LEFT_OF_SLOPE * node->high))
        return 0;
    return (double)found.at / ((double)node->count * f->session->samples);
}

static bool is_constant(const ns_dg_findings *f, int input)
{
    const ns_dg_node *node = &f->plan->nodes[input];
    double low = INFINITY, high = -INFINITY;
    for (int s = 0; s < f->session->samples; s++)
        for (size_t e = 0; e < node->count; e++) {
            low = fmin(low, ns_dg_stored_at(&f->session->q[s][input], e));
            high = fmax(high, ns_dg_stored_at(&f->session->q[s][input], e));
        }
    return low == high && node->count > 1;
}

/* What the clipping of an input alone costs at the output, where its reals are known; INFINITY: it is not. */
static ns_code cost_of_clipping(ns_dg_findings *f, int input, double *energy, ns_error *error)
{
    const ns_dg_node *node = &f->plan->nodes[input];
    const double low = node->high > 127 ? node->low + 1 : node->low;
    *energy = INFINITY;
    if (!f->session->options->real_inputs || !f->session->options->real_inputs[input] ||
        f->session->samples > 1)
        return NS_OK;
    double **inputs = NS_ARENA_ARRAY(f->arena, (size_t)f->plan->input_count + 1, double *);
    double *held = NS_ARENA_ARRAY(f->arena, node->count + 8, double);
    if (!inputs || !held)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for an input");
    for (size_t i = 0; i < node->count; i++)
        held[i] = fmin(fmax(ns_dg_stored_at(&f->session->r[0][input], i), low), node->high);
    inputs[input] = held;
    const ns_dg_change change = {.rest = NS_DG_IDEAL, .inputs = inputs};
    return ns_dg_measure(f->session, &f->session->workers[0], &change, energy, error);
}

ns_code ns_dg_look_at_inputs(ns_dg_findings *f, ns_error *error)
{
    for (int i = 0; i < f->plan->input_count; i++) {
        const char *name = ns_dg_name(f->plan, f->plan->nodes[i].tensor);
        const double share = ns_dg_clipped_share(f, i);
        double cost = 0;
        if (is_constant(f, i))
            ns_dg_note(
                f, ns_arena_format(f->arena, "input '%s' is constant: the answer holds for it only", name));
        NS_TRY(cost_of_clipping(f, i, &cost, error));
        if (ns_dg_db(cost) < NS_DG_POOR)
            f->rails = fmax(f->rails, share);
        if (share >= 0.001 && (isinf(cost) || ns_dg_db(cost) < NS_DG_POOR + 40))
            ns_dg_note(f, ns_arena_format(f->arena,
                                          "input '%s': %.1f%% of its elements lie at the end of the range: "
                                          "clipped before the graph",
                                          name, 100 * share));
    }
    return NS_OK;
}

static void note_coarse_input(ns_dg_findings *f)
{
    const ns_dg_dithered *worst = &f->dithered[0];
    ns_dg_note(
        f, ns_arena_format(f->arena,
                           "input '%s': its rounding alone leaves %.1f dB (estimated); its largest code "
                           "is %.0f: a scale of its own would be finer (it shares one where it is joined "
                           "to another tensor, or was calibrated on larger values, or lies at the floor)",
                           ns_dg_name(f->plan, worst->tensor), ns_dg_db(worst->energy), worst->largest_code));
}

/* Input channels of which all weights are 0. */
static void note_lost(ns_dg_findings *f)
{
    const char *name = f->lost ? ns_dg_name(f->plan, f->lost->tensor) : NULL;
    if (name && f->lost_explains)
        ns_dg_note(
            f, ns_arena_format(f->arena,
                               "all weights of '%s' that read %zu of its %zu input channels are 0: rounded "
                               "away beside larger ones that set the scales, which explains the distance; "
                               "bring these channels to the size of the others before they are joined, or "
                               "give them a layer of their own",
                               name, f->lost->lost_channels, f->lost->channels));
    else if (name && !f->measured)
        ns_dg_note(
            f, ns_arena_format(f->arena,
                               "not told without --reference: whether the weights of '%s' that read %zu of "
                               "its %zu input channels, all 0, were pruned or rounded away beside larger "
                               "ones; if so, the result is %.1f dB from the float model",
                               name, f->lost->lost_channels, f->lost->channels, ns_dg_db(f->lost_hidden)));
}

void ns_dg_note_roundings(ns_dg_findings *f, ns_diagnose_verdict verdict)
{
    if (verdict == NS_DIAGNOSE_INPUT && f->rails < NS_DG_CLIPPED)
        note_coarse_input(f);
    note_lost(f);
}

/* What a healthy verdict leaves open: the weights' rounding is an estimate, and where it is at the better end
 * of it a stage may be worth a decibel after all. */
static void note_stage(ns_dg_findings *f)
{
    const double hidden = f->seed_count ? f->seeds[0] : f->hidden;
    int worst = -1;
    double most = NS_DG_LEAST_GAIN;
    for (int i = f->plan->input_count; i < f->plan->node_count; i++) {
        const double gain = isnan(f->knocked[i]) ? 0 : ns_dg_gain(f->as_is + hidden, f->knocked[i] + hidden);
        if (gain >= most) {
            worst = i;
            most = gain;
        }
    }
    if (worst < 0)
        return;
    const ns_diagnose_stage *row = &f->rows[worst - f->plan->input_count];
    ns_dg_note(f,
               ns_arena_format(f->arena,
                               "not told without --reference: whether %s '%s' (largest code %.0f of %.0f) "
                               "counts; were the weights' "
                               "rounding at the better end of its estimate (%.1f dB), it would cost %.1f dB",
                               row->op, row->output, row->largest_code, ns_dg_span(&f->plan->nodes[worst]),
                               ns_dg_db(hidden), most));
}

static void note_weights(ns_dg_findings *f)
{
    const double best = f->seed_count ? ns_dg_db(f->seeds[0]) : INFINITY,
                 worst = f->seed_count ? ns_dg_db(f->seeds[f->seed_count - 1]) : INFINITY;
    if (worst < NS_DG_POOR && best > NS_DG_POOR)
        ns_dg_note(f, ns_arena_format(f->arena,
                                      "not told without --reference: whether the rounding of weights and "
                                      "constants limits the result "
                                      "below %d dB; it is estimated as %.1f to %.1f dB",
                                      NS_DG_POOR, worst, best));
}

bool ns_dg_note_open(ns_dg_findings *f)
{
    const int before = f->note_count;
    note_stage(f);
    note_weights(f);
    return f->lost || f->note_count > before;
}

/* Of several outputs with references: which is the farthest, and how near the next one is. */
static void note_farthest(ns_dg_findings *f)
{
    const ns_dg_session *session = f->session;
    double first = 0, second = 0;
    int farthest = -1, judged = 0;
    for (int o = 0; o < f->plan->output_count; o++) {
        const ns_dg_node *node = &f->plan->nodes[f->plan->outputs[o]];
        double energy = 0;
        for (int s = 0; session->reference[o] && s < session->samples; s++)
            for (size_t i = 0; i < node->count; i++) {
                const double d = ns_dg_stored_at(&session->r[s][f->plan->outputs[o]], i) -
                                 session->reference[o][(size_t)s * node->count + i];
                energy += d * d / session->signal[o];
            }
        judged += session->reference[o] != NULL;
        second = fmax(second, fmin(first, energy));
        farthest = energy > first ? o : farthest;
        first = fmax(first, energy);
    }
    if (judged > 1 && farthest >= 0)
        ns_dg_note(
            f, ns_arena_format(
                   f->arena,
                   "farthest from its reference is output '%s', %.1f dB; the next is %.1f dB from its own",
                   ns_dg_name(f->plan, f->plan->nodes[f->plan->outputs[farthest]].tensor), ns_dg_db(first),
                   ns_dg_db(second)));
}

ns_code ns_dg_note_distance(ns_dg_findings *f, ns_error *error)
{
    const int input = ns_dg_hand_input(f);
    const char *name = input < 0 ? NULL : ns_dg_name(f->plan, f->plan->nodes[input].tensor), *words = "";
    if (input >= 0)
        NS_TRY(ns_dg_words_of_scale(f, input, &words, error));
    if (name && !(ns_dg_is_another_model(f) && !f->suspicious) && f->rails >= NS_DG_CLIPPED)
        note_first(
            f, ns_arena_format(f->arena,
                               "the scale of input '%s' was given by hand (--input-scale): look at it first, "
                               "for at this one %.1f%% of the elements are clipped",
                               name, 100 * f->rails));
    if (!ns_dg_is_another_model(f) || f->suspicious)
        return NS_OK;
    note_farthest(f);
    note_first(
        f, ns_arena_format(f->arena,
                           "%s%s%sthe float model is %.1f dB from the graph's real-valued self, of which its "
                           "roundings explain %.1f dB%s: %sthe graph is another model (a bias or a CLAMP "
                           "of another scale, a constant lost to a floor), or the reference is",
                           name ? "the scale of input '" : "", name ? name : "",
                           name ? "' was given by hand (--input-scale): look at it first, for it changes "
                                  "with the scale floor; "
                                : "",
                           ns_dg_db(f->hidden), ns_dg_db(f->estimated), words,
                           name ? "the scale is another model's, or " : ""));
    return NS_OK;
}

/* ---- the names of verdicts and causes ---- */

static const struct {
    const char *text, *sentence;
    int exit_code;
} verdicts[] = {
#define NS_DIAGNOSE_VERDICT(name, text, exit_code, sentence) {text, sentence, exit_code},
#include "npuscope/diagnose_verdicts.def"
#undef NS_DIAGNOSE_VERDICT
};

static const struct {
    const char *text, *sentence;
    ns_diagnose_cause family;
} causes[] = {
#define NS_DIAGNOSE_CAUSE(name, text, family, sentence) {text, sentence, NS_DIAGNOSE_CAUSE_##family},
#include "npuscope/diagnose_causes.def"
#undef NS_DIAGNOSE_CAUSE
};

const char *ns_diagnose_verdict_text(ns_diagnose_verdict verdict)
{
    return verdicts[verdict].text;
}

const char *ns_diagnose_verdict_sentence(ns_diagnose_verdict verdict)
{
    return verdicts[verdict].sentence;
}

bool ns_diagnose_verdict_fails(ns_diagnose_verdict verdict)
{
    return verdicts[verdict].exit_code != 0;
}

ns_diagnose_cause ns_diagnose_cause_family(ns_diagnose_cause cause)
{
    return causes[cause].family;
}

const char *ns_diagnose_cause_text(ns_diagnose_cause cause)
{
    return causes[cause].text;
}

const char *ns_diagnose_cause_sentence(ns_diagnose_cause cause)
{
    return causes[cause].sentence;
}

bool ns_diagnose_fails(const ns_diagnose_result *result)
{
    bool fails = result->precision && ns_diagnose_verdict_fails(result->precision->verdict);
    for (int i = 0; i < result->compile_count; i++)
        fails = fails || result->compile[i].is_finding;
    for (int i = 0; i < result->part_count; i++)
        fails = fails || ns_diagnose_fails(&result->parts[i]);
    return fails;
}

const char *ns_diagnose_unjudged(const ns_diagnose_result *result)
{
    bool unknown = result->compile_count > 0;
    for (int i = 0; i < result->compile_count; i++)
        unknown = unknown && strcmp(result->compile[i].verdict, "unknown") == 0;
    if (unknown && !result->precision && result->precision_missing)
        return result->precision_missing;
    const char *why = NULL;
    for (int i = 0; i < result->part_count && !why; i++)
        why = ns_diagnose_unjudged(&result->parts[i]);
    return why;
}
