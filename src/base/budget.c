#include "npuscope/budget.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/system.h"

uint64_t ns_budget_default_memory(void)
{
    return ns_system_memory() / 2;
}

void ns_budget_open(ns_budget *budget, uint64_t max_memory, uint64_t max_work, double time_limit)
{
    *budget = (ns_budget){
        .max_memory = max_memory ? max_memory : ns_budget_default_memory(),
        .max_work = max_work ? max_work : NS_BUDGET_DEFAULT_WORK,
        .time_limit = time_limit,
        .begin = ns_clock_seconds(),
    };
}

void ns_budget_cancel(ns_budget *budget)
{
    __atomic_store_n(&budget->cancelled, 1, __ATOMIC_RELAXED);
}

ns_code ns_budget_check_time(const ns_budget *budget, ns_error *error)
{
    if (budget && __atomic_load_n(&budget->cancelled, __ATOMIC_RELAXED))
        return ns_fail(error, NS_ERROR_CANCELLED, "cancelled");
    if (!budget || budget->time_limit <= 0 || ns_clock_seconds() - budget->begin <= budget->time_limit)
        return NS_OK;
    return ns_fail(error, NS_ERROR_BUDGET,
                   "the time limit of %g s is over (%" PRIu64
                   " operations are done; --time-limit allows more)",
                   budget->time_limit, __atomic_load_n(&budget->work, __ATOMIC_RELAXED));
}

ns_code ns_budget_spend(ns_budget *budget, uint64_t amount, ns_error *error)
{
    if (!budget)
        return NS_OK;
    uint64_t work = __atomic_load_n(&budget->work, __ATOMIC_RELAXED);
    do {
        if (work > budget->max_work || amount > budget->max_work - work)
            return ns_fail(error, NS_ERROR_BUDGET,
                           "the work budget of %" PRIu64 " operations is exceeded: %" PRIu64
                           " are done, and %" PRIu64 " more are needed here (--max-work allows more)",
                           budget->max_work, work, amount);
    } while (!__atomic_compare_exchange_n(&budget->work, &work, work + amount, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return ns_budget_check_time(budget, error);
}

void ns_budget_refund(ns_budget *budget, uint64_t amount)
{
    if (budget)
        __atomic_fetch_sub(&budget->work, amount, __ATOMIC_RELAXED);
}

bool ns_budget_take(ns_budget *budget, uint64_t bytes)
{
    if (!budget || !bytes)
        return true;
    uint64_t memory = __atomic_load_n(&budget->memory, __ATOMIC_RELAXED);
    do {
        if (memory > budget->max_memory || bytes > budget->max_memory - memory) {
            __atomic_store_n(&budget->refused_memory, bytes, __ATOMIC_RELAXED);
            return false;
        }
    } while (!__atomic_compare_exchange_n(&budget->memory, &memory, memory + bytes, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return true;
}

void ns_budget_give(ns_budget *budget, uint64_t bytes)
{
    if (budget)
        __atomic_fetch_sub(&budget->memory, bytes, __ATOMIC_RELAXED);
}

ns_code ns_budget_settle(ns_budget *budget, ns_code code, ns_error *error)
{
    if (code != NS_ERROR_MEMORY || !budget)
        return code;
    const uint64_t refused = __atomic_exchange_n(&budget->refused_memory, 0, __ATOMIC_RELAXED);
    if (!refused)
        return code;
    if (error) {
        char message[NS_MESSAGE_SIZE];
        memcpy(message, error->message, sizeof message);
        ns_fail(error, NS_ERROR_BUDGET,
                "%.700s: the memory budget of %" PRIu64 " bytes is reached: %" PRIu64
                " more are asked for (--max-memory allows more)",
                message, budget->max_memory, refused);
    }
    return NS_ERROR_BUDGET;
}

/* ---- memory ---- */

static bool has_allocator(const ns_budget *budget)
{
    return budget && budget->allocator.allocate;
}

void *ns_memory_take(const ns_budget *budget, size_t bytes)
{
    if (!has_allocator(budget))
        return ns_system_zeroed(bytes);
    void *block = ns_memory_take_large(budget, bytes, NS_ANY_TYPE);
    if (block)
        memset(block, 0, bytes);
    return block;
}

void *ns_memory_take_large(const ns_budget *budget, size_t bytes, size_t alignment)
{
    return has_allocator(budget) ? budget->allocator.allocate(budget->allocator.context, bytes, alignment)
                                 : ns_system_aligned(bytes, alignment);
}

void ns_memory_release(const ns_budget *budget, void *block, size_t bytes)
{
    if (block && budget && budget->allocator.release)
        budget->allocator.release(budget->allocator.context, block, bytes);
    else
        ns_system_free(block);
}
