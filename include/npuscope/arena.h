/* Arena: memory that is given back all at once.
 *
 * Everything that belongs to one graph, one run or one report lives in one arena. Blocks are zeroed.
 * Running out of memory is reported as NULL; callers turn it into NS_ERROR_MEMORY. */
#ifndef NPUSCOPE_ARENA_H
#define NPUSCOPE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "npuscope/budget.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ns_arena ns_arena;

/* A new empty arena, or NULL when memory is out. */
ns_arena *ns_arena_new(void);

/* The same, with all memory charged to `budget` (NULL: to none): a request beyond it gives NULL. */
ns_arena *ns_arena_new_within(ns_budget *budget);

/* Whether it was ever asked for memory that there was not: for callers who go on all the same and ask once,
 * at the end. */
bool ns_arena_was_short(const ns_arena *arena);

/* A new arena, charged to the budget that `arena` is charged to (NULL: to none). */
ns_arena *ns_arena_new_like(const ns_arena *arena);

/* What the arena is charged to, or NULL: for scratch beside it. */
ns_budget *ns_arena_budget(const ns_arena *arena);

/* Gives back the arena and all that was allocated from it. NULL is allowed. */
void ns_arena_free(ns_arena *arena);

/* Forgets all allocations but keeps the memory for reuse: for scratch that is needed again and again. */
void ns_arena_reset(ns_arena *arena);

/* `count` zeroed elements of `size` bytes, aligned to 64 bytes (a cache line, the widest vector);
 * NULL when memory is out or the product overflows. A count of 0 gives a valid pointer. */
void *ns_arena_alloc(ns_arena *arena, size_t count, size_t size);

/* `size` bytes that are not zeroed: for what is written whole. */
void *ns_arena_take(ns_arena *arena, size_t size);

/* A copy of `size` bytes, or NULL. */
void *ns_arena_copy(ns_arena *arena, const void *data, size_t size);

/* A copy of a NUL-terminated string, or NULL. */
char *ns_arena_string(ns_arena *arena, const char *text);

/* A formatted string, or NULL. */
char *ns_arena_format(ns_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define NS_ARENA_NEW(arena, type) ((type *)ns_arena_alloc((arena), 1, sizeof(type)))
#define NS_ARENA_ARRAY(arena, count, type) ((type *)ns_arena_alloc((arena), (count), sizeof(type)))

#ifdef __cplusplus
}
#endif

#endif
