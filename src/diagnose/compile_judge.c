/* The verdict on one compiled stream, and what avoids what is found. */
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "diagnose/compile_parts.h"

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for a verdict");
}

/* A reason in several parts: "7 of 35 elements; chip rule ..". */
static bool add_reason(ns_diagnose_compile *row, ns_arena *arena, const char *text)
{
    row->reason = row->reason ? ns_arena_format(arena, "%s; %s", row->reason, text) : text;
    return row->reason && text;
}

/* "wrong" and by how much. */
static bool explain_wrong(const ns_compile_outcome *outcome, ns_arena *arena, ns_diagnose_compile *row)
{
    const char *text =
        outcome->missing_outputs
            ? "the stream has other outputs than the graph"
            : ns_arena_format(arena, "%zu of %zu elements (%.1f %%), SQNR %.1f dB", outcome->wrong,
                              outcome->elements, 100.0 * (double)outcome->wrong / (double)outcome->elements,
                              outcome->sqnr_db);
    bool kept = add_reason(row, arena, text);
    const ns_npu_statistics *seen = &outcome->statistics;
    if (seen->chip_rule)
        kept = kept && add_reason(row, arena, ns_arena_format(arena, "chip rule %s", seen->chip_rule));
    if (seen->sign)
        kept = kept && add_reason(row, arena,
                                  ns_arena_format(arena, "%s (command %zu)", seen->sign, seen->sign_command));
    if (seen->possible_sign)
        kept = kept && add_reason(row, arena,
                                  ns_arena_format(arena, "%s: %llu", seen->possible_sign,
                                                  (unsigned long long)seen->unread_input_bytes));
    return kept;
}

static bool set_verdict(const ns_compile_outcome *outcome, bool compared, ns_arena *arena,
                        ns_diagnose_compile *row)
{
    const ns_npu_statistics *seen = &outcome->statistics;
    bool kept = true;
    row->is_finding = true;
    row->wrong = outcome->wrong;
    row->elements = outcome->elements;
    row->sqnr_db = outcome->sqnr_db;
    if (outcome->code != NS_OK) {
        row->verdict = outcome->code == NS_ERROR_UNDEFINED ? "undefined" : "wrong";
        return add_reason(row, arena, outcome->message);
    }
    if (outcome->wrong || outcome->missing_outputs) {
        row->verdict = "wrong";
        return explain_wrong(outcome, arena, row);
    }
    if (seen->sign && strncmp(seen->sign, "LOST_LOAD", 9) != 0) {
        row->verdict = "undefined";
        return add_reason(row, arena,
                          ns_arena_format(arena, "%s (command %zu); the values happen to be right",
                                          seen->sign, seen->sign_command));
    }
    if (seen->hazards) {
        row->verdict = "hazard";
        kept = add_reason(row, arena,
                          ns_arena_format(arena, "hazards: %zu, of which %zu only possible", seen->hazards,
                                          seen->possible_hazards));
        return kept && (!outcome->warning || add_reason(row, arena, outcome->warning));
    }
    row->verdict = compared ? "right" : "unknown";
    row->is_finding = false;
    if (!compared)
        kept = add_reason(row, arena,
                          "ran to its end, and nothing in it is wrong by itself; with its graph (--graph) "
                          "the values can be compared");
    if (seen->chip_rule)
        kept = kept && add_reason(row, arena, ns_arena_format(arena, "chip rule %s", seen->chip_rule));
    return kept;
}

ns_code ns_compile_judge_stream(const ns_diagnose_compile_options *options,
                                const ns_compile_reference *reference, ns_npu_stream *stream, ns_bytes debug,
                                bool first_wrong, ns_arena *arena, ns_diagnose_compile *row, ns_error *error)
{
    ns_compile_outcome outcome;
    ns_vela_debug *database = NULL;
    const ns_compile_run all = {.options = options, .reference = reference, .stream = stream, .sample = -1};
    NS_TRY(ns_compile_execute(&all, arena, &outcome, error));
    if (!set_verdict(&outcome, reference != NULL, arena, row))
        return no_memory(error);
    if (!first_wrong || !reference || !row->is_finding)
        return NS_OK;
    /* Without a database, or with one of another layout, nothing is known of where it departs. */
    if (debug.size && ns_vela_debug_read(debug.data, debug.size, arena, &database, NULL) == NS_ERROR_MEMORY)
        return no_memory(error);
    return ns_compile_departure(options, reference, stream, database, &outcome, arena, row, error);
}

static ns_code judge_refusal(const ns_vela_request *request, ns_arena *arena, ns_diagnose_compile *row,
                             ns_error *error)
{
    row->verdict = "refused";
    row->is_finding = request->outcome == NS_VELA_CRASHED;
    row->sqnr_db = NAN;
    row->reason =
        row->is_finding ? ns_arena_format(arena, "Vela failed: %s", request->reason) : request->reason;
    return row->reason ? NS_OK : no_memory(error);
}

ns_code ns_compile_judge(const ns_diagnose_compile_options *options, const ns_compile_reference *reference,
                         const ns_vela_request *request, bool first_wrong, ns_arena *arena,
                         ns_diagnose_compile *row, ns_error *error)
{
    ns_npu_stream *stream = NULL;
    ns_error problem = {0};
    if (request->outcome != NS_VELA_COMPILED)
        return judge_refusal(request, arena, row, error);
    const ns_code code =
        ns_npu_load_npz(request->npz, request->npz_size, request->accelerator, arena, &stream, &problem);
    if (ns_code_ends_run(code))
        return ns_fail(error, code, "%s", problem.message);
    if (code != NS_OK) {
        row->verdict = "wrong";
        row->is_finding = true;
        row->sqnr_db = NAN;
        row->reason = ns_arena_format(arena, "the stream does not load: %s", problem.message);
        return row->reason ? NS_OK : no_memory(error);
    }
    return ns_compile_judge_stream(options, reference, stream,
                                   (ns_bytes){request->debug, request->debug_size}, first_wrong, arena, row,
                                   error);
}

/* ---- advice ---- */

/* What avoids a finding, tried: options of Vela are compiled and run, and of the other rows those count that
 * are right for the same accelerator. */

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
