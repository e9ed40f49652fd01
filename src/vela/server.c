#include "vela/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/interface.h"

static const char driver[] = {
#include "driver.inc"
};

/* Above any stream of a graph for tests; a larger answer is no answer. */
#define MAX_ANSWER ((uint64_t)1 << 30)
enum { MAX_IO = 256, PIPE_BYTES = 1 << 20 };

struct ns_vela_server {
    const ns_vela *vela;
    double timeout;
    char script[64];
    ns_leftover file, process;
    pid_t id;     /* 0: no process */
    pid_t worker; /* its fork, which compiles; 0: none yet */
    int to, from;
    int starts;
    uint32_t answer; /* what its last answer began with */
    bool lost;       /* a worker died: what it was asked for must be sent anew */
};

ns_code ns_vela_server_new(const ns_vela *vela, double timeout, ns_arena *arena, ns_vela_server **out,
                           ns_error *error)
{
    ns_vela_server *server = NS_ARENA_NEW(arena, ns_vela_server);
    if (!server)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for Vela's process");
    *server = (ns_vela_server){
        .vela = vela,
        .timeout = timeout,
    };
    snprintf(server->script, sizeof server->script, "/tmp/npuscope-vela.%ld.XXXXXX", (long)getpid());
    ns_vela_sweep("/tmp", "npuscope-vela.");
    const int file = ns_leftover_file(&server->file, server->script);
    const bool written = file >= 0 && write(file, driver, sizeof driver - 1) == (ssize_t)(sizeof driver - 1);
    if (file < 0)
        return ns_fail_system(error, server->script);
    if (close(file) != 0 || !written) {
        const ns_code code = ns_fail_system(error, server->script);
        ns_vela_server_end(server);
        return code;
    }
    *out = server;
    return NS_OK;
}

/* glibc's order to fill memory that is freed: where Vela reads what it should not, that must not be a right
 * answer to the graph before. */
static const char fill_freed[] = "MALLOC_PERTURB_=165";

static ns_code spawn(ns_vela_server *server, const int in[2], const int out[2], ns_error *error)
{
    const char *const arguments[] = {server->vela->python, "-I", server->script, "--serve", NULL};
    const int failure =
        ns_process_spawn(arguments, (const int[]){in[0], out[1]}, fill_freed, &server->id, &server->process);
    if (!failure)
        return NS_OK;
    server->id = 0;
    return ns_fail(error, NS_ERROR_TOOL_MISSING, "%s: %s", arguments[0], strerror(failure));
}

static ns_code start(ns_vela_server *server, ns_error *error)
{
    int in[2], out[2];
    if (ns_system_pipe(in) != 0)
        return ns_fail(error, NS_ERROR_IO, "a pipe to Vela: %s", strerror(errno));
    if (ns_system_pipe(out) != 0) {
        close(in[0]);
        close(in[1]);
        return ns_fail(error, NS_ERROR_IO, "a pipe from Vela: %s", strerror(errno));
    }
    const ns_code code = spawn(server, in, out, error);
    close(in[0]);
    close(out[1]);
    if (code != NS_OK) {
        close(in[1]);
        close(out[0]);
        return code;
    }
    ns_system_ignore_broken_pipes();
    ns_system_widen_pipe(out[0], PIPE_BYTES); /* Vela goes on while nobody reads */
    server->to = in[1];
    server->from = out[0];
    server->worker = 0;
    return NS_OK;
}

/* Ends the process; returns how it ended: the exit code, or 256 and the signal. */
static int stop(ns_vela_server *server, bool at_once)
{
    if (!server->id)
        return 0;
    close(server->to);
    close(server->from);
    if (at_once) {
        (void)ns_system_kill(server->id);
        if (server->worker)
            (void)ns_system_kill(server->worker);
    }
    const int ended = ns_system_wait(server->id);
    ns_leftover_drop(&server->process);
    server->id = 0;
    return ended < 0 ? 0 : ended;
}

typedef enum transfer { DONE, ENDED, LATE } transfer;

static bool send_all(ns_vela_server *server, const void *data, size_t size)
{
    const char *at = data;
    while (size) {
        const ssize_t written = write(server->to, at, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        at += written;
        size -= (size_t)written;
    }
    return true;
}

/* Seconds of processor time that Vela has used: a busy machine is no reason to call it hung. */
static double used(const ns_vela_server *server)
{
    return ns_system_seconds_of(server->worker ? server->worker : server->id);
}

/* What one compilation may still use: processor time, and a thousand times POLL_MS in which it used none. */
typedef struct allowance {
    double until, last;
    int idle;
} allowance;

enum { POLL_MS = 200, IDLE_POLLS = 1000 };

static bool is_over(const ns_vela_server *server, allowance *a)
{
    const double at = used(server);
    a->idle = at > a->last ? 0 : a->idle + 1;
    a->last = at;
    return at > a->until || a->idle > IDLE_POLLS;
}

static transfer receive(ns_vela_server *server, void *data, size_t size, allowance *until)
{
    char *at = data;
    while (size) {
        const int ready = ns_system_readable(server->from, POLL_MS);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready == 0) {
            if (is_over(server, until))
                return LATE;
            continue;
        }
        const ssize_t got = ready > 0 ? read(server->from, at, size) : -1;
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return ENDED;
        at += got;
        size -= (size_t)got;
    }
    return DONE;
}

static bool send_options(ns_vela_server *server, const ns_vela_job *job, ns_arena *arena)
{
    char *text = ns_arena_format(arena, "--accelerator-config=%s\t%s", ns_accelerator_text(job->accelerator),
                                 job->options);
    if (!text)
        return false;
    /* Runs of spaces part options. */
    char *end = text;
    for (const char *at = text; *at; at++)
        if (*at != ' ' || (end[-1] != '\t' && at[1] && at[1] != ' '))
            *end++ = *at == ' ' ? '\t' : *at;
    const uint32_t length = (uint32_t)(end - text);
    return send_all(server, &length, sizeof length) && send_all(server, text, length);
}

/* A process that died is noticed where its answer is missing. */
static void send_request(ns_vela_server *server, const void *graph, size_t size, const ns_vela_job *jobs,
                         int count, ns_arena *arena)
{
    const uint32_t head[] = {(uint32_t)size, (uint32_t)count};
    if (send_all(server, head, sizeof head) && send_all(server, graph, size))
        for (int i = 0; i < count && send_options(server, &jobs[i], arena); i++) {
        }
}

static transfer receive_io(ns_vela_server *server, ns_npu_io *io, allowance *until)
{
    uint32_t head[3];
    uint64_t offset, dims[NS_MAX_RANK];
    transfer t = receive(server, head, sizeof head, until);
    if (t == DONE)
        t = receive(server, &offset, sizeof offset, until);
    if (t != DONE || head[2] > NS_MAX_RANK)
        return t == DONE ? ENDED : t;
    t = receive(server, dims, head[2] * sizeof *dims, until);
    if (t != DONE)
        return t;
    *io = (ns_npu_io){
        .element_bytes = (int)head[0], .region = (int)head[1], .rank = (int)head[2], .offset = offset};
    for (uint32_t i = 0; i < head[2]; i++)
        io->shape[i] = (int64_t)dims[i];
    return t;
}

static transfer receive_parts(ns_vela_server *server, ns_npu_parts *parts, ns_arena *arena, allowance *until)
{
    uint64_t sizes[4];
    uint32_t counts[2];
    transfer t = receive(server, sizes, sizeof sizes, until);
    if (t == DONE)
        t = receive(server, counts, sizeof counts, until);
    if (t != DONE || counts[0] > MAX_IO || counts[1] > MAX_IO || sizes[0] > MAX_ANSWER ||
        sizes[1] > MAX_ANSWER)
        return t == DONE ? ENDED : t;
    ns_npu_io *io = NS_ARENA_ARRAY(arena, counts[0] + counts[1], ns_npu_io);
    uint8_t *payload = ns_arena_alloc(arena, sizes[0], 1), *weights = ns_arena_alloc(arena, sizes[1], 1);
    if (!io || !payload || !weights)
        return ENDED;
    for (uint32_t i = 0; i < counts[0] + counts[1] && t == DONE; i++)
        t = receive_io(server, &io[i], until);
    if (t == DONE)
        t = receive(server, payload, sizes[0], until);
    if (t == DONE)
        t = receive(server, weights, sizes[1], until);
    *parts = (ns_npu_parts){.payload = payload,
                            .payload_size = sizes[0],
                            .weights = weights,
                            .weights_size = sizes[1],
                            .scratch_size = sizes[2],
                            .scratch_fast_size = sizes[3],
                            .input_count = (int)counts[0],
                            .output_count = (int)counts[1],
                            .inputs = io,
                            .outputs = io + counts[0]};
    return t;
}

static transfer receive_reason(ns_vela_server *server, ns_vela_job *job, ns_arena *arena, allowance *until)
{
    uint32_t length;
    transfer t = receive(server, &length, sizeof length, until);
    char *text = t == DONE && length < MAX_ANSWER ? ns_arena_alloc(arena, length + 1, 1) : NULL;
    if (!text)
        return t == DONE ? ENDED : t;
    job->reason = text;
    return receive(server, text, length, until);
}

/* What every answer begins with. A new worker tells its number before its first. */
static transfer receive_status(ns_vela_server *server, uint32_t *status, allowance *until)
{
    enum { WORKER = 6 };
    for (;;) {
        const double begun = used(server);
        *until = (allowance){.until = begun + server->timeout, .last = begun};
        uint32_t number = 0;
        transfer t = receive(server, status, sizeof *status, until);
        if (t != DONE || *status != WORKER)
            return t;
        t = receive(server, &number, sizeof number, until);
        if (t != DONE)
            return t;
        server->worker = (pid_t)number;
        server->starts++;
    }
}

static ns_code tell_end(ns_vela_job *job, int ended, ns_arena *arena, ns_error *error)
{
    job->outcome = NS_VELA_CRASHED;
    job->reason = ended >= 256 ? ns_arena_format(arena, "Vela was ended by signal %d", ended - 256)
                               : ns_arena_format(arena, "Vela ended with code %d", ended);
    return job->reason ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a reason");
}

/* The worker died; the process that forked it tells how, and forks another. */
static transfer receive_end(ns_vela_server *server, ns_vela_job *job, ns_arena *arena, allowance *until)
{
    uint32_t ended = 0;
    const transfer t = receive(server, &ended, sizeof ended, until);
    server->lost = true;
    return t == DONE && tell_end(job, (int)ended, arena, NULL) != NS_OK ? ENDED : t;
}

/* What an answer begins with (driver.py). */
enum { COMPILED, REFUSED, PASSING = 3, BROKEN, DIED, OPTIONS_NOT_TAKEN = 7 };

static transfer receive_answer(ns_vela_server *server, ns_vela_job *job, ns_arena *arena)
{
    uint32_t status = 0;
    allowance until;
    const transfer t = receive_status(server, &status, &until);
    if (t != DONE)
        return t;
    server->answer = status;
    if (status == DIED)
        return receive_end(server, job, arena, &until);
    job->outcome = status == COMPILED  ? NS_VELA_COMPILED
                   : status == REFUSED ? NS_VELA_REFUSED
                                       : NS_VELA_CRASHED;
    return status == COMPILED ? receive_parts(server, &job->parts, arena, &until)
                              : receive_reason(server, job, arena, &until);
}

/* The process is gone, or hangs. */
static ns_code settle(ns_vela_server *server, transfer how, ns_vela_job *job, ns_arena *arena,
                      ns_error *error)
{
    const int ended = stop(server, how == LATE);
    if (how != LATE)
        return tell_end(job, ended, arena, error);
    job->outcome = NS_VELA_CRASHED;
    job->reason = "Vela hung";
    return NS_OK;
}

ns_code ns_vela_server_send(ns_vela_server *server, const void *graph, size_t size, const ns_vela_job *jobs,
                            int count, ns_arena *arena, ns_error *error)
{
    if (!server->id)
        NS_TRY(start(server, error));
    server->lost = false;
    send_request(server, graph, size, jobs, count, arena);
    return NS_OK;
}

/* Answers that say nothing of the graph. */
static ns_code check_answer(const ns_vela_server *server, const char *reason, ns_error *error)
{
    if (server->answer == BROKEN)
        return ns_fail(error, NS_ERROR_TOOL_MISSING, "%s does not run Vela %s: %s", server->vela->python,
                       server->vela->version, reason);
    if (server->answer == PASSING)
        return ns_fail(error, NS_ERROR_IO, "Vela %s: %s", server->vela->version, reason);
    if (server->answer == OPTIONS_NOT_TAKEN)
        return ns_fail(error, NS_ERROR_USAGE, "Vela %s: %s", server->vela->version, reason);
    return NS_OK;
}

ns_code ns_vela_server_receive(ns_vela_server *server, const void *graph, size_t size, ns_vela_job *jobs,
                               int count, ns_arena *arena, ns_error *error)
{
    for (int i = 0; i < count; i++) {
        if (!server->id || server->lost) /* it died of the job before */
            NS_TRY(ns_vela_server_send(server, graph, size, &jobs[i], count - i, arena, error));
        const transfer t = receive_answer(server, &jobs[i], arena);
        if (t != DONE)
            NS_TRY(settle(server, t, &jobs[i], arena, error));
        else
            NS_TRY(check_answer(server, jobs[i].reason, error));
    }
    return NS_OK;
}

int ns_vela_server_starts(const ns_vela_server *server)
{
    return server->starts;
}

void ns_vela_server_end(ns_vela_server *server)
{
    stop(server, true);
    unlink(server->script);
    ns_leftover_drop(&server->file);
}
