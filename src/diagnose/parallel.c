/* Jobs in threads (session.h). */
#include <pthread.h>
#include <stdatomic.h>

#include "diagnose/session.h"

typedef struct shared {
    ns_dg_session *session;
    ns_dg_job job;
    void *context;
    int count;
    atomic_int next;
    atomic_bool failed;
} shared;

typedef struct thread {
    pthread_t id;
    shared *shared;
    ns_dg_worker *worker;
    ns_code code;
    ns_error error;
} thread;

static void *work(void *context)
{
    thread *t = context;
    shared *s = t->shared;
    for (;;) {
        const int index = atomic_fetch_add(&s->next, 1);
        if (index >= s->count || atomic_load(&s->failed))
            return NULL;
        t->code = s->job(s->session, t->worker, index, s->context, &t->error);
        if (t->code != NS_OK) {
            atomic_store(&s->failed, true);
            return NULL;
        }
    }
}

ns_code ns_dg_parallel(ns_dg_session *session, int count, ns_dg_job job, void *context, ns_error *error)
{
    shared s = {.session = session, .job = job, .context = context, .count = count};
    const int wanted = session->threads < count ? session->threads : count;
    thread *threads = NS_ARENA_ARRAY(session->arena, (size_t)wanted + 1, thread);
    if (!threads)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for threads");
    int started = 1;
    for (int i = 0; i < wanted; i++)
        threads[i] = (thread){.shared = &s, .worker = &session->workers[i]};
    while (started < wanted && pthread_create(&threads[started].id, NULL, work, &threads[started]) == 0)
        started++;
    if (wanted > 0)
        work(&threads[0]);
    for (int i = 1; i < started; i++)
        pthread_join(threads[i].id, NULL);
    for (int i = 0; i < started && i < wanted; i++)
        if (threads[i].code != NS_OK) {
            if (error)
                *error = threads[i].error;
            return threads[i].code;
        }
    return NS_OK;
}
