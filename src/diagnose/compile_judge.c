/* The verdict on one compiled stream. */
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
