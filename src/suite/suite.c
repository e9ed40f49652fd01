/* The run: rows in parallel, results in the order of the selection.
 *
 * Worker w takes the next row that nobody has; each row is computed by one worker alone, in its own arena,
 * from its own random stream, so which worker takes it changes nothing. */
#include <math.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "suite/run_case.h"

#define MAX_THREADS 64

typedef struct suite_run {
    const ns_suite_options *options;
    const ns_suite_selection *selection;
    ns_suite_result *result;
    ns_arena *arena; /* of the result */
    pthread_mutex_t lock;
    int next, done;
    ns_error error; /* the first; code NS_OK: none */
} suite_run;

ns_suite_options ns_suite_defaults(void)
{
    return (ns_suite_options){.qtol = NAN, .atol = NAN, .rtol = NAN, .epsilon = NAN, .per_channel = -1};
}

static ns_case_result row_head(const ns_suite_row *row, uint64_t seed)
{
    return (ns_case_result){.op = row->operator->name,
                            .name = row->case_->name,
                            .target = row->target->name,
                            .accelerator = row->target->accelerator,
                            .settings = row->settings,
                            .seed = seed};
}

/* Copies what a result points to from its row's arena to `arena`. */
static ns_code keep(ns_case_result *result, ns_arena *arena, ns_error *error)
{
    result->stages =
        ns_arena_copy(arena, result->stages, (size_t)result->stage_count * sizeof *result->stages);
    bool complete = result->stages != NULL;
    for (int i = 0; complete && i < result->stage_count; i++) {
        ns_stage_result *stage = &result->stages[i];
        if (stage->reason)
            complete = (stage->reason = ns_arena_string(arena, stage->reason)) != NULL;
        const size_t size = (size_t)stage->operand_count * sizeof *stage->operands;
        if (complete && size > 0)
            complete = (stage->operands = ns_arena_copy(arena, stage->operands, size)) != NULL;
        for (int k = 0; complete && k < stage->operand_count; k++)
            complete = (stage->operands[k].name = ns_arena_string(arena, stage->operands[k].name)) != NULL;
    }
    if (complete && result->reason)
        complete = (result->reason = ns_arena_string(arena, result->reason)) != NULL;
    return complete ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for the results");
}

/* Called with the lock held. */
static void finish_row(suite_run *run, int index, ns_code code, ns_case_result *result, const ns_error *error)
{
    ns_error problem = *error;
    if (code == NS_OK)
        code = keep(result, run->arena, &problem);
    if (code != NS_OK) {
        if (run->error.code == NS_OK)
            run->error = problem;
        return;
    }
    run->result->cases[index] = *result;
    run->done++;
    if (run->options->progress)
        run->options->progress(run->options->context, &run->result->cases[index], run->done,
                               run->selection->count);
}

static void *work(void *argument)
{
    suite_run *run = argument;
    ns_arena *scratch = ns_arena_new();
    pthread_mutex_lock(&run->lock);
    if (!scratch && run->error.code == NS_OK)
        ns_fail(&run->error, NS_ERROR_MEMORY, "no memory to run a case");
    while (run->error.code == NS_OK && run->next < run->selection->count) {
        const int index = run->next++;
        const ns_suite_row *row = &run->selection->rows[index];
        pthread_mutex_unlock(&run->lock);
        ns_case_result result = {0};
        ns_error error = {0};
        ns_code code = ns_suite_run_case(row, run->selection->stages, run->options->seed,
                                         run->options->cpu_mask, NULL, scratch, &result, &error);
        if (code != NS_OK)
            ns_add_context(&error, "%s %s on %s", row->operator->name, row->case_->name, row->target->name);
        pthread_mutex_lock(&run->lock);
        finish_row(run, index, code, &result, &error);
        ns_arena_reset(scratch);
    }
    pthread_mutex_unlock(&run->lock);
    ns_arena_free(scratch);
    return NULL;
}

static int thread_count(const ns_suite_options *options, int rows)
{
    long count = options->threads > 0 ? options->threads : sysconf(_SC_NPROCESSORS_ONLN);
    if (count > rows)
        count = rows;
    return count < 1 ? 1 : count > MAX_THREADS ? MAX_THREADS : (int)count;
}

static ns_code new_result(const ns_suite_options *options, const ns_suite_selection *selection,
                          ns_arena *arena, ns_suite_result **result, ns_error *error)
{
    *result = NS_ARENA_NEW(arena, ns_suite_result);
    if (*result)
        (*result)->cases = NS_ARENA_ARRAY(arena, (size_t)selection->count, ns_case_result);
    if (!*result || !(*result)->cases)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the results");
    (*result)->catalogue = ns_case_list_text(selection->list);
    (*result)->seed = options->seed;
    (*result)->stages = selection->stages;
    (*result)->case_count = selection->count;
    for (int i = 0; i < selection->count; i++)
        (*result)->cases[i] = row_head(&selection->rows[i], options->seed);
    return NS_OK;
}

ns_code ns_suite_list(const ns_suite_options *options, ns_arena *arena, ns_suite_result **result,
                      ns_error *error)
{
    ns_suite_selection selection;
    NS_TRY(ns_suite_select(options, arena, &selection, error));
    return new_result(options, &selection, arena, result, error);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

ns_code ns_suite_run(const ns_suite_options *options, ns_arena *arena, ns_suite_result **result,
                     ns_error *error)
{
    const double start = now();
    ns_suite_selection selection;
    NS_TRY(ns_suite_select(options, arena, &selection, error));
    NS_TRY(new_result(options, &selection, arena, result, error));
    suite_run run = {.options = options, .selection = &selection, .result = *result, .arena = arena};
    pthread_mutex_init(&run.lock, NULL);
    pthread_t threads[MAX_THREADS];
    const int wanted = thread_count(options, selection.count);
    int started = 0;
    /* This thread is one of the workers; where no other can be started, it does all the rows. */
    while (started < wanted - 1 && pthread_create(&threads[started], NULL, work, &run) == 0)
        started++;
    work(&run);
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&run.lock);
    if (run.error.code != NS_OK) {
        if (error)
            *error = run.error;
        return run.error.code;
    }
    for (int i = 0; i < (*result)->case_count; i++)
        (*result)->counts[(*result)->cases[i].verdict]++;
    (*result)->seconds = now() - start;
    return NS_OK;
}
