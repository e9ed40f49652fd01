/* The stages as comma-separated values. What was not measured is empty. */
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

static void append_row(ns_buffer *buffer, const ns_diagnose_result *result, int index)
{
    const ns_diagnose_precision *precision = result->precision;
    const ns_diagnose_stage *stage = &precision->stages[index];
    const ns_diagnose_blame *blame = blame_of(precision, index);
    append_text(buffer, stage->output);
    ns_buffer_format(buffer, ",%s,%s,%s", stage->op, stage->function ? stage->function : "",
                     blame ? ns_diagnose_cause_text(blame->cause) : "");
    const double numbers[] = {stage->local_steps,
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
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        append_number(buffer, numbers[i]);
    ns_buffer_append(buffer, ",", 1);
    append_text(buffer, result->part);
    ns_buffer_append(buffer, "\n", 1);
}

static void append_rows(ns_buffer *buffer, const ns_diagnose_result *result)
{
    for (int i = 0; result->precision && i < result->precision->stage_count; i++)
        append_row(buffer, result, i);
    for (int i = 0; i < result->part_count; i++)
        append_rows(buffer, &result->parts[i]);
}

ns_code ns_report_diagnose_csv(const ns_diagnose_result *result, ns_arena *arena, ns_bytes *out,
                               ns_error *error)
{
    ns_buffer buffer = {.arena = arena};
    ns_buffer_format(
        &buffer, "output,op,function,cause,local_steps,local_db,cumulative_steps,cumulative_db,largest_code,"
                 "clipped,peak,alone_db,knocked_out_db,share,gain_db,part\n");
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
