/* The comparison of two compilations, as text and as JSON. */
#include <string.h>

#include "base/interface.h"
#include "npuscope/version.h"
#include "report/internal.h"

static const char *flags_of(const ns_vela_diff_compiler *compiler)
{
    return compiler->flags ? compiler->flags : "";
}

static bool is_told(const ns_vela_diff_result *result, const ns_vela_diff_graph *graph)
{
    for (int side = 0; side < result->side_count; side++)
        if (graph->sides[side].changed || graph->sides[side].status != NS_VELA_DIFF_RIGHT)
            return true;
    return graph->changed > 0;
}

/* Letters name sides: A is the oldest. */
static char letter(int side)
{
    return (char)('A' + side);
}

/* "wrong 35", "all 0, 35" (of which eval gives another value), "right". */
static const char *side_words(const ns_vela_diff_side *side, char text[48])
{
    if (side->status == NS_VELA_DIFF_WRONG)
        snprintf(text, 48, "%s %zu", side->all_zero ? "all 0," : "wrong", side->wrong);
    else
        snprintf(text, 48, "%s", ns_vela_diff_status_text(side->status));
    return text;
}

/* ---- the table: releases by target ---- */

/* The next graph from `from` on whose accelerator no earlier graph has; count at the end. */
static int next_accelerator(const ns_vela_diff_result *result, int from)
{
    for (int i = from; i < result->count; i++) {
        int k = 0;
        while (k < i && strcmp(result->graphs[k].accelerator, result->graphs[i].accelerator) != 0)
            k++;
        if (k == i)
            return i;
    }
    return result->count;
}

typedef struct tally {
    int statuses[NS_VELA_DIFF_STATUS_COUNT];
    int changed, worse;
} tally;

/* The graphs of one side on one accelerator. */
static tally count_graphs(const ns_vela_diff_result *result, int side, const char *accelerator)
{
    tally t = {0};
    for (int i = 0; i < result->count; i++) {
        if (strcmp(result->graphs[i].accelerator, accelerator) != 0)
            continue;
        const ns_vela_diff_side *one = &result->graphs[i].sides[side];
        t.statuses[one->status]++;
        t.changed += one->changed > 0;
        t.worse += one->worse;
    }
    return t;
}

static void print_table(const ns_vela_diff_result *result, FILE *out)
{
    fprintf(out, "  %-8s %-14s %5s %5s %9s %7s %6s %7s %5s\n", "Vela", "target", "right", "wrong",
            "unchecked", "refused", "failed", "changed", "worse");
    for (int i = next_accelerator(result, 0); i < result->count; i = next_accelerator(result, i + 1))
        for (int side = 0; side < result->side_count; side++) {
            const tally t = count_graphs(result, side, result->graphs[i].accelerator);
            fprintf(out, "%c %-8s %-14s %5d %5d %9d %7d %6d", letter(side),
                    result->compilers[side].vela.version, result->graphs[i].accelerator,
                    t.statuses[NS_VELA_DIFF_RIGHT], t.statuses[NS_VELA_DIFF_WRONG],
                    t.statuses[NS_VELA_DIFF_UNCHECKED], t.statuses[NS_VELA_DIFF_REFUSED],
                    t.statuses[NS_VELA_DIFF_FAILED]);
            if (side)
                fprintf(out, " %7d %5d\n", t.changed, t.worse);
            else
                fprintf(out, " %7s %5s\n", "-", "-");
        }
}

static void print_counts(const ns_vela_diff_result *result, int side, FILE *out)
{
    fprintf(out, "%c: Vela %s%s%s:", letter(side), result->compilers[side].vela.version,
            *flags_of(&result->compilers[side]) ? " " : "", flags_of(&result->compilers[side]));
    for (int i = 0; i < NS_VELA_DIFF_STATUS_COUNT; i++)
        if (result->statuses[side][i] || i < 2)
            fprintf(out, "%s %d %s", i ? "," : "", result->statuses[side][i],
                    ns_vela_diff_status_text((ns_vela_diff_status)i));
    if (result->worse[side])
        fprintf(out, "; worse than %c in %d", letter(side - 1), result->worse[side]);
    fputs("\n", out);
}

/* A mark of a side that is wrong: a chip rule that struck, or a sign of its stream. */
typedef const char *mark_of(const ns_vela_diff_side *side);

static const char *chip_rule_of(const ns_vela_diff_side *side)
{
    return side->status == NS_VELA_DIFF_WRONG ? side->chip_rule : NULL;
}

static const char *sign_of(const ns_vela_diff_side *side)
{
    return side->status != NS_VELA_DIFF_RIGHT ? side->sign : NULL;
}

static bool is_same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

/* Graphs of an accelerator that have the mark on a side. */
static int count_marks(const ns_vela_diff_result *result, int side, const char *accelerator, mark_of *mark,
                       const char *text)
{
    int count = 0;
    for (int i = 0; i < result->count; i++)
        count += is_same(mark(&result->graphs[i].sides[side]), text) &&
                 strcmp(result->graphs[i].accelerator, accelerator) == 0;
    return count;
}

/* Whether an earlier graph of the accelerator, or an earlier side of this one, has the mark. */
static bool is_marked_before(const ns_vela_diff_result *result, int index, int side, mark_of *mark)
{
    const ns_vela_diff_graph *graph = &result->graphs[index];
    for (int i = 0; i <= index; i++)
        for (int k = 0; k < (i < index ? result->side_count : side); k++)
            if (is_same(mark(&result->graphs[i].sides[k]), mark(&graph->sides[side])) &&
                strcmp(result->graphs[i].accelerator, graph->accelerator) == 0)
                return true;
    return false;
}

/* Each mark once for each accelerator, with the sides that have it and the most graphs that one of them has.
 */
static void print_marks(const ns_vela_diff_result *result, const char *what, mark_of *mark, FILE *out)
{
    for (int i = 0; i < result->count; i++)
        for (int side = 0; side < result->side_count; side++) {
            const ns_vela_diff_graph *graph = &result->graphs[i];
            const char *own = mark(&graph->sides[side]), *separator = "";
            int most = 0;
            if (!own || is_marked_before(result, i, side, mark))
                continue;
            for (int k = 0; k < result->side_count; k++) {
                const int count = count_marks(result, k, graph->accelerator, mark, own);
                most = count > most ? count : most;
                if (count)
                    fprintf(out, "%s%c", separator, letter(k));
                separator = count ? ", " : separator;
            }
            fprintf(out, " on %s: %s %s (%d graph%s)\n", graph->accelerator, what, own, most,
                    most == 1 ? "" : "s");
        }
}

static bool meets(const ns_vela_diff_side *side, ns_defect defect)
{
    for (int i = 0; i < side->defect_count; i++)
        if (side->defects[i] == defect)
            return true;
    return false;
}

/* Known defects that graphs meet which are neither right nor refused, each once for the sides that have it,
 * with what avoids it. */
static void print_defects(const ns_vela_diff_result *result, FILE *out)
{
    for (ns_defect defect = 0; defect < NS_DEFECT_COUNT; defect++) {
        const ns_defect_info *info = ns_defect_get_info(defect);
        char sides[4 * NS_VELA_DIFF_SIDES + 1] = "";
        int most = 0;
        for (int side = 0; side < result->side_count; side++) {
            int count = 0;
            for (int i = 0; i < result->count; i++) {
                const ns_vela_diff_side *one = &result->graphs[i].sides[side];
                count += one->status != NS_VELA_DIFF_RIGHT && one->status != NS_VELA_DIFF_REFUSED &&
                         meets(one, defect);
            }
            if (count)
                snprintf(sides + strlen(sides), sizeof sides - strlen(sides), "%s%c", *sides ? ", " : "",
                         letter(side));
            most = count > most ? count : most;
        }
        if (most)
            fprintf(out, "%s: known defect %s (%d graph%s): %s\n   avoided by: %s%s%s\n", sides, info->id,
                    most, most == 1 ? "" : "s", info->what,
                    *info->avoid ? info->avoid : "nothing known in the graph",
                    *info->options ? "; option " : "", info->options);
    }
}

/* A graph and one side of it, or its evaluation: what may have a reason. */
static const char *reason_at(const ns_vela_diff_graph *graph, int side)
{
    return side < 0 ? graph->eval_reason : graph->sides[side].reason;
}

static bool has_words(const ns_vela_diff_graph *graph, int side, const char *words)
{
    return reason_at(graph, side) && ns_report_same_words(reason_at(graph, side), words);
}

/* Whether an earlier graph, or an earlier side of this one, gives the reason. */
static bool is_said(const ns_vela_diff_result *result, int index, int side)
{
    const char *words = reason_at(&result->graphs[index], side);
    for (int i = 0; i <= index; i++)
        for (int k = -1; k < (i < index ? result->side_count : side); k++)
            if (has_words(&result->graphs[i], k, words))
                return true;
    return false;
}

/* A reason with the sides that give it, the number of graphs and the first of them. */
static void print_reason(const ns_vela_diff_result *result, int index, int side, FILE *out)
{
    const char *words = reason_at(&result->graphs[index], side);
    char text[2 * NS_MESSAGE_SIZE], sides[4 * NS_VELA_DIFF_SIDES + 8] = "";
    int graphs = 0;
    for (int k = -1; k < result->side_count; k++) {
        bool given = false;
        for (int i = index; i < result->count; i++)
            given = given || has_words(&result->graphs[i], k, words);
        if (given)
            snprintf(sides + strlen(sides), sizeof sides - strlen(sides), k < 0 ? "eval" : "%s%c",
                     *sides ? ", " : "", letter(k < 0 ? 0 : k));
    }
    for (int i = index; i < result->count; i++) {
        bool given = false;
        for (int k = -1; k < result->side_count; k++)
            given = given || has_words(&result->graphs[i], k, words);
        graphs += given;
    }
    snprintf(text, sizeof text, "%s: %s (%d graph%s, first %s on %s)", sides, words, graphs,
             graphs == 1 ? "" : "s", result->graphs[index].name, result->graphs[index].accelerator);
    ns_text_wrap(out, 2, text);
}

/* Each reason once, whatever its numbers. */
static void print_reasons(const ns_vela_diff_result *result, FILE *out)
{
    for (int i = 0; i < result->count; i++)
        for (int side = -1; side < result->side_count; side++)
            if (reason_at(&result->graphs[i], side) && !is_said(result, i, side))
                print_reason(result, i, side, out);
}

/* ---- the graphs ---- */

#define CELL 12
#define CELLS 5 /* on a line */

/* Columns of the name: of few sides it stands before them where it fits, else on a line of its own. */
static int name_width(const ns_vela_diff_result *result)
{
    return result->side_count == 2 ? 23 : result->side_count == 3 ? 20 : 2;
}

static void print_heading(const ns_vela_diff_result *result, FILE *out)
{
    fprintf(out, "%-*s %-14s", name_width(result), result->side_count > 3 ? "" : "graph", "accelerator");
    if (result->side_count < 4)
        fprintf(out, " %8s", "elements");
    if (result->side_count == 2)
        fprintf(out, " %8s", "changed");
    for (int side = 0; side < result->side_count; side++)
        fprintf(out, " %-*c", side + 1 < result->side_count ? CELL - 1 : 1, letter(side));
    fputs("\n", out);
}

static void print_graph(const ns_vela_diff_result *result, const ns_vela_diff_graph *graph, FILE *out)
{
    char text[48];
    const int width = name_width(result);
    const bool fits = (int)strlen(graph->name) <= width;
    if (!fits)
        fprintf(out, "%s\n", graph->name);
    fprintf(out, "%-*s %-14s", width, fits ? graph->name : "", graph->accelerator);
    if (result->side_count < 4)
        fprintf(out, " %8zu", graph->elements);
    if (result->side_count == 2)
        fprintf(out, " %8zu", graph->changed);
    for (int side = 0; side < result->side_count; side++) {
        const bool ends = side + 1 == result->side_count || side % CELLS == CELLS - 1;
        if (side && side % CELLS == 0)
            fprintf(out, "%*s", width + 15, "");
        fprintf(out, " %-*s%s", ends ? 1 : CELL - 1, side_words(&graph->sides[side], text), ends ? "\n" : "");
    }
}

static void print_unmoved(const ns_vela_diff_result *result, FILE *out)
{
    size_t elements = 0;
    int graphs = 0;
    for (int i = 0; i < result->count; i++) {
        elements += result->graphs[i].unmoved;
        graphs += result->graphs[i].unmoved > 0;
    }
    if (elements)
        fprintf(out,
                "%zu output elements of %d graphs changed with no drawn input: constants, or not reached\n",
                elements, graphs);
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* A graph on several targets is compared as often; those of a graph stand together. */
static void print_compared(const ns_vela_diff_result *result, FILE *out)
{
    const ns_vela_diff_graph *last = NULL;
    int graphs = 0;
    for (int i = 0; i < result->count; i++) {
        const ns_vela_diff_graph *graph = &result->graphs[i];
        if (!graph->compared)
            continue;
        graphs += !last || strcmp(graph->name, last->name) != 0;
        last = graph;
    }
    if (graphs == result->compared)
        fprintf(out, "%d graph%s compared", graphs, plural((uint64_t)graphs));
    else
        fprintf(out, "%d comparisons of %d graph%s", result->compared, graphs, plural((uint64_t)graphs));
    fprintf(out, ", %llu element%s: %d stream%s differ%s, %llu element%s in %d of them changed%s\n",
            (unsigned long long)result->elements, plural(result->elements), result->streams_differ,
            plural((uint64_t)result->streams_differ), result->streams_differ == 1 ? "s" : "",
            (unsigned long long)result->changed, plural(result->changed), result->changed_graphs,
            result->side_count > 2 ? " from the first to the last" : "");
}

void ns_report_vela_diff(const ns_vela_diff_result *result, FILE *out)
{
    bool heading = false;
    for (int i = 0; i < result->count; i++) {
        if (!is_told(result, &result->graphs[i]))
            continue;
        if (!heading)
            print_heading(result, out);
        heading = true;
        print_graph(result, &result->graphs[i], out);
    }
    print_reasons(result, out);
    if (heading)
        fputs("\n", out);
    if (result->side_count > 2)
        print_table(result, out);
    print_compared(result, out);
    for (int side = 0; side < result->side_count; side++)
        print_counts(result, side, out);
    print_marks(result, "chip rule", chip_rule_of, out);
    print_marks(result, "sign", sign_of, out);
    print_defects(result, out);
    print_unmoved(result, out);
    if (result->kept_off)
        fprintf(out, "%d case%s not compiled: ExecuTorch keeps %s off the target\n", result->kept_off,
                plural((uint64_t)result->kept_off), result->kept_off == 1 ? "it" : "them");
}

/* ---- JSON ---- */

static void add_side(ns_json *json, const char *key, const ns_vela_diff_side *side)
{
    ns_json_object(json, key);
    ns_json_text(json, "status", ns_vela_diff_status_text(side->status));
    ns_json_text(json, "reason", side->reason ? side->reason : "");
    ns_json_integer(json, "wrong", (int64_t)side->wrong);
    ns_json_integer(json, "changed", (int64_t)side->changed);
    ns_json_bool(json, "worse", side->worse);
    ns_json_bool(json, "all_zero", side->all_zero);
    ns_json_text(json, "chip_rule", side->chip_rule);
    ns_json_text(json, "sign", side->sign);
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
    for (int i = 0; i < NS_VELA_DIFF_STATUS_COUNT; i++)
        ns_json_integer(json, ns_vela_diff_status_text((ns_vela_diff_status)i), result->statuses[side][i]);
    ns_json_integer(json, "worse", result->worse[side]);
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

static void add_graph(ns_json *json, const ns_vela_diff_graph *graph, int side_count)
{
    ns_json_object(json, NULL);
    ns_json_text(json, "graph", graph->name);
    ns_json_text(json, "accelerator", graph->accelerator);
    ns_json_bool(json, "compared", graph->compared);
    ns_json_bool(json, "streams_differ", graph->streams_differ);
    ns_json_integer(json, "input_sets", graph->set_count);
    ns_json_integer(json, "elements", (int64_t)graph->elements);
    ns_json_integer(json, "unmoved", (int64_t)graph->unmoved);
    ns_json_integer(json, "changed", (int64_t)graph->changed);
    add_changes(json, graph);
    ns_json_text(json, "eval_reason", graph->eval_reason ? graph->eval_reason : "");
    add_side(json, "a", &graph->sides[0]);
    add_side(json, "b", &graph->sides[side_count - 1]);
    ns_json_array(json, "sides");
    for (int side = 0; side < side_count; side++)
        add_side(json, NULL, &graph->sides[side]);
    ns_json_end(json);
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
    add_compiler(&json, "b", result, result->side_count - 1);
    ns_json_array(&json, "releases");
    for (int side = 0; side < result->side_count; side++)
        add_compiler(&json, NULL, result, side);
    ns_json_end(&json);
    add_summary(&json, result);
    ns_json_array(&json, "graphs");
    for (int i = 0; i < result->count; i++)
        add_graph(&json, &result->graphs[i], result->side_count);
    ns_json_end(&json);
    ns_json_end(&json);
    return ns_json_finish(&json, "the JSON report", out, error);
}
