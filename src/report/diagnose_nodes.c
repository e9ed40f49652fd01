/* Node data for Model Explorer. The form is that of its node_data_builder.py (ai-edge-model-explorer 0.1.34);
 * the names of nodes are those of tosa-adapter-model-explorer 0.1.0. */
#include <math.h>

#include "base/json.h"
#include "report/diagnose.h"

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
