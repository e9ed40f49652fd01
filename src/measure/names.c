/* Names of stages and verdicts, from their lists. */
#include "npuscope/measure.h"

static const struct {
    const char *text, *blame;
    ns_stage reference;
} stages[] = {
#define NS_STAGE(NAME, name, blame, reference) [NS_STAGE_##NAME] = {#name, blame, NS_STAGE_##reference},
#include "npuscope/stages.def"
#undef NS_STAGE
};

static const struct {
    const char *text, *words, *summary, *counted;
} verdicts[] = {
#define NS_VERDICT(name, text, words, summary, counted, sentence) \
    [NS_VERDICT_##name] = {text, words, summary, counted},
#include "npuscope/verdicts.def"
#undef NS_VERDICT
};

const char *ns_stage_text(ns_stage stage)
{
    return (unsigned)stage < NS_STAGE_COUNT ? stages[stage].text : "?";
}

const char *ns_stage_blame(ns_stage stage)
{
    return (unsigned)stage < NS_STAGE_COUNT ? stages[stage].blame : "?";
}

ns_stage ns_stage_reference(ns_stage stage)
{
    return (unsigned)stage < NS_STAGE_COUNT ? stages[stage].reference : NS_STAGE_IDEAL;
}

const char *ns_verdict_text(ns_verdict value)
{
    return (unsigned)value < NS_VERDICT_COUNT ? verdicts[value].text : "?";
}

const char *ns_verdict_summary(ns_verdict value)
{
    return (unsigned)value < NS_VERDICT_COUNT ? verdicts[value].summary : "?";
}

const char *ns_verdict_words(ns_verdict value)
{
    return (unsigned)value < NS_VERDICT_COUNT ? verdicts[value].words : "?";
}

const char *ns_verdict_counted(ns_verdict value)
{
    return (unsigned)value < NS_VERDICT_COUNT ? verdicts[value].counted : "?";
}
