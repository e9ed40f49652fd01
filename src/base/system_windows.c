/* base/system.h on Windows. Programs are not started there: Vela runs where Linux or macOS is, its streams
 * anywhere. */
#include "base/system.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <windows.h>

void ns_system_date(time_t time, struct tm *out)
{
    gmtime_s(out, &time);
}

/* ---- memory ---- */

void *ns_system_aligned(size_t bytes, size_t alignment)
{
    return _aligned_malloc(bytes ? bytes : 1, alignment);
}

void ns_system_free(void *block)
{
    _aligned_free(block);
}

void *ns_system_zeroed(size_t bytes)
{
    void *block = ns_system_aligned(bytes, NS_ANY_TYPE);
    if (block)
        memset(block, 0, bytes);
    return block;
}

uint64_t ns_system_memory(void)
{
    MEMORYSTATUSEX status = {.dwLength = sizeof status};
    return GlobalMemoryStatusEx(&status) ? status.ullTotalPhys : (uint64_t)4 << 30;
}

/* ---- the process ---- */

int ns_system_processors(void)
{
    SYSTEM_INFO info;
    GetSystemInfo(&info);
    return info.dwNumberOfProcessors > 0 ? (int)info.dwNumberOfProcessors : 1;
}

bool ns_system_allow_tiles(void)
{
    return false;
}

bool ns_system_program(char *path, size_t size)
{
    const DWORD length = GetModuleFileNameA(NULL, path, (DWORD)size);
    for (DWORD i = 0; i < length; i++)
        path[i] = path[i] == '\\' ? '/' : path[i];
    return length > 0 && length < size;
}

size_t ns_system_columns(int descriptor)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    return GetConsoleScreenBufferInfo((HANDLE)_get_osfhandle(descriptor), &info)
               ? (size_t)(info.srWindow.Right - info.srWindow.Left + 1)
               : 0;
}

bool ns_system_alarm(double seconds)
{
    (void)seconds;
    return false;
}

static void (*clear_up)(void);

static BOOL WINAPI ended(DWORD event)
{
    (void)event;
    clear_up();
    return FALSE; /* and the process ends */
}

/* Called first by the program: what it prints is the same bytes as elsewhere. */
void ns_system_watch_signals(void (*clear)(void))
{
    clear_up = clear;
    SetConsoleCtrlHandler(ended, TRUE);
    _setmode(STDOUT_FILENO, _O_BINARY);
    _setmode(STDERR_FILENO, _O_BINARY);
}

/* ---- children ---- */

int ns_system_start(const char *const *arguments, const int ends[2], const char *setting, pid_t *id)
{
    (void)arguments, (void)ends, (void)setting, (void)id;
    return ENOSYS;
}

int ns_system_wait(pid_t id)
{
    (void)id;
    errno = ECHILD;
    return -1;
}

bool ns_system_kill(pid_t id)
{
    (void)id;
    return false;
}

bool ns_system_is_there(pid_t id)
{
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, (DWORD)id);
    if (process)
        CloseHandle(process);
    return process || GetLastError() != ERROR_INVALID_PARAMETER;
}

double ns_system_seconds_of(pid_t id)
{
    (void)id;
    return 0;
}

void ns_system_ignore_broken_pipes(void)
{
}

int ns_system_pipe(int ends[2])
{
    errno = ENOSYS;
    return ends[0] = ends[1] = -1;
}

void ns_system_widen_pipe(int end, int bytes)
{
    (void)end, (void)bytes;
}

int ns_system_readable(int descriptor, int milliseconds)
{
    (void)descriptor, (void)milliseconds;
    errno = ENOSYS;
    return -1;
}

/* ---- files ---- */

const char ns_system_nowhere[] = "NUL";

int ns_system_open(const char *path, bool write)
{
    return open(path, (write ? O_WRONLY : O_RDONLY) | O_BINARY | O_NOINHERIT);
}

/* A name that is not there in place of the six X; false where a hundred are. */
static bool fill_in(char *name, unsigned attempt)
{
    snprintf(name + strlen(name) - 6, 7, "%06u", ((unsigned)getpid() * 100 + attempt) % 1000000);
    return attempt < 100;
}

int ns_system_temporary(char *name)
{
    int file = -1;
    errno = EEXIST;
    for (unsigned i = 0; file < 0 && errno == EEXIST && fill_in(name, i); i++)
        file = open(name, O_RDWR | O_CREAT | O_EXCL | O_BINARY | O_NOINHERIT, 0600);
    return file;
}

bool ns_system_temporary_folder(char *name)
{
    int made = -1;
    errno = EEXIST;
    for (unsigned i = 0; made < 0 && errno == EEXIST && fill_in(name, i); i++)
        made = mkdir(name);
    return made == 0;
}

bool ns_system_permit(int descriptor)
{
    return descriptor >= 0;
}

bool ns_system_make_program(const char *path)
{
    return access(path, F_OK) == 0;
}

int ns_system_rename(const char *from, const char *to)
{
    if (MoveFileExA(from, to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
        return 0;
    errno = GetLastError() == ERROR_ACCESS_DENIED ? EACCES : ENOENT;
    return -1;
}

char *ns_system_real_path(const char *path)
{
    char *full = _fullpath(NULL, path, 0);
    for (char *at = full; at && *at; at++)
        *at = *at == '\\' ? '/' : *at;
    return full;
}

int ns_system_make_folder(const char *path)
{
    const size_t length = strlen(path);
    if (length == 2 && path[1] == ':') /* a drive is there */
        return 0;
    return mkdir(path);
}

int ns_system_link(const char *target, const char *path)
{
    errno = target && path ? ENOSYS : EINVAL;
    return -1;
}

int ns_system_flush(int descriptor)
{
    return _commit(descriptor);
}

int ns_system_nameless(const char *folder)
{
    errno = folder ? ENOSYS : EINVAL;
    return -1;
}

FILE *ns_system_scratch(void)
{
    char name[MAX_PATH + 32];
    const DWORD length = GetTempPathA(MAX_PATH, name);
    snprintf(name + length, sizeof name - length, "npuscope.XXXXXX");
    int descriptor = -1;
    errno = EEXIST;
    for (unsigned i = 0; descriptor < 0 && errno == EEXIST && fill_in(name, i); i++)
        descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_BINARY | O_NOINHERIT | O_TEMPORARY, 0600);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w+b");
    if (!file && descriptor >= 0)
        close(descriptor);
    return file;
}

int ns_system_give_name(int descriptor, const char *path)
{
    errno = descriptor >= 0 && path ? ENOSYS : EINVAL;
    return -1;
}

/* ---- fused multiply-adds: meson.build gives them names of their own ---- */

/* The product is exact; where the sum is not either, it is rounded to 113 bits and then to 53. What
 * double-double sums ask for, the error of a product and the rest of a division, is exact. */
double fma(double a, double b, double c)
{
    return (double)((__float128)a * b + c);
}

/* The product is exact in 53 bits; a sum that is not ends in an odd bit, which tells the second rounding on
 * which side it lies. */
float fmaf(float a, float b, float c)
{
    const double product = (double)a * b, sum = product + c, part = sum - product;
    const double rest = (product - (sum - part)) + (c - part);
    int64_t bits;
    memcpy(&bits, &sum, sizeof bits);
    if (rest != 0 && isfinite(sum) && !(bits & 1))
        bits += (rest > 0) == (sum > 0) ? 1 : -1;
    double odd;
    memcpy(&odd, &bits, sizeof odd);
    return (float)odd;
}

/* ---- what POSIX has and Windows has not ---- */

void *memmem(const void *in, size_t in_size, const void *what, size_t size)
{
    const char *at = in;
    for (size_t i = 0; size <= in_size && i <= in_size - size; i++)
        if (memcmp(at + i, what, size) == 0)
            return (void *)(uintptr_t)(at + i);
    return NULL;
}

/* Does a set "[...]" hold `c`? *end is what is behind it; NULL where it has no end. */
static bool in_set(const char *set, char c, const char **end)
{
    const bool negated = *set == '!' || *set == '^';
    bool found = false;
    set += negated;
    for (bool first = true; *set && (first || *set != ']'); first = false) {
        const char low = *set++;
        const char high = *set == '-' && set[1] && set[1] != ']' ? (set += 2, set[-1]) : low;
        found = found || (c >= low && c <= high);
    }
    *end = *set ? set + 1 : NULL;
    return found != negated;
}

/* Without flags: *, ?, sets and backslashes; 0 where the text matches. */
int fnmatch(const char *pattern, const char *text, int flags)
{
    for (; *pattern; pattern++) {
        if (*pattern == '*') {
            for (;; text++)
                if (fnmatch(pattern + 1, text, flags) == 0)
                    return 0;
                else if (!*text)
                    return 1;
        }
        const char *end = NULL;
        if (*pattern == '[' && in_set(pattern + 1, *text, &end) && end && *text) {
            pattern = end - 1;
        } else if (*pattern == '[' && end) {
            return 1;
        } else if (*pattern != '?' || !*text) {
            pattern += *pattern == '\\' && pattern[1];
            if (*pattern != *text)
                return 1;
        }
        text++;
    }
    return *text != 0;
}

int alphasort(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int order_of(const void *a, const void *b)
{
    return alphasort((const struct dirent **)(uintptr_t)a, (const struct dirent **)(uintptr_t)b);
}

/* Sorted by name, which every caller's order is. */
int scandir(const char *path, struct dirent ***list, int (*want)(const struct dirent *),
            int (*order)(const struct dirent **, const struct dirent **))
{
    DIR *folder = opendir(path);
    int count = 0;
    bool fits = folder != NULL;
    *list = NULL;
    for (struct dirent *entry; fits && (entry = readdir(folder)) != NULL;) {
        if (want && !want(entry))
            continue;
        struct dirent *copy = malloc(sizeof *copy),
                      **grown = realloc(*list, ((size_t)count + 1) * sizeof *grown);
        fits = copy && grown;
        *list = grown ? grown : *list;
        if (fits)
            (*list)[count++] = memcpy(copy, entry, sizeof *copy);
        else
            free(copy);
    }
    if (folder)
        closedir(folder);
    if (order && count > 1)
        qsort(*list, (size_t)count, sizeof **list, order_of);
    for (int i = 0; !fits && i < count; i++)
        free((*list)[i]);
    return fits ? count : -1;
}
