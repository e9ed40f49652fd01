#include "npuscope/report.h"
#include "report/report.h"

#include "base/interface.h"
#include "npuscope/version.h"

/* Digits that a reader gets back: a float32 needs 9, an error measure less. 15 keeps decimal fractions such
 * as 0.001 as they are written. */
#define DIGITS 15

/* Reasons are always strings: "" where there is nothing to say. */
static void add_reason(ns_json *json, const char *text)
{
    ns_json_text(json, "reason", text ? text : "");
}

static void add_operands(ns_json *json, const ns_stage_result *stage)
{
    if (!stage->operands) {
        ns_json_null(json, "inputs");
        return;
    }
    ns_json_array(json, "inputs");
    for (int i = 0; i < stage->operand_count; i++) {
        const ns_suite_operand *operand = &stage->operands[i];
        ns_json_object(json, NULL);
        ns_json_text(json, "name", operand->name);
        ns_json_integer(json, "count", (int64_t)operand->count);
        ns_json_array(json, "values");
        for (int k = 0; k < operand->shown; k++)
            ns_json_real(json, NULL, operand->values[k]);
        ns_json_end(json);
        ns_json_real(json, "minimum", operand->minimum);
        ns_json_real(json, "maximum", operand->maximum);
        ns_json_end(json);
    }
    ns_json_end(json);
}

static void add_worst(ns_json *json, const ns_case_result *result, const ns_stage_result *stage)
{
    const ns_tensor *output = ns_report_output(result, stage);
    int64_t at[NS_MAX_RANK] = {0};
    ns_report_coordinates(output, stage->worst_element, at);
    ns_json_object(json, "worst");
    if (result->outputs)
        ns_json_integer(json, "output", stage->worst_output);
    ns_json_integers(json, "index", output->rank, at);
    ns_json_real(json, "ideal", stage->worst_ideal);
    ns_json_real(json, "reference", stage->worst_reference);
    ns_json_real(json, "got", stage->worst_got);
    ns_json_real(json, "tolerance", stage->worst_tolerance);
    add_operands(json, stage);
    ns_json_end(json);
}

/* Absent where there is but one. */
static void add_outputs(ns_json *json, const ns_case_result *result)
{
    ns_json_array(json, "outputs");
    for (int o = 0; o < result->output_count; o++) {
        const ns_suite_output *one = &result->outputs[o];
        ns_json_object(json, NULL);
        ns_json_text(json, "type", ns_dtype_text(one->tensor.dtype));
        ns_json_integers(json, "shape", one->tensor.rank, one->tensor.shape);
        ns_json_real(json, "scale", one->scale);
        ns_json_end(json);
    }
    ns_json_end(json);
}

/* Elements by error: the bins' upper bounds stand in docs/suite.schema.json. */
static void add_histogram(ns_json *json, const ns_stage_result *stage)
{
    ns_json_array(json, "histogram");
    for (int i = 0; i < NS_ERROR_BINS; i++)
        ns_json_integer(json, NULL, (int64_t)stage->bins[i]);
    ns_json_end(json);
}

/* null where it was not measured. */
static void add_measure(ns_json *json, const char *key, bool known, double value)
{
    if (known)
        ns_json_real(json, key, value);
    else
        ns_json_null(json, key);
}

/* Absent where nothing was recorded with the case. */
static void add_recorded(ns_json *json, const ns_stage_result *stage)
{
    if (!stage->recorded)
        return;
    ns_json_object(json, "recorded");
    ns_json_integer(json, "elements", (int64_t)stage->recorded);
    ns_json_integer(json, "departing", (int64_t)stage->departing);
    ns_json_real(json, "most_steps", stage->most_departing);
    ns_json_end(json);
}

static void add_stage(ns_json *json, const ns_case_result *result, const ns_stage_result *stage)
{
    const bool measured = stage->measured;
    const char *reference = ns_report_reference(stage);
    const bool judged = *reference;
    const bool compared = measured && judged;
    ns_json_object(json, NULL);
    ns_json_text(json, "name", ns_stage_text(stage->stage));
    ns_json_text(json, "verdict", ns_verdict_text(stage->verdict));
    add_reason(json, stage->reason);
    add_measure(json, "max_abs_error", measured, stage->max_abs_error);
    add_measure(json, "max_steps", measured, stage->max_steps);
    add_measure(json, "mean_steps", measured, stage->mean_steps);
    add_measure(json, "sqnr_db", measured, stage->sqnr_db);
    if (compared && result->scale > 0)
        add_histogram(json, stage);
    else
        ns_json_null(json, "histogram");
    ns_json_text(json, "reference", judged ? reference : NULL);
    add_measure(json, "max_difference", compared, stage->max_difference);
    add_measure(json, "max_difference_steps", compared, stage->max_difference_steps);
    if (compared) {
        ns_json_integer(json, "beyond_tolerance", (int64_t)stage->beyond);
        add_worst(json, result, stage);
    } else {
        ns_json_null(json, "beyond_tolerance");
        ns_json_null(json, "worst");
    }
    add_recorded(json, stage);
    ns_json_real(json, "seconds", stage->seconds);
    ns_json_end(json);
}

static void add_settings(ns_json *json, const ns_suite_settings *settings)
{
    ns_json_object(json, "settings");
    ns_json_real(json, "qtol", settings->qtol);
    ns_json_real(json, "atol", settings->atol);
    ns_json_real(json, "rtol", settings->rtol);
    ns_json_real(json, "epsilon", settings->epsilon);
    ns_json_bool(json, "per_channel", settings->per_channel);
    if (settings->data_scale != 0 && settings->data_scale != 1)
        ns_json_real(json, "data_scale", settings->data_scale);
    if (settings->limits) {
        ns_json_real(json, "min_sqnr_db", settings->limits->min_sqnr_db);
        ns_json_real(json, "max_steps", settings->limits->max_steps);
    }
    ns_json_end(json);
}

static void add_output(ns_json *json, const ns_case_result *result)
{
    ns_json_object(json, "output");
    ns_json_text(json, "type", ns_dtype_text(result->output.dtype));
    ns_json_integers(json, "shape", result->output.rank, result->output.shape);
    ns_json_real(json, "scale", result->scale);
    ns_json_real(json, "minimum", result->minimum);
    ns_json_real(json, "maximum", result->maximum);
    ns_json_end(json);
}

/* Absent unless the NPU's result differs from eval's. */
static void add_configurations(ns_json *json, const ns_case_result *result)
{
    ns_json_array(json, "configurations");
    for (int i = 0; i < result->configuration_count; i++) {
        const ns_configuration *one = &result->configurations[i];
        ns_json_object(json, NULL);
        ns_json_text(json, "accelerator", one->accelerator);
        ns_json_text(json, "flags", one->flags);
        ns_json_text(json, "agreement", ns_agreement_text(one->agreement));
        ns_json_integer(json, "differing", (int64_t)one->differing);
        add_reason(json, one->reason);
        ns_json_end(json);
    }
    ns_json_end(json);
    ns_json_text(json, "suspect", result->suspect ? ns_suspect_text(result->suspect) : NULL);
}

static void add_codes(ns_json *json, const char *key, const ns_suite_codes *codes)
{
    if (!codes->distinct) {
        ns_json_null(json, key);
        return;
    }
    ns_json_object(json, key);
    ns_json_integer(json, "distinct", (int64_t)codes->distinct);
    ns_json_integer(json, "minimum", codes->minimum);
    ns_json_integer(json, "maximum", codes->maximum);
    ns_json_end(json);
}

/* What the row tests. */
static void add_subject(ns_json *json, const ns_case_result *result)
{
    ns_json_object(json, "tests");
    ns_json_integer(json, "scales", result->scale_count);
    ns_json_integer(json, "scales_at_floor", result->floor_count);
    add_codes(json, "input_codes", &result->input_codes);
    add_codes(json, "output_codes", &result->output_codes);
    ns_json_end(json);
}

/* Absent where the graph meets none. */
static void add_defects(ns_json *json, const ns_case_result *result)
{
    ns_json_array(json, "known_defects");
    for (int i = 0; i < result->defect_count; i++) {
        ns_json_object(json, NULL);
        ns_report_known_defect(json, result->defects[i]);
        ns_json_end(json);
    }
    ns_json_end(json);
}

static void add_case(ns_json *json, const ns_case_result *result)
{
    const bool faulty = result->verdict == NS_VERDICT_FAIL;
    ns_json_object(json, NULL);
    ns_json_text(json, "op", result->op);
    ns_json_text(json, "case", result->name);
    if (result->where)
        ns_json_text(json, "where", result->where);
    ns_json_text(json, "target", result->target);
    ns_json_text(json, "accelerator", result->accelerator);
    add_settings(json, &result->settings);
    add_output(json, result);
    add_subject(json, result);
    ns_json_array(json, "stages");
    for (int i = 0; i < result->stage_count; i++)
        add_stage(json, result, &result->stages[i]);
    ns_json_end(json);
    ns_json_text(json, "verdict", ns_verdict_text(result->verdict));
    ns_json_text(json, "at_fault",
                 faulty && result->at_fault != NS_STAGE_IDEAL ? ns_stage_blame(result->at_fault) : NULL);
    add_reason(json, result->reason);
    if (result->note)
        ns_json_text(json, "note", result->note);
    if (result->part_count) {
        ns_json_integer(json, "parts", result->part_count);
        ns_json_array(json, "kept_off");
        for (int i = 0; i < result->off_count; i++)
            ns_json_text(json, NULL, result->off[i]);
        ns_json_end(json);
    }
    ns_json_real(json, "seconds", result->seconds);
    if (result->outputs)
        add_outputs(json, result);
    if (result->defect_count)
        add_defects(json, result);
    if (result->configuration_count)
        add_configurations(json, result);
    ns_json_end(json);
}

static void add_summary(ns_json *json, const ns_suite_result *result)
{
    ns_json_object(json, "summary");
    for (int i = 0; i < NS_VERDICT_COUNT; i++)
        ns_json_integer(json, ns_verdict_summary((ns_verdict)i), result->counts[i]);
    ns_json_end(json);
}

static void add_figures(ns_json *json, const char *key, const ns_row_figures *figures, bool known)
{
    if (!known) {
        ns_json_null(json, key);
        return;
    }
    ns_json_object(json, key);
    ns_json_text(json, "verdict", ns_verdict_text(figures->verdict));
    ns_json_real(json, "sqnr_db", figures->sqnr_db);
    ns_json_real(json, "max_steps", figures->max_steps);
    ns_json_end(json);
}

/* Absent unless the run is compared with an earlier one. */
static void add_baseline(ns_json *json, const ns_suite_baseline *baseline)
{
    ns_json_object(json, "baseline");
    ns_json_text(json, "file", baseline->file);
    for (int c = 0; c < NS_CHANGE_COUNT; c++)
        ns_json_integer(json, ns_change_text((ns_change)c), baseline->counts[c]);
    ns_json_array(json, "rows");
    for (int i = 0; i < baseline->row_count; i++) {
        const ns_row_change *row = &baseline->rows[i];
        ns_json_object(json, NULL);
        ns_json_text(json, "op", row->op);
        ns_json_text(json, "case", row->name);
        ns_json_text(json, "target", row->target);
        ns_json_text(json, "change", ns_change_text(row->change));
        add_figures(json, "before", &row->before, row->change != NS_CHANGE_NEW);
        add_figures(json, "after", &row->after, row->change != NS_CHANGE_GONE);
        ns_json_end(json);
    }
    ns_json_end(json);
    ns_json_end(json);
}

ns_code ns_report_json(const ns_suite_result *result, ns_buffer *buffer, ns_error *error)
{
    ns_json json = ns_json_begin(buffer, true, DIGITS);
    ns_json_object(&json, NULL);
    ns_json_text(&json, "schema", "npuscope/suite/1");
    ns_json_text(&json, "version", NS_VERSION_TEXT);
    ns_json_text(&json, "catalogue", *result->catalogue ? result->catalogue : NULL);
    ns_json_integer(&json, "seed", (int64_t)result->seed);
    ns_json_array(&json, "stages");
    for (int i = 0; i < NS_STAGE_COUNT; i++)
        if (result->stages >> i & 1)
            ns_json_text(&json, NULL, ns_stage_text((ns_stage)i));
    ns_json_end(&json);
    ns_json_text(&json, "vela", result->vela);
    ns_json_text(&json, "vela_flags", result->vela_flags);
    ns_json_text(&json, "npu_not_run", result->vela_missing);
    add_summary(&json, result);
    if (result->baseline)
        add_baseline(&json, result->baseline);
    ns_json_array(&json, "cases");
    for (int i = 0; i < result->case_count; i++)
        add_case(&json, ns_suite_case(result, i));
    ns_json_end(&json);
    ns_json_real(&json, "seconds", result->seconds);
    ns_json_end(&json);
    return ns_json_finish(&json, "the JSON report", NULL, error);
}

void ns_report_known_defect(ns_json *json, ns_defect defect)
{
    const ns_defect_info *info = ns_defect_get_info(defect);
    ns_json_text(json, "known_defect", info->id);
    ns_json_text(json, "kind", ns_defect_kind_text(info->kind));
    ns_json_text(json, "what", info->what);
    ns_json_text(json, "avoided_by", info->avoid);
    ns_json_text(json, "options", info->options);
}

static ns_code count_bytes(ns_sink *sink, ns_bytes bytes, ns_error *error)
{
    (void)error;
    *(size_t *)sink->context += bytes.size;
    return NS_OK;
}

/* Twice, so that the document of many rows lies in memory once: a buffer that grows leaves as much behind it.
 */
ns_code ns_report_suite_json(const ns_suite_result *result, ns_arena *arena, const char **text, size_t *size,
                             ns_error *error)
{
    *size = 0;
    ns_sink counter = {.write = count_bytes, .context = size};
    ns_buffer counted = {.arena = arena, .sink = &counter};
    NS_TRY(ns_report_json(result, &counted, error));
    ns_buffer buffer = {.arena = arena, .data = ns_arena_alloc(arena, *size, 1), .capacity = *size};
    if (!buffer.data)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the JSON report");
    NS_TRY(ns_report_json(result, &buffer, error));
    *text = (const char *)buffer.data;
    return NS_OK;
}
