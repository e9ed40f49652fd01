/* npuscope suite: what its options say about Vela, and limits of the caller's own. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/interface.h"
#include "base/system.h"
#include "ops/operators.h"
#include "shared.h"

ns_code ns_suite_set_vela(const ns_cli_suite_settings *settings, ns_arena *arena, ns_suite_options *suite,
                          ns_error *error)
{
    ns_buffer flags = {.arena = arena};
    const char *const values[] = {settings->config, settings->system_config, settings->memory_mode};
    const char *const names[] = {"config", "system-config", "memory-mode"};
    for (int i = 0; i < 3; i++) {
        if (values[i] && strchr(values[i], ' '))
            return ns_fail(error, NS_ERROR_USAGE,
                           "--%s '%s' has a space, which Vela's options do not take here", names[i],
                           values[i]);
        if (values[i])
            ns_buffer_format(&flags, "%s--%s=%s", flags.size ? " " : "", names[i], values[i]);
    }
    if (settings->config && access(settings->config, R_OK) != 0)
        return ns_fail(error, NS_ERROR_USAGE, "--config %s: %s", settings->config, strerror(errno));
    if (settings->vela_flags)
        ns_buffer_format(&flags, "%s%s", flags.size ? " " : "", settings->vela_flags);
    ns_buffer_append(&flags, "", 1);
    suite->vela_flags = flags.size > 1 ? (const char *)flags.data : NULL;
    suite->memory_mode = settings->memory_mode;
    suite->all_targets = settings->all_targets;
    return flags.failed ? ns_fail(error, NS_ERROR_MEMORY, "no memory for Vela's options") : NS_OK;
}

/* A limit for operators that no row can be of would hold nothing, and nobody would notice. */
static ns_code check_operator(const char *option, const char *pattern, const ns_cli_suite_settings *settings,
                              const ns_suite_options *suite, ns_arena *arena, ns_error *error)
{
    ns_suite_result *list = NULL;
    bool known = false;
    for (int i = 0; i < ns_aten_operator_count && *pattern; i++)
        known = known || fnmatch(pattern, ns_aten_operators[i]->name, 0) == 0;
    if (!known && *pattern && settings->cases.count)
        NS_TRY(ns_suite_list(suite, arena, &list, error));
    for (int i = 0; list && i < list->case_count; i++)
        known = known || fnmatch(pattern, list->cases[i].op, 0) == 0;
    return known ? NS_OK
                 : ns_fail(error, NS_ERROR_USAGE,
                           "--%s: '%s' names no operator (npuscope operators lists them)", option, pattern);
}

/* "40" or "softmax=40". */
static ns_code read_limits(const char *option, double least, const ns_text_list *list, ns_arena *arena,
                           const ns_suite_limit **out, ns_error *error)
{
    ns_suite_limit *limits = NS_ARENA_ARRAY(arena, (size_t)list->count, ns_suite_limit);
    if (!limits)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for limits");
    for (int i = 0; i < list->count; i++) {
        const char *sign = strrchr(list->values[i], '='), *number = sign ? sign + 1 : list->values[i];
        char *end;
        limits[i].value = strtod(number, &end);
        if (sign)
            limits[i].op = ns_arena_format(arena, "%.*s", (int)(sign - list->values[i]), list->values[i]);
        if (end == number || *end || !isfinite(limits[i].value))
            return ns_fail(error, NS_ERROR_USAGE, "--%s '%s' is no number, and no OPERATOR=NUMBER", option,
                           list->values[i]);
        if (limits[i].value < least)
            return ns_fail(error, NS_ERROR_USAGE, "--%s '%s' is below 0", option, list->values[i]);
    }
    *out = limits;
    return NS_OK;
}

ns_code ns_suite_set_limits(const ns_cli_suite_settings *settings, ns_arena *arena, ns_suite_options *suite,
                            ns_error *error)
{
    suite->min_sqnr_count = settings->min_sqnr.count;
    suite->max_steps_count = settings->max_steps.count;
    NS_TRY(read_limits("min-sqnr", -INFINITY, &settings->min_sqnr, arena, &suite->min_sqnr, error));
    NS_TRY(read_limits("max-steps", 0, &settings->max_steps, arena, &suite->max_steps, error));
    for (int i = 0; i < suite->min_sqnr_count; i++)
        if (suite->min_sqnr[i].op)
            NS_TRY(check_operator("min-sqnr", suite->min_sqnr[i].op, settings, suite, arena, error));
    for (int i = 0; i < suite->max_steps_count; i++)
        if (suite->max_steps[i].op)
            NS_TRY(check_operator("max-steps", suite->max_steps[i].op, settings, suite, arena, error));
    return NS_OK;
}
