#include "npuscope/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "npuscope/version.h"

const char *ns_version(void)
{
    return NS_VERSION_TEXT;
}

static const struct {
    const char *name;
    int exit_code;
    const char *sentence;
} kinds[] = {
    [NS_OK] = {"OK", 0, "no error"},
#define NS_ERROR_KIND(name, exit_code, sentence) [NS_ERROR_##name] = {#name, exit_code, sentence},
#include "npuscope/errors.def"
#undef NS_ERROR_KIND
};

/* Names in messages are a file's: what they are made of stays visible. */
ns_code ns_fail(ns_error *error, ns_code code, const char *format, ...)
{
    if (error) {
        char message[sizeof error->message];
        error->code = code;
        va_list arguments;
        va_start(arguments, format);
        int length = vsnprintf(message, sizeof message, format, arguments);
        va_end(arguments);
        ns_printable_lines(length > 0 ? message : "", error->message, sizeof error->message);
        if (length <= 0)
            snprintf(error->message, sizeof error->message, "%s", kinds[code].sentence);
    }
    return code;
}

ns_code ns_add_context(ns_error *error, const char *format, ...)
{
    if (!error)
        return NS_ERROR_INTERNAL;
    char message[sizeof error->message];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (length < 0)
        return error->code;
    char context[sizeof message];
    memcpy(context, message, strlen(message) + 1);
    size_t used = strlen(ns_printable_lines(context, message, sizeof message));
    /* The cause matters more than the whole of a long context: both are cut by snprintf. */
    snprintf(message + used, sizeof message - used, ": %s", error->message);
    memcpy(error->message, message, sizeof message);
    return error->code;
}

const char *ns_code_name(ns_code code)
{
    return (unsigned)code < sizeof kinds / sizeof kinds[0] ? kinds[code].name : "?";
}

bool ns_code_ends_run(ns_code code)
{
    return code == NS_ERROR_MEMORY || code == NS_ERROR_BUDGET || code == NS_ERROR_CANCELLED;
}

int ns_code_exit(ns_code code)
{
    return (unsigned)code < sizeof kinds / sizeof kinds[0] ? kinds[code].exit_code : 4;
}
