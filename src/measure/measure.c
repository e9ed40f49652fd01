#include "measure/measure.h"

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

void ns_measure(size_t count, const double *ideal, const double *reference, const double *got,
                const double *tolerance, double scale, ns_stage_result *result)
{
    double signal = 0, noise = 0, error_sum = 0, worst_share = -1, worst_error = -1;
    result->measured = true;
    result->beyond = 0;
    memset(result->bins, 0, sizeof result->bins);
    result->max_abs_error = result->max_difference = 0;
    for (size_t i = 0; i < count; i++) {
        const double error = distance(got[i], ideal[i]);
        const double difference = distance(got[i], reference[i]);
        const double used = share(difference, tolerance[i]);
        signal += ideal[i] * ideal[i];
        noise += error * error;
        error_sum += error;
        if (scale > 0)
            result->bins[ns_error_bin(error / scale)]++;
        result->beyond += difference > tolerance[i];
        result->max_abs_error = fmax(result->max_abs_error, error);
        result->max_difference = fmax(result->max_difference, difference);
        if (used > worst_share || (used == worst_share && error > worst_error)) {
            worst_share = used;
            worst_error = error;
            result->worst_element = i;
        }
    }
    const size_t worst = result->worst_element;
    result->worst_ideal = ideal[worst];
    result->worst_reference = reference[worst];
    result->worst_got = got[worst];
    result->worst_tolerance = tolerance[worst];
    result->sqnr_db = decibels(signal, noise);
    result->max_steps = scale > 0 ? result->max_abs_error / scale : 0;
    result->mean_steps = scale > 0 ? error_sum / (double)count / scale : 0;
    result->max_difference_steps = scale > 0 ? result->max_difference / scale : 0;
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
