#define _GNU_SOURCE /* O_TMPFILE, pipe2, MADV_HUGEPAGE */
#include "base/system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif
#if !defined(_WIN32)
#include <sys/resource.h>
#endif

#define ANY_TYPE 16

/* ---- memory ---- */

void *ns_memory_take(const ns_budget *budget, size_t bytes)
{
    if (!budget || !budget->allocator.allocate)
        return calloc(bytes ? bytes : 1, 1);
    void *block = budget->allocator.allocate(budget->allocator.context, bytes, ANY_TYPE);
    if (block)
        memset(block, 0, bytes);
    return block;
}

void *ns_memory_take_large(const ns_budget *budget, size_t bytes, size_t alignment)
{
    if (budget && budget->allocator.allocate)
        return budget->allocator.allocate(budget->allocator.context, bytes, alignment);
    void *block = aligned_alloc(alignment, bytes);
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    /* A refusal changes nothing but the time. */
    if (block && alignment == NS_LARGE_PAGE)
        (void)madvise(block, bytes, MADV_HUGEPAGE);
#endif
    return block;
}

void ns_memory_release(const ns_budget *budget, void *block, size_t bytes)
{
    if (block && budget && budget->allocator.release)
        budget->allocator.release(budget->allocator.context, block, bytes);
    else
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
#if defined(RLIMIT_AS)
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < most)
        most = limit.rlim_cur;
#endif
    const uint64_t group = group_memory();
    return group < most ? group : most;
}

/* ---- processes ---- */

int ns_system_processors(void)
{
#if defined(_SC_NPROCESSORS_ONLN)
    const long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (int)count : 1;
#else
    return 1;
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

int ns_system_pipe(int ends[2])
{
#if defined(__linux__)
    return pipe2(ends, O_CLOEXEC);
#elif defined(_WIN32)
    errno = ENOSYS;
    return ends[0] = ends[1] = -1;
#else
    if (pipe(ends) != 0)
        return -1;
    return fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 ? fcntl(ends[1], F_SETFD, FD_CLOEXEC) : -1;
#endif
}

/* ---- files ---- */

int ns_system_nameless(const char *folder)
{
#if defined(O_TMPFILE)
    return open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
#else
    errno = folder ? ENOSYS : EINVAL;
    return -1;
#endif
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
