/* Preloaded into a process (LD_PRELOAD): counts its allocations, and makes one of them fail.
 *
 *   FAIL_PATHS=FILE  writes a line "N HASH" for each allocation: its number, and a hash of who called
 *   FAIL_AT=N        allocation N fails
 *   FAIL_LEFT=FILE   writes the number of blocks that are left when the process ends
 *
 * Allocations before main (the loader's, constructors') are not counted. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

enum { DEPTH = 24 };

static long number, fail_at, left;
static int paths = -1;
static const char *left_path;
static _Thread_local int inside;

/* Who asks: return addresses, relative to one of the program's so that each run gives the same. */
static uint64_t caller_hash(void)
{
    void *frames[DEPTH];
    const int count = backtrace(frames, DEPTH);
    uint64_t hash = 0xcbf29ce484222325u;
    for (int i = 2; i < count; i++) {
        Dl_info info;
        const uintptr_t base = dladdr(frames[i], &info) ? (uintptr_t)info.dli_fbase : 0;
        hash = (hash ^ ((uintptr_t)frames[i] - base)) * 0x100000001b3u;
    }
    return hash;
}

/* Counts; true when this one is to fail. */
static int refuses(void)
{
    if (inside || !number)
        return 0;
    const long mine = __atomic_fetch_add(&number, 1, __ATOMIC_RELAXED);
    if (paths >= 0) {
        char line[64];
        inside = 1;
        const int length =
            snprintf(line, sizeof line, "%ld %016llx\n", mine, (unsigned long long)caller_hash());
        if (write(paths, line, (size_t)length) != length)
            _exit(99);
        inside = 0;
    }
    if (mine == fail_at)
        errno = ENOMEM;
    return mine == fail_at;
}

static void *given(void *block)
{
    if (block && number)
        __atomic_fetch_add(&left, 1, __ATOMIC_RELAXED);
    return block;
}

void *malloc(size_t size)
{
    return refuses() ? NULL : given(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return refuses() ? NULL : given(__libc_calloc(count, size));
}

void *realloc(void *block, size_t size)
{
    if (refuses())
        return NULL;
    return block ? __libc_realloc(block, size) : given(__libc_realloc(block, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return refuses() ? NULL : given(__libc_memalign(alignment, size));
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    *block = refuses() ? NULL : given(__libc_memalign(alignment, size));
    return *block ? 0 : ENOMEM;
}

void free(void *block)
{
    if (block && number)
        __atomic_fetch_sub(&left, 1, __ATOMIC_RELAXED);
    __libc_free(block);
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("FAIL_PATHS"), *at = getenv("FAIL_AT");
    void *frames[2];
    backtrace(frames, 2); /* loads what unwinds */
    left_path = getenv("FAIL_LEFT");
    fail_at = at ? atol(at) : -1;
    if (path)
        paths = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    unsetenv("LD_PRELOAD"); /* children are none of ours */
    number = 1;
}

__attribute__((destructor)) static void end(void)
{
    const int file = left_path ? open(left_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
    char line[32];
    const int length = snprintf(line, sizeof line, "%ld\n", left);
    if (file >= 0 && write(file, line, (size_t)length) != length)
        _exit(99);
}
