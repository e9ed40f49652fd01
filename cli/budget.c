#include "shared.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/interface.h"

#define MOST_SECONDS 1e9 /* thirty years; a time_t of 32 bits holds them */
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

/* ---- the time limit, where nothing looks at the clock ---- */

/* A second behind the limit, so that what does look says where it was. */
static void *wait_for_end(void *context)
{
    const ns_budget *budget = context;
    const double seconds = budget->time_limit + 1;
    struct timespec rest = {.tv_sec = (time_t)seconds};
    rest.tv_nsec = (long)((seconds - (double)rest.tv_sec) * 1e9);
    while (nanosleep(&rest, &rest) != 0) {
    }
    ns_leftover_remove_all();
    dprintf(
        STDERR_FILENO,
        "npuscope: the time limit of %g s is over, by a second within one step (%llu operations are done or "
        "begun; --time-limit allows more)\n",
        budget->time_limit, (unsigned long long)__atomic_load_n(&budget->work, __ATOMIC_RELAXED));
    _exit(2);
}

/* Without a thread the limit holds all the same, wherever the clock is looked at. */
static void watch_clock(ns_budget *budget)
{
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0)
        return;
    if (pthread_attr_setstacksize(&attributes, 1 << 17) == 0 &&
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0)
        (void)pthread_create(&thread, &attributes, wait_for_end, budget);
    pthread_attr_destroy(&attributes);
}

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
    if (settings->time_limit > 0 && settings->time_limit < MOST_SECONDS)
        watch_clock(budget);
    return NS_OK;
}
