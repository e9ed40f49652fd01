#include "report/diagnose.h"

#include <math.h>

static const char *decibels(double value, char text[32])
{
    if (isnan(value))
        snprintf(text, 32, "not known");
    else if (isinf(value))
        snprintf(text, 32, value > 0 ? "no error" : "-inf dB");
    else
        snprintf(text, 32, "%.1f dB", value);
    return text;
}

static const char *shape_of(const ns_diagnose_stage *stage, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "[");
    for (int i = 0; i < stage->rank && used < size; i++)
        used +=
            (size_t)snprintf(text + used, size - used, "%s%lld", i ? "," : "", (long long)stage->shape[i]);
    if (used < size)
        snprintf(text + used, size - used, "]");
    return text;
}

static void print_blame(const ns_diagnose_precision *precision, int index, FILE *out)
{
    const ns_diagnose_blame *blame = &precision->blame[index];
    const ns_diagnose_stage *stage = &precision->stages[blame->stage];
    char shape[128], a[32], b[32];
    fprintf(out, "%d  %s%s%s   %s %s   costs %.1f dB   alone %s", index + 1, stage->op,
            stage->function ? " " : "", stage->function ? stage->function : "", stage->output,
            shape_of(stage, shape, sizeof shape), blame->gain_db, decibels(stage->alone_db, a));
    if (isfinite(stage->share))
        fprintf(out, ", %.0f%% of the error", 100 * stage->share);
    fprintf(out, "\n   local error %.0f steps of 32767 (%s); %s\n", stage->local_steps,
            decibels(stage->local_db, a), blame->why);
    for (int i = 0; i < blame->mend_count; i++)
        fprintf(out, "   mend: %s: %s\n", blame->mends[i].text, decibels(blame->mends[i].mended_db, a));
    fprintf(out, "   proof: this operator ideal: %s -> %s against the graph's real-valued self\n",
            decibels(precision->against_ideal_db, a), decibels(stage->knocked_out_db, b));
    if (stage->location)
        fprintf(out, "   source: %s\n", stage->location);
}

static void print_precision(const ns_diagnose_precision *precision, FILE *out)
{
    char a[32], b[32], c[32];
    fprintf(out, "verdict: %s: %s\n", ns_diagnose_verdict_text(precision->verdict), precision->reason);
    fprintf(out, "%s against the float model: %s", precision->measured ? "measured" : "expected",
            decibels(precision->against_float_db, a));
    if (!precision->measured && isfinite(precision->low_db) && isfinite(precision->high_db))
        fprintf(out, " (%.1f to %.1f)", precision->low_db, precision->high_db);
    fprintf(out, "; %s without the faults below (limit %s: weights, constants, inputs, estimated)\n",
            decibels(precision->without_faults_db, b), decibels(precision->limit_db, c));
    for (int i = 0; i < precision->blame_count; i++)
        print_blame(precision, i, out);
    for (int i = 0; i < precision->note_count; i++)
        fprintf(out, "note: %s\n", precision->notes[i]);
    fprintf(out, "not to blame: %d stages\n", precision->stage_count - precision->blame_count);
}

void ns_report_diagnose_compile_text(const ns_diagnose_result *result, FILE *out)
{
    for (int i = 0; i < result->compile_count; i++) {
        const ns_diagnose_compile *row = &result->compile[i];
        fprintf(out, "%-15s %-20s %-8s %s", row->accelerator, row->memory_mode, row->vela, row->verdict);
        if (row->departs)
            fprintf(out, "  first: %s", row->first_wrong.operation);
        fprintf(out, "%s%s\n", row->reason ? "  " : "", row->reason ? row->reason : "");
    }
}

void ns_report_diagnose_text(const ns_diagnose_result *result, FILE *out)
{
    if (result->precision)
        print_precision(result->precision, out);
    else if (result->precision_missing)
        fprintf(out, "precision: did not run: %s\n", result->precision_missing);
    if (result->compile_count)
        ns_report_diagnose_compile_text(result, out);
    else if (result->compile_missing)
        fprintf(out, "compilation: did not run: %s\n", result->compile_missing);
}
