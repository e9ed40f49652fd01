#include "budget.h"

ns_code ns_cli_limit(ns_cli *cli, const ns_budget_settings *settings, ns_error *error)
{
    if (settings->time_limit < 0)
        return ns_fail(error, NS_ERROR_USAGE, "--time-limit takes a number of seconds above 0, not %g",
                       settings->time_limit);
    if (settings->max_memory)
        cli->budget->max_memory = settings->max_memory;
    if (settings->max_work)
        cli->budget->max_work = settings->max_work;
    cli->budget->time_limit = settings->time_limit;
    return NS_OK;
}
