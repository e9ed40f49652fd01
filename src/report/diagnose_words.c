#include "report/internal.h"

#include <math.h>
#include <stdio.h>

const char *ns_diagnose_decibels(double value, char text[32])
{
    if (isnan(value))
        snprintf(text, 32, "not known");
    else if (isinf(value))
        snprintf(text, 32, value > 0 ? "no error" : "-inf dB");
    else
        snprintf(text, 32, "%.1f dB", fabs(value) < 0.05 ? 0.0 : value);
    return text;
}

const char *ns_diagnose_headline(const ns_diagnose_result *result, char text[NS_DIAGNOSE_HEADLINE])
{
    const ns_diagnose_precision *precision = result->precision;
    const char *verdict = ns_diagnose_verdict_text(precision->verdict);
    char compile[80];
    int findings = 0;
    for (int i = 0; i < result->compile_count; i++)
        findings += result->compile[i].is_finding;
    snprintf(compile, sizeof compile, "%d of %d configurations %s", findings, result->compile_count,
             findings == 1 ? "is a finding" : "are findings");
    if (!findings)
        snprintf(text, NS_DIAGNOSE_HEADLINE, "%s: %s", verdict, precision->reason);
    else if (ns_diagnose_verdict_fails(precision->verdict))
        snprintf(text, NS_DIAGNOSE_HEADLINE, "%s: %s; compilation: %s", verdict, precision->reason, compile);
    else
        snprintf(text, NS_DIAGNOSE_HEADLINE, "compilation: %s; precision is %s: %s", compile, verdict,
                 precision->reason);
    return text;
}

const char *ns_diagnose_company(const ns_diagnose_precision *precision, int index)
{
    const ns_diagnose_blame *blame = &precision->blame[index];
    if (!(blame->knocked_out_db < blame->now_db + 1)) /* it gains by itself */
        return "";
    for (int i = 0; i < precision->blame_count; i++)
        if (i != index && precision->blame[i].joint_db == blame->joint_db)
            return " with the others of its series";
    return " once those above are mended";
}

const char *ns_diagnose_all_mends(const ns_diagnose_precision *precision, char text[NS_DIAGNOSE_HEADLINE])
{
    char db[32];
    text[0] = 0;
    if (precision->blame_count > 1 && !isnan(precision->all_mended_db))
        snprintf(text, NS_DIAGNOSE_HEADLINE,
                 "the first mend of each at once, nothing ideal: %s against the float model",
                 ns_diagnose_decibels(precision->all_mended_db, db));
    return text;
}

const char *ns_diagnose_shape(const ns_diagnose_stage *stage, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "[");
    for (int i = 0; i < stage->rank && used < size; i++)
        used +=
            (size_t)snprintf(text + used, size - used, "%s%lld", i ? "," : "", (long long)stage->shape[i]);
    if (used < size)
        snprintf(text + used, size - used, "]");
    return text;
}

const char *ns_diagnose_formula(const ns_diagnose_stage *stage, char *text, size_t size)
{
    const ns_diagnose_table *t = stage->table;
    size_t used = 0;
    *text = '\0';
    if (!t)
        return text;
    if (isfinite(t->factor))
        used = (size_t)snprintf(text, size, "%.4g * code^%.4g", t->factor, t->power);
    else
        used = (size_t)snprintf(text, size, "%s(code * %.4g) / %.4g", stage->function, t->input_scale,
                                t->output_scale);
    if (isfinite(t->slope) && used < size)
        used += (size_t)snprintf(text + used, size - used, ", times %.4g below zero", t->slope);
    if (used < size)
        snprintf(text + used, size - used, "; every knot within %.2f steps", t->residual);
    return text;
}

bool ns_diagnose_is_blamed(const ns_diagnose_precision *precision, int stage)
{
    for (int i = 0; i < precision->blame_count; i++)
        if (precision->blame[i].stage == stage)
            return true;
    return false;
}

int ns_diagnose_next(const ns_diagnose_precision *precision)
{
    int next = -1;
    for (int i = 0; i < precision->stage_count; i++)
        if (isfinite(precision->stages[i].alone_db) && !ns_diagnose_is_blamed(precision, i) &&
            (next < 0 || precision->stages[i].alone_db < precision->stages[next].alone_db))
            next = i;
    return next;
}

const char *ns_diagnose_compile_words(const ns_diagnose_compile *row, ns_arena *arena)
{
    const char *text = row->reason ? row->reason : "";
    if (row->known_defect)
        text = ns_arena_format(arena, "%s%sknown defect%s: %s%s%s", text, *text ? "; " : "",
                               row->proof ? "" : ", perhaps", row->known_defect,
                               row->proof ? ", proved: " : "", row->proof ? row->proof : "");
    for (int i = 0; text && i < row->avoided_count; i++)
        text = ns_arena_format(arena, "%s%s%s", text, i ? ", " : "; avoided by: ", row->avoided_by[i]);
    return text;
}
