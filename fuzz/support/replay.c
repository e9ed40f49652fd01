/* Runs a fuzz target without a fuzzing engine.
 *
 *   fuzz_TARGET FILE...                          each file once: replays a corpus, or one input that was
 * found fuzz_TARGET --mutate SECONDS SEED FILE...    changed copies of the files for that time; the input at
 * hand stands in fuzz_current.SEED of the current folder, for when it ends the process, the slowest in
 * fuzz_slow.SEED */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/interface.h"
#include "base/system.h"
#include "mutate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
    __attribute__((weak));

enum { MOST = 1 << 20 };

/* A page that outlives the process: the input at hand, and how long it is. */
static uint8_t *open_current(const char *seed)
{
    char name[128];
    snprintf(name, sizeof name, "fuzz_current.%.64s", seed);
    const int file = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    void *data = file >= 0 && ftruncate(file, MOST) == 0
                     ? mmap(NULL, MOST, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
                     : MAP_FAILED;
    if (data == MAP_FAILED) {
        perror(name);
        exit(2);
    }
    return data;
}

/* The slowest input so far, for a look. */
static void keep_slow(const char *seed, ns_bytes input)
{
    char name[128];
    ns_error error;
    snprintf(name, sizeof name, "fuzz_slow.%.64s", seed);
    if (ns_file_write(name, input, &error) != NS_OK)
        fprintf(stderr, "%s\n", error.message);
}

static double cpu_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static void mutate(ns_bytes *files, int count, const char *seed, double seconds)
{
    uint8_t *current = open_current(seed);
    unsigned number = (unsigned)atoi(seed);
    unsigned long long runs = 0;
    double slowest = 0;
    const double end = ns_clock_seconds() + seconds;
    ns_mutate_seed(number + 1);
    for (double now = cpu_seconds(); ns_clock_seconds() < end; runs++) {
        number = number * 1664525u + 1013904223u;
        const ns_bytes file = files[number / 65536 % (unsigned)count];
        size_t size = file.size < MOST / 2 ? file.size : MOST / 2;
        memcpy(current, file.data, size);
        for (unsigned n = 1 + number / 256 % 3; n && size; n--)
            size = LLVMFuzzerCustomMutator ? LLVMFuzzerCustomMutator(current, size, MOST, number + n)
                                           : LLVMFuzzerMutate(current, size, MOST);
        LLVMFuzzerTestOneInput(current, size);
        const double after = cpu_seconds();
        if (after - now > slowest) {
            slowest = after - now;
            if (slowest > 0.5)
                keep_slow(seed, (ns_bytes){current, size});
        }
        now = after;
    }
    printf("%llu executions in %.0f s of CPU, the slowest took %.2f s\n", runs, cpu_seconds(), slowest);
}

int main(int argc, char **argv)
{
    const int first = argc > 4 && strcmp(argv[1], "--mutate") == 0 ? 4 : 1;
    ns_arena *arena = ns_arena_new();
    ns_bytes *files = arena ? NS_ARENA_ARRAY(arena, (size_t)argc, ns_bytes) : NULL;
    ns_error error = {.message = "no memory"};
    for (int i = first; i < argc; i++)
        if (!files || ns_file_read(argv[i], arena, &files[i - first], &error) != NS_OK) {
            fprintf(stderr, "%s\n", error.message);
            ns_arena_free(arena);
            return 2;
        }
    if (first == 4)
        mutate(files, argc - first, argv[3], atof(argv[2]));
    for (int i = first; first == 1 && i < argc; i++)
        LLVMFuzzerTestOneInput(files[i - first].data, files[i - first].size);
    if (first == 1)
        printf("%d files replayed\n", argc - first);
    ns_arena_free(arena);
    return 0;
}
