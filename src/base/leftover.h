/* Leftovers: what a process that is ended from outside must not leave behind: temporary files and folders,
 * and processes that it started. Whoever makes one has a note of it in a list, which the program goes through
 * when a signal ends it (cli/signals.h). The list is the process's, as its signals are. */
#ifndef NS_BASE_LEFTOVER_H
#define NS_BASE_LEFTOVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "npuscope/status.h"

typedef struct ns_leftover {
    struct ns_leftover *next;
    const char *path; /* of a file, or of a folder with all that is in it; NULL: none */
    pid_t process;    /* 0: none */
} ns_leftover;

/* mkstemp and mkdtemp, noted before anybody can end the process. `name` must outlive the note. */
int ns_leftover_file(ns_leftover *leftover, char *name);
bool ns_leftover_folder(ns_leftover *leftover, char *name);

/* Between the two nobody ends the process: for what is made otherwise, and noted with ns_leftover_add. */
void ns_leftover_lock(void);
void ns_leftover_unlock(void);
void ns_leftover_add(ns_leftover *leftover);

/* Strikes the note out: what it tells of is gone, or has become something to keep. */
void ns_leftover_drop(ns_leftover *leftover);

/* Ends the processes and removes files and folders. The lock is kept: whoever would make another waits for
 * the end. For a thread that ends the process next. */
void ns_leftover_remove_all(void);

#endif
