/* The run: rows in parallel, results in the order of the selection, with one run of Vela for all of them.
 *
 * Two passes over a window of rows: the stages before Vela, and those after it. In each, a worker takes the
 * next row that nobody has; each row is computed by one worker alone, in its own arena, from its own random
 * stream, so which worker takes it changes nothing. */
#include <math.h>
#include <pthread.h>

#include "base/interface.h"
#include "base/system.h"
#include "suite/internal.h"

#define MAX_THREADS 64
/* Rows that are under way together: what they need at one time does not grow with the number of all. */
#define WINDOW 128

typedef struct suite_run {
    const ns_suite_options *options;
    const ns_suite_selection *selection;
    ns_suite_result *result;
    ns_arena *arena; /* of the result */
    /* Of the window's rows: */
    ns_arena *arenas[WINDOW]; /* each for as long as its row is under way */
    ns_case_run *rows[WINDOW];
    ns_case_result *disputed[WINDOW]; /* its NPU result differs from eval's; until it is told why */
    ns_sweep_memory *sweeps;          /* where details are wanted */
    pthread_mutex_t lock;
    bool finishing; /* the second pass */
    int from, to;   /* the window */
    int next, done;
    ns_error error; /* the first; code NS_OK: none */
} suite_run;

static ns_case_result row_head(const ns_suite_row *row, uint64_t seed)
{
    return (ns_case_result){.op = ns_suite_row_op(row),
                            .name = ns_suite_row_case(row),
                            .where = row->files ? row->files->where : NULL,
                            .target = row->target->name,
                            .accelerator = row->target->accelerator,
                            .settings = row->settings,
                            .seed = seed};
}

/* Called with the lock held. */
static ns_code keep_row(suite_run *run, int index, ns_case_result *result, ns_error *error)
{
    NS_TRY(ns_rows_keep(run->result, index, result, run->arena, error));
    run->done++;
    if (run->options->progress)
        run->options->progress(run->options->context, result, run->done, run->selection->count);
    return NS_OK;
}

static ns_code begin_row(suite_run *run, int index, ns_error *error)
{
    ns_arena *arena = run->arenas[index - run->from] = ns_arena_new_like(run->arena);
    if (!arena)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory to run a case");
    const ns_case_options options = {.stages = run->selection->stages,
                                     .seed = run->options->seed,
                                     .cpu_mask = run->options->cpu_mask,
                                     .release = run->result->vela,
                                     .details = run->options->details,
                                     .sweeps = run->sweeps};
    return ns_suite_case_begin(&run->selection->rows[index], &options, arena, &run->rows[index - run->from],
                               error);
}

/* Without Vela a row that passes so far has not passed. */
static void mark_not_compiled(const suite_run *run, ns_case_result *result)
{
    const bool passed = result->verdict == NS_VERDICT_PASS || result->verdict == NS_VERDICT_INACCURATE;
    if (!run->result->vela_missing || !passed)
        return;
    result->verdict = NS_VERDICT_NOT_COMPILED;
    result->reason = "the stages before Vela pass; Vela is missing";
}

/* One pass. */
static void *work(void *argument)
{
    suite_run *run = argument;
    pthread_mutex_lock(&run->lock);
    while (run->error.code == NS_OK && run->next < run->to) {
        const int index = run->next++, at = index - run->from;
        const ns_suite_row *row = &run->selection->rows[index];
        pthread_mutex_unlock(&run->lock);
        ns_case_result *result = NULL;
        ns_error error = {0};
        ns_code code = ns_budget_check_time(ns_arena_budget(run->arena), &error);
        if (code == NS_OK)
            code = run->finishing ? ns_suite_case_finish(run->rows[at], &result, &error)
                                  : begin_row(run, index, &error);
        pthread_mutex_lock(&run->lock);
        if (code == NS_OK && run->finishing)
            mark_not_compiled(run, result);
        const bool disputed = code == NS_OK && run->finishing && result->at_fault == NS_STAGE_NPU;
        if (disputed) {
            run->disputed[at] = result; /* diagnose_rows keeps it */
        } else if (code == NS_OK && run->finishing) {
            code = keep_row(run, index, result, &error);
            ns_arena_free(run->arenas[at]);
            run->arenas[at] = NULL;
        }
        if (code != NS_OK && run->error.code == NS_OK) {
            ns_add_context(&error, "%s %s on %s", ns_suite_row_op(row), ns_suite_row_case(row),
                           row->target->name);
            run->error = error;
        }
    }
    pthread_mutex_unlock(&run->lock);
    return NULL;
}

static int thread_count(const ns_suite_options *options, int rows)
{
    long count = options->threads > 0 ? options->threads : ns_system_processors();
    if (count > rows)
        count = rows;
    return count < 1 ? 1 : count > MAX_THREADS ? MAX_THREADS : (int)count;
}

static ns_code new_result(const ns_suite_options *options, const ns_suite_selection *selection,
                          ns_arena *arena, ns_suite_result **result, ns_error *error)
{
    *result = NS_ARENA_NEW(arena, ns_suite_result);
    if (!*result)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the results");
    (*result)->catalogue = selection->catalogue;
    (*result)->seed = options->seed;
    (*result)->vela_flags = options->vela_flags;
    (*result)->stages = selection->stages;
    (*result)->case_count = selection->count;
    return NS_OK;
}

static ns_code new_cases(const ns_suite_options *options, const ns_suite_selection *selection,
                         ns_arena *arena, ns_suite_result *result, ns_error *error)
{
    result->cases = NS_ARENA_ARRAY(arena, (size_t)selection->count, ns_case_result);
    if (!result->cases)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the results");
    for (int i = 0; i < selection->count; i++)
        result->cases[i] = row_head(&selection->rows[i], options->seed);
    return NS_OK;
}

ns_code ns_suite_list(const ns_suite_options *given, ns_arena *arena, ns_suite_result **result,
                      ns_error *error)
{
    ns_suite_selection selection;
    ns_suite_options taken, *options = &taken;
    NS_TRY(NS_OPTIONS_TAKE(&taken, given, error));
    NS_TRY(ns_suite_select(options, arena, &selection, error));
    NS_TRY(new_result(options, &selection, arena, result, error));
    return new_cases(options, &selection, arena, *result, error);
}

static ns_code run_pass(suite_run *run, bool finishing, ns_error *error)
{
    run->finishing = finishing;
    run->next = run->from;
    pthread_t threads[MAX_THREADS];
    const int wanted = thread_count(run->options, run->to - run->from);
    int started = 0;
    /* This thread is one of the workers; where no other can be started, it does all the rows. */
    while (started < wanted - 1 && pthread_create(&threads[started], NULL, work, run) == 0)
        started++;
    work(run);
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (run->error.code != NS_OK && error)
        *error = run->error;
    return run->error.code;
}

static bool any_compiled(const ns_suite_selection *selection)
{
    for (int i = 0; i < selection->count; i++)
        if (!selection->rows[i].stream)
            return true;
    return false;
}

/* Finds Vela where a selected stage needs it. Where it is missing and no stage was asked for by name, the
 * stages that need it are left out, and the result says so. */
static ns_code find_vela(const ns_suite_options *options, ns_suite_selection *selection, ns_arena *arena,
                         ns_vela *vela, const char **missing, ns_error *error)
{
    ns_error problem = {0};
    *missing = NULL;
    if (!(selection->stages & NS_STAGES_COMPILED) || !any_compiled(selection))
        return NS_OK;
    const ns_code code = ns_vela_find(options->vela, arena, vela, &problem);
    if (code == NS_ERROR_TOOL_MISSING && !options->stages) {
        selection->stages &= ~NS_STAGES_COMPILED;
        *missing = ns_arena_string(arena, problem.message);
        return *missing ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a message");
    }
    if (code != NS_OK && error)
        *error = problem;
    return code;
}

/* The graphs of all rows, then those of their sweeps; how many: `places` may be NULL. */
static int list_requests(const suite_run *run, ns_vela_request **places)
{
    ns_vela_request *request;
    int count = 0;
    for (int i = 0; i < run->to - run->from; i++)
        for (int k = 0; (request = ns_suite_case_request(run->rows[i], k)) != NULL; k++, count++)
            if (places)
                places[count] = request;
    for (int i = 0; i < run->to - run->from; i++) {
        request = ns_suite_sweep_request(run->rows[i]);
        if (request && places)
            places[count] = request;
        count += request != NULL;
    }
    return count;
}

static ns_code compile_rows(suite_run *run, const ns_vela *vela, ns_arena *arena, ns_error *error)
{
    const int most = list_requests(run, NULL);
    ns_vela_request *requests = NS_ARENA_ARRAY(arena, (size_t)most, ns_vela_request);
    ns_vela_request **places = NS_ARENA_ARRAY(arena, (size_t)most, ns_vela_request *);
    if (most == 0)
        return NS_OK;
    if (!requests || !places)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d graphs", most);
    const int count = list_requests(run, places);
    for (int i = 0; i < count; i++)
        requests[i] = *places[i];
    NS_TRY(ns_vela_compile(vela, run->options->vela_options, requests, count, arena, error));
    for (int i = 0; i < count; i++)
        *places[i] = requests[i];
    return NS_OK;
}

/* The rows whose NPU result differs from eval's: one more run of Vela tells whose fault that is. */
static ns_code diagnose_rows(suite_run *run, const ns_vela *vela, ns_arena *arena, ns_error *error)
{
    const int rows = run->to - run->from;
    int total = 0, next = 0;
    ns_vela_request **own = NS_ARENA_ARRAY(arena, (size_t)rows, ns_vela_request *);
    int *counts = NS_ARENA_ARRAY(arena, (size_t)rows, int);
    if (!own || !counts)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d rows", rows);
    for (int i = 0; i < rows; i++)
        if (run->disputed[i]) {
            NS_TRY(ns_suite_case_configurations(run->rows[i], &own[i], &counts[i], error));
            total += counts[i];
        }
    ns_vela_request *requests = NS_ARENA_ARRAY(arena, (size_t)total, ns_vela_request);
    ns_vela_request **places = NS_ARENA_ARRAY(arena, (size_t)total, ns_vela_request *);
    if (!requests || !places)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d configurations", total);
    for (int i = 0; i < rows; i++)
        for (int k = 0; k < counts[i]; k++, next++)
            requests[next] = *(places[next] = &own[i][k]);
    if (total > 0)
        NS_TRY(ns_vela_compile(vela, run->options->vela_options, requests, total, arena, error));
    for (int i = 0; i < total; i++)
        *places[i] = requests[i];
    for (int i = 0; i < rows; i++)
        if (run->disputed[i]) {
            NS_TRY(ns_suite_case_diagnose(run->rows[i], error));
            NS_TRY(keep_row(run, run->from + i, run->disputed[i], error));
        }
    return NS_OK;
}

static ns_code run_window(suite_run *run, const ns_vela *vela, ns_arena *compiled, ns_error *error)
{
    NS_TRY(run_pass(run, false, error));
    NS_TRY(compile_rows(run, vela, compiled, error));
    NS_TRY(run_pass(run, true, error));
    return diagnose_rows(run, vela, compiled, error);
}

static void close_window(suite_run *run)
{
    for (int i = 0; i < run->to - run->from; i++) {
        ns_arena_free(run->arenas[i]);
        run->arenas[i] = NULL;
        run->disputed[i] = NULL;
    }
}

static ns_code run_rows(suite_run *run, const ns_vela *vela, ns_error *error)
{
    ns_arena *compiled = ns_arena_new_like(run->arena); /* what Vela made, until the rows are finished */
    run->sweeps = run->options->details ? ns_sweep_memory_new() : NULL;
    ns_code code = compiled && (run->sweeps || !run->options->details)
                       ? NS_OK
                       : ns_fail(error, NS_ERROR_MEMORY, "no memory to run cases");
    const int count = run->selection->count;
    for (run->from = 0; code == NS_OK && run->from < count; run->from = run->to) {
        run->to = count - run->from > WINDOW ? run->from + WINDOW : count;
        code = run_window(run, vela, compiled, error);
        close_window(run);
        ns_arena_reset(compiled);
    }
    ns_sweep_memory_free(run->sweeps);
    ns_arena_free(compiled);
    return code;
}

ns_code ns_suite_run(const ns_suite_options *given, ns_arena *arena, ns_suite_result **result,
                     ns_error *error)
{
    const double start = ns_clock_seconds();
    ns_suite_selection selection;
    ns_vela vela = {0};
    const char *missing = NULL;
    ns_suite_options taken, *options = &taken;
    NS_TRY(NS_OPTIONS_TAKE(&taken, given, error));
    NS_TRY(ns_suite_select(options, arena, &selection, error));
    NS_TRY(find_vela(options, &selection, arena, &vela, &missing, error));
    NS_TRY(new_result(options, &selection, arena, result, error));
    (*result)->vela = vela.version;
    (*result)->vela_missing = missing;
    suite_run run = {.options = options, .selection = &selection, .result = *result, .arena = arena};
    if (options->spill)
        NS_TRY(ns_rows_begin(*result, arena, error));
    else
        NS_TRY(new_cases(options, &selection, arena, *result, error));
    pthread_mutex_init(&run.lock, NULL);
    const ns_code code = run_rows(&run, &vela, error);
    pthread_mutex_destroy(&run.lock);
    if (code != NS_OK)
        ns_suite_close(*result);
    (*result)->seconds = ns_clock_seconds() - start;
    return code;
}
