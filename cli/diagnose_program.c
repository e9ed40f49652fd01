/* npuscope diagnose: an ExecuTorch program. It is run once for each sample; each delegate is then judged by
 * itself, on the integers that it was given and with the scales that stand around it. */
#include <math.h>

#include "base/interface.h"
#include "diagnose.h"
#include "program/interface.h"

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for the program's delegates");
}

/* The delegate's own stream beside the graph, or without one. */
static ns_code judge_stream(const ns_lifting *l, int delegate, ns_bytes graph,
                            const ns_diagnose_options *asked, const char *debug_db, ns_diagnose_result *part,
                            ns_error *error)
{
    ns_npu_stream *stream = ns_program_delegate(l->program, delegate);
    ns_diagnose_compile *row = NS_ARENA_NEW(l->cli->arena, ns_diagnose_compile);
    ns_bytes debug = {0};
    if (!row)
        return no_memory(error);
    if (debug_db)
        NS_TRY(ns_file_read(debug_db, l->cli->arena, &debug, error));
    const ns_lifted *lifted = &l->delegates[delegate];
    const ns_diagnose_compile_options options = {.model = graph.data,
                                                 .model_size = graph.size,
                                                 .inputs = asked ? asked->inputs : lifted->inputs,
                                                 .input_count = lifted->count,
                                                 .samples = (int)l->files.samples,
                                                 .cpu_mask = l->settings->cpu_mask};
    NS_TRY(ns_diagnose_stream_run(&options, stream, debug.data, debug.size, l->cli->arena, row, error));
    part->compile = row;
    part->compile_count = 1;
    return NS_OK;
}

static ns_code judge_graph(const ns_lifting *l, int delegate, ns_bytes bytes, const char *debug_db,
                           ns_diagnose_subject *subject, ns_diagnose_result *part, ns_error *error)
{
    const ns_graph *graph = subject->graph;
    ns_diagnose_settings settings = *l->settings;
    NS_TRY(ns_graph_validate(graph, error));
    NS_TRY(ns_diagnose_bind(l, delegate, graph, &subject->asked, error));
    part->region = ns_arena_string(l->cli->arena, graph->regions[0].name);
    const bool is_stream = ns_program_delegate(l->program, delegate) != NULL;
    settings.no_compile = settings.no_compile || is_stream; /* it is compiled already */
    NS_TRY(ns_diagnose_halves(l->cli, &settings, graph, bytes, &subject->asked, part, error));
    return is_stream && !l->settings->no_compile
               ? judge_stream(l, delegate, bytes, &subject->asked, debug_db, part, error)
               : NS_OK;
}

static const char *why_not_called(const ns_lifting *l, int index)
{
    if (l->stopped)
        return ns_arena_format(l->cli->arena, "the program stopped before it: %s", l->stopped);
    return l->delegates[index].taken ? "the program calls it for some samples only"
                                     : "the program never calls it";
}

/* What is missing, and how far the whole program is from its references all the same. NULL: not asked for. */
static ns_code why_no_graph(const ns_lifting *l, const char **out, ns_error *error)
{
    char distance[32] = "no error";
    *out = l->settings->no_precision
               ? NULL
               : "the delegate holds a stream and no graph: give the .tosa file that ExecuTorch leaves with "
                 "dump_intermediate_artifacts_to, --graph FILE";
    for (int i = 0; *out && i < ns_program_output_count(l->program); i++) {
        const ns_measured *m = &l->measured[i];
        if (m->signal > 0 && m->noise > 0)
            snprintf(distance, sizeof distance, "%.1f dB", 10 * log10(m->signal / m->noise));
        if (m->signal > 0)
            *out = ns_arena_format(l->cli->arena,
                                   "%s; measured against the float model: %s at 'out%d' of the whole program",
                                   *out, distance, i);
        if (!*out)
            return no_memory(error);
    }
    return NS_OK;
}

/* Delegate `index`; `number` counts those that are streams. */
static ns_code judge(const ns_lifting *l, int index, int number, ns_diagnose_subject *subject,
                     ns_diagnose_result *part, ns_error *error)
{
    const ns_diagnose_settings *s = l->settings;
    ns_bytes bytes = {0};
    bytes.data = ns_program_delegate_graph(l->program, index, &bytes.size);
    const bool is_stream = !bytes.data;
    const char *debug_db = is_stream && number < s->debug_dbs.count ? s->debug_dbs.values[number] : NULL;
    if (l->delegates[index].taken < (l->stopped ? 1 : l->files.samples)) {
        part->precision_missing = part->compile_missing = why_not_called(l, index);
        return NS_OK;
    }
    if (is_stream && number < s->graphs.count)
        NS_TRY(ns_file_read(s->graphs.values[number], l->cli->arena, &bytes, error));
    if (!bytes.data) {
        NS_TRY(why_no_graph(l, &part->precision_missing, error));
        return s->no_compile ? NS_OK : judge_stream(l, index, bytes, NULL, NULL, part, error);
    }
    ns_code code = ns_graph_read_within(l->cli->budget, bytes.data, bytes.size, &subject->graph, error);
    if (code == NS_OK)
        code = judge_graph(l, index, bytes, debug_db, subject, part, error);
    return code == NS_OK ? NS_OK : ns_add_context(error, "delegate %d", index);
}

/* Where a delegate stopped the program, what it was given until then is all there is. */
static void keep_whole_samples(ns_lifting *l, int count)
{
    if (!l->stopped)
        return;
    for (int i = 0; i < count; i++)
        if (l->delegates[i].taken && l->delegates[i].taken < l->files.samples)
            l->files.samples = l->delegates[i].taken;
}

/* A reference that nobody takes is told. */
static void check_references(const ns_lifting *l, const ns_diagnose_subjects *subjects)
{
    bool taken = l->settings->references.count == 0;
    for (int i = 0; i < ns_program_output_count(l->program); i++)
        taken = taken || l->measured[i].signal > 0; /* of the whole program */
    for (int i = 0; i < subjects->count; i++) {
        const ns_diagnose_subject *subject = &subjects->list[i];
        const int outputs = subject->graph ? subject->graph->regions[0].blocks[0].output_count : 0;
        for (int o = 0; o < outputs && subject->asked.references; o++)
            taken = taken || subject->asked.references[o];
    }
    if (!taken)
        ns_cli_say("--reference is not used: no delegate whose graph is known gives that output from the "
                   "program's inputs alone");
}

static ns_code judge_all(ns_lifting *l, int count, ns_diagnose_result *result, ns_diagnose_subjects *subjects,
                         ns_error *error)
{
    ns_diagnose_result *parts = NS_ARENA_ARRAY(l->cli->arena, (size_t)count, ns_diagnose_result);
    subjects->list = NS_ARENA_ARRAY(l->cli->arena, (size_t)count, ns_diagnose_subject);
    if (!parts || !subjects->list)
        return no_memory(error);
    NS_TRY(ns_diagnose_lift(l, error));
    keep_whole_samples(l, count);
    subjects->count = count;
    for (int i = 0, streams = 0; i < count; i++) {
        ns_diagnose_subject *subject = &subjects->list[i];
        parts[i] = (ns_diagnose_result){.model = result->model};
        parts[i].part =
            ns_arena_format(l->cli->arena, "delegate %d, %s", i, ns_program_delegate_id(l->program, i));
        if (!parts[i].part)
            return no_memory(error);
        subject->result = &parts[i];
        NS_TRY(judge(l, i, streams, subject, &parts[i], error));
        streams += ns_program_delegate(l->program, i) != NULL;
    }
    check_references(l, subjects);
    if (count == 1) {
        *result = parts[0];
        return NS_OK;
    }
    result->parts = parts;
    result->part_count = count;
    return NS_OK;
}

ns_code ns_diagnose_program_file(ns_cli *cli, const ns_diagnose_settings *settings, ns_bytes bytes,
                                 ns_diagnose_result *result, ns_diagnose_subjects *subjects, ns_error *error)
{
    ns_lifting l = {.cli = cli, .settings = settings};
    ns_program *program = NULL;
    NS_TRY(ns_program_read(bytes.data, bytes.size, NS_ACCELERATOR_UNKNOWN, cli->arena, &program, error));
    const int count = ns_program_delegate_count(program);
    l.program = program;
    if (!count)
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "the program has no delegate: nothing in it is for the NPU");
    unsigned kinds = 0;
    for (int i = 0; i < count; i++)
        kinds |= ns_program_delegate(program, i) ? NS_DIAGNOSE_OF_DELEGATE : NS_DIAGNOSE_OF_PROGRAM;
    NS_TRY(ns_diagnose_tell_unused(settings, kinds, cli->arena, error));
    return judge_all(&l, count, result, subjects, error);
}
