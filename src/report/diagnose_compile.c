/* The compile half for people: how many configurations are right, then one paragraph for each finding, with
 * all configurations that show it. Findings are the same where release, verdict, operator and known defect
 * are. */
#include <math.h>
#include <string.h>

#include "report/interface.h"

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_finding(const ns_diagnose_compile *a, const ns_diagnose_compile *b)
{
    const ns_diagnose_departure *x = &a->first_wrong, *y = &b->first_wrong;
    return same_text(a->vela, b->vela) && same_text(a->verdict, b->verdict) && a->departs == b->departs &&
           same_text(a->known_defect, b->known_defect) && x->operator_index == y->operator_index &&
           same_text(x->output, y->output) && (a->departs || same_text(a->reason, b->reason));
}

static bool is_first_of_its_kind(const ns_diagnose_result *result, int index)
{
    for (int i = 0; i < index; i++)
        if (same_finding(&result->compile[i], &result->compile[index]))
            return false;
    return true;
}

/* A stream that came compiled names neither release nor memory mode. */
static bool is_given(const char *text)
{
    return text && !same_text(text, "-");
}

static bool is_right(const ns_diagnose_compile *row)
{
    return same_text(row->verdict, "right");
}

/* "ethos-u85-256 (Shared_Sram), ethos-u85-512 (Shared_Sram, Sram_Only)" of all rows like `index`. */
static void print_places(const ns_diagnose_result *result, int index, FILE *out)
{
    const char *last = NULL;
    for (int i = index; i < result->compile_count; i++) {
        const ns_diagnose_compile *row = &result->compile[i];
        if (!same_finding(row, &result->compile[index]))
            continue;
        if (!is_given(row->memory_mode)) {
            fprintf(out, "%s\n", row->accelerator);
            return;
        }
        if (same_text(last, row->accelerator))
            fprintf(out, ", %s", row->memory_mode);
        else
            fprintf(out, "%s%s (%s", last ? "), " : "", row->accelerator, row->memory_mode);
        last = row->accelerator;
    }
    fprintf(out, ")\n");
}

void ns_report_diagnose_departure(const ns_diagnose_departure *first, FILE *out)
{
    if (first->command >= 0)
        fprintf(out, "    first: command %d%s%s", first->command, first->operation ? ", " : "",
                first->operation ? first->operation : "");
    else
        fprintf(out, "    first: %s", first->operation ? first->operation : "no operation");
    if (first->output)
        fprintf(out, "%s %s",
                first->command >= 0 ? ", writes"
                : first->operation  ? " wrong is"
                                    : " writes all of",
                first->output);
    if (first->operator_index >= 0)
        fprintf(out, ", operator %d (%s)", first->operator_index, first->op ? first->op : "?");
    if (first->location)
        fprintf(out, strncmp(first->location, "module: ", 8) ? " at %s" : ", %s", first->location);
    if (first->compared)
        fprintf(out, ": %zu of %zu elements wrong", first->wrong, first->compared);
    fprintf(out, "\n");
    if (first->without_counterpart)
        fprintf(
            out,
            "    %d operations of the same operator before it have no counterpart in the graph: not known\n",
            first->without_counterpart);
    if (first->compared && !first->confirmed)
        fprintf(out, "    not confirmed: with the graph's values in its place nothing comes closer\n");
    if (first->consequences)
        fprintf(out, "    %d operations behind it are wrong as well: consequences\n", first->consequences);
}

static void print_finding(const ns_diagnose_result *result, int index, FILE *out)
{
    const ns_diagnose_compile *row = &result->compile[index];
    fprintf(out, is_given(row->vela) ? "  %s, Vela %s: " : "  %s: ", row->verdict, row->vela);
    print_places(result, index, out);
    if (row->departs)
        ns_report_diagnose_departure(&row->first_wrong, out);
    if (row->reason)
        fprintf(out, "    %s\n", row->reason);
    if (row->known_defect)
        fprintf(out, "    known defect%s: %s (npuscope lint, docs/errata.md)%s%s\n",
                row->proof ? "" : ", perhaps", row->known_defect, row->proof ? "; proved: " : "",
                row->proof ? row->proof : "");
    if (row->avoided_count)
        fprintf(out, "    avoided, tried on %s %s, by: ", row->accelerator, row->memory_mode);
    for (int i = 0; i < row->avoided_count; i++)
        fprintf(out, "%s%s%s", i ? ", " : "", row->avoided_by[i], i == row->avoided_count - 1 ? "\n" : "");
}

/* Findings before refusals. */
static void print_kinds(const ns_diagnose_result *result, bool findings, FILE *out)
{
    for (int i = 0; i < result->compile_count; i++)
        if (!is_right(&result->compile[i]) && result->compile[i].is_finding == findings &&
            is_first_of_its_kind(result, i))
            print_finding(result, i, out);
}

void ns_report_diagnose_compile_text(const ns_diagnose_result *result, FILE *out)
{
    int right = 0, findings = 0, unknown = 0;
    for (int i = 0; i < result->compile_count; i++) {
        right += is_right(&result->compile[i]);
        findings += result->compile[i].is_finding;
        unknown += same_text(result->compile[i].verdict, "unknown");
    }
    fprintf(out, "compilation: %d of %d configurations are right, %d are findings", right,
            result->compile_count, findings);
    fprintf(out, unknown ? ", %d cannot be compared\n" : "\n", unknown);
    print_kinds(result, true, out);
    print_kinds(result, false, out);
}
