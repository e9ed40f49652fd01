#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "vela/internal.h"

int ns_process_spawn(const char *const *arguments, const int ends[2], const char *setting, pid_t *id,
                     ns_leftover *leftover)
{
    ns_leftover_lock();
    const int failure = ns_system_start(arguments, ends, setting, id);
    *leftover = (ns_leftover){.process = failure ? 0 : *id};
    if (!failure)
        ns_leftover_add(leftover);
    ns_leftover_unlock();
    return failure;
}

/* A process whose output nobody reads. */
static void end(ns_process *process)
{
    (void)ns_system_kill(process->id);
    (void)ns_system_wait(process->id);
    ns_leftover_drop(&process->leftover);
}

ns_code ns_process_start(const char *const *arguments, ns_process *out, ns_error *error)
{
    int pipes[2];
    const bool piped = ns_system_pipe(pipes) == 0;
    if (!piped && errno == ENOSYS)
        return ns_fail(
            error, NS_ERROR_TOOL_MISSING,
            "%s: npuscope starts no programs on this system; compile with Vela elsewhere and give the stream",
            arguments[0]);
    if (!piped)
        return ns_fail(error, NS_ERROR_IO, "a pipe for %s: %s", arguments[0], strerror(errno));
    const int failure =
        ns_process_spawn(arguments, (const int[]){-1, pipes[1]}, NULL, &out->id, &out->leftover);
    close(pipes[1]);
    out->output = failure ? NULL : fdopen(pipes[0], "r");
    if (!out->output) {
        int reason = failure ? failure : errno;
        close(pipes[0]);
        if (!failure)
            end(out);
        return ns_fail(error, reason == ENOENT || reason == EACCES ? NS_ERROR_TOOL_MISSING : NS_ERROR_IO,
                       "%s: %s", arguments[0], strerror(reason));
    }
    return NS_OK;
}

ns_code ns_process_wait(ns_process *process, int *exit_code, ns_error *error)
{
    fclose(process->output);
    process->output = NULL;
    *exit_code = ns_system_wait(process->id);
    const int reason = errno;
    ns_leftover_drop(&process->leftover);
    return *exit_code >= 0 ? NS_OK
                           : ns_fail(error, NS_ERROR_IO, "waiting for a process: %s", strerror(reason));
}
