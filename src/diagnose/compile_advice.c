/* What avoids a finding, tried: options of Vela are compiled and run, and of the other rows those count that
 * are right for the same accelerator. */
#include <string.h>

#include "diagnose/compile_parts.h"

/* Options of Vela 5 that change how it fuses, orders and places operations. */
static const char *const options_tried[] = {"--disable-chaining", "--disable-cascading",
                                            "--disable-buffering", "--optimise Size", "--disable-fwd"};
enum { OPTION_COUNT = sizeof options_tried / sizeof options_tried[0] };

/* Beyond this many findings only what helped the first of its kind is tried. */
#define MAX_AVOIDED (OPTION_COUNT + 16)

static bool is_right(const ns_diagnose_compile *row)
{
    return strcmp(row->verdict, "right") == 0;
}

ns_code ns_compile_add_advice(ns_diagnose_compile *row, const char *text, ns_arena *arena, ns_error *error)
{
    if (!row->avoided_by)
        row->avoided_by = NS_ARENA_ARRAY(arena, MAX_AVOIDED, const char *);
    if (!row->avoided_by || !text)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for what avoids a finding");
    if (row->avoided_count < MAX_AVOIDED)
        row->avoided_by[row->avoided_count++] = text;
    return NS_OK;
}

/* Same cause as far as can be seen: release, family, verdict and operator. */
bool ns_compile_same_kind(const ns_compile_job *a, const ns_compile_job *b)
{
    return a->vela == b->vela &&
           ns_accelerator_family(a->accelerator) == ns_accelerator_family(b->accelerator) &&
           strcmp(a->row->verdict, b->row->verdict) == 0 && a->row->departs == b->row->departs &&
           a->row->first_wrong.operator_index == b->row->first_wrong.operator_index;
}

/* The options to try for a job: all for the first of its kind, and what helped it for the rest. */
static bool worth_trying(const ns_compile_job *jobs, int job, const char *option)
{
    for (int i = 0; i < job; i++) {
        if (!jobs[i].row->is_finding || !ns_compile_same_kind(&jobs[i], &jobs[job]))
            continue;
        for (int k = 0; k < jobs[i].row->avoided_count; k++)
            if (strcmp(jobs[i].row->avoided_by[k], option) == 0)
                return true;
        return false;
    }
    return true;
}

static ns_code try_option(const ns_diagnose_compile_options *options, const ns_compile_reference *reference,
                          ns_compile_job *jobs, int count, const char *option, ns_arena *arena,
                          ns_error *error)
{
    ns_vela_request *requests = NS_ARENA_ARRAY(arena, (size_t)count, ns_vela_request);
    int *rows = NS_ARENA_ARRAY(arena, (size_t)count, int);
    if (!requests || !rows)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for what avoids a finding");
    for (int i = 0; i < count;) {
        const ns_vela *vela = jobs[i].vela;
        int pending = 0;
        for (; i < count && jobs[i].vela == vela; i++) {
            if (!jobs[i].row->is_finding || !worth_trying(jobs, i, option))
                continue;
            requests[pending] = jobs[i].request;
            requests[pending].want_debug = false;
            requests[pending].flags = ns_arena_format(arena, "%s %s", jobs[i].flags, option);
            rows[pending++] = i;
        }
        if (pending)
            NS_TRY(ns_vela_compile(vela, options->vela, requests, pending, arena, error));
        for (int k = 0; k < pending; k++) {
            ns_diagnose_compile trial = {0};
            NS_TRY(ns_compile_judge(options, reference, &requests[k], false, arena, &trial, error));
            if (is_right(&trial))
                NS_TRY(ns_compile_add_advice(jobs[rows[k]].row, option, arena, error));
        }
    }
    return NS_OK;
}

/* Memory modes and releases that are right where this row is not. */
static ns_code look_around(const ns_compile_job *jobs, int count, int job, ns_arena *arena, ns_error *error)
{
    ns_diagnose_compile *row = jobs[job].row;
    for (int i = 0; i < count; i++) {
        if (jobs[i].accelerator != jobs[job].accelerator || !is_right(jobs[i].row))
            continue;
        const bool mode = strcmp(jobs[i].mode, jobs[job].mode) == 0;
        if (mode && jobs[i].vela != jobs[job].vela)
            NS_TRY(ns_compile_add_advice(row, ns_arena_format(arena, "Vela %s", jobs[i].vela->version), arena,
                                         error));
        if (!mode && jobs[i].vela == jobs[job].vela)
            NS_TRY(ns_compile_add_advice(row, ns_arena_format(arena, "--memory-mode=%s", jobs[i].mode), arena,
                                         error));
    }
    return NS_OK;
}

ns_code ns_compile_advise(const ns_diagnose_compile_options *options, const ns_compile_reference *reference,
                          ns_compile_job *jobs, int count, ns_arena *arena, ns_error *error)
{
    bool any = false;
    for (int i = 0; i < count; i++)
        any = any || jobs[i].row->is_finding;
    for (int i = 0; any && i < OPTION_COUNT; i++)
        NS_TRY(try_option(options, reference, jobs, count, options_tried[i], arena, error));
    for (int i = 0; i < count; i++)
        if (jobs[i].row->is_finding)
            NS_TRY(look_around(jobs, count, i, arena, error));
    return NS_OK;
}
