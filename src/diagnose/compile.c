/* The matrix: every release, accelerator and memory mode. */
#include <stdio.h>
#include <string.h>

#include "base/interface.h"
#include "diagnose/compile_parts.h"

typedef struct memory_mode {
    const char *name;
    unsigned families;
    int cache;
} memory_mode;

static const memory_mode modes[] = {
#define NS_MEMORY_MODE(name, families, cache) {name, families, cache},
#include "npuscope/memory_modes.def"
#undef NS_MEMORY_MODE
};
enum { MODE_COUNT = sizeof modes / sizeof modes[0] };

typedef struct matrix {
    const ns_diagnose_compile_options *options;
    ns_compile_reference reference;
    ns_arena *arena;
    ns_compile_job *jobs;
    ns_diagnose_compile *rows;
    int count, capacity;
} matrix;

static bool is_asked_for(const ns_diagnose_compile_options *options, const char *mode)
{
    for (int i = 0; i < options->memory_mode_count; i++)
        if (strcmp(options->memory_modes[i], mode) == 0)
            return true;
    return options->memory_mode_count == 0;
}

static ns_code check_modes(const ns_diagnose_compile_options *options, ns_error *error)
{
    for (int i = 0; i < options->memory_mode_count; i++) {
        bool known = false;
        for (int k = 0; k < MODE_COUNT; k++)
            known = known || strcmp(options->memory_modes[i], modes[k].name) == 0;
        if (!known)
            return ns_fail(error, NS_ERROR_USAGE,
                           "no memory mode '%s'; there are Sram_Only, Shared_Sram, Dedicated_Sram and "
                           "Dedicated_Sram_256KB, _384KB, _512KB",
                           options->memory_modes[i]);
    }
    return NS_OK;
}

static ns_code add_job(matrix *m, const ns_vela *vela, ns_accelerator accelerator, const memory_mode *mode,
                       ns_error *error)
{
    ns_compile_job *job = &m->jobs[m->count];
    ns_diagnose_compile *row = &m->rows[m->count++];
    *row = (ns_diagnose_compile){
        .accelerator = ns_accelerator_text(accelerator), .memory_mode = mode->name, .vela = vela->version};
    *job = (ns_compile_job){.vela = vela, .accelerator = accelerator, .mode = mode->name, .row = row};
    job->flags = ns_arena_format(m->arena, "--memory-mode=%s --arena-cache-size=%d %s", mode->name,
                                 mode->cache, m->options->flags ? m->options->flags : "");
    job->request = (ns_vela_request){.graph = m->options->model,
                                     .graph_size = m->options->model_size,
                                     .accelerator = accelerator,
                                     .flags = job->flags,
                                     .want_debug = true};
    row->flags = job->flags;
    return job->flags ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for Vela's options");
}

static bool is_of_shard(const matrix *m, const ns_vela *vela, ns_accelerator accelerator, const char *mode)
{
    const ns_diagnose_compile_options *options = m->options;
    char model[24];
    snprintf(model, sizeof model, "%016llx",
             (unsigned long long)ns_bytes_hash((ns_bytes){options->model, options->model_size}));
    const char *const key[] = {model, ns_accelerator_text(accelerator), mode, vela->version, options->flags};
    return ns_shard_takes(options->shard, options->shards, 5, key);
}

static ns_code plan(matrix *m, ns_error *error)
{
    const ns_diagnose_compile_options *options = m->options;
    m->capacity = options->vela_count * options->accelerator_count * MODE_COUNT;
    m->jobs = NS_ARENA_ARRAY(m->arena, (size_t)m->capacity, ns_compile_job);
    m->rows = NS_ARENA_ARRAY(m->arena, (size_t)m->capacity, ns_diagnose_compile);
    if (!m->jobs || !m->rows)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d configurations", m->capacity);
    for (int v = 0; v < options->vela_count; v++)
        for (int a = 0; a < options->accelerator_count; a++)
            for (int k = 0; k < MODE_COUNT; k++)
                if (is_asked_for(options, modes[k].name) &&
                    (modes[k].families & ns_accelerator_family(options->accelerators[a])) &&
                    is_of_shard(m, &options->velas[v], options->accelerators[a], modes[k].name))
                    NS_TRY(add_job(m, &options->velas[v], options->accelerators[a], &modes[k], error));
    return NS_OK;
}

/* All jobs of one release in one process. */
static ns_code compile_all(matrix *m, ns_error *error)
{
    ns_vela_request *requests = NS_ARENA_ARRAY(m->arena, (size_t)m->count, ns_vela_request);
    if (!requests)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d configurations", m->count);
    for (int first = 0, next; first < m->count; first = next) {
        for (next = first; next < m->count && m->jobs[next].vela == m->jobs[first].vela; next++)
            requests[next] = m->jobs[next].request;
        NS_TRY(ns_vela_compile(m->jobs[first].vela, m->options->vela, requests + first, next - first,
                               m->arena, error));
        for (int i = first; i < next; i++)
            m->jobs[i].request = requests[i];
    }
    return NS_OK;
}

static bool same_stream(const ns_compile_job *a, const ns_compile_job *b)
{
    return a->accelerator == b->accelerator && a->request.outcome == NS_VELA_COMPILED &&
           b->request.outcome == NS_VELA_COMPILED && a->request.npz_size == b->request.npz_size &&
           memcmp(a->request.npz, b->request.npz, a->request.npz_size) == 0;
}

/* The verdict of each job; a stream that is another's, byte for byte, shares it. */
static ns_code judge_all(matrix *m, ns_error *error)
{
    for (int i = 0; i < m->count; i++) {
        ns_diagnose_compile *row = m->jobs[i].row;
        const ns_diagnose_compile own = *row;
        int same = 0;
        while (same < i && !same_stream(&m->jobs[same], &m->jobs[i]))
            same++;
        if (same < i) {
            *row = *m->jobs[same].row;
            row->accelerator = own.accelerator;
            row->memory_mode = own.memory_mode;
            row->vela = own.vela;
            row->flags = own.flags;
        } else {
            NS_TRY(
                ns_compile_judge(m->options, &m->reference, &m->jobs[i].request, true, m->arena, row, error));
        }
        row->known_defect = NULL;
        NS_TRY(ns_compile_name_defect(&m->reference, m->jobs[i].accelerator, m->jobs[i].vela->version, row,
                                      m->arena, error));
    }
    return NS_OK;
}

static ns_code run(matrix *m, ns_error *error)
{
    NS_TRY(check_modes(m->options, error));
    NS_TRY(ns_compile_evaluate(m->options, m->arena, &m->reference, error));
    NS_TRY(plan(m, error));
    NS_TRY(compile_all(m, error));
    NS_TRY(judge_all(m, error));
    if (m->options->no_advice)
        return NS_OK;
    NS_TRY(ns_compile_advise(m->options, &m->reference, m->jobs, m->count, m->arena, error));
    NS_TRY(ns_compile_prove(m->options, &m->reference, m->jobs, m->count, m->arena, error));
    return NS_OK;
}

ns_code ns_diagnose_compile_run(const ns_diagnose_compile_options *given, ns_arena *arena,
                                const ns_diagnose_compile **rows, int *count, ns_error *error)
{
    ns_diagnose_compile_options taken, *options = &taken;
    NS_TRY(NS_OPTIONS_TAKE(&taken, given, error));
    matrix m = {.options = options, .arena = arena};
    const ns_code code = run(&m, error);
    *rows = m.rows;
    *count = m.count;
    ns_graph_free(m.reference.graph);
    return code;
}

ns_code ns_diagnose_target_run(const ns_diagnose_compile_options *given, const ns_diagnose_target *target,
                               ns_arena *arena, ns_diagnose_compile *row, ns_error *error)
{
    ns_diagnose_compile_options taken, *options = &taken;
    NS_TRY(NS_OPTIONS_TAKE(&taken, given, error));
    ns_compile_reference reference = {0};
    ns_vela_request request = {.graph = options->model,
                               .graph_size = options->model_size,
                               .accelerator = target->accelerator,
                               .flags = target->flags,
                               .want_debug = true};
    *row = (ns_diagnose_compile){.accelerator = ns_accelerator_text(target->accelerator),
                                 .memory_mode = "-",
                                 .vela = target->vela->version,
                                 .flags = target->flags};
    NS_TRY(ns_vela_compile(target->vela, options->vela, &request, 1, arena, error));
    ns_code code = ns_compile_evaluate(options, arena, &reference, error);
    if (code == NS_OK)
        code = ns_compile_judge(options, &reference, &request, true, arena, row, error);
    if (code == NS_OK)
        code =
            ns_compile_name_defect(&reference, target->accelerator, target->vela->version, row, arena, error);
    ns_graph_free(reference.graph);
    return code;
}

ns_code ns_diagnose_stream_run(const ns_diagnose_compile_options *given, ns_npu_stream *stream,
                               const void *debug, size_t debug_size, ns_arena *arena,
                               ns_diagnose_compile *row, ns_error *error)
{
    ns_compile_reference reference = {0};
    ns_diagnose_compile_options taken, *options = &taken;
    ns_code code = NS_OK;
    NS_TRY(NS_OPTIONS_TAKE(&taken, given, error));
    *row = (ns_diagnose_compile){
        .accelerator = ns_accelerator_text(ns_npu_accelerator(stream)), .memory_mode = "-", .vela = "-"};
    if (options->model)
        code = ns_compile_evaluate(options, arena, &reference, error);
    if (code == NS_OK)
        code = ns_compile_judge_stream(options, options->model ? &reference : NULL, stream,
                                       (ns_bytes){debug, debug_size}, true, arena, row, error);
    if (code == NS_OK && options->model)
        code = ns_compile_name_defect(&reference, ns_npu_accelerator(stream), NULL, row, arena, error);
    ns_graph_free(reference.graph);
    return code;
}
