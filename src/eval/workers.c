/* Workers: threads that wait for rows of a chain. */
#include <pthread.h>
#include <stdlib.h>

#include "eval/internal.h"

struct ns_workers {
    int count; /* the caller is one of them */
    pthread_mutex_t lock;
    pthread_cond_t begin, done;
    uint64_t round; /* of jobs; a worker runs each once */
    int left;       /* workers that are still at it */
    bool is_over;
    ns_worker_job job;
    void *context;
    struct worker {
        pthread_t id;
        ns_workers *of;
        int number;
    } list[];
};

static void *work(void *context)
{
    const struct worker *self = context;
    ns_workers *w = self->of;
    uint64_t seen = 0;
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (w->round == seen && !w->is_over)
            pthread_cond_wait(&w->begin, &w->lock);
        if (w->is_over)
            break;
        seen = w->round;
        pthread_mutex_unlock(&w->lock);
        w->job(w->context, self->number);
        pthread_mutex_lock(&w->lock);
        if (--w->left == 0)
            pthread_cond_signal(&w->done);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

ns_workers *ns_workers_start(int count)
{
    ns_workers *w = calloc(1, sizeof *w + (size_t)count * sizeof w->list[0]);
    if (!w)
        return NULL;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->begin, NULL);
    pthread_cond_init(&w->done, NULL);
    w->count = 1;
    while (w->count < count) {
        struct worker *next = &w->list[w->count];
        *next = (struct worker){.of = w, .number = w->count};
        if (pthread_create(&next->id, NULL, work, next) != 0)
            break;
        w->count++;
    }
    return w;
}

int ns_workers_count(const ns_workers *w)
{
    return w ? w->count : 1;
}

void ns_workers_run(ns_workers *w, ns_worker_job job, void *context)
{
    pthread_mutex_lock(&w->lock);
    w->job = job;
    w->context = context;
    w->left = w->count - 1;
    w->round++;
    pthread_cond_broadcast(&w->begin);
    pthread_mutex_unlock(&w->lock);
    job(context, 0);
    pthread_mutex_lock(&w->lock);
    while (w->left)
        pthread_cond_wait(&w->done, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

void ns_workers_stop(ns_workers *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->is_over = true;
    pthread_cond_broadcast(&w->begin);
    pthread_mutex_unlock(&w->lock);
    for (int i = 1; i < w->count; i++)
        pthread_join(w->list[i].id, NULL);
    pthread_cond_destroy(&w->begin);
    pthread_cond_destroy(&w->done);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
