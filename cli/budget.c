#include "shared.h"

#define OPTION(field) offsetof(ns_budget_settings, field)

const ns_option ns_budget_options[] = {
    {0, "max-memory", NS_OPTION_SIZE, "BYTES", OPTION(max_memory),
     "memory that what the files ask for may take, such as 4G\n(default: half of what the process may use)"},
    {0, "max-work", NS_OPTION_SIZE, "N", OPTION(max_work),
     "multiply-accumulates and elements to compute at most, such\nas 20T (default 16T)"},
    {0, "time-limit", NS_OPTION_REAL, "SECONDS", OPTION(time_limit),
     "give up after that time (default: none)"},
    {0},
};

ns_code ns_budget_limit(ns_budget *budget, const ns_budget_settings *settings, ns_error *error)
{
    if (settings->time_limit < 0)
        return ns_fail(error, NS_ERROR_USAGE, "--time-limit takes a number of seconds above 0, not %g",
                       settings->time_limit);
    if (settings->max_memory)
        budget->max_memory = settings->max_memory;
    if (settings->max_work)
        budget->max_work = settings->max_work;
    budget->time_limit = settings->time_limit;
    return NS_OK;
}
