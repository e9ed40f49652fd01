#define _GNU_SOURCE /* O_TMPFILE, pipe2, MADV_HUGEPAGE */
#define _DARWIN_C_SOURCE
#include "base/system.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

void ns_system_date(time_t time, struct tm *out)
{
    gmtime_r(&time, out);
}

/* ---- memory ---- */

void *ns_system_zeroed(size_t bytes)
{
    return calloc(bytes ? bytes : 1, 1);
}

void *ns_system_aligned(size_t bytes, size_t alignment)
{
    void *block; /* aligned_alloc wants a multiple of the alignment */
    if (posix_memalign(&block, alignment, bytes ? bytes : 1) != 0)
        return NULL;
#if defined(MADV_HUGEPAGE)
    /* A refusal changes nothing but the time. */
    if (alignment == NS_LARGE_PAGE)
        (void)madvise(block, bytes, MADV_HUGEPAGE);
#endif
    return block;
}

void ns_system_free(void *block)
{
    free(block);
}

/* memory.max of the process's control group, where the system has one; UINT64_MAX where it has not. */
static uint64_t group_memory(void)
{
    unsigned long long bytes = 0;
    FILE *file = fopen("/sys/fs/cgroup/memory.max", "r");
    const bool limited = file && fscanf(file, "%llu", &bytes) == 1;
    if (file)
        fclose(file);
    return limited ? bytes : UINT64_MAX;
}

uint64_t ns_system_memory(void)
{
    uint64_t most = (uint64_t)4 << 30;
#if defined(_SC_PHYS_PAGES) && defined(_SC_PAGESIZE)
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    if (pages > 0 && page > 0)
        most = (uint64_t)pages * (uint64_t)page;
#endif
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < most)
        most = limit.rlim_cur;
    const uint64_t group = group_memory();
    return group < most ? group : most;
}

/* ---- the process ---- */

int ns_system_processors(void)
{
    const long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (int)count : 1;
}

bool ns_system_allow_tiles(void)
{
#if defined(__linux__) && defined(__x86_64__)
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 }; /* Linux 5.16: asm/prctl.h */
    return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
#else
    return false;
#endif
}

bool ns_system_program(char *path, size_t size)
{
#if defined(__linux__)
    const ssize_t length = readlink("/proc/self/exe", path, size - 1);
    path[length > 0 ? length : 0] = 0;
    return length > 0;
#else
    path[0] = 0;
    return size == 0;
#endif
}

size_t ns_system_columns(int descriptor)
{
    struct winsize size = {0};
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool ns_system_alarm(double seconds)
{
    struct itimerval limit = {
        .it_value = {.tv_sec = (time_t)seconds, .tv_usec = (suseconds_t)(seconds * 1e6) % 1000000}};
    if (limit.it_value.tv_sec == 0 && limit.it_value.tv_usec == 0)
        limit.it_value.tv_usec = 1;
    return setitimer(ITIMER_REAL, &limit, NULL) == 0;
}

/* SIGALRM is the time limit of a simulator's stand-in: it ends the process as it ends the simulators. */
static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGALRM};

typedef struct watch {
    sigset_t set;
    void (*clear)(void);
} watch;

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
    const watch *w = context;
    int number = 0;
    if (sigwait(&w->set, &number) != 0)
        return NULL;
    w->clear();
    if (number != SIGALRM)
        _exit(128 + number);
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);
    raise(SIGALRM);
    return NULL;
}

void ns_system_watch_signals(void (*clear)(void))
{
    static watch w;
    pthread_attr_t attributes;
    pthread_t thread;
    w = (watch){signals_of(), clear};
    if (pthread_attr_init(&attributes) != 0)
        return;
    /* Blocked here, and so in every thread to come; where there is no watcher, they stay as they were. */
    pthread_sigmask(SIG_BLOCK, &w.set, NULL);
    const bool watching = pthread_attr_setstacksize(&attributes, 1 << 17) == 0 &&
                          pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                          pthread_create(&thread, &attributes, wait_for_one, &w) == 0;
    if (!watching)
        pthread_sigmask(SIG_UNBLOCK, &w.set, NULL);
    pthread_attr_destroy(&attributes);
}

/* ---- children ---- */

/* The environment with `setting` in place of what has its name; to be freed. */
static char **environment_with(const char *setting)
{
    size_t count = 0, kept = 0;
    const size_t name = strcspn(setting, "=") + 1;
    while (environ[count])
        count++;
    char **list = calloc(count + 2, sizeof *list);
    for (size_t i = 0; list && i < count; i++)
        if (strncmp(environ[i], setting, name) != 0)
            list[kept++] = environ[i];
    if (list)
        list[kept] = (char *)(uintptr_t)setting;
    return list;
}

static int add_ends(posix_spawn_file_actions_t *actions, const int ends[2])
{
    const int failure = ends[0] >= 0 ? posix_spawn_file_actions_adddup2(actions, ends[0], STDIN_FILENO)
                                     : posix_spawn_file_actions_addopen(actions, STDIN_FILENO,
                                                                        ns_system_nowhere, O_RDONLY, 0);
    return failure ? failure : posix_spawn_file_actions_adddup2(actions, ends[1], STDOUT_FILENO);
}

static int spawn(const char *const *arguments, const posix_spawn_file_actions_t *actions, char **environment,
                 pid_t *id)
{
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    int failure = posix_spawnattr_init(&attributes);
    if (failure)
        return failure;
    /* The signals that a watcher waits for here are not blocked there. */
    failure = posix_spawnattr_setsigmask(&attributes, &none);
    if (!failure)
        failure = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    if (!failure)
        failure = posix_spawnp(id, arguments[0], actions, &attributes, (char *const *)(uintptr_t)arguments,
                               environment);
    posix_spawnattr_destroy(&attributes);
    return failure;
}

int ns_system_start(const char *const *arguments, const int ends[2], const char *setting, pid_t *id)
{
    char **environment = setting ? environment_with(setting) : environ;
    posix_spawn_file_actions_t actions;
    int failure = environment ? posix_spawn_file_actions_init(&actions) : ENOMEM;
    if (!failure) {
        failure = add_ends(&actions, ends);
        if (!failure)
            failure = spawn(arguments, &actions, environment, id);
        posix_spawn_file_actions_destroy(&actions);
    }
    if (setting)
        free(environment);
    return failure;
}

int ns_system_wait(pid_t id)
{
    int status = 0;
    pid_t ended;
    while ((ended = waitpid(id, &status, 0)) < 0 && errno == EINTR) {
    }
    if (ended < 0)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

bool ns_system_kill(pid_t id)
{
    return kill(id, SIGKILL) == 0;
}

bool ns_system_is_there(pid_t id)
{
    return kill(id, 0) == 0 || errno != ESRCH;
}

double ns_system_seconds_of(pid_t id)
{
    struct timespec t = {0};
#if !defined(__APPLE__)
    clockid_t clock;
    if (clock_getcpuclockid(id, &clock) == 0)
        clock_gettime(clock, &t);
#else
    (void)id;
#endif
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void ns_system_ignore_broken_pipes(void)
{
    signal(SIGPIPE, SIG_IGN);
}

int ns_system_pipe(int ends[2])
{
#if defined(__linux__)
    return pipe2(ends, O_CLOEXEC);
#else
    if (pipe(ends) != 0)
        return -1;
    return fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 ? fcntl(ends[1], F_SETFD, FD_CLOEXEC) : -1;
#endif
}

void ns_system_widen_pipe(int end, int bytes)
{
#if defined(F_SETPIPE_SZ)
    (void)fcntl(end, F_SETPIPE_SZ, bytes);
#else
    (void)end, (void)bytes;
#endif
}

int ns_system_readable(int descriptor, int milliseconds)
{
    struct pollfd wait = {.fd = descriptor, .events = POLLIN};
    return poll(&wait, 1, milliseconds);
}

/* ---- files ---- */

const char ns_system_nowhere[] = "/dev/null";

int ns_system_open(const char *path, bool write)
{
    return open(path, (write ? O_WRONLY : O_RDONLY | O_NONBLOCK) | O_CLOEXEC);
}

int ns_system_temporary(char *name)
{
    return mkstemp(name);
}

bool ns_system_temporary_folder(char *name)
{
    return mkdtemp(name) != NULL;
}

bool ns_system_permit(int descriptor)
{
    const mode_t mask = umask(0);
    umask(mask);
    return fchmod(descriptor, 0666 & ~mask) == 0;
}

bool ns_system_make_program(const char *path)
{
    return chmod(path, 0755) == 0;
}

int ns_system_rename(const char *from, const char *to)
{
    return rename(from, to);
}

char *ns_system_real_path(const char *path)
{
    return realpath(path, NULL);
}

int ns_system_make_folder(const char *path)
{
    return mkdir(path, 0777);
}

int ns_system_link(const char *target, const char *path)
{
    return symlink(target, path);
}

int ns_system_flush(int descriptor)
{
    return fsync(descriptor);
}

int ns_system_nameless(const char *folder)
{
#if defined(O_TMPFILE)
    return open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
#else
    errno = folder ? ENOSYS : EINVAL;
    return -1;
#endif
}

FILE *ns_system_scratch(void)
{
    char name[4096];
    const char *folder = getenv("TMPDIR");
    if (snprintf(name, sizeof name, "%s/npuscope.XXXXXX", folder && *folder ? folder : "/tmp") >=
        (int)sizeof name) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    const int descriptor = mkstemp(name);
    if (descriptor < 0)
        return NULL;
    unlink(name);
    fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    FILE *file = fdopen(descriptor, "w+b");
    if (!file)
        close(descriptor);
    return file;
}

int ns_system_give_name(int descriptor, const char *path)
{
#if defined(O_TMPFILE)
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", descriptor);
    return linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
#else
    errno = descriptor >= 0 && path ? ENOSYS : EINVAL;
    return -1;
#endif
}
