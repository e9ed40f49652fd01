/* The comparison of two compilations, as text and as JSON. */
#include <string.h>

#include "base/interface.h"
#include "npuscope/version.h"
#include "report/report.h"

static const char *flags_of(const ns_vela_diff_compiler *compiler)
{
    return compiler->flags ? compiler->flags : "";
}

static bool is_told(const ns_vela_diff_graph *graph)
{
    return graph->changed > 0 || graph->sides[0].status != NS_VELA_DIFF_RIGHT ||
           graph->sides[1].status != NS_VELA_DIFF_RIGHT;
}

static void print_side(const ns_vela_diff_side *side, bool last, FILE *out)
{
    char text[64];
    if (side->status == NS_VELA_DIFF_WRONG)
        snprintf(text, sizeof text, "wrong in %zu%s", side->wrong, side->all_zero ? ", all 0" : "");
    else
        snprintf(text, sizeof text, "%s", ns_vela_diff_status_text(side->status));
    fprintf(out, last ? " %s\n" : " %-22s", text);
}

static void print_counts(const ns_vela_diff_result *result, int side, FILE *out)
{
    fprintf(out, "%c: Vela %s%s%s:", "AB"[side], result -> compilers[side].vela.version,
            result->compilers[side].flags ? " " : "", flags_of(&result->compilers[side]));
    for (int i = 0; i < 5; i++)
        if (result->statuses[side][i] || i < 2)
            fprintf(out, "%s %d %s", i ? "," : "", result->statuses[side][i],
                    ns_vela_diff_status_text((ns_vela_diff_status)i));
    fputs("\n", out);
}

/* Each chip rule once for each accelerator and side, with the number of its wrong graphs. */
static void print_rules(const ns_vela_diff_result *result, FILE *out)
{
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < result->count; i++) {
            const ns_vela_diff_graph *graph = &result->graphs[i];
            const char *rule = graph->sides[side].chip_rule;
            int count = 0, first = -1;
            for (int k = 0; rule && k < result->count; k++) {
                const ns_vela_diff_graph *other = &result->graphs[k];
                /* One entry of the table of rules: the same text is the same pointer. */
                if (other->sides[side].chip_rule != rule || other->sides[side].status != NS_VELA_DIFF_WRONG ||
                    strcmp(other->accelerator, graph->accelerator) != 0)
                    continue;
                first = first < 0 ? k : first;
                count++;
            }
            if (first == i)
                fprintf(out, "%c on %s: chip rule %s (%d graph%s)\n", "AB"[side], graph -> accelerator, rule,
                        count, count == 1 ? "" : "s");
        }
}

static bool meets(const ns_vela_diff_side *side, ns_defect defect)
{
    for (int i = 0; i < side->defect_count; i++)
        if (side->defects[i] == defect)
            return true;
    return false;
}

/* Known defects that graphs meet which are not right, each once for each side, with what avoids it. */
static void print_defects(const ns_vela_diff_result *result, FILE *out)
{
    for (int side = 0; side < 2; side++)
        for (ns_defect defect = 0; defect < NS_DEFECT_COUNT; defect++) {
            const ns_defect_info *info = ns_defect_get_info(defect);
            int count = 0;
            for (int i = 0; i < result->count; i++)
                count += result->graphs[i].sides[side].status != NS_VELA_DIFF_RIGHT &&
                         meets(&result->graphs[i].sides[side], defect);
            if (count)
                fprintf(out, "%c: known defect %s (%d graph%s): %s\n   avoided by: %s%s%s\n", "AB"[side],
                        info -> id, count, count == 1 ? "" : "s", info->what,
                        *info->avoid ? info->avoid : "nothing known in the graph",
                        *info->options ? "; option " : "", info->options);
        }
}

void ns_report_vela_diff(const ns_vela_diff_result *result, FILE *out)
{
    bool heading = false;
    for (int i = 0; i < result->count; i++) {
        const ns_vela_diff_graph *graph = &result->graphs[i];
        if (!is_told(graph))
            continue;
        if (!heading)
            fprintf(out, "%-34s %-14s %8s %8s  %-22s %s\n", "graph", "accelerator", "elements", "changed",
                    "A", "B");
        heading = true;
        fprintf(out, "%-34s %-14s %8zu %8zu ", graph->name, graph->accelerator, graph->elements,
                graph->changed);
        print_side(&graph->sides[0], false, out);
        print_side(&graph->sides[1], true, out);
        for (int side = 0; side < 2; side++)
            if (graph->sides[side].reason)
                fprintf(out, "  %c: %s\n", "AB"[side], graph -> sides[side].reason);
        if (graph->eval_reason)
            fprintf(out, "  eval: %s\n", graph->eval_reason);
    }
    fprintf(out,
            "%s%d graphs compared, %llu elements: %d streams differ, %llu elements of %d graphs changed\n",
            heading ? "\n" : "", result->compared, (unsigned long long)result->elements,
            result->streams_differ, (unsigned long long)result->changed, result->changed_graphs);
    print_counts(result, 0, out);
    print_counts(result, 1, out);
    print_rules(result, out);
    print_defects(result, out);
    if (result->kept_off)
        fprintf(out, "%d cases not compiled: ExecuTorch keeps them off the target\n", result->kept_off);
}

static void add_side(ns_json *json, const char *key, const ns_vela_diff_side *side)
{
    ns_json_object(json, key);
    ns_json_text(json, "status", ns_vela_diff_status_text(side->status));
    ns_json_text(json, "reason", side->reason ? side->reason : "");
    ns_json_integer(json, "wrong", (int64_t)side->wrong);
    ns_json_bool(json, "all_zero", side->all_zero);
    ns_json_text(json, "chip_rule", side->chip_rule);
    ns_json_array(json, "known_defects");
    for (int i = 0; i < side->defect_count; i++)
        ns_json_text(json, NULL, ns_defect_get_info(side->defects[i])->id);
    ns_json_end(json);
    ns_json_end(json);
}

static void add_compiler(ns_json *json, const char *key, const ns_vela_diff_result *result, int side)
{
    ns_json_object(json, key);
    ns_json_text(json, "version", result->compilers[side].vela.version);
    ns_json_text(json, "flags", flags_of(&result->compilers[side]));
    for (int i = 0; i < 5; i++)
        ns_json_integer(json, ns_vela_diff_status_text((ns_vela_diff_status)i), result->statuses[side][i]);
    ns_json_end(json);
}

/* Output, element, a, b, eval: a row each. */
static void add_changes(ns_json *json, const ns_vela_diff_graph *graph)
{
    ns_json_array(json, "changes");
    for (size_t i = 0; i < graph->change_count; i++) {
        const ns_vela_diff_change *change = &graph->changes[i];
        ns_json_array(json, NULL);
        ns_json_integer(json, NULL, change->output);
        ns_json_integer(json, NULL, (int64_t)change->element);
        ns_json_integer(json, NULL, change->a);
        ns_json_integer(json, NULL, change->b);
        if (graph->evaluated)
            ns_json_integer(json, NULL, change->eval);
        else
            ns_json_null(json, NULL);
        ns_json_end(json);
    }
    ns_json_end(json);
}

static void add_graph(ns_json *json, const ns_vela_diff_graph *graph)
{
    ns_json_object(json, NULL);
    ns_json_text(json, "graph", graph->name);
    ns_json_text(json, "accelerator", graph->accelerator);
    ns_json_bool(json, "compared", graph->compared);
    ns_json_bool(json, "streams_differ", graph->streams_differ);
    ns_json_integer(json, "elements", (int64_t)graph->elements);
    ns_json_integer(json, "changed", (int64_t)graph->changed);
    add_changes(json, graph);
    ns_json_text(json, "eval_reason", graph->eval_reason ? graph->eval_reason : "");
    add_side(json, "a", &graph->sides[0]);
    add_side(json, "b", &graph->sides[1]);
    ns_json_end(json);
}

static void add_summary(ns_json *json, const ns_vela_diff_result *result)
{
    ns_json_object(json, "summary");
    ns_json_integer(json, "compared", result->compared);
    ns_json_integer(json, "elements", (int64_t)result->elements);
    ns_json_integer(json, "streams_differ", result->streams_differ);
    ns_json_integer(json, "changed_graphs", result->changed_graphs);
    ns_json_integer(json, "changed", (int64_t)result->changed);
    ns_json_integer(json, "kept_off", result->kept_off);
    ns_json_end(json);
}

ns_code ns_report_vela_diff_json(const ns_vela_diff_result *result, ns_arena *arena, ns_bytes *out,
                                 ns_error *error)
{
    ns_buffer buffer = {.arena = arena};
    ns_json json = ns_json_begin(&buffer, true, 17);
    ns_json_object(&json, NULL);
    ns_json_text(&json, "schema", "npuscope/vela-diff/1");
    ns_json_text(&json, "version", NS_VERSION_TEXT);
    ns_json_integer(&json, "seed", (int64_t)result->seed);
    add_compiler(&json, "a", result, 0);
    add_compiler(&json, "b", result, 1);
    add_summary(&json, result);
    ns_json_array(&json, "graphs");
    for (int i = 0; i < result->count; i++)
        add_graph(&json, &result->graphs[i]);
    ns_json_end(&json);
    ns_json_end(&json);
    return ns_json_finish(&json, "the JSON report", out, error);
}
