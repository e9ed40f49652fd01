#include "fuzzvela/judge.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const char *ns_ruling_text(ns_ruling ruling)
{
    static const char *const texts[] = {"right", "refused", "wrong", "undefined", "hazard", "crash"};
    return texts[ruling];
}

/* Numbers become N, so that two of a kind read alike. */
static const char *normalise(const char *text, ns_arena *arena)
{
    char *out = ns_arena_alloc(arena, strlen(text) + 2, 1), *end = out;
    if (!out)
        return "?";
    for (const char *at = text; *at && end - out < 160;) {
        if (isdigit((unsigned char)*at) && (at == text || !isalnum((unsigned char)at[-1]))) {
            *end++ = 'N';
            at += strspn(at, "0123456789abcdefxABCDEF");
        } else {
            *end++ = *at++;
        }
    }
    return out;
}

typedef struct first_message {
    ns_arena *arena;
    const char *text;
} first_message;

static void keep_first(void *context, const char *text)
{
    first_message *first = context;
    if (!first->text && !strstr(text, "chip rule"))
        first->text = ns_arena_string(first->arena, text);
}

static void say(ns_judgement *j, ns_ruling ruling, const char *message, ns_arena *arena)
{
    j->ruling = ruling;
    j->message = ns_arena_string(arena, message ? message : "");
    j->text = normalise(j->message ? j->message : "", arena);
}

static ns_dtype stream_dtype(int bytes)
{
    return bytes == 1   ? NS_DTYPE_INT8
           : bytes == 2 ? NS_DTYPE_INT16
           : bytes == 4 ? NS_DTYPE_INT32
                        : NS_DTYPE_INT64;
}

/* The graph's inputs in the form of the stream's; false where the stream has others. Where windows see
 * nothing but padding Vela leaves all inputs out, and rightly so: the outputs tell. */
static bool bind(const ns_npu_stream *stream, const ns_exhibit *e, ns_tensor *inputs)
{
    const int count = ns_npu_input_count(stream);
    if ((count && count != e->input_count) || ns_npu_output_count(stream) != e->output_count)
        return false;
    for (int i = 0; i < count; i++) {
        const ns_npu_io *io = ns_npu_input(stream, i);
        inputs[i] = ns_draft_shape(stream_dtype(io->element_bytes), io->rank, io->shape);
        inputs[i].data = e->inputs[i].data;
        if (ns_tensor_count(&inputs[i]) != ns_tensor_count(&e->inputs[i]) ||
            io->element_bytes != ns_dtype_bytes(e->inputs[i].dtype))
            return false;
    }
    return true;
}

static void compare(const ns_tensor *got, const ns_tensor *wanted, ns_judgement *j)
{
    const size_t count = ns_tensor_count(wanted);
    j->elements += count;
    if (ns_tensor_count(got) != count || ns_dtype_bytes(got->dtype) != ns_dtype_bytes(wanted->dtype)) {
        j->wrong += count;
        return;
    }
    if (memcmp(got->data, wanted->data, count * (size_t)ns_dtype_bytes(wanted->dtype)) == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        const int64_t d = llabs(ns_tensor_get(got, i) - ns_tensor_get(wanted, i));
        j->wrong += d != 0;
        j->largest = d > j->largest ? d : j->largest;
    }
}

/* "OPERAND_SHIFT: ..." -> "OPERAND_SHIFT". */
static const char *rule_name(const char *rule, ns_arena *arena)
{
    return rule ? ns_arena_format(arena, "%.*s", (int)strcspn(rule, ":"), rule) : NULL;
}

static ns_code execute(ns_judge *judge, const ns_exhibit *e, ns_npu_stream *stream, ns_arena *arena,
                       ns_judgement *j, ns_error *error)
{
    ns_tensor *inputs = NS_ARENA_ARRAY(arena, (size_t)e->input_count, ns_tensor);
    ns_tensor *outputs = NS_ARENA_ARRAY(arena, (size_t)e->output_count, ns_tensor);
    if (!inputs || !outputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a stream's inputs");
    if (!bind(stream, e, inputs)) {
        say(j, NS_RULING_UNDEFINED, "the stream has other inputs or outputs than the graph", arena);
        return NS_OK;
    }
    first_message first = {.arena = arena};
    ns_budget budget;
    const ns_budget *around = ns_arena_budget(arena);
    ns_budget_open(&budget, around ? around->max_memory : 0, judge->max_work, 0);
    const ns_npu_options options = {
        .cpu_mask = ~0u, .hazards = true, .budget = &budget, .message = keep_first, .context = &first};
    ns_npu_statistics statistics = {0};
    ns_error failure = {0};
    const ns_code code = ns_npu_run(stream, &options, inputs, ns_npu_input_count(stream), arena, outputs,
                                    &statistics, &failure);
    j->chip_rule = rule_name(statistics.chip_rule, arena);
    if (code == NS_ERROR_MEMORY)
        return ns_fail(error, code, "%s", failure.message);
    if (code != NS_OK) {
        say(j, NS_RULING_UNDEFINED, failure.message, arena);
        return NS_OK;
    }
    for (int i = 0; i < e->output_count; i++)
        compare(&outputs[i], &e->outputs[i], j);
    if (j->wrong)
        say(j, NS_RULING_WRONG, "", arena);
    else if (statistics.hazards)
        say(j, NS_RULING_HAZARD, first.text, arena);
    return NS_OK;
}

static ns_code judge_stream(ns_judge *judge, const ns_exhibit *e, ns_vela_job *job, ns_arena *arena,
                            ns_judgement *j, ns_error *error)
{
    ns_npu_stream *stream = NULL;
    ns_error failure = {0};
    j->parts = job->parts;
    const ns_code code = ns_npu_load_parts(&job->parts, job->accelerator, arena, &stream, &failure);
    if (code == NS_ERROR_MEMORY)
        return ns_fail(error, code, "%s", failure.message);
    if (code != NS_OK) {
        say(j, NS_RULING_UNDEFINED, failure.message, arena);
        return NS_OK;
    }
    NS_TRY(execute(judge, e, stream, arena, j, error));
    if (judge->stream)
        judge->stream(judge->context, stream);
    return NS_OK;
}

ns_code ns_judge_send(ns_judge *judge, const ns_exhibit *exhibit, ns_arena *arena, ns_vela_job **out,
                      ns_error *error)
{
    ns_vela_job *jobs = NS_ARENA_ARRAY(arena, (size_t)judge->target_count, ns_vela_job);
    if (!jobs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d targets", judge->target_count);
    for (int i = 0; i < judge->target_count; i++) {
        const ns_fuzz_target *target = &judge->targets[i];
        jobs[i] = (ns_vela_job){.accelerator = target->accelerator,
                                .options = ns_arena_format(arena, "%s --output-format=raw %s",
                                                           ns_vela_flags(target->accelerator),
                                                           target->flags ? target->flags : "")};
    }
    *out = jobs;
    return ns_vela_server_send(judge->server, exhibit->file, exhibit->file_size, jobs, judge->target_count,
                               arena, error);
}

ns_code ns_judge_receive(ns_judge *judge, const ns_exhibit *exhibit, ns_vela_job *jobs, ns_arena *arena,
                         ns_judgement *out, ns_error *error)
{
    NS_TRY(ns_vela_server_receive(judge->server, exhibit->file, exhibit->file_size, jobs, judge->target_count,
                                  arena, error));
    for (int i = 0; i < judge->target_count; i++) {
        out[i] = (ns_judgement){.text = "", .message = ""};
        judge->streams++;
        if (jobs[i].outcome == NS_VELA_COMPILED)
            NS_TRY(judge_stream(judge, exhibit, &jobs[i], arena, &out[i], error));
        else
            say(&out[i], jobs[i].outcome == NS_VELA_REFUSED ? NS_RULING_REFUSED : NS_RULING_CRASH,
                jobs[i].reason, arena);
    }
    return NS_OK;
}

ns_code ns_judge_run(ns_judge *judge, const ns_exhibit *exhibit, ns_arena *arena, ns_judgement *out,
                     ns_error *error)
{
    ns_vela_job *jobs;
    NS_TRY(ns_judge_send(judge, exhibit, arena, &jobs, error));
    return ns_judge_receive(judge, exhibit, jobs, arena, out, error);
}

const char *ns_judge_signature(const ns_judgement *j, const char *known, ns_arena *arena)
{
    const char *text =
        ns_arena_format(arena, "%s%s%s%s%s%s%s", ns_ruling_text(j->ruling), *j->text ? ": " : "", j->text,
                        j->chip_rule ? " rule " : "", j->chip_rule ? j->chip_rule : "",
                        known ? " known " : "", known ? known : "");
    return text ? text : "?";
}

/* The known defect whose kind fits what was seen. */
static bool fits(ns_defect_kind kind, ns_ruling ruling)
{
    return kind != NS_DEFECT_KIND_HAZARD && (kind != NS_DEFECT_KIND_CRASH || ruling == NS_RULING_CRASH);
}

const char *ns_judge_known(const ns_exhibit *exhibit, const ns_judgement *judgement,
                           ns_accelerator accelerator, const char *release, ns_arena *arena)
{
    ns_defect_match *matches = NULL;
    int count = 0;
    if (judgement->ruling == NS_RULING_HAZARD)
        return strstr(judgement->text, "DMA") ? "hazard_dma" : "hazard_blockdep";
    if (ns_defects_find(exhibit->graph, ns_accelerator_family(accelerator), release, arena, &matches, &count,
                        NULL) != NS_OK)
        return NULL;
    for (int i = 0; i < count; i++)
        if (fits(ns_defect_get_info(matches[i].defect)->kind, judgement->ruling))
            return ns_defect_get_info(matches[i].defect)->id;
    return NULL;
}

/* Whether an escape takes a graph: it looks as the start did, and meets no known defect once one did not. */
static bool takes(ns_judge_watch *watch, const char *signature, const char *known)
{
    if (!watch->first)
        watch->first = ns_arena_string(watch->arena, signature);
    if (!watch->first || strcmp(watch->first, signature) != 0 || (watch->escaped && known))
        return false;
    watch->escaped |= !known;
    return true;
}

ns_code ns_judge_watched(void *context, const ns_exhibit *exhibit, ns_arena *arena, const char **signature,
                         ns_error *error)
{
    ns_judge_watch *watch = context;
    ns_judgement judgement;
    NS_TRY(ns_judge_run(watch->judge, exhibit, arena, &judgement, error));
    if (!ns_ruling_is_finding(judgement.ruling))
        return NS_OK;
    const char *known =
        ns_judge_known(exhibit, &judgement, watch->judge->targets[0].accelerator, watch->release, arena);
    const char *text = ns_judge_signature(&judgement, watch->escape ? NULL : known, arena);
    if (!watch->escape || takes(watch, text, known))
        *signature = text;
    return NS_OK;
}
