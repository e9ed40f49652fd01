/* Budget: how much memory, work and time a run may take, counted in one place each.
 *
 * Files may come from strangers, and a few hundred bytes can ask for terabytes or for hours. What a file's
 * numbers decide is charged here before it is allocated or computed. A run that would exceed a budget ends
 * with NS_ERROR_BUDGET, which says how much was reached, where, and which limit to raise.
 *
 * One budget may serve several runs, one after the other or in several threads; it must outlive the arenas
 * made within it. */
#ifndef NPUSCOPE_BUDGET_H
#define NPUSCOPE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "npuscope/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 2^44 multiply-accumulates or elements: an hour of work on one core, far above any model that an Ethos-U
 * holds. */
#define NS_BUDGET_DEFAULT_WORK ((uint64_t)1 << 44)

/* Where memory comes from. `allocate` gives `bytes` bytes aligned to `alignment` (a power of 2), or NULL;
 * `release` takes back what it gave, with the same number. Both are called from whichever thread works within
 * the budget. Both NULL: the system's. */
typedef struct ns_allocator {
    void *(*allocate)(void *context, size_t bytes, size_t alignment);
    void (*release)(void *context, void *block, size_t bytes);
    void *context;
} ns_allocator;

typedef struct ns_budget {
    uint64_t max_memory; /* bytes at one time */
    uint64_t max_work;   /* multiply-accumulates and elements, as each operator counts them before it runs */
    double time_limit;   /* seconds from ns_budget_open on; 0: none */
    bool separate;       /* every allocation of an arena is one of the system's: for tools that watch those */
    ns_allocator
        allocator; /* where arenas and evaluators within the budget get memory; set before the first */
    /* The books, kept by the library. */
    uint64_t memory, work;
    uint64_t refused_memory; /* bytes that were asked for and not given; 0: none */
    double begin;
    int cancelled;
    uint64_t reserved[6]; /* 0; room for later versions */
} ns_budget;

/* Half of the memory that the process may use: the least of the machine's, its control group's and its
 * address space (RLIMIT_AS). */
uint64_t ns_budget_default_memory(void);

/* Starts empty books and the clock. 0 stands for the defaults: ns_budget_default_memory,
 * NS_BUDGET_DEFAULT_WORK, no time limit. The allocator is the system's. */
void ns_budget_open(ns_budget *budget, uint64_t max_memory, uint64_t max_work, double time_limit);

/* Charges `amount` of work, before it is done. NS_ERROR_BUDGET when too little is left, or the time is over.
 */
ns_code ns_budget_spend(ns_budget *budget, uint64_t amount, ns_error *error);

/* Gives back work that was charged and not done. */
void ns_budget_refund(ns_budget *budget, uint64_t amount);

/* Ends whatever runs within the budget, soon: its next charge (an operator, an operation of the NPU, a row of
 * the suite) fails with NS_ERROR_CANCELLED. From any thread, and from a signal's handler; until the budget is
 * opened again. */
void ns_budget_cancel(ns_budget *budget);

/* NS_ERROR_BUDGET when the time is over, NS_ERROR_CANCELLED after ns_budget_cancel: for long loops whose work
 * is already charged. */
ns_code ns_budget_check_time(const ns_budget *budget, ns_error *error);

/* Takes `bytes`; false when that many are not left, and then nothing is taken. ns_budget_give gives them
 * back. NULL: nothing is counted. */
bool ns_budget_take(ns_budget *budget, uint64_t bytes);
void ns_budget_give(ns_budget *budget, uint64_t bytes);

/* Whether a failure for want of memory is the budget's: NS_ERROR_MEMORY after a refusal becomes
 * NS_ERROR_BUDGET, with the figures and the limit to raise behind its message. Other codes stay. */
ns_code ns_budget_settle(ns_budget *budget, ns_code code, ns_error *error);

#ifdef __cplusplus
}
#endif

#endif
