/* The names of verdicts and causes. */
#include <string.h>

#include "npuscope/diagnose.h"

static const struct {
    const char *text, *sentence;
    int exit_code;
} verdicts[] = {
#define NS_DIAGNOSE_VERDICT(name, text, exit_code, sentence) {text, sentence, exit_code},
#include "npuscope/diagnose_verdicts.def"
#undef NS_DIAGNOSE_VERDICT
};

static const struct {
    const char *text, *sentence;
} causes[] = {
#define NS_DIAGNOSE_CAUSE(name, text, sentence) {text, sentence},
#include "npuscope/diagnose_causes.def"
#undef NS_DIAGNOSE_CAUSE
};

const char *ns_diagnose_verdict_text(ns_diagnose_verdict verdict)
{
    return verdicts[verdict].text;
}

const char *ns_diagnose_verdict_sentence(ns_diagnose_verdict verdict)
{
    return verdicts[verdict].sentence;
}

bool ns_diagnose_verdict_fails(ns_diagnose_verdict verdict)
{
    return verdicts[verdict].exit_code != 0;
}

const char *ns_diagnose_cause_text(ns_diagnose_cause cause)
{
    return causes[cause].text;
}

const char *ns_diagnose_cause_sentence(ns_diagnose_cause cause)
{
    return causes[cause].sentence;
}

bool ns_diagnose_fails(const ns_diagnose_result *result)
{
    bool fails = result->precision && ns_diagnose_verdict_fails(result->precision->verdict);
    for (int i = 0; i < result->compile_count; i++)
        fails = fails || result->compile[i].is_finding;
    for (int i = 0; i < result->part_count; i++)
        fails = fails || ns_diagnose_fails(&result->parts[i]);
    return fails;
}

const char *ns_diagnose_unjudged(const ns_diagnose_result *result)
{
    bool unknown = result->compile_count > 0;
    for (int i = 0; i < result->compile_count; i++)
        unknown = unknown && strcmp(result->compile[i].verdict, "unknown") == 0;
    if (unknown && !result->precision && result->precision_missing)
        return result->precision_missing;
    const char *why = NULL;
    for (int i = 0; i < result->part_count && !why; i++)
        why = ns_diagnose_unjudged(&result->parts[i]);
    return why;
}
