/* The document npuscope/diagnose/1. Numbers that were not measured are null. */
#include "base/interface.h"
#include "npuscope/report.h"
#include "npuscope/version.h"
#include "report/interface.h"

static void add_mends(ns_json *json, const ns_diagnose_blame *blame)
{
    ns_json_text(json, "mend", blame->mend_count ? blame->mends[0].text : NULL);
    ns_json_array(json, "mends");
    for (int i = 0; i < blame->mend_count; i++) {
        ns_json_object(json, NULL);
        ns_json_text(json, "mend", blame->mends[i].text);
        ns_json_real(json, "mended", blame->mends[i].mended_db);
        ns_json_bool(json, "applicable", blame->mends[i].applicable);
        ns_json_end(json);
    }
    ns_json_end(json);
}

static void add_place(ns_json *json, const ns_diagnose_stage *stage)
{
    ns_json_text(json, "output", stage->output);
    ns_json_text(json, "op", stage->op);
    ns_json_text(json, "function", stage->function);
    ns_json_text(json, "location", stage->location);
    ns_json_integer(json, "operator", stage->operator_index);
}

static void add_error(ns_json *json, const char *key, double steps, double decibels)
{
    ns_json_object(json, key);
    ns_json_real(json, "max_steps", steps);
    ns_json_real(json, "sqnr_db", decibels);
    ns_json_end(json);
}

static void add_blame(ns_json *json, const ns_diagnose_precision *precision, const ns_diagnose_blame *blame)
{
    const ns_diagnose_stage *stage = &precision->stages[blame->stage];
    ns_json_object(json, NULL);
    add_place(json, stage);
    ns_json_text(json, "cause", ns_diagnose_cause_text(ns_diagnose_cause_family(blame->cause)));
    ns_json_text(json, "kind", ns_diagnose_cause_text(blame->cause));
    ns_json_text(json, "why", blame->why);
    ns_json_real(json, "gain_db", blame->gain_db);
    add_error(json, "local", stage->local_steps, stage->local_db);
    ns_json_object(json, "sqnr_db");
    ns_json_real(json, "now", blame->now_db);
    ns_json_real(json, "knocked_out", blame->knocked_out_db);
    ns_json_real(json, "mended", blame->mended_db);
    ns_json_real(json, "together", blame->joint_db);
    ns_json_end(json);
    ns_json_real(json, "alone_db", stage->alone_db);
    ns_json_real(json, "share", stage->share);
    add_mends(json, blame);
    ns_json_end(json);
}

static void add_table(ns_json *json, const ns_diagnose_table *table)
{
    if (!table) {
        ns_json_null(json, "table");
        return;
    }
    ns_json_object(json, "table");
    ns_json_real(json, "input_scale", table->input_scale);
    ns_json_real(json, "output_scale", table->output_scale);
    ns_json_real(json, "factor", table->factor);
    ns_json_real(json, "power", table->power);
    ns_json_real(json, "slope", table->slope);
    ns_json_real(json, "residual", table->residual);
    ns_json_end(json);
}

static void add_stage(ns_json *json, const ns_diagnose_stage *stage)
{
    ns_json_object(json, NULL);
    add_place(json, stage);
    add_table(json, stage->table);
    ns_json_integers(json, "shape", stage->rank, stage->shape);
    add_error(json, "local", stage->local_steps, stage->local_db);
    add_error(json, "cumulative", stage->cumulative_steps, stage->cumulative_db);
    ns_json_real(json, "largest_code", stage->largest_code);
    ns_json_integer(json, "clipped", (int64_t)stage->clipped);
    ns_json_real(json, "peak", stage->peak);
    ns_json_real(json, "alone_db", stage->alone_db);
    ns_json_real(json, "knocked_out_db", stage->knocked_out_db);
    ns_json_real(json, "share", stage->share);
    ns_json_real(json, "gain_db", stage->gain_db);
    ns_json_end(json);
}

static void add_sqnr(ns_json *json, const ns_diagnose_precision *precision)
{
    ns_json_object(json, "sqnr_db");
    ns_json_real(json, "against_float", precision->against_float_db);
    ns_json_real(json, "low", precision->low_db);
    ns_json_real(json, "high", precision->high_db);
    ns_json_real(json, "without_faults", precision->without_faults_db);
    ns_json_real(json, "all_mended", precision->all_mended_db);
    ns_json_real(json, "limit", precision->limit_db);
    ns_json_real(json, "against_ideal", precision->against_ideal_db);
    ns_json_bool(json, "measured", precision->measured);
    ns_json_end(json);
}

static void add_waterfall(ns_json *json, const ns_diagnose_precision *precision)
{
    ns_json_array(json, "waterfall");
    for (int i = 0; i < precision->step_count; i++) {
        ns_json_object(json, NULL);
        ns_json_text(json, "name", precision->steps[i].name);
        ns_json_real(json, "db", precision->steps[i].db);
        ns_json_bool(json, "estimated", precision->steps[i].estimated);
        ns_json_end(json);
    }
    ns_json_end(json);
}

static void add_dither(ns_json *json, const ns_diagnose_precision *precision)
{
    ns_json_array(json, "dither");
    for (int i = 0; i < precision->dither_count; i++) {
        const ns_diagnose_dither *dither = &precision->dither[i];
        ns_json_object(json, NULL);
        ns_json_text(json, "tensor", dither->tensor);
        ns_json_text(json, "kind", dither->kind);
        ns_json_real(json, "db", dither->db);
        ns_json_real(json, "largest_code", dither->largest_code);
        ns_json_end(json);
    }
    ns_json_end(json);
}

static void add_precision(ns_json *json, const ns_diagnose_precision *precision)
{
    if (!precision) {
        ns_json_null(json, "precision");
        return;
    }
    ns_json_object(json, "precision");
    ns_json_text(json, "verdict", ns_diagnose_verdict_text(precision->verdict));
    ns_json_text(json, "reason", precision->reason);
    ns_json_integer(json, "samples", precision->samples);
    add_sqnr(json, precision);
    ns_json_array(json, "blame");
    for (int i = 0; i < precision->blame_count; i++)
        add_blame(json, precision, &precision->blame[i]);
    ns_json_end(json);
    ns_json_array(json, "stages");
    for (int i = 0; i < precision->stage_count; i++)
        add_stage(json, &precision->stages[i]);
    ns_json_end(json);
    add_dither(json, precision);
    add_waterfall(json, precision);
    ns_json_array(json, "notes");
    for (int i = 0; i < precision->note_count; i++)
        ns_json_text(json, NULL, precision->notes[i]);
    ns_json_end(json);
    ns_json_end(json);
}

static void add_index(ns_json *json, const char *key, int index)
{
    if (index < 0)
        ns_json_null(json, key);
    else
        ns_json_integer(json, key, index);
}

static void add_departure(ns_json *json, const ns_diagnose_compile *row)
{
    const ns_diagnose_departure *first = &row->first_wrong;
    if (!row->departs) {
        ns_json_null(json, "first_wrong");
        return;
    }
    ns_json_object(json, "first_wrong");
    add_index(json, "command", first->command);
    ns_json_text(json, "operation", first->operation);
    ns_json_text(json, "output", first->output);
    add_index(json, "operator", first->operator_index);
    ns_json_text(json, "op", first->op);
    add_index(json, "producer", first->producer_index);
    ns_json_text(json, "location", first->location);
    ns_json_integer(json, "wrong", (int64_t)first->wrong);
    ns_json_integer(json, "compared", (int64_t)first->compared);
    ns_json_bool(json, "confirmed", first->confirmed);
    ns_json_integer(json, "without_counterpart", first->without_counterpart);
    ns_json_integer(json, "consequences", first->consequences);
    ns_json_end(json);
}

static void add_compile(ns_json *json, const ns_diagnose_compile *row)
{
    ns_json_object(json, NULL);
    ns_json_text(json, "accelerator", row->accelerator);
    ns_json_text(json, "memory_mode", row->memory_mode);
    ns_json_text(json, "vela", row->vela);
    ns_json_text(json, "verdict", row->verdict);
    ns_json_text(json, "reason", row->reason);
    ns_json_text(json, "known_defect", row->known_defect);
    ns_json_text(json, "proof", row->proof);
    ns_json_text(json, "flags", row->flags);
    ns_json_array(json, "avoided_by");
    for (int i = 0; i < row->avoided_count; i++)
        ns_json_text(json, NULL, row->avoided_by[i]);
    ns_json_end(json);
    ns_json_integer(json, "wrong", (int64_t)row->wrong);
    ns_json_integer(json, "elements", (int64_t)row->elements);
    ns_json_real(json, "sqnr_db", row->sqnr_db);
    add_departure(json, row);
    ns_json_end(json);
}

/* What a graph or a delegate has; of a program with several the parts. */
static void add_result(ns_json *json, const ns_diagnose_result *result)
{
    ns_json_text(json, "part", result->part);
    add_precision(json, result->precision);
    ns_json_text(json, "precision_missing", result->precision_missing);
    ns_json_array(json, "compile");
    for (int i = 0; i < result->compile_count; i++)
        add_compile(json, &result->compile[i]);
    ns_json_end(json);
    ns_json_text(json, "compile_missing", result->compile_missing);
    ns_json_array(json, "parts");
    for (int i = 0; i < result->part_count; i++) {
        ns_json_object(json, NULL);
        add_result(json, &result->parts[i]);
        ns_json_end(json);
    }
    ns_json_end(json);
}

ns_code ns_report_diagnose_json(const ns_diagnose_result *result, ns_arena *arena, ns_bytes *out,
                                ns_error *error)
{
    ns_buffer buffer = {.arena = arena};
    ns_json json = ns_json_begin(&buffer, true, 17);
    ns_json_object(&json, NULL);
    ns_json_text(&json, "schema", "npuscope/diagnose/1");
    ns_json_text(&json, "version", NS_VERSION_TEXT);
    ns_json_text(&json, "model", result->model);
    add_result(&json, result);
    ns_json_end(&json);
    return ns_json_finish(&json, "the diagnosis", out, error);
}

ns_code ns_report_diagnosis_json(const ns_diagnose_result *result, ns_arena *arena, const char **text,
                                 size_t *size, ns_error *error)
{
    ns_bytes bytes;
    NS_TRY(ns_report_diagnose_json(result, arena, &bytes, error));
    *text = (const char *)bytes.data;
    *size = bytes.size;
    return NS_OK;
}
