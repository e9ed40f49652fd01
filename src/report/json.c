#include "report/report.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

/* Digits that a reader gets back: a float32 needs 9, an error measure less. 15 keeps decimal fractions such
 * as 0.001 as they are written. */
#define PRECISION 15

/* JSON has no infinity and no NaN. */
static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* Reasons are always strings: "" where there is nothing to say. */
static json_t *reason(const char *text)
{
    return json_string(text ? text : "");
}

static json_t *dimensions(int rank, const int64_t *values)
{
    json_t *array = json_array();
    for (int i = 0; i < rank; i++)
        json_array_append_new(array, json_integer(values[i]));
    return array;
}

static json_t *operands(const ns_stage_result *stage)
{
    json_t *array = json_array();
    for (int i = 0; i < stage->operand_count; i++) {
        const ns_suite_operand *operand = &stage->operands[i];
        json_t *values = json_array();
        for (int k = 0; k < operand->shown; k++)
            json_array_append_new(values, real(operand->values[k]));
        json_array_append_new(array, json_pack("{s:s, s:I, s:o, s:o, s:o}", "name", operand->name, "count",
                                               (json_int_t)operand->count, "values", values, "minimum",
                                               real(operand->minimum), "maximum", real(operand->maximum)));
    }
    return array;
}

static json_t *worst_element(const ns_tensor *output, const ns_stage_result *stage)
{
    int64_t at[NS_MAX_RANK] = {0};
    ns_report_coordinates(output, stage->worst_element, at);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "index", dimensions(output->rank, at), "ideal",
                     real(stage->worst_ideal), "reference", real(stage->worst_reference), "got",
                     real(stage->worst_got), "tolerance", real(stage->worst_tolerance), "inputs",
                     operands(stage));
}

/* Elements by error: the bins' upper bounds stand in docs/suite.schema.json. */
static json_t *histogram(const ns_stage_result *stage)
{
    json_t *array = json_array();
    for (int i = 0; i < NS_ERROR_BINS; i++)
        json_array_append_new(array, json_integer((json_int_t)stage->bins[i]));
    return array;
}

static json_t *stage_object(const ns_case_result *result, const ns_stage_result *stage)
{
    json_t *object = json_pack("{s:s, s:s, s:o}", "name", ns_stage_text(stage->stage), "verdict",
                               ns_verdict_text(stage->verdict), "reason", reason(stage->reason));
    const bool measured = stage->measured;
    const bool judged = ns_stage_reference(stage->stage) != stage->stage;
    json_object_set_new(object, "max_abs_error", measured ? real(stage->max_abs_error) : json_null());
    json_object_set_new(object, "max_steps", measured ? real(stage->max_steps) : json_null());
    json_object_set_new(object, "mean_steps", measured ? real(stage->mean_steps) : json_null());
    json_object_set_new(object, "sqnr_db", measured ? real(stage->sqnr_db) : json_null());
    json_object_set_new(object, "histogram",
                        measured && judged && result->scale > 0 ? histogram(stage) : json_null());
    json_object_set_new(object, "reference",
                        judged ? json_string(ns_stage_text(ns_stage_reference(stage->stage))) : json_null());
    json_object_set_new(object, "max_difference",
                        measured && judged ? real(stage->max_difference) : json_null());
    json_object_set_new(object, "max_difference_steps",
                        measured && judged ? real(stage->max_difference_steps) : json_null());
    json_object_set_new(object, "beyond_tolerance",
                        measured && judged ? json_integer((json_int_t)stage->beyond) : json_null());
    json_object_set_new(object, "worst",
                        measured && judged ? worst_element(&result->output, stage) : json_null());
    json_object_set_new(object, "seconds", real(stage->seconds));
    return object;
}

static json_t *settings_object(const ns_suite_settings *settings)
{
    return json_pack("{s:f, s:f, s:f, s:f, s:b}", "qtol", settings->qtol, "atol", settings->atol, "rtol",
                     settings->rtol, "epsilon", settings->epsilon, "per_channel", settings->per_channel);
}

/* Absent unless the NPU's result differs from eval's. */
static void add_configurations(json_t *object, const ns_case_result *result)
{
    json_t *array = json_array();
    for (int i = 0; i < result->configuration_count; i++) {
        const ns_configuration *one = &result->configurations[i];
        json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:I, s:o}", "accelerator", one->accelerator,
                                               "flags", one->flags, "agreement",
                                               ns_agreement_text(one->agreement), "differing",
                                               (json_int_t)one->differing, "reason", reason(one->reason)));
    }
    json_object_set_new(object, "configurations", array);
    json_object_set_new(object, "suspect",
                        result->suspect ? json_string(ns_suspect_text(result->suspect)) : json_null());
}

static json_t *case_object(const ns_case_result *result)
{
    json_t *stages = json_array();
    for (int i = 0; i < result->stage_count; i++)
        json_array_append_new(stages, stage_object(result, &result->stages[i]));
    json_t *output =
        json_pack("{s:s, s:o, s:o, s:o, s:o}", "type", ns_dtype_text(result->output.dtype), "shape",
                  dimensions(result->output.rank, result->output.shape), "scale", real(result->scale),
                  "minimum", real(result->minimum), "maximum", real(result->maximum));
    const bool faulty = result->verdict == NS_VERDICT_FAIL;
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "op", result->op, "case",
                  result->name, "target", result->target, "accelerator", result->accelerator, "settings",
                  settings_object(&result->settings), "output", output, "stages", stages, "verdict",
                  ns_verdict_text(result->verdict), "at_fault",
                  faulty ? json_string(ns_stage_blame(result->at_fault)) : json_null(), "reason",
                  reason(result->reason), "seconds", real(result->seconds));
    if (object && result->configuration_count)
        add_configurations(object, result);
    return object;
}

static json_t *document(const ns_suite_result *result)
{
    json_t *summary = json_object(), *cases = json_array(), *stages = json_array();
    for (int i = 0; i < NS_VERDICT_COUNT; i++)
        json_object_set_new(summary, ns_verdict_summary((ns_verdict)i), json_integer(result->counts[i]));
    for (int i = 0; i < NS_STAGE_COUNT; i++)
        if (result->stages >> i & 1)
            json_array_append_new(stages, json_string(ns_stage_text((ns_stage)i)));
    for (int i = 0; i < result->case_count; i++)
        json_array_append_new(cases, case_object(&result->cases[i]));
    /* An append fails without memory: no document is better than one with a case missing. */
    if (json_array_size(cases) != (size_t)result->case_count) {
        json_decref(summary);
        json_decref(cases);
        json_decref(stages);
        return NULL;
    }
    return json_pack("{s:s, s:s, s:s, s:I, s:o, s:s?, s:s?, s:o, s:o, s:o}", "schema", "npuscope/suite/1",
                     "version", NPUSCOPE_VERSION, "catalogue", result->catalogue, "seed",
                     (json_int_t)result->seed, "stages", stages, "vela", result->vela, "npu_not_run",
                     result->vela_missing, "summary", summary, "cases", cases, "seconds",
                     real(result->seconds));
}

ns_code ns_report_json(const ns_suite_result *result, ns_arena *arena, ns_bytes *out, ns_error *error)
{
    json_t *root = document(result);
    char *text = root ? json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(PRECISION)) : NULL;
    json_decref(root);
    char *copy = text ? ns_arena_format(arena, "%s\n", text) : NULL;
    free(text);
    if (!copy)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the JSON report");
    *out = (ns_bytes){(const uint8_t *)copy, strlen(copy)};
    return NS_OK;
}
