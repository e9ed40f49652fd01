#include "base/interface.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/system.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static ns_leftover *first;

void ns_leftover_lock(void)
{
    pthread_mutex_lock(&lock);
}

void ns_leftover_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

void ns_leftover_add(ns_leftover *leftover)
{
    leftover->next = first;
    first = leftover;
}

int ns_leftover_file(ns_leftover *leftover, char *name)
{
    ns_leftover_lock();
    const int file = ns_system_temporary(name);
    *leftover = (ns_leftover){.path = file >= 0 ? name : NULL};
    ns_leftover_add(leftover);
    const int reason = errno;
    ns_leftover_unlock();
    errno = reason;
    if (file < 0)
        ns_leftover_drop(leftover);
    return file;
}

bool ns_leftover_folder(ns_leftover *leftover, char *name)
{
    ns_leftover_lock();
    const bool made = ns_system_temporary_folder(name);
    *leftover = (ns_leftover){.path = made ? name : NULL};
    ns_leftover_add(leftover);
    const int reason = errno;
    ns_leftover_unlock();
    if (!made)
        ns_leftover_drop(leftover);
    errno = reason;
    return made;
}

void ns_leftover_drop(ns_leftover *leftover)
{
    ns_leftover_lock();
    for (ns_leftover **link = &first; *link; link = &(*link)->next)
        if (*link == leftover) {
            *link = leftover->next;
            break;
        }
    ns_leftover_unlock();
}

void ns_leftover_remove_all(void)
{
    ns_leftover_lock();
    for (const ns_leftover *l = first; l; l = l->next)
        if (l->process > 0 && ns_system_kill(l->process))
            (void)ns_system_wait(l->process);
    for (const ns_leftover *l = first; l; l = l->next)
        if (l->path)
            (void)ns_tree_remove(l->path, NULL);
}
