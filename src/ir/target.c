#include "ir/target.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *text, *accelerator;
} targets[NS_TARGET_COUNT] = {
#define NS_TARGET(name, text, accelerator) [NS_TARGET_##name] = {text, accelerator},
#include "ir/target.def"
#undef NS_TARGET
};

const char *ns_target_text(ns_target target)
{
    return (unsigned)target < NS_TARGET_COUNT ? targets[target].text : "?";
}

const char *ns_target_accelerator(ns_target target)
{
    return (unsigned)target < NS_TARGET_COUNT ? targets[target].accelerator : "?";
}

ns_code ns_target_parse(const char *text, ns_target *target, ns_error *error)
{
    char known[64] = "";
    for (int i = 0; i < NS_TARGET_COUNT; i++) {
        if (!strcmp(text, targets[i].text)) {
            *target = (ns_target)i;
            return NS_OK;
        }
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "", targets[i].text);
    }
    return ns_fail(error, NS_ERROR_USAGE, "target \"%s\" is none of %s", text, known);
}
