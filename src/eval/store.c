#include "eval/internal.h"

#include "base/system.h"

static bool charge(ns_store *store, size_t bytes, uint64_t *account)
{
    if (!ns_budget_take(store->budget, bytes))
        return false;
    *account += bytes;
    return true;
}

bool ns_store_charge_result(ns_store *store, size_t bytes)
{
    return charge(store, bytes, &store->results);
}

void ns_store_settle(ns_store *store)
{
    ns_budget_give(store->budget, store->results);
    store->results = 0;
}

/* The smallest free buffer that will do; one that is far too large is left for a tensor that needs it. */
static ns_store_buffer *find_free(ns_store *store, size_t size)
{
    ns_store_buffer **best = NULL;
    for (ns_store_buffer **link = &store->free; *link; link = &(*link)->next_free)
        if ((*link)->capacity >= size && (!best || (*link)->capacity < (*best)->capacity))
            best = link;
    if (!best || (*best)->capacity > 4 * size + 4096)
        return NULL;
    ns_store_buffer *found = *best;
    *best = found->next_free;
    return found;
}

ns_code ns_store_take(ns_store *store, size_t size, ns_store_buffer **out, ns_error *error)
{
    if ((*out = find_free(store, size))) {
        (*out)->references = 1;
        return NS_OK;
    }
    ns_store_buffer *fresh = NS_ARENA_NEW(store->arena, ns_store_buffer);
    /* In large pages where there are any: page faults are most of what a large elementwise operator costs
     * otherwise. */
    size_t alignment = size >= NS_LARGE_PAGE ? NS_LARGE_PAGE : 64;
    size_t capacity = (size + NS_STORE_SLACK + alignment - 1) / alignment * alignment;
    if (fresh && charge(store, capacity, &store->memory))
        fresh->data = ns_memory_take_large(store->budget, capacity, alignment);
    if (!fresh || !fresh->data)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a tensor of %zu bytes", size);
    fresh->capacity = capacity - NS_STORE_SLACK;
    fresh->references = 1;
    fresh->next = store->all;
    store->all = fresh;
    *out = fresh;
    return NS_OK;
}

void ns_store_drop(ns_store *store, ns_store_buffer *buffer)
{
    if (--buffer->references)
        return;
    buffer->next_free = store->free;
    store->free = buffer;
}

void ns_store_close(ns_store *store)
{
    for (ns_store_buffer *b = store->all; b; b = b->next)
        ns_memory_release(store->budget, b->data, b->capacity + NS_STORE_SLACK);
    ns_store_settle(store);
    ns_budget_give(store->budget, store->memory);
    *store = (ns_store){.arena = store->arena, .budget = store->budget};
}
