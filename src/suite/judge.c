#include "suite/internal.h"

#include <math.h>
#include <string.h>

#include "measure/interface.h"
#include "stage/interface.h"

/* What a stage is judged by. */
typedef struct reference {
    const double *values; /* NULL: nothing */
    const char *name;     /* "quantised" */
    bool exact;           /* the tolerance is none */
} reference;

/* The stage that its row in stages.def names; of a model of one's own, the best that was given. */
static ns_code find_reference(const ns_judging *run, ns_stage stage, reference *out, ns_error *error)
{
    const ns_stage own = ns_stage_reference(stage);
    *out = (reference){run->outputs[own], ns_stage_text(own), own == NS_STAGE_EVAL};
    if (!run->ladder->model || own == stage || out->values)
        return NS_OK;
    double *expected = NULL;
    NS_TRY(ns_given_expected(run->ladder, &expected, error));
    const ns_stage other = run->outputs[NS_STAGE_QUANTISED] ? NS_STAGE_QUANTISED : NS_STAGE_IDEAL;
    *out = expected ? (reference){expected, "expected", true}
                    : (reference){run->outputs[other], ns_stage_text(other), false};
    return NS_OK;
}

/* How far each element may be from the stage's reference. What the format itself costs is no fault of the
 * quantiser, so its bound is added there; the NPU is to give what the graph gives. */
static double tolerance_of(const ns_judging *run, ns_stage stage, double scale, size_t element, double value)
{
    const double tolerance = ns_harness_tolerance(&run->ladder->row->settings, scale, value);
    return stage == NS_STAGE_QUANTISED && run->ladder->format_bound
               ? tolerance + run->ladder->format_bound[element]
               : tolerance;
}

static void fill_tolerances(const ns_judging *run, ns_stage stage, const double *values, double *tolerance)
{
    size_t element = 0;
    for (int o = 0; o < run->ladder->output_count; o++)
        for (size_t i = 0; i < run->ladder->outputs[o].count; i++, element++)
            tolerance[element] =
                tolerance_of(run, stage, run->ladder->outputs[o].scale, element, values[element]);
}

static bool any_all_zero(const ns_ladder *ladder, const double *values, const double *got)
{
    size_t first = 0;
    for (int o = 0; o < ladder->output_count; o++) {
        const ns_measured *output = &ladder->outputs[o];
        if (ns_all_zero(output->count, values + first, got + first, output->scale))
            return true;
        first += output->count;
    }
    return false;
}

/* Errors against ideal are not known where a model has no float reference. */
static void forget_ideal(ns_stage_result *result)
{
    result->max_abs_error = result->max_steps = result->mean_steps = result->sqnr_db = result->worst_ideal =
        NAN;
    memset(result->bins, 0, sizeof result->bins);
}

/* Errors in steps are not known where no scale of a given model is. */
static bool has_steps(const ns_ladder *ladder)
{
    for (int o = 0; o < ladder->output_count; o++)
        if (ladder->outputs[o].scale > 0)
            return true;
    return !ladder->model;
}

static void give_verdict(const ns_judging *run, const reference *by, ns_stage_result *result)
{
    result->verdict = NS_VERDICT_PASS;
    if (!by->values) {
        result->verdict = NS_VERDICT_SKIPPED;
        result->reason = "not judged: the case gives nothing to compare with";
    } else if (any_all_zero(run->ladder, by->values, run->outputs[result->stage])) {
        result->verdict = NS_VERDICT_FAIL;
        result->reason = ns_arena_format(run->arena, "the output is all zeros, that of %s is not", by->name);
    } else if (result->stage == NS_STAGE_QUANTISED && run->ladder->bound_problem &&
               !run->ladder->format_bound) {
        result->verdict = NS_VERDICT_SKIPPED;
        result->reason = ns_arena_format(run->arena, "not judged: %s", run->ladder->bound_problem);
    } else if (result->beyond > 0) {
        result->verdict = NS_VERDICT_FAIL;
        result->reason = ns_arena_format(
            run->arena, "%zu of %zu elements differ from %s%s, at most by %.4g %s", result->beyond,
            run->ladder->count, by->name, by->exact ? "" : " by more than the tolerance",
            run->ladder->outputs[0].scale > 0 ? result->max_difference_steps : result->max_difference,
            run->ladder->outputs[0].scale > 0 ? "steps" : "(no scale is known)");
    }
}

ns_code ns_judge(const ns_judging *run, ns_stage_result *result, ns_error *error)
{
    const double *got = run->outputs[result->stage], *ideal = run->outputs[NS_STAGE_IDEAL];
    double *tolerance = NS_ARENA_ARRAY(run->arena, run->ladder->count, double);
    reference by;
    if (!tolerance)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the tolerances");
    NS_TRY(find_reference(run, result->stage, &by, error));
    const double *values = by.values ? by.values : got;
    if (result->stage != NS_STAGE_IDEAL && !by.exact)
        fill_tolerances(run, result->stage, values, tolerance);
    ns_measure(run->ladder->output_count, run->ladder->outputs, ideal ? ideal : values, values, got,
               tolerance, result);
    if (!ideal)
        forget_ideal(result);
    if (!has_steps(run->ladder))
        result->max_steps = result->mean_steps = result->max_difference_steps = NAN;
    if (run->ladder->model && result->stage != NS_STAGE_IDEAL)
        result->against = by.values ? by.name : "";
    give_verdict(run, &by, result);
    if (!run->ladder->program)
        return NS_OK;
    return ns_trace(run->ladder->program, run->ladder->inputs, result->worst_output, result->worst_element,
                    run->arena, &result->operands, &result->operand_count, error);
}

/* ---- what was recorded ---- */

/* What was recorded of output `o` for a stage; without data: nothing. */
static const ns_tensor *recorded_output(const ns_ladder *ladder, ns_stage stage, int o)
{
    const ns_case_references *references = &ladder->references;
    return stage == NS_STAGE_IDEAL       ? &references->floats[o]
           : stage == NS_STAGE_QUANTISED ? &references->quantised[o]
                                         : &references->integers[o];
}

static double recorded_value(const ns_ladder *ladder, int o, const ns_tensor *tensor, size_t element,
                             double scale)
{
    const int64_t zero_point = ladder->model ? ladder->model->model.outputs[o].zero_point : 0;
    return tensor->dtype == NS_DTYPE_FP32 ? (double)((const float *)tensor->data)[element]
                                          : (double)(ns_tensor_get(tensor, element) - zero_point) * scale;
}

/* Two NaN or two infinities are the same. */
static bool is_same(const ns_ladder *ladder, ns_stage stage, double scale, double got, double recorded)
{
    if (got == recorded || (isnan(got) && isnan(recorded)))
        return true;
    if (stage == NS_STAGE_IDEAL)
        return fabs(got - recorded) <= ns_harness_tolerance(&ladder->row->settings, 0, recorded);
    return stage == NS_STAGE_QUANTISED && fabs(nearbyint(got / scale) - nearbyint(recorded / scale)) <= 1;
}

static void compare_recorded(const ns_ladder *ladder, const double *values, ns_stage_result *result)
{
    if (!ladder->references.floats)
        return;
    if (ladder->parts && result->stage == NS_STAGE_EVAL) {
        result->recorded = ladder->parts->recorded;
        result->departing = ladder->parts->departing;
    }
    for (int o = 0; o < ladder->output_count; o++) {
        const ns_tensor *recorded = recorded_output(ladder, result->stage, o);
        const double scale = ladder->outputs[o].scale > 0 ? ladder->outputs[o].scale : 1;
        for (size_t i = 0; recorded->data && i < ladder->outputs[o].count; i++) {
            const double wanted = recorded_value(ladder, o, recorded, i, scale);
            const double difference = fabs(values[i] - wanted) / scale;
            result->recorded++;
            result->departing += !is_same(ladder, result->stage, scale, values[i], wanted);
            if (difference > result->most_departing)
                result->most_departing = difference;
        }
        values += ladder->outputs[o].count;
    }
}

/* What a stage that departs from what was recorded is not. */
static const char *departure_text(ns_stage stage)
{
    return stage == NS_STAGE_IDEAL       ? "elements are not the recorded float model's"
           : stage == NS_STAGE_QUANTISED ? "codes are more than one from the recorded quantised model's"
                                         : "integers are not the recorded ones";
}

/* What was recorded judges the stages before Vela too; the NPU is judged by eval. */
void ns_judge_recorded(const ns_judging *run, ns_case_result *result)
{
    for (int i = 0; i < result->stage_count; i++) {
        ns_stage_result *stage = &result->stages[i];
        if (!stage->measured)
            continue;
        compare_recorded(run->ladder, run->outputs[stage->stage], stage);
        if (!stage->recorded || stage->stage == NS_STAGE_NPU)
            continue;
        if (stage->departing) {
            stage->verdict = NS_VERDICT_FAIL;
            stage->reason =
                ns_arena_format(run->arena, "%zu of %zu %s, at most by %.4g steps", stage->departing,
                                stage->recorded, departure_text(stage->stage), stage->most_departing);
        } else if (stage->verdict == NS_VERDICT_SKIPPED) {
            stage->verdict = NS_VERDICT_PASS;
            stage->reason = NULL;
        }
    }
}

/* ---- limits of the caller's own ---- */

/* Whether the stage keeps to them; it fails where it does not. */
static bool keeps_to(const ns_judging *run, const ns_suite_limits *limits, ns_stage_result *stage)
{
    if (stage->sqnr_db < limits->min_sqnr_db)
        stage->reason = ns_arena_format(run->arena, "SQNR %.4g dB is below the limit of %.4g dB",
                                        stage->sqnr_db, limits->min_sqnr_db);
    else if (stage->max_steps > limits->max_steps)
        stage->reason = ns_arena_format(run->arena, "%.4g steps from ideal are above the limit of %.4g",
                                        stage->max_steps, limits->max_steps);
    else
        return true;
    stage->verdict = NS_VERDICT_FAIL;
    return false;
}

/* They hold for the last stage before Vela; where the quantised one breaks them already, it is to blame. */
void ns_judge_limits(const ns_judging *run, ns_case_result *result)
{
    const ns_suite_limits *limits = result->settings.limits;
    ns_stage_result *last = NULL, *quantised = NULL;
    for (int i = 0; i < result->stage_count; i++) {
        ns_stage_result *stage = &result->stages[i];
        if (stage->measured && stage->stage <= NS_STAGE_EVAL)
            last = stage;
        if (stage->measured && stage->stage == NS_STAGE_QUANTISED)
            quantised = stage;
    }
    if (!limits || !last || last->stage == NS_STAGE_IDEAL || last->verdict == NS_VERDICT_FAIL)
        return;
    if (!keeps_to(run, limits, last) && quantised && quantised != last &&
        quantised->verdict == NS_VERDICT_PASS)
        (void)keeps_to(run, limits, quantised);
}
