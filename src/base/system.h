/* What is asked of the operating system: system.c for Linux, macOS and other POSIX systems, system_windows.c
 * for Windows. No other file of src/, cli/ and lib/ calls what C and POSIX do not have, nor what Windows
 * lacks. */
#ifndef NS_BASE_SYSTEM_H
#define NS_BASE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>
#if !defined(_WIN32)
#include <dirent.h>
#include <fnmatch.h>
#endif

#include "npuscope/budget.h"

/* Seconds since an arbitrary moment; never goes back. */
static inline double ns_clock_seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* Date and time of day, UTC. */
void ns_system_date(time_t time, struct tm *out);

/* From the budget's allocator, or the system where it has none (budget.c): `bytes` zeroed bytes, aligned for
 * any type; NULL when there are none. `budget` may be NULL. */
void *ns_memory_take(const ns_budget *budget, size_t bytes);

/* The same, aligned to `alignment` and not zeroed. */
void *ns_memory_take_large(const ns_budget *budget, size_t bytes, size_t alignment);

/* Gives back what either of the two gave, with the same budget and number. */
void ns_memory_release(const ns_budget *budget, void *block, size_t bytes);

/* Of the system alone, to be given back with ns_system_free; NULL when there is none. A large zeroed block is
 * of its zero pages: asking for much and using little of it costs little. An aligned one is in its large
 * pages, where it has them and the alignment is theirs (NS_LARGE_PAGE). */
void *ns_system_zeroed(size_t bytes);
void *ns_system_aligned(size_t bytes, size_t alignment);
void ns_system_free(void *block);

#define NS_ANY_TYPE 16 /* an alignment */
#define NS_LARGE_PAGE ((size_t)2 << 20)

/* Bytes that the process may use: the least of the machine's memory, its control group's and its address
 * space. */
uint64_t ns_system_memory(void);

/* Processors that are there; at least 1. */
int ns_system_processors(void);

/* Asks for the registers of AMX for this process; false where the system does not give them. */
bool ns_system_allow_tiles(void);

/* The file of the program that runs; false where the system does not say. */
bool ns_system_program(char *path, size_t size);

/* Columns of the terminal behind a descriptor; 0 where that is not known. */
size_t ns_system_columns(int descriptor);

/* Ends the process, by the signal SIGALRM, after so many seconds; true where the system can. */
bool ns_system_alarm(double seconds);

/* From now on a signal that ends the process calls `clear` first, in a thread of its own. To be called before
 * other threads are there. */
void ns_system_watch_signals(void (*clear)(void));

/* ---- children ---- */

/* Starts a program, looked up on PATH: ends[0] becomes its standard input (-1: there is nothing to read),
 * ends[1] its standard output. Its environment is this process's, with `setting` ("NAME=value") if that is
 * not NULL. 0, or an errno. */
int ns_system_start(const char *const *arguments, const int ends[2], const char *setting, pid_t *id);

/* Waits for its end: the exit code, or 256 and the number of the signal that ended it; -1 with errno. */
int ns_system_wait(pid_t id);

/* Ends it, at once; false where there is none. Then it is to be waited for. */
bool ns_system_kill(pid_t id);

/* Is there a process of that number? */
bool ns_system_is_there(pid_t id);

/* Seconds of processor time that a child has used; 0 where that is not known. */
double ns_system_seconds_of(pid_t id);

/* From now on a child that died shows in what `write` returns. */
void ns_system_ignore_broken_pipes(void);

/* A pipe whose ends no program started later has; 0, or -1 with errno. */
int ns_system_pipe(int ends[2]);

/* Lets so many bytes be written before they are read, where the system grants it. */
void ns_system_widen_pipe(int end, int bytes);

/* Waits until there is something to read: 1; 0 where nothing came in that time, -1 with errno. */
int ns_system_readable(int descriptor, int milliseconds);

/* ---- files ---- */

/* Opens for reading, without waiting for a pipe's other end, or for writing what is there; -1 with errno. */
int ns_system_open(const char *path, bool write);

/* As mkstemp and mkdtemp. */
int ns_system_temporary(char *name);
bool ns_system_temporary_folder(char *name);

/* Gives such a file the permissions of any other, and to be run by everybody where it is a program. */
bool ns_system_permit(int descriptor);
bool ns_system_make_program(const char *path);

/* Renames; a file that is there is replaced. 0, or -1 with errno. */
int ns_system_rename(const char *from, const char *to);

/* The path without symbolic links, to be freed; NULL with errno. */
char *ns_system_real_path(const char *path);

/* Makes one folder, or a symbolic link; 0, or -1 with errno. */
int ns_system_make_folder(const char *path);
int ns_system_link(const char *target, const char *path);

/* Writes what was written to the disk. 0, or -1 with errno. */
int ns_system_flush(int descriptor);

/* A file without a name in a folder, for writing: nothing is left of it, however the process ends. -1 where
 * there is none. */
int ns_system_nameless(const char *folder);

/* The same for writing and reading, in the folder for temporary files; NULL with errno. To be closed by
 * fclose. */
FILE *ns_system_scratch(void);

/* Gives a file without a name one; 0, or -1 with errno. */
int ns_system_give_name(int descriptor, const char *path);

/* Where what is written goes nowhere. */
extern const char ns_system_nowhere[];

/* ---- what POSIX has and Windows has not ---- */

#if defined(_WIN32)
#include <dirent.h>
#include <sys/stat.h>
#undef X_OK
#define X_OK 0 /* a file that is there can be tried */
static inline int lstat(const char *path, struct stat *out)
{
    return stat(path, out);
}
void *memmem(const void *in, size_t in_size, const void *what, size_t size);
int fnmatch(const char *pattern, const char *text, int flags);
int scandir(const char *path, struct dirent ***list, int (*want)(const struct dirent *),
            int (*order)(const struct dirent **, const struct dirent **));
int alphasort(const struct dirent **a, const struct dirent **b);
#endif

#endif
