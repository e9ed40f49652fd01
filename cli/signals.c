#include "shared.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/interface.h"

/* SIGALRM is the time limit of a simulator's stand-in: it ends the process as it ends the simulators. */
static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGALRM};

static sigset_t signals_of(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) {
        struct sigaction before;
        if (sigaction(watched[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaddset(&set, watched[i]);
    }
    return set;
}

static void *wait_for_one(void *context)
{
    const sigset_t set = *(const sigset_t *)context;
    int number = 0;
    if (sigwait(&set, &number) != 0)
        return NULL;
    ns_leftover_remove_all();
    if (number != SIGALRM)
        _exit(128 + number);
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);
    raise(SIGALRM);
    return NULL;
}

void ns_signals_watch(void)
{
    static sigset_t set;
    pthread_attr_t attributes;
    pthread_t thread;
    set = signals_of();
    if (pthread_attr_init(&attributes) != 0)
        return;
    /* Blocked here, and so in every thread to come; where there is no watcher, they stay as they were. */
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    const bool watching = pthread_attr_setstacksize(&attributes, 1 << 17) == 0 &&
                          pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                          pthread_create(&thread, &attributes, wait_for_one, &set) == 0;
    if (!watching)
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    pthread_attr_destroy(&attributes);
}
