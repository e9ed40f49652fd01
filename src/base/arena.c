#include "npuscope/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/redzone.h"
#include "base/system.h"

#define ALIGNMENT 64
/* Small blocks share chunks of this size; a larger block gets a chunk of its own. */
#define CHUNK_SIZE ((size_t)64 * 1024)
/* The first one: many arenas hold little. */
#define FIRST_CHUNK_SIZE ((size_t)4 * 1024)
/* Resets through which an unused large chunk is kept: operations of different needs take turns. */
#define IDLE_RESETS 16

typedef struct chunk {
    struct chunk *next;
    size_t size;
    size_t charge; /* what of it the budget pays: without redzones, which nobody asked for */
    size_t used;
    int idle;     /* resets since it was last used */
    size_t dirty; /* bytes from here on were never handed out: still zero, and perhaps not touched at all */
    char *data;   /* aligned */
    void *block;  /* what the system or the budget's allocator gave */
} chunk;

struct ns_arena {
    ns_budget *budget;
    chunk *first;
    chunk *current;
    bool was_short;
};

static void chunk_free(ns_budget *budget, chunk *c)
{
    ns_budget_give(budget, c->charge);
    ns_redzone_clear(c->data, c->size);
    ns_memory_release(budget, c->block, c->size + ALIGNMENT);
    ns_memory_release(budget, c, sizeof *c);
}

/* What is `cleared` is zero. */
static chunk *chunk_new(ns_budget *budget, size_t size, size_t charge, bool cleared)
{
    if (!ns_budget_take(budget, charge))
        return NULL;
    chunk *c = ns_memory_take(budget, sizeof *c);
    if (!c) {
        ns_budget_give(budget, charge);
        return NULL;
    }
    const size_t alignment = size >= NS_LARGE_PAGE ? NS_LARGE_PAGE : NS_ANY_TYPE;
    c->block = size > SIZE_MAX - ALIGNMENT ? NULL
               : cleared                   ? ns_memory_take(budget, size + ALIGNMENT)
                                           : ns_memory_take_large(budget, size + ALIGNMENT, alignment);
    if (!c->block) {
        ns_budget_give(budget, charge);
        ns_memory_release(budget, c, sizeof *c);
        return NULL;
    }
    c->data = (char *)(((uintptr_t)c->block + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    c->next = NULL;
    c->size = size;
    c->charge = charge;
    c->used = 0;
    c->dirty = cleared ? 0 : size;
    ns_redzone_poison(c->data, c->size);
    return c;
}

ns_arena *ns_arena_new_within(ns_budget *budget)
{
    ns_arena *arena = ns_memory_take(budget, sizeof *arena);
    if (arena)
        arena->budget = budget;
    return arena;
}

ns_arena *ns_arena_new(void)
{
    return ns_arena_new_within(NULL);
}

bool ns_arena_was_short(const ns_arena *arena)
{
    return arena->was_short;
}

ns_arena *ns_arena_new_like(const ns_arena *arena)
{
    return ns_arena_new_within(arena ? arena->budget : NULL);
}

ns_budget *ns_arena_budget(const ns_arena *arena)
{
    return arena->budget;
}

void ns_arena_free(ns_arena *arena)
{
    if (!arena)
        return;
    for (chunk *c = arena->first; c;) {
        chunk *next = c->next;
        chunk_free(arena->budget, c);
        c = next;
    }
    ns_memory_release(arena->budget, arena, sizeof *arena);
}

/* Gives unused large chunks back that have been so for over `idle` resets. */
static void give_back(ns_arena *arena, int idle)
{
    for (chunk **link = &arena->first; *link;) {
        chunk *c = *link;
        if (c->used == 0 && c->size > CHUNK_SIZE && c->idle > idle) {
            *link = c->next;
            chunk_free(arena->budget, c);
        } else {
            link = &c->next;
        }
    }
}

void ns_arena_reset(ns_arena *arena)
{
    if (!arena->first || (arena->current == arena->first && arena->first->used == 0))
        return;
    /* A large chunk that stays unused was too small, or is no longer needed. Giving it back keeps an arena of
     * slowly growing needs from holding all sizes that it ever saw. */
    for (chunk *c = arena->first; c; c = c->next) {
        c->idle = c->used ? 0 : c->idle + 1;
        ns_redzone_poison(c->data, c->used);
        c->used = 0;
    }
    give_back(arena, IDLE_RESETS);
    arena->current = arena->first;
}

static chunk *chunk_of(ns_arena *arena, size_t bytes, size_t least, bool cleared)
{
    return bytes > least ? chunk_new(arena->budget, bytes, bytes - NS_REDZONE, cleared)
                         : chunk_new(arena->budget, least, least, true);
}

/* Memory is short: what is kept unused goes. `last` becomes the last chunk; false where nothing was given. */
static bool give_idle_back(ns_arena *arena, chunk **last)
{
    size_t before = 0, after = 0;
    for (const chunk *c = arena->first; c; c = c->next)
        before++;
    give_back(arena, -1);
    *last = NULL;
    for (chunk *c = arena->first; c; c = c->next) {
        after++;
        *last = c;
    }
    return after < before;
}

/* `dirty` becomes how many bytes from the front may not be zero; NULL: it does not matter. */
static void *take(ns_arena *arena, size_t wanted, size_t *dirty)
{
    size_t bytes = (wanted + NS_REDZONE + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!bytes)
        bytes = ALIGNMENT;
    chunk *c = arena->current;
    /* After a reset the following chunks are free again: walk on to one that is large enough. */
    while (c && c->size - c->used < bytes && c->next)
        c = c->next;
    if (!c || c->size - c->used < bytes) {
        const bool own = arena->budget && arena->budget->separate;
        const size_t least = own ? 0 : arena->first ? CHUNK_SIZE : FIRST_CHUNK_SIZE;
        chunk *fresh = chunk_of(arena, bytes, least, dirty != NULL);
        if (!fresh && give_idle_back(arena, &c))
            fresh = chunk_of(arena, bytes, least, dirty != NULL);
        if (!fresh) {
            arena->was_short = true;
            return NULL;
        }
        if (c)
            c->next = fresh;
        else
            arena->first = fresh;
        c = fresh;
    }
    arena->current = c;
    void *block = c->data + c->used;
    ns_redzone_clear(block, wanted);
    if (dirty)
        *dirty = c->used >= c->dirty ? 0 : wanted < c->dirty - c->used ? wanted : c->dirty - c->used;
    c->used += bytes;
    if (c->used > c->dirty)
        c->dirty = c->used;
    return block;
}

void *ns_arena_alloc(ns_arena *arena, size_t count, size_t size)
{
    if (size && count > (SIZE_MAX / 2) / size) {
        arena->was_short = true;
        return NULL;
    }
    size_t dirty;
    void *block = take(arena, count * size, &dirty);
    if (block && dirty)
        memset(block, 0, dirty);
    return block;
}

void *ns_arena_take(ns_arena *arena, size_t size)
{
    return size <= SIZE_MAX / 2 ? take(arena, size, NULL) : NULL;
}

void *ns_arena_copy(ns_arena *arena, const void *data, size_t size)
{
    void *copy = ns_arena_alloc(arena, size, 1);
    if (copy && size)
        memcpy(copy, data, size);
    return copy;
}

char *ns_arena_string(ns_arena *arena, const char *text)
{
    return ns_arena_copy(arena, text, strlen(text) + 1);
}

char *ns_arena_format(ns_arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        return NULL;
    char *text = ns_arena_alloc(arena, (size_t)length + 1, 1);
    if (!text)
        return NULL;
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}
