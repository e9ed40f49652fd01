/* Stages and configurations of the compiler as comma-separated values, a row each. What was not measured, and
 * what the other kind of row has, is empty. */
#include <math.h>

#include "base/interface.h"
#include "report/interface.h"

/* Quoted: names may hold commas. */
static void append_text(ns_buffer *buffer, const char *text)
{
    ns_buffer_append(buffer, "\"", 1);
    for (; text && *text; text++)
        ns_buffer_format(buffer, *text == '"' ? "\"\"" : "%c", *text);
    ns_buffer_append(buffer, "\"", 1);
}

static void append_number(ns_buffer *buffer, double value)
{
    if (isfinite(value))
        ns_buffer_format(buffer, ",%.9g", value);
    else
        ns_buffer_append(buffer, ",", 1);
}

static const ns_diagnose_blame *blame_of(const ns_diagnose_precision *precision, int stage)
{
    for (int i = 0; i < precision->blame_count; i++)
        if (precision->blame[i].stage == stage)
            return &precision->blame[i];
    return NULL;
}

static void append_empty(ns_buffer *buffer, int count)
{
    for (int i = 0; i < count; i++)
        ns_buffer_append(buffer, ",", 1);
}

/* Columns behind `part`. */
#define CONFIGURATION \
    "accelerator,memory_mode,vela,verdict,wrong,elements,sqnr_db,command,operation,known_defect,reason"
enum { NUMBERS = 11, CONFIGURATION_COLUMNS = 11 };

static void append_stage(ns_buffer *buffer, const ns_diagnose_result *result, int index)
{
    const ns_diagnose_precision *precision = result->precision;
    const ns_diagnose_stage *stage = &precision->stages[index];
    const ns_diagnose_blame *blame = blame_of(precision, index);
    append_text(buffer, stage->output);
    ns_buffer_format(buffer, ",%s,%s,%s", stage->op, stage->function ? stage->function : "",
                     blame ? ns_diagnose_cause_text(ns_diagnose_cause_family(blame->cause)) : "");
    const double numbers[NUMBERS] = {stage->local_steps,
                                     stage->local_db,
                                     stage->cumulative_steps,
                                     stage->cumulative_db,
                                     stage->largest_code,
                                     (double)stage->clipped,
                                     stage->peak,
                                     stage->alone_db,
                                     stage->knocked_out_db,
                                     stage->share,
                                     blame ? blame->gain_db : stage->gain_db};
    for (int i = 0; i < NUMBERS; i++)
        append_number(buffer, numbers[i]);
    ns_buffer_append(buffer, ",", 1);
    append_text(buffer, result->part);
    append_empty(buffer, CONFIGURATION_COLUMNS);
    ns_buffer_append(buffer, "\n", 1);
}

/* output and op: of the first operation that departs. */
static void append_configuration(ns_buffer *buffer, const ns_diagnose_result *result, int index)
{
    const ns_diagnose_compile *row = &result->compile[index];
    const ns_diagnose_departure *first = &row->first_wrong;
    const bool command = row->departs && first->command >= 0;
    append_text(buffer, row->departs ? first->output : NULL);
    ns_buffer_format(buffer, ",%s", row->departs && first->op ? first->op : "");
    append_empty(buffer, 2 + NUMBERS + 1);
    append_text(buffer, result->part);
    ns_buffer_format(buffer, ",%s,%s,%s,%s,%zu,%zu", row->accelerator, row->memory_mode, row->vela,
                     row->verdict, row->wrong, row->elements);
    append_number(buffer, row->sqnr_db);
    append_number(buffer, command ? first->command : NAN);
    ns_buffer_format(buffer, ",%s,%s,", row->departs && first->operation ? first->operation : "",
                     row->known_defect ? row->known_defect : "");
    append_text(buffer, row->reason);
    ns_buffer_append(buffer, "\n", 1);
}

static void append_rows(ns_buffer *buffer, const ns_diagnose_result *result)
{
    for (int i = 0; result->precision && i < result->precision->stage_count; i++)
        append_stage(buffer, result, i);
    for (int i = 0; i < result->compile_count; i++)
        append_configuration(buffer, result, i);
    for (int i = 0; i < result->part_count; i++)
        append_rows(buffer, &result->parts[i]);
}

ns_code ns_report_diagnose_csv(const ns_diagnose_result *result, ns_arena *arena, ns_bytes *out,
                               ns_error *error)
{
    ns_buffer buffer = {.arena = arena};
    ns_buffer_format(
        &buffer, "output,op,function,cause,local_steps,local_db,cumulative_steps,cumulative_db,largest_code,"
                 "clipped,peak,alone_db,knocked_out_db,share,gain_db,part," CONFIGURATION "\n");
    append_rows(&buffer, result);
    if (buffer.failed)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the table");
    *out = (ns_bytes){buffer.data, buffer.size};
    return NS_OK;
}

/* Node data for Model Explorer. The form is that of its node_data_builder.py (ai-edge-model-explorer 0.1.34);
 * the names of nodes are those of tosa-adapter-model-explorer 0.1.0. */

static void add_stop(ns_json *json, double stop, const char *colour)
{
    ns_json_object(json, NULL);
    ns_json_real(json, "stop", stop);
    ns_json_text(json, "bgColor", colour);
    ns_json_end(json);
}

ns_code ns_report_diagnose_nodes(const ns_diagnose_result *result, ns_arena *arena, ns_bytes *out,
                                 ns_error *error)
{
    const char *region = result->region && result->region[0] ? result->region : "region0";
    ns_buffer buffer = {.arena = arena};
    if (result->part_count)
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "node data are those of one graph, and the program has %d delegates",
                       result->part_count);
    ns_json json = ns_json_begin(&buffer, true, 6);
    ns_json_object(&json, NULL);
    ns_json_object(&json, region);
    ns_json_object(&json, "results");
    for (int i = 0; result->precision && i < result->precision->stage_count; i++) {
        const ns_diagnose_stage *stage = &result->precision->stages[i];
        if (!isfinite(stage->share))
            continue;
        ns_json_object(&json, ns_arena_format(arena, "%s/op%d", region, stage->operator_index));
        ns_json_real(&json, "value", 100 * stage->share);
        ns_json_end(&json);
    }
    ns_json_end(&json);
    ns_json_array(&json, "gradient");
    add_stop(&json, 0, "#ffffff");
    add_stop(&json, 1, "#d9534f");
    ns_json_end(&json);
    ns_json_end(&json);
    ns_json_end(&json);
    return ns_json_finish(&json, "the node data", out, error);
}
