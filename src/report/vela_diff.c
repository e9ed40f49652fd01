/* The comparison of two compilations, as text and as JSON. */
#include <string.h>

#include "report/document.h"
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
    if (result->kept_off)
        fprintf(out, "%d cases not compiled: ExecuTorch keeps them off the target\n", result->kept_off);
}

static json_t *side_object(const ns_vela_diff_side *side)
{
    return json_pack("{s:s, s:s, s:I, s:b, s:s?}", "status", ns_vela_diff_status_text(side->status), "reason",
                     side->reason ? side->reason : "", "wrong", (json_int_t)side->wrong, "all_zero",
                     (int)side->all_zero, "chip_rule", side->chip_rule);
}

static json_t *compiler_object(const ns_vela_diff_result *result, int side)
{
    json_t *object = json_pack("{s:s, s:s}", "version", result->compilers[side].vela.version, "flags",
                               flags_of(&result->compilers[side]));
    for (int i = 0; i < 5; i++)
        json_object_set_new(object, ns_vela_diff_status_text((ns_vela_diff_status)i),
                            json_integer(result->statuses[side][i]));
    return object;
}

/* Output, element, a, b, eval: a row each. */
static json_t *changes_array(const ns_vela_diff_graph *graph)
{
    json_t *array = json_array();
    for (size_t i = 0; i < graph->change_count; i++) {
        const ns_vela_diff_change *change = &graph->changes[i];
        json_array_append_new(array, json_pack("[i, I, I, I, o]", change->output, (json_int_t)change->element,
                                               (json_int_t)change->a, (json_int_t)change->b,
                                               graph->evaluated ? json_integer(change->eval) : json_null()));
    }
    return array;
}

static json_t *graph_object(const ns_vela_diff_graph *graph)
{
    return json_pack("{s:s, s:s, s:b, s:b, s:I, s:I, s:o, s:s, s:o, s:o}", "graph", graph->name,
                     "accelerator", graph->accelerator, "compared", (int)graph->compared, "streams_differ",
                     (int)graph->streams_differ, "elements", (json_int_t)graph->elements, "changed",
                     (json_int_t)graph->changed, "changes", changes_array(graph), "eval_reason",
                     graph->eval_reason ? graph->eval_reason : "", "a", side_object(&graph->sides[0]), "b",
                     side_object(&graph->sides[1]));
}

ns_code ns_report_vela_diff_json(const ns_vela_diff_result *result, ns_arena *arena, ns_bytes *out,
                                 ns_error *error)
{
    json_t *graphs = json_array();
    for (int i = 0; i < result->count; i++)
        json_array_append_new(graphs, graph_object(&result->graphs[i]));
    const bool whole = json_array_size(graphs) == (size_t)result->count;
    json_t *root =
        json_pack("{s:s, s:s, s:I, s:o, s:o, s:{s:i, s:I, s:i, s:i, s:I, s:i}, s:o}", "schema",
                  "npuscope/vela-diff/1", "version", NPUSCOPE_VERSION, "seed", (json_int_t)result->seed, "a",
                  compiler_object(result, 0), "b", compiler_object(result, 1), "summary", "compared",
                  result->compared, "elements", (json_int_t)result->elements, "streams_differ",
                  result->streams_differ, "changed_graphs", result->changed_graphs, "changed",
                  (json_int_t)result->changed, "kept_off", result->kept_off, "graphs", graphs);
    if (!whole) {
        json_decref(root);
        root = NULL;
    }
    return ns_document_text(root, JSON_INDENT(1), "the JSON report", arena, out, error);
}
