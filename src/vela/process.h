/* Process: a child process whose standard output is read line by line. */
#ifndef NS_VELA_PROCESS_H
#define NS_VELA_PROCESS_H

#include <stdio.h>
#include <sys/types.h>

#include "base/leftover.h"

typedef struct ns_process {
    pid_t id;
    ns_leftover leftover; /* ended with this process */
    FILE *output;
} ns_process;

/* Starts arguments[0] (looked up on PATH) with standard input from /dev/null. NS_ERROR_TOOL_MISSING when
 * there is no such program. */
ns_code ns_process_start(const char *const *arguments, ns_process *out, ns_error *error);

/* posix_spawnp with `actions`, a posix_spawn_file_actions_t; noted as a leftover until that is dropped, after
 * the process was waited for. 0, or the system's error number. */
int ns_process_spawn(const char *const *arguments, const void *actions, char **environment, pid_t *id,
                     ns_leftover *leftover);

/* Closes the output and waits. *exit_code: 0 to 255, or 256 plus the number of the signal that ended it. */
ns_code ns_process_wait(ns_process *process, int *exit_code, ns_error *error);

#endif
