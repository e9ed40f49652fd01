#include "measure/interface.h"

#include <math.h>
#include <string.h>

/* The share of its tolerance that an element uses up. Without tolerance, any difference is infinitely
 * much of it. */
static double share(double difference, double tolerance)
{
    if (difference == 0)
        return 0;
    return tolerance > 0 ? difference / tolerance : INFINITY;
}

/* A NaN or infinity where the reference has none is beyond every tolerance; equal values never are. */
static double distance(double a, double b)
{
    if (a == b || (isnan(a) && isnan(b)))
        return 0;
    double difference = fabs(a - b);
    return isnan(difference) ? INFINITY : difference;
}

static double decibels(double signal, double noise)
{
    if (noise == 0)
        return INFINITY;
    return signal == 0 ? -INFINITY : 10 * log10(signal / noise);
}

int ns_error_bin(double steps)
{
    static const double bounds[] = NS_ERROR_BIN_BOUNDS;
    int bin = 0;
    while (bin < NS_ERROR_BINS - 1 && !(steps <= bounds[bin]))
        bin++;
    return bin;
}

/* What is summed over all outputs, and the worst element so far. */
typedef struct measuring {
    const double *ideal, *reference, *got, *tolerance;
    size_t total; /* elements of all outputs */
    double signal, noise, worst_share, worst_error;
} measuring;

static void note_worst(measuring *m, int output, size_t element, size_t i, double used, double error,
                       ns_stage_result *result)
{
    if (!(used > m->worst_share || (used == m->worst_share && error > m->worst_error)))
        return;
    m->worst_share = used;
    m->worst_error = error;
    result->worst_output = output;
    result->worst_element = element;
    result->worst_ideal = m->ideal[i];
    result->worst_reference = m->reference[i];
    result->worst_got = m->got[i];
    result->worst_tolerance = m->tolerance[i];
}

/* The output number `output`, whose first element is `first` of all. */
static void measure_output(measuring *m, int output, const ns_measured *measured, size_t first,
                           ns_stage_result *result)
{
    double error_sum = 0, max_error = 0, max_difference = 0;
    for (size_t i = first; i < first + measured->count; i++) {
        const double error = distance(m->got[i], m->ideal[i]);
        const double difference = distance(m->got[i], m->reference[i]);
        m->signal += m->ideal[i] * m->ideal[i];
        m->noise += error * error;
        error_sum += error;
        if (measured->scale > 0)
            result->bins[ns_error_bin(error / measured->scale)]++;
        result->beyond += difference > m->tolerance[i];
        max_error = fmax(max_error, error);
        max_difference = fmax(max_difference, difference);
        note_worst(m, output, i - first, i, share(difference, m->tolerance[i]), error, result);
    }
    result->max_abs_error = fmax(result->max_abs_error, max_error);
    result->max_difference = fmax(result->max_difference, max_difference);
    if (!(measured->scale > 0))
        return;
    result->max_steps = fmax(result->max_steps, max_error / measured->scale);
    result->mean_steps += error_sum / (double)m->total / measured->scale;
    result->max_difference_steps = fmax(result->max_difference_steps, max_difference / measured->scale);
}

void ns_measure(int output_count, const ns_measured *outputs, const double *ideal, const double *reference,
                const double *got, const double *tolerance, ns_stage_result *result)
{
    measuring m = {ideal, reference, got, tolerance, .worst_share = -1, .worst_error = -1};
    result->measured = true;
    result->beyond = 0;
    memset(result->bins, 0, sizeof result->bins);
    result->max_abs_error = result->max_difference = 0;
    result->max_steps = result->mean_steps = result->max_difference_steps = 0;
    for (int o = 0; o < output_count; o++)
        m.total += outputs[o].count;
    size_t first = 0;
    for (int o = 0; o < output_count; o++) {
        measure_output(&m, o, &outputs[o], first, result);
        first += outputs[o].count;
    }
    result->sqnr_db = decibels(m.signal, m.noise);
}

double ns_harness_tolerance(const ns_suite_settings *settings, double scale, double reference)
{
    const float absolute = (float)(settings->atol + scale * settings->qtol);
    const float relative = fabsf((float)settings->rtol * (float)reference);
    return (double)(absolute + relative);
}

bool ns_all_zero(size_t count, const double *reference, const double *got, double scale)
{
    bool reference_zero = true;
    for (size_t i = 0; i < count; i++) {
        if (got[i] != 0)
            return false;
        reference_zero = reference_zero && fabs(reference[i]) <= scale / 2;
    }
    return !reference_zero;
}

bool ns_is_inaccurate(const ns_stage_result *quantised, const ns_stage_result *eval)
{
    return quantised->measured && eval->measured && eval->max_difference_steps > NS_INACCURATE_STEPS &&
           quantised->sqnr_db - eval->sqnr_db > NS_INACCURATE_DB;
}

bool ns_is_lost(const ns_stage_result *eval)
{
    return eval->measured && isfinite(eval->sqnr_db) && eval->sqnr_db < NS_LOST_DB;
}
