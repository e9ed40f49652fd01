#include "num/interface.h"

#include <gmp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "npuscope/status.h"

/* A real of 200 bits takes 32 bytes, and no function needs more than some dozens of them at a time. */
#define RESERVE 262144
#define ALIGNMENT 16

static _Alignas(ALIGNMENT) uint8_t reserve[RESERVE];
static size_t used;

static bool is_reserve(const void *block)
{
    return (const uint8_t *)block >= reserve && (const uint8_t *)block < reserve + RESERVE;
}

static void *from_reserve(size_t size)
{
    const size_t bytes = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    const size_t at = bytes < RESERVE ? __atomic_fetch_add(&used, bytes, __ATOMIC_RELAXED) : RESERVE;
    if (at <= RESERVE - bytes)
        return reserve + at;
    static const char message[] = "npuscope: no memory for real numbers\n";
    if (write(STDERR_FILENO, message, sizeof message - 1) < 0)
        _exit(ns_code_exit(NS_ERROR_MEMORY));
    _exit(ns_code_exit(NS_ERROR_MEMORY));
}

static void *take(size_t size)
{
    void *block = malloc(size);
    return block ? block : from_reserve(size);
}

static void give(void *block, size_t size)
{
    (void)size;
    if (!is_reserve(block))
        free(block);
}

static void *change(void *block, size_t before, size_t after)
{
    void *changed = is_reserve(block) ? NULL : realloc(block, after);
    if (changed)
        return changed;
    changed = from_reserve(after);
    memcpy(changed, block, before < after ? before : after);
    give(block, before);
    return changed;
}

static void install(void)
{
    mp_set_memory_functions(take, change, give);
}

void ns_real_memory(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
}
