/* The float model's outputs, where they are known: what was an estimate is then measured. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/findings.h"

/* Scale and zero point that bring the real-valued self nearest to the reference. The zero point is fitted
 * where the graph does not tell it; both are by least squares over all elements. */
static double nearest_scale(const ns_dg_session *session, int output, const double *values, double *zero)
{
    const int node = session->plan->outputs[output];
    const ns_dg_node *n = &session->plan->nodes[node];
    double rv = 0, vv = 0, r1 = 0, v1 = 0, count = 0;
    for (int s = 0; s < session->samples; s++)
        for (size_t i = 0; i < n->count; i++) {
            const double v = values[(size_t)s * n->count + i],
                         r = ns_dg_stored_at(&session->r[s][node], i) - n->zero;
            rv += r * v;
            vv += v * v;
            r1 += r;
            v1 += v;
            count++;
        }
    if (!n->zero_unknown)
        return rv > 0 ? vv / rv : 0;
    const double slope = (rv - r1 * v1 / count) / (vv - v1 * v1 / count);
    *zero = rint(n->zero + (r1 - slope * v1) / count);
    return slope > 0 ? 1 / slope : 0;
}

/* With a scale that is given: the zero point alone. */
static double nearest_zero(const ns_dg_session *session, int output, const double *values, double scale)
{
    const int node = session->plan->outputs[output];
    const ns_dg_node *n = &session->plan->nodes[node];
    double sum = 0, count = 0;
    for (int s = 0; s < session->samples; s++)
        for (size_t i = 0; i < n->count; i++, count++)
            sum += ns_dg_stored_at(&session->r[s][node], i) - values[(size_t)s * n->count + i] / scale;
    return rint(sum / count);
}

static ns_code take(ns_dg_findings *f, int output, const double *values, double scale, ns_error *error)
{
    ns_dg_session *session = f->session;
    const ns_dg_node *n = &f->plan->nodes[f->plan->outputs[output]];
    const size_t count = n->count * (size_t)session->samples;
    double *codes = NS_ARENA_ARRAY(f->arena, count, double);
    if (!codes)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a reference");
    double zero = n->zero;
    if (!(scale > 0))
        scale = nearest_scale(session, output, values, &zero);
    else if (n->zero_unknown)
        zero = nearest_zero(session, output, values, scale);
    if (!(scale > 0))
        return ns_fail(error, NS_ERROR_INPUT, "output '%s' has nothing in common with its reference",
                       ns_dg_name(f->plan, n->tensor));
    double signal = 0;
    for (size_t i = 0; i < count; i++) {
        codes[i] = values[i] / scale + zero;
        signal += values[i] / scale * (values[i] / scale);
    }
    session->reference[output] = codes;
    session->signal[output] = fmax(signal, 1e-30);
    f->measured = true;
    return NS_OK;
}

/* Channels of weights that are all 0 explain a distance that nothing else does: they were rounded away. */
static void take_lost(ns_dg_findings *f)
{
    if (!f->lost || !ns_dg_is_another_model(f))
        return;
    f->lost_explains = true;
    f->lost_explains = !ns_dg_is_another_model(f);
    if (!f->lost_explains)
        return;
    f->estimated = f->lost_hidden;
    for (int i = 0; i < f->dithered_count; i++)
        if (f->dithered[i].tensor == f->lost->tensor) {
            const ns_dg_dithered own = f->dithered[i];
            memmove(&f->dithered[1], &f->dithered[0], (size_t)i * sizeof own);
            f->dithered[0] = own;
            f->dithered[0].energy = f->lost_hidden;
        }
}

ns_code ns_dg_take_references(ns_dg_findings *f, ns_error *error)
{
    const ns_diagnose_options *options = f->session->options;
    const ns_block *block = f->plan->block;
    f->estimated = f->hidden;
    for (int i = 0; options->references && i < block->output_count; i++) {
        const int node = f->plan->node_of[block->outputs[i]];
        if (node >= 0 && f->plan->nodes[node].output >= 0 && options->references[i])
            NS_TRY(take(f, f->plan->nodes[node].output, options->references[i],
                        options->reference_scales ? options->reference_scales[i] : 0, error));
    }
    if (!f->measured)
        return NS_OK;
    const ns_dg_change ideal = {.rest = NS_DG_IDEAL, .against = NS_DG_AGAINST_REFERENCE};
    NS_TRY(ns_dg_measure(f->session, &f->session->workers[0], &ideal, &f->hidden, error));
    take_lost(f);
    return NS_OK;
}

ns_code ns_dg_measure_float(const ns_dg_findings *f, ns_dg_worker *worker, ns_dg_change change,
                            double *energy, ns_error *error)
{
    if (f->measured)
        change.against = NS_DG_AGAINST_REFERENCE;
    NS_TRY(ns_dg_measure(f->session, worker, &change, energy, error));
    if (!f->measured)
        *energy += f->hidden;
    return NS_OK;
}

ns_code ns_dg_measure_without(const ns_dg_findings *f, ns_dg_worker *worker, const int *list, int count,
                              double *energy, ns_error *error)
{
    unsigned *modes = malloc((size_t)f->plan->node_count * sizeof *modes);
    if (!modes)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a run");
    for (int i = 0; i < f->plan->node_count; i++)
        modes[i] = NS_DG_SAME;
    for (int i = 0; i < count; i++)
        modes[list[i]] = NS_DG_IDEAL;
    const ns_dg_change change = {.rest = NS_DG_TOSA, .modes = modes};
    const ns_code code = ns_dg_measure_float(f, worker, change, energy, error);
    free(modes);
    return code;
}

double ns_dg_gain(double before, double after)
{
    return 10 * log10((before + 1e-300) / (after + 1e-300));
}

/* ---- a distance that is not explained ---- */

/* A distance to the reference beyond this is no rounding's but of another input, in dB. */
enum { DOUBTFUL = 30 };

/* 4 dB beyond the worst seed. */
bool ns_dg_is_another_model(const ns_dg_findings *f)
{
    double worst = 0;
    for (int i = 0; i < f->seed_count; i++)
        worst = fmax(worst, f->seeds[i]);
    if (f->lost_explains)
        worst = f->lost_worst;
    return f->measured && f->hidden > 2.5 * worst + 1e-12;
}

int ns_dg_hand_input(const ns_dg_findings *f)
{
    const ns_diagnose_options *options = f->session->options;
    for (int i = 0; options->scales_by_hand && options->real_inputs && i < f->plan->input_count; i++)
        if (options->real_inputs[i])
            return i;
    return -1;
}

bool ns_dg_is_scale_doubtful(const ns_dg_findings *f)
{
    return ns_dg_hand_input(f) >= 0 && !f->suspicious && !f->masked && ns_dg_is_another_model(f) &&
           ns_dg_db(f->hidden) < DOUBTFUL;
}

/* One output, one sample and one input with a scale by hand: the distance of R to the reference with the
 * input's codes `factor` times as large, whatever the output's scale is.
 *
 * With X, P and V the energies of R's output, of its product with the reference, and of the reference, the
 * error against c times the reference is X - 2cP + c^2 V: two runs tell X and P, and the best c is P / V. */
static ns_code distance_at(ns_dg_findings *f, int input, double factor, double **inputs, double *out,
                           ns_error *error)
{
    ns_dg_session *session = f->session;
    const ns_dg_node *from = &f->plan->nodes[input], *to = &f->plan->nodes[f->plan->outputs[0]];
    const ns_dg_change change = {.rest = NS_DG_IDEAL, .inputs = inputs, .against = NS_DG_AGAINST_REFERENCE};
    double *codes = (double *)(uintptr_t)session->reference[0], once = 0, twice = 0;
    for (size_t i = 0; i < from->count; i++)
        inputs[input][i] = from->zero + factor * (ns_dg_stored_at(&session->r[0][input], i) - from->zero);
    NS_TRY(ns_dg_measure(session, &session->workers[0], &change, &once, error));
    for (size_t i = 0; i < to->count; i++)
        codes[i] = to->zero + 2 * (codes[i] - to->zero);
    const ns_code code = ns_dg_measure(session, &session->workers[0], &change, &twice, error);
    for (size_t i = 0; i < to->count; i++)
        codes[i] = to->zero + (codes[i] - to->zero) / 2;
    const double product = (once - twice + 3) / 2, own = once - 1 + 2 * product; /* V is 1 */
    *out = product > 0 ? fmax(own / (product * product) - 1, 0) : INFINITY;
    return code;
}

/* The factor with which R comes nearest to the reference: over a grid of quarter octaves, then nearer. */
static ns_code nearest_factor(ns_dg_findings *f, int input, double *factor, double *distance, ns_error *error)
{
    enum { GRID = 40, HALVINGS = 12 };
    double **inputs = NS_ARENA_ARRAY(f->arena, (size_t)f->plan->input_count + 1, double *), step = 0.25;
    if (!inputs || !(inputs[input] = NS_ARENA_ARRAY(f->arena, f->plan->nodes[input].count + 8, double)))
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for another scale");
    double best = 0, least = INFINITY, energy = 0;
    for (int i = -GRID; i <= GRID; i++) {
        NS_TRY(distance_at(f, input, exp2(0.25 * i), inputs, &energy, error));
        best = energy < least ? 0.25 * i : best;
        least = fmin(least, energy);
    }
    for (int i = 0; i < HALVINGS; i++, step /= 2)
        for (int side = -1; side <= 1; side += 2) {
            const double at = best + side * step / 2;
            NS_TRY(distance_at(f, input, exp2(at), inputs, &energy, error));
            best = energy < least ? at : best;
            least = fmin(least, energy);
        }
    *factor = exp2(best);
    *distance = least;
    return NS_OK;
}

ns_code ns_dg_words_of_scale(ns_dg_findings *f, int input, const char **words, ns_error *error)
{
    const ns_diagnose_options *options = f->session->options;
    int given = 0;
    double factor = 1, distance = INFINITY;
    *words = "";
    for (int i = 0; i < f->plan->input_count; i++)
        given += options->real_inputs[i] != NULL;
    if (given > 1 || f->session->samples > 1 || f->plan->output_count > 1 || !f->session->reference[0] ||
        !ns_dg_is_scale_doubtful(f))
        return NS_OK;
    NS_TRY(nearest_factor(f, input, &factor, &distance, error));
    f->input_distance = distance;
    if (distance < f->hidden / 10)
        *words = ns_arena_format(f->arena, "; with a scale %.4g times %s it would be %.1f dB",
                                 factor > 1 ? factor : 1 / factor, factor > 1 ? "smaller" : "larger",
                                 ns_dg_db(distance));
    return *words ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a note");
}

/* From TOSA's integers to float: the distance as it is, then with each blamed stage ideal, then all of them,
 * and what remains of it: inputs, weights and constants, and what nothing here explains. */

enum { MOST_STEPS = 16 };

static ns_code add(ns_dg_findings *f, ns_diagnose_precision *out, const char *name, double energy,
                   bool estimated, ns_error *error)
{
    if (!name)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the waterfall");
    if (out->step_count < MOST_STEPS)
        out->steps[out->step_count++] = (ns_diagnose_step){name, ns_dg_db(energy), estimated};
    (void)f;
    return NS_OK;
}

/* R on the integers of the inputs, where their reals are known: what the inputs' quantisation costs. */
static ns_code input_share(ns_dg_findings *f, double *energy, ns_error *error)
{
    double **inputs = NS_ARENA_ARRAY(f->arena, (size_t)f->plan->input_count + 1, double *);
    const bool known = f->session->options->real_inputs && f->session->samples == 1;
    bool any = false;
    *energy = NAN;
    if (!inputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the waterfall");
    for (int i = 0; known && i < f->plan->input_count; i++)
        if (f->session->options->real_inputs[i]) {
            inputs[i] = f->session->q[0][i].real;
            any = true;
        }
    if (!any)
        return NS_OK;
    const ns_dg_change change = {.rest = NS_DG_IDEAL, .inputs = inputs};
    return ns_dg_measure(f->session, &f->session->workers[0], &change, energy, error);
}

ns_code ns_dg_fill_waterfall(ns_dg_findings *f, ns_diagnose_precision *out, ns_error *error)
{
    out->steps = NS_ARENA_ARRAY(f->arena, MOST_STEPS, ns_diagnose_step);
    if (!out->steps)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the waterfall");
    double energy = f->float_as_is, input = NAN;
    NS_TRY(add(f, out, "as it is", energy, !f->measured, error));
    out->against_float_db = ns_dg_db(energy);
    for (int i = 0; i < f->blame_count; i++) {
        energy = f->joint[i]; /* inside a series it is what the whole series brings */
        if (i + 1 < f->blame_count && f->joint[i + 1] == energy)
            NS_TRY(ns_dg_measure_without(f, &f->session->workers[0], f->blame, i + 1, &energy, error));
        NS_TRY(add(
            f, out,
            ns_arena_format(f->arena, "'%s' ideal", ns_dg_name(f->plan, f->plan->nodes[f->blame[i]].tensor)),
            energy, !f->measured, error));
    }
    out->without_faults_db = ns_dg_db(energy);
    NS_TRY(add(f, out, "all operators ideal", f->hidden, !f->measured, error));
    NS_TRY(input_share(f, &input, error));
    if (!isnan(input))
        NS_TRY(add(f, out, "of it: the inputs' quantisation", input, false, error));
    NS_TRY(add(f, out, "of it: weights, constants and multipliers", f->estimated, true, error));
    if (f->measured) {
        const double rest = f->hidden - f->estimated - (isnan(input) ? 0 : input);
        NS_TRY(add(f, out, "unexplained rest", fmax(rest, 0), true, error));
    }
    return NS_OK;
}
