#define _GNU_SOURCE
#include "vela/process.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

ns_code ns_process_start(const char *const *arguments, ns_process *out, ns_error *error)
{
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return ns_fail(error, NS_ERROR_IO, "a pipe for %s: %s", arguments[0], strerror(errno));
    posix_spawn_file_actions_t actions;
    int failure = posix_spawn_file_actions_init(&actions);
    if (!failure) {
        failure = posix_spawn_file_actions_adddup2(&actions, pipes[1], STDOUT_FILENO);
        if (!failure)
            failure = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (!failure)
            failure = posix_spawnp(&out->id, arguments[0], &actions, NULL,
                                   (char *const *)(uintptr_t)arguments, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    close(pipes[1]);
    out->output = failure ? NULL : fdopen(pipes[0], "r");
    if (!out->output) {
        int reason = failure ? failure : errno;
        close(pipes[0]);
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
    while (waitpid(process->id, &status, 0) < 0)
        if (errno != EINTR)
            return ns_fail(error, NS_ERROR_IO, "waiting for a process: %s", strerror(errno));
    *exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
    return NS_OK;
}
