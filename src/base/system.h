/* Clock: wall time for reports. */
#ifndef NS_BASE_SYSTEM_H
#define NS_BASE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "npuscope/budget.h"

/* Seconds since an arbitrary moment; never goes back. */
static inline double ns_clock_seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* `bytes` zeroed bytes, aligned for any type; NULL when there are none. A large block of the system is of its
 * zero pages: asking for much and using little of it costs little. `budget` may be NULL. */
void *ns_memory_take(const ns_budget *budget, size_t bytes);

/* `bytes` bytes aligned to `alignment`, not zeroed; in the system's large pages, where it has them and the
 * alignment is theirs (NS_LARGE_PAGE). */
void *ns_memory_take_large(const ns_budget *budget, size_t bytes, size_t alignment);

/* Gives back what either gave, with the same budget and number. */
void ns_memory_release(const ns_budget *budget, void *block, size_t bytes);

#define NS_LARGE_PAGE ((size_t)2 << 20)

/* Bytes that the process may use: the least of the machine's memory, its control group's and its address
 * space. */
uint64_t ns_system_memory(void);

/* Processors that are there; at least 1. */
int ns_system_processors(void);

/* The file of the program that runs; false where the system does not say. */
bool ns_system_program(char *path, size_t size);

/* A pipe whose ends no program started later has; 0, or -1 with errno. */
int ns_system_pipe(int ends[2]);

/* A file without a name in a folder, for writing: nothing is left of it, however the process ends. -1 where
 * there is none. */
int ns_system_nameless(const char *folder);

/* Gives it a name; 0, or -1 with errno. */
int ns_system_give_name(int descriptor, const char *path);

#endif
