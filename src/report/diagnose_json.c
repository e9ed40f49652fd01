/* The document npuscope/diagnose/1. Numbers that were not measured are null. */
#include "report/diagnose.h"
#include "report/document.h"

#define REAL(value) ns_document_real(value)

static json_t *mends_array(const ns_diagnose_blame *blame)
{
    json_t *array = json_array();
    for (int i = 0; i < blame->mend_count; i++)
        json_array_append_new(array, json_pack("{s:s, s:o, s:b}", "mend", blame->mends[i].text, "mended",
                                               REAL(blame->mends[i].mended_db), "applicable",
                                               (int)blame->mends[i].applicable));
    return array;
}

static json_t *blame_object(const ns_diagnose_precision *precision, const ns_diagnose_blame *blame)
{
    const ns_diagnose_stage *stage = &precision->stages[blame->stage];
    return json_pack("{s:s, s:s, s:s?, s:s?, s:i, s:s, s:s, s:o, s:{s:o, s:o}, s:{s:o, s:o, s:o, s:o}, s:o, "
                     "s:o, s:s?, s:o}",
                     "output", stage->output, "op", stage->op, "function", stage->function, "location",
                     stage->location, "operator", stage->operator_index, "cause",
                     ns_diagnose_cause_text(blame->cause), "why", blame->why, "gain_db", REAL(blame->gain_db),
                     "local", "max_steps", REAL(stage->local_steps), "sqnr_db", REAL(stage->local_db),
                     "sqnr_db", "now", REAL(blame->now_db), "knocked_out", REAL(blame->knocked_out_db),
                     "mended", REAL(blame->mended_db), "together", REAL(blame->joint_db), "alone_db",
                     REAL(stage->alone_db), "share", REAL(stage->share), "mend",
                     blame->mend_count ? blame->mends[0].text : NULL, "mends", mends_array(blame));
}

static json_t *stage_object(const ns_diagnose_stage *stage)
{
    json_t *shape = json_array();
    for (int i = 0; i < stage->rank; i++)
        json_array_append_new(shape, json_integer(stage->shape[i]));
    return json_pack("{s:s, s:s, s:s?, s:s?, s:i, s:o, s:{s:o, s:o}, s:{s:o, s:o}, s:o, s:I, s:o, s:o, s:o, "
                     "s:o, s:o}",
                     "output", stage->output, "op", stage->op, "function", stage->function, "location",
                     stage->location, "operator", stage->operator_index, "shape", shape, "local", "max_steps",
                     REAL(stage->local_steps), "sqnr_db", REAL(stage->local_db), "cumulative", "max_steps",
                     REAL(stage->cumulative_steps), "sqnr_db", REAL(stage->cumulative_db), "largest_code",
                     REAL(stage->largest_code), "clipped", (json_int_t)stage->clipped, "peak",
                     REAL(stage->peak), "alone_db", REAL(stage->alone_db), "knocked_out_db",
                     REAL(stage->knocked_out_db), "share", REAL(stage->share), "gain_db",
                     REAL(stage->gain_db));
}

static json_t *dither_object(const ns_diagnose_dither *dither)
{
    return json_pack("{s:s, s:s, s:o, s:o}", "tensor", dither->tensor, "kind", dither->kind, "db",
                     REAL(dither->db), "largest_code", REAL(dither->largest_code));
}

static json_t *precision_object(const ns_diagnose_precision *precision)
{
    if (!precision)
        return json_null();
    json_t *blame = json_array(), *stages = json_array(), *dither = json_array(), *steps = json_array(),
           *notes = json_array();
    for (int i = 0; i < precision->blame_count; i++)
        json_array_append_new(blame, blame_object(precision, &precision->blame[i]));
    for (int i = 0; i < precision->stage_count; i++)
        json_array_append_new(stages, stage_object(&precision->stages[i]));
    for (int i = 0; i < precision->dither_count; i++)
        json_array_append_new(dither, dither_object(&precision->dither[i]));
    for (int i = 0; i < precision->step_count; i++)
        json_array_append_new(steps, json_pack("{s:s, s:o, s:b}", "name", precision->steps[i].name, "db",
                                               REAL(precision->steps[i].db), "estimated",
                                               (int)precision->steps[i].estimated));
    for (int i = 0; i < precision->note_count; i++)
        json_array_append_new(notes, json_string(precision->notes[i]));
    return json_pack("{s:s, s:s, s:i, s:{s:o, s:o, s:o, s:o, s:o, s:o, s:b}, s:o, s:o, s:o, s:o, s:o}",
                     "verdict", ns_diagnose_verdict_text(precision->verdict), "reason", precision->reason,
                     "samples", precision->samples, "sqnr_db", "against_float",
                     REAL(precision->against_float_db), "low", REAL(precision->low_db), "high",
                     REAL(precision->high_db), "without_faults", REAL(precision->without_faults_db), "limit",
                     REAL(precision->limit_db), "against_ideal", REAL(precision->against_ideal_db),
                     "measured", (int)precision->measured, "blame", blame, "stages", stages, "dither", dither,
                     "waterfall", steps, "notes", notes);
}

static json_t *departure_object(const ns_diagnose_compile *row)
{
    const ns_diagnose_departure *first = &row->first_wrong;
    if (!row->departs)
        return json_null();
    return json_pack("{s:o, s:s?, s:s?, s:o}", "command",
                     first->command < 0 ? json_null() : json_integer(first->command), "operation",
                     first->operation, "output", first->output, "operator",
                     first->operator_index < 0 ? json_null() : json_integer(first->operator_index));
}

static json_t *compile_object(const ns_diagnose_compile *row)
{
    json_t *avoided = json_array();
    for (int i = 0; i < row->avoided_count; i++)
        json_array_append_new(avoided, json_string(row->avoided_by[i]));
    return json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?, s:o, s:I, s:I, s:o, s:o}", "accelerator",
                     row->accelerator, "memory_mode", row->memory_mode, "vela", row->vela, "verdict",
                     row->verdict, "reason", row->reason, "known_defect", row->known_defect, "avoided_by",
                     avoided, "wrong", (json_int_t)row->wrong, "elements", (json_int_t)row->elements,
                     "sqnr_db", REAL(row->sqnr_db), "first_wrong", departure_object(row));
}

ns_code ns_report_diagnose_json(const ns_diagnose_result *result, ns_arena *arena, ns_bytes *out,
                                ns_error *error)
{
    json_t *compile = json_array();
    for (int i = 0; i < result->compile_count; i++)
        json_array_append_new(compile, compile_object(&result->compile[i]));
    json_t *root = json_pack(
        "{s:s, s:s, s:s, s:o, s:s?, s:o, s:s?}", "schema", "npuscope/diagnose/1", "version", NPUSCOPE_VERSION,
        "model", result->model, "precision", precision_object(result->precision), "precision_missing",
        result->precision_missing, "compile", compile, "compile_missing", result->compile_missing);
    return ns_document_text(root, JSON_INDENT(1), "the diagnosis", arena, out, error);
}
