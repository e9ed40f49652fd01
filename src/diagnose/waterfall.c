/* From TOSA's integers to float: the distance as it is, then with each blamed stage ideal, then all of them,
 * and what remains of it: inputs, weights and constants, and what nothing here explains. */
#include <math.h>

#include "diagnose/findings.h"

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

/* The blamed stages up to `count` ideal. */
static ns_code without(ns_dg_findings *f, int count, double *energy, ns_error *error)
{
    unsigned *modes = NS_ARENA_ARRAY(f->arena, (size_t)f->plan->node_count, unsigned);
    if (!modes)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the waterfall");
    for (int i = 0; i < f->plan->node_count; i++)
        modes[i] = NS_DG_SAME;
    for (int i = 0; i < count; i++)
        modes[f->blame[i]] = NS_DG_IDEAL;
    return ns_dg_measure_float(f, (ns_dg_change){.rest = NS_DG_TOSA, .modes = modes}, energy, error);
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
    double energy = 0, input = NAN;
    NS_TRY(without(f, 0, &energy, error));
    NS_TRY(add(f, out, "as it is", energy, !f->measured, error));
    out->against_float_db = ns_dg_db(energy);
    for (int i = 0; i < f->blame_count; i++) {
        NS_TRY(without(f, i + 1, &energy, error));
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
