/* The first operation whose result is not the graph's. Names come from Vela's debug database: the tensor that
 * an operation writes has the name that it has in the graph, unless Vela made it. A name may mislead, where a
 * rescale was fused and the tensor kept its name; so each suspect is tried: with the graph's values in place
 * of its result the stream's outputs, or the operations behind it, must come closer to the graph. */
#include <stdio.h>
#include <string.h>

#include "base/interface.h"
#include "diagnose/compile_parts.h"

/* Suspects that are tried. */
#define MAX_TRIED 24

/* One operation of a run. */
typedef struct tapped {
    size_t command, word;
    const char *name;
    int tensor; /* of the block; -1: no counterpart */
    size_t wrong, compared;
    const ns_vela_debug_operation *debug;
} tapped;

typedef struct watch {
    const ns_compile_reference *reference;
    const ns_vela_debug *debug;
    int sample;
    ns_arena *arena;
    tapped *seen;
    int count, capacity;
    int corrected;    /* operation whose result is set right; -1: none */
    size_t *progress; /* of each tensor */
} watch;

static ns_code grow(watch *w, ns_error *error)
{
    if (w->count < w->capacity)
        return NS_OK;
    const int capacity = w->capacity ? 2 * w->capacity : 64;
    tapped *grown = NS_ARENA_ARRAY(w->arena, (size_t)capacity, tapped);
    if (!grown)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d operations", capacity);
    if (w->count)
        memcpy(grown, w->seen, (size_t)w->count * sizeof *grown);
    w->seen = grown;
    w->capacity = capacity;
    return NS_OK;
}

static bool equal(int64_t got, int64_t expected, const ns_tensor *tensor, int bytes)
{
    if (tensor->dtype == NS_DTYPE_BOOL)
        return (got != 0) == (expected != 0);
    const uint64_t mask = bytes == 8 ? UINT64_MAX : ((uint64_t)1 << 8 * bytes) - 1;
    return ((uint64_t)got & mask) == ((uint64_t)expected & mask);
}

/* Compares what the operation wrote with the graph's tensor, and sets it right where that is asked for. */
static ns_code compare(watch *w, const ns_npu_tap *tap, tapped *entry, ns_error *error)
{
    const ns_tensor *expected =
        &w->reference->values[w->sample * w->reference->block->tensor_count + entry->tensor];
    const size_t part = ns_tensor_count(tap->data);
    ns_arena *scratch = ns_arena_new_like(w->arena);
    size_t *index = scratch ? NS_ARENA_ARRAY(scratch, part, size_t) : NULL;
    if (!index) {
        ns_arena_free(scratch);
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu elements", part);
    }
    if (expected->data &&
        ns_compile_locate(tap, w->debug, entry->debug, expected, &w->progress[entry->tensor], index)) {
        entry->compared = part;
        for (size_t i = 0; i < part; i++) {
            const int64_t wanted = ns_tensor_get(expected, index[i]);
            const bool same =
                equal(ns_tensor_get(tap->data, i), wanted, expected, tap->layout->element_bytes);
            entry->wrong += !same;
            if (!same && w->corrected == tap->operation) {
                ns_tensor_set((ns_tensor *)tap->data, i, wanted);
                *tap->store = true;
            }
        }
    } else {
        entry->tensor = -1;
    }
    ns_arena_free(scratch);
    return NS_OK;
}

static ns_code take(void *context, const ns_npu_tap *tap, ns_error *error)
{
    watch *w = context;
    NS_TRY(grow(w, error));
    tapped *entry = &w->seen[w->count++];
    *entry = (tapped){.command = tap->command, .word = tap->word, .tensor = -1};
    entry->name = ns_arena_string(w->arena, tap->name);
    entry->debug = w->debug ? ns_vela_debug_find(w->debug, tap->word) : NULL;
    if (entry->debug)
        entry->tensor = ns_compile_find_tensor(w->reference->block, entry->debug->output);
    return entry->tensor < 0 ? NS_OK : compare(w, tap, entry, error);
}

typedef struct search {
    const ns_diagnose_compile_options *options;
    const ns_compile_reference *reference;
    ns_npu_stream *stream;
    const ns_vela_debug *debug;
    int sample;
    ns_arena *arena;
} search;

/* One run, with the result of operation `corrected` set right (-1: none). */
static ns_code run(const search *s, int corrected, watch *w, ns_compile_outcome *outcome, ns_error *error)
{
    *w = (watch){.reference = s->reference,
                 .debug = s->debug,
                 .sample = s->sample,
                 .arena = s->arena,
                 .corrected = corrected};
    w->progress = NS_ARENA_ARRAY(s->arena, (size_t)s->reference->block->tensor_count, size_t);
    if (!w->progress)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory to follow a stream");
    const ns_compile_run asked = {.options = s->options,
                                  .reference = s->reference,
                                  .stream = s->stream,
                                  .sample = s->sample,
                                  .tap = take,
                                  .context = w};
    return ns_compile_execute(&asked, s->arena, outcome, error);
}

/* Elements that are wrong behind operation `from`. */
static size_t wrong_behind(const watch *w, int from)
{
    size_t wrong = 0;
    for (int i = from + 1; i < w->count; i++)
        wrong += w->seen[i].wrong;
    return wrong;
}

/* Whether the graph's values in place of operation `at` bring what follows closer to the graph. */
static ns_code is_confirmed(const search *s, const watch *before, const ns_compile_outcome *outcome, int at,
                            bool *confirmed, ns_error *error)
{
    watch after;
    ns_compile_outcome corrected;
    NS_TRY(run(s, at, &after, &corrected, error));
    const size_t now = wrong_behind(&after, at), then = wrong_behind(before, at);
    *confirmed = corrected.code == NS_OK && (outcome->code != NS_OK || corrected.wrong < outcome->wrong ||
                                             (corrected.wrong == outcome->wrong && now < then));
    return NS_OK;
}

/* The first suspect that is confirmed; else the first, unless the graph's values make all worse. */
static ns_code choose(const search *s, const watch *w, const ns_compile_outcome *outcome, int *chosen,
                      bool *confirmed, ns_error *error)
{
    int tried = 0;
    *chosen = -1;
    *confirmed = false;
    for (int i = 0; i < w->count && tried < MAX_TRIED; i++) {
        if (!w->seen[i].wrong)
            continue;
        tried++;
        NS_TRY(is_confirmed(s, w, outcome, i, confirmed, error));
        if (*confirmed || *chosen < 0)
            *chosen = i;
        if (*confirmed)
            return NS_OK;
    }
    return NS_OK;
}

/* The operator that the debug database gives, or else the one whose result the tensor is. */
static ns_code describe_operator(const ns_block *block, int tensor, const ns_vela_debug_operation *debug,
                                 ns_arena *arena, ns_diagnose_departure *out, ns_error *error)
{
    const char *name = tensor >= 0 ? block->tensors[tensor].name : NULL;
    out->producer_index = -1;
    for (int i = 0; tensor >= 0 && i < block->operator_count; i++)
        for (int k = 0; k < block->operators[i].output_count; k++)
            if (block->operators[i].outputs[k] == tensor)
                out->producer_index = i;
    const bool known = debug && debug->index >= 0 && debug->index < block->operator_count;
    out->operator_index = known ? debug->index : out->producer_index;
    const ns_operator *op = out->operator_index < 0 ? NULL : &block->operators[out->operator_index];
    if (!name && op && op->output_count)
        name = block->tensors[op->outputs[0]].name;
    out->op = op ? ns_op_text(op->op) : NULL;
    /* The graph is gone before the row is. */
    if (op)
        NS_TRY(ns_operator_source(block, out->operator_index, arena, &out->location, error));
    out->output = ns_printable_copy(arena, name);
    return name && !out->output ? ns_fail(error, NS_ERROR_MEMORY, "no memory for a name") : NS_OK;
}

static ns_code describe(const search *s, const watch *w, int at, ns_diagnose_departure *out, ns_error *error)
{
    const tapped *entry = &w->seen[at];
    *out = (ns_diagnose_departure){.command = (int)entry->command,
                                   .operation = entry->name,
                                   .wrong = entry->wrong,
                                   .compared = entry->compared};
    for (int i = at - 1; i >= 0; i--) {
        const ns_vela_debug_operation *debug = w->seen[i].debug;
        out->without_counterpart += w->seen[i].tensor < 0 && debug && entry->debug &&
                                    debug->index == entry->debug->index && debug->index >= 0;
    }
    for (int i = at + 1; i < w->count; i++)
        out->consequences += w->seen[i].wrong > 0;
    return describe_operator(s->reference->block, entry->tensor, entry->debug, s->arena, out, error);
}

/* No operation writes anything wrong: an output is not written whole, or not at all. The last operation that
 * writes to it, if any, and the operator whose result it is. */
static ns_code describe_output(const search *s, const watch *w, const ns_compile_outcome *outcome,
                               ns_diagnose_departure *out, ns_error *error)
{
    const ns_block *block = s->reference->block;
    int tensor = outcome->failing_output < 0 ? -1 : block->outputs[outcome->failing_output];
    *out = (ns_diagnose_departure){.command = -1, .operator_index = -1};
    if (!s->debug)
        out->operation = "not known without a debug database;";
    /* Of outputs that are missing the first that nothing writes. */
    for (int i = 0; outcome->missing_outputs && i < block->output_count; i++) {
        bool written = false;
        for (int k = 0; k < w->count; k++)
            written = written || w->seen[k].tensor == block->outputs[i];
        if (!written) {
            tensor = block->outputs[i];
            break;
        }
    }
    for (int i = 0; i < w->count; i++)
        if (w->seen[i].tensor == tensor && tensor >= 0) {
            out->command = (int)w->seen[i].command;
            out->operation = w->seen[i].name;
        }
    return describe_operator(block, tensor, NULL, s->arena, out, error);
}

/* The operation at a command: where a run ended, or the first hazard. */
static ns_code describe_command(const search *s, size_t command, size_t word, const char *name,
                                ns_diagnose_departure *out, ns_error *error)
{
    const ns_vela_debug_operation *debug = s->debug ? ns_vela_debug_find(s->debug, word) : NULL;
    /* Parts into which Vela takes an operation late (a MATMUL's) are not in the database: the next that is.
     */
    for (int i = 0; s->debug && (!debug || debug->index < 0) && i < s->debug->operation_count; i++)
        if (s->debug->operations[i].word > word && s->debug->operations[i].index >= 0)
            debug = &s->debug->operations[i];
    *out = (ns_diagnose_departure){.command = (int)command, .operation = name, .operator_index = -1};
    if (debug && debug->word == word && debug->name[0])
        out->operation = debug->name;
    const int tensor = debug ? ns_compile_find_tensor(s->reference->block, debug->output) : -1;
    return describe_operator(s->reference->block, tensor, debug, s->arena, out, error);
}

ns_code ns_compile_departure(const ns_diagnose_compile_options *options,
                             const ns_compile_reference *reference, ns_npu_stream *stream,
                             const ns_vela_debug *debug, const ns_compile_outcome *outcome, ns_arena *arena,
                             ns_diagnose_compile *row, ns_error *error)
{
    const search s = {options, reference, stream, debug, outcome->failing_sample, arena};
    watch w;
    ns_compile_outcome again;
    int chosen;
    bool confirmed;
    const ns_npu_statistics *seen = &outcome->statistics;
    if (outcome->code == NS_ERROR_UNDEFINED) {
        row->departs = true;
        return describe_command(&s, seen->fault_command, seen->fault_word, seen->fault_name,
                                &row->first_wrong, error);
    }
    if (outcome->code == NS_OK && !outcome->wrong && !outcome->missing_outputs &&
        (seen->hazards || seen->sign)) {
        row->departs = true;
        return describe_command(&s, seen->sign ? seen->sign_command : seen->hazard_command,
                                seen->sign ? seen->sign_word : seen->hazard_word,
                                seen->sign ? seen->sign_name : seen->hazard_name, &row->first_wrong, error);
    }
    if (outcome->code != NS_OK)
        return NS_OK;
    NS_TRY(run(&s, -1, &w, &again, error));
    NS_TRY(choose(&s, &w, &again, &chosen, &confirmed, error));
    row->departs = true;
    if (chosen < 0)
        return describe_output(&s, &w, &again, &row->first_wrong, error);
    NS_TRY(describe(&s, &w, chosen, &row->first_wrong, error));
    row->first_wrong.confirmed = confirmed;
    return NS_OK;
}
