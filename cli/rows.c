#include "rows.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/interface.h"
#include "shared.h"

ns_code ns_row_weights(const char *text, int *per_channel, ns_error *error)
{
    *per_channel = !text ? -1 : strcmp(text, "per-channel") == 0;
    if (text && !*per_channel && strcmp(text, "per-tensor") != 0)
        return ns_fail(error, NS_ERROR_USAGE, "--weights '%s' is neither per-channel nor per-tensor", text);
    return NS_OK;
}

ns_code ns_row_seed(int64_t value, uint64_t *seed, ns_error *error)
{
    if (value < 0)
        return ns_fail(error, NS_ERROR_USAGE, "--seed %lld is negative", (long long)value);
    *seed = (uint64_t)value;
    return NS_OK;
}

ns_code ns_row_seconds(const char *option, double seconds, ns_error *error)
{
    return seconds >= 0 ? NS_OK
                        : ns_fail(error, NS_ERROR_USAGE, "--%s takes a number of seconds above 0, not %g",
                                  option, seconds);
}

ns_code ns_row_shard(const char *text, int *shard, int *shards, ns_error *error)
{
    int end = 0;
    *shard = *shards = 0;
    if (text && (sscanf(text, "%d/%d%n", shard, shards, &end) != 2 || text[end] || *shards < 1 ||
                 *shard < 0 || *shard >= *shards))
        return ns_fail(error, NS_ERROR_USAGE, "--shard takes I/N with I from 0 to N - 1, not '%s'", text);
    return NS_OK;
}

ns_code ns_row_select(const ns_row_selection *selection, ns_suite_options *suite, ns_error *error)
{
    ns_suite_defaults(suite, sizeof *suite);
    suite->catalogue = selection->catalogue;
    suite->op_count = selection->ops.count;
    suite->ops = selection->ops.values;
    suite->family_count = selection->families.count;
    suite->families = selection->families.values;
    suite->name_count = selection->cases.count;
    suite->names = selection->cases.values;
    suite->target_count = selection->targets.count;
    suite->targets = selection->targets.values;
    NS_TRY(ns_row_shard(selection->shard, &suite->shard, &suite->shards, error));
    return ns_row_seed(selection->seed, &suite->seed, error);
}

/* ---- limits, which all commands that read models share ---- */

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
    char text[256];
    const int length = snprintf(
        text, sizeof text,
        "npuscope: the time limit of %g s is over, by a second within one step (%llu operations are done or "
        "begun; --time-limit allows more)\n",
        budget->time_limit, (unsigned long long)__atomic_load_n(&budget->work, __ATOMIC_RELAXED));
    /* Not by stderr, which the thread that works may hold. */
    if (write(STDERR_FILENO, text, (size_t)length) != length)
        _exit(2);
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
    NS_TRY(ns_row_seconds("time-limit", settings->time_limit, error));
    if (settings->max_memory)
        budget->max_memory = settings->max_memory;
    if (settings->max_work)
        budget->max_work = settings->max_work;
    budget->time_limit = settings->time_limit;
    if (settings->time_limit > 0 && settings->time_limit < MOST_SECONDS)
        watch_clock(budget);
    return NS_OK;
}
