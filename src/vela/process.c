#define _GNU_SOURCE
#include "vela/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int ns_process_spawn(const char *const *arguments, const void *actions, char **environment, pid_t *id,
                     ns_leftover *leftover)
{
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    int failure = posix_spawnattr_init(&attributes);
    if (failure)
        return failure;
    /* The signals that a watcher waits for here (cli/main.c) are not blocked there. */
    failure = posix_spawnattr_setsigmask(&attributes, &none);
    if (!failure)
        failure = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    ns_leftover_lock();
    if (!failure)
        failure = posix_spawnp(id, arguments[0], actions, &attributes, (char *const *)(uintptr_t)arguments,
                               environment);
    *leftover = (ns_leftover){.process = failure ? 0 : *id};
    if (!failure)
        ns_leftover_add(leftover);
    ns_leftover_unlock();
    posix_spawnattr_destroy(&attributes);
    return failure;
}

/* A process whose output nobody reads. */
static void end(ns_process *process)
{
    kill(process->id, SIGKILL);
    while (waitpid(process->id, NULL, 0) < 0 && errno == EINTR) {
    }
    ns_leftover_drop(&process->leftover);
}

ns_code ns_process_start(const char *const *arguments, ns_process *out, ns_error *error)
{
    int pipes[2];
    if (ns_system_pipe(pipes) != 0)
        return ns_fail(error, NS_ERROR_IO, "a pipe for %s: %s", arguments[0], strerror(errno));
    posix_spawn_file_actions_t actions;
    int failure = posix_spawn_file_actions_init(&actions);
    if (!failure) {
        failure = posix_spawn_file_actions_adddup2(&actions, pipes[1], STDOUT_FILENO);
        if (!failure)
            failure = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (!failure)
            failure = ns_process_spawn(arguments, &actions, environ, &out->id, &out->leftover);
        posix_spawn_file_actions_destroy(&actions);
    }
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
    int status = 0;
    pid_t ended;
    while ((ended = waitpid(process->id, &status, 0)) < 0 && errno == EINTR) {
    }
    ns_leftover_drop(&process->leftover);
    if (ended < 0)
        return ns_fail(error, NS_ERROR_IO, "waiting for a process: %s", strerror(errno));
    *exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
    return NS_OK;
}
