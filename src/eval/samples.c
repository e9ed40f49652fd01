/* Samples: many evaluations of one graph, in threads of an evaluator each. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "npuscope/eval.h"

typedef struct shared {
    const ns_graph *graph;
    ns_eval_options options;
    const ns_eval_samples *samples;
    ns_arena *like;
    atomic_size_t next;
    atomic_bool is_over;
} shared;

typedef struct runner {
    pthread_t id;
    shared *shared;
    size_t sample; /* at hand: that which failed, where `code` says so */
    ns_code code;
    ns_error error;
} runner;

static ns_code run_sample(const shared *s, ns_evaluator *evaluator, ns_tensor *tensors, size_t sample,
                          ns_arena *arena, ns_error *error)
{
    const ns_block *block = &s->graph->regions[0].blocks[0];
    ns_tensor *outputs = tensors + block->input_count;
    ns_arena_reset(arena);
    NS_TRY(s->samples->take(s->samples->context, sample, arena, tensors, error));
    NS_TRY(ns_evaluator_run(evaluator, tensors, block->input_count, arena, outputs, error));
    return s->samples->keep(s->samples->context, sample, outputs, error);
}

/* Samples are given out in their order: when one fails, all before it are at work or done. */
static ns_code run_all(runner *r, ns_evaluator *evaluator, ns_arena *arena, ns_arena *own)
{
    shared *s = r->shared;
    const ns_block *block = &s->graph->regions[0].blocks[0];
    ns_tensor *tensors =
        NS_ARENA_ARRAY(own, (size_t)block->input_count + (size_t)block->output_count, ns_tensor);
    if (!tensors)
        return ns_fail(&r->error, NS_ERROR_MEMORY, "no memory for samples");
    while (!atomic_load(&s->is_over)) {
        const size_t sample = atomic_fetch_add(&s->next, 1);
        if (sample >= s->samples->count)
            return NS_OK;
        r->sample = sample;
        NS_TRY(run_sample(s, evaluator, tensors, sample, arena, &r->error));
    }
    return NS_OK;
}

static void *work(void *context)
{
    runner *r = context;
    shared *s = r->shared;
    ns_evaluator *evaluator = NULL;
    ns_arena *arena = ns_arena_new_like(s->like), *own = ns_arena_new_like(s->like);
    r->code = arena && own ? ns_evaluator_new(s->graph, &s->options, &evaluator, &r->error)
                           : ns_fail(&r->error, NS_ERROR_MEMORY, "no memory for samples");
    if (r->code == NS_OK)
        r->code = run_all(r, evaluator, arena, own);
    if (r->code != NS_OK)
        atomic_store(&s->is_over, true);
    ns_evaluator_free(evaluator);
    ns_arena_free(own);
    ns_arena_free(arena);
    return NULL;
}

/* The failure of the least sample, as it would be met one after the other. */
static ns_code first_failure(const runner *runners, int count, size_t samples, ns_error *error)
{
    const runner *first = NULL;
    for (int i = 0; i < count; i++)
        if (runners[i].code != NS_OK && (!first || runners[i].sample < first->sample))
            first = &runners[i];
    if (!first)
        return NS_OK;
    if (error)
        *error = first->error;
    return samples > 1 && error ? ns_add_context(error, "sample %zu", first->sample) : first->code;
}

ns_code ns_eval_all(const ns_graph *graph, const ns_eval_options *options, const ns_eval_samples *samples,
                    ns_arena *arena, ns_error *error)
{
    shared s = {.graph = graph, .samples = samples, .like = arena};
    NS_TRY(NS_OPTIONS_TAKE(&s.options, options, error));
    const size_t threads = s.options.threads > 1 && !s.options.tap ? (size_t)s.options.threads : 1;
    if (!s.options.budget)
        s.options.budget = ns_arena_budget(arena);
    const int wanted = (int)(threads < samples->count ? threads : samples->count ? samples->count : 1);
    if (wanted > 1)
        s.options.threads = 1;
    runner *runners = calloc((size_t)wanted, sizeof *runners);
    if (!runners)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for threads");
    int started = 1;
    for (int i = 0; i < wanted; i++)
        runners[i].shared = &s;
    while (started < wanted && pthread_create(&runners[started].id, NULL, work, &runners[started]) == 0)
        started++;
    work(&runners[0]);
    for (int i = 1; i < started; i++)
        pthread_join(runners[i].id, NULL);
    const ns_code code = first_failure(runners, started, samples->count, error);
    free(runners);
    return code;
}
