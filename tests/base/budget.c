/* Budgets: the books on memory and work, what a refusal says, and arenas that are charged. */
#include "npuscope/arena.h"
#include "support/test.h"

#include <pthread.h>
#include <time.h>

static ns_error error;

static void work_is_charged_before_it_is_done(void **state)
{
    (void)state;
    ns_budget budget;
    ns_budget_open(&budget, 0, 100, 0);
    ASSERT_OK(ns_budget_spend(&budget, 60, &error));
    ASSERT_OK(ns_budget_spend(&budget, 40, &error));
    assert_int_equal(ns_budget_spend(&budget, 1, &error), NS_ERROR_BUDGET);
    assert_string_equal(error.message,
                        "the work budget of 100 operations is exceeded: 100 are done, and 1 more are needed "
                        "here (--max-work allows more)");
    assert_int_equal(ns_budget_spend(&budget, UINT64_MAX, &error), NS_ERROR_BUDGET);
    assert_int_equal(budget.work, 100);
    assert_int_equal(ns_code_exit(NS_ERROR_BUDGET), 2);
    ASSERT_OK(ns_budget_spend(NULL, UINT64_MAX, &error));
}

static void arenas_are_charged(void **state)
{
    (void)state;
    ns_budget budget;
    ns_budget_open(&budget, (uint64_t)1 << 20, 0, 0);
    ns_arena *arena = ns_arena_new_within(&budget);
    assert_ptr_equal(ns_arena_budget(arena), &budget);
    assert_non_null(ns_arena_alloc(arena, 600000, 1));
    assert_true(budget.memory >= 600000);
    assert_null(ns_arena_alloc(arena, 600000, 1));
    assert_int_equal(ns_budget_settle(&budget, ns_fail(&error, NS_ERROR_MEMORY, "no memory for it"), &error),
                     NS_ERROR_BUDGET);
    assert_string_equal(error.message,
                        "no memory for it: the memory budget of 1048576 bytes is reached: 600000 more are "
                        "asked for (--max-memory allows more)");
    /* The machine's own want of memory stays what it is. */
    assert_int_equal(ns_budget_settle(&budget, ns_fail(&error, NS_ERROR_MEMORY, "none"), &error),
                     NS_ERROR_MEMORY);
    assert_string_equal(error.message, "none");
    ns_arena_free(arena);
    assert_int_equal(budget.memory, 0);
    /* Large blocks that a reset gives back are given back to the budget. */
    arena = ns_arena_new_within(&budget);
    for (int i = 0; i < 100; i++) {
        assert_non_null(ns_arena_alloc(arena, (size_t)(200000 + 64 * i), 1));
        ns_arena_reset(arena);
    }
    ns_arena_free(arena);
    assert_int_equal(budget.memory, 0);
}

static void time_ends(void **state)
{
    (void)state;
    ns_budget budget;
    ns_budget_open(&budget, 0, 0, 0.01);
    const struct timespec wait = {.tv_nsec = 20000000};
    nanosleep(&wait, NULL);
    assert_int_equal(ns_budget_spend(&budget, 1, &error), NS_ERROR_BUDGET);
    assert_non_null(strstr(error.message, "the time limit of 0.01 s is over"));
    ns_budget_open(&budget, 0, 0, 0);
    ASSERT_OK(ns_budget_check_time(&budget, &error));
}

static void *spend_much(void *budget)
{
    for (int i = 0; i < 100000; i++) {
        ns_budget_spend(budget, 1, NULL);
        if (ns_budget_take(budget, 3))
            ns_budget_give(budget, 3);
    }
    return NULL;
}

static void threads_share_one(void **state)
{
    (void)state;
    ns_budget budget;
    ns_budget_open(&budget, 5, 350000, 0);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, spend_much, &budget), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(budget.work, 350000);
    assert_int_equal(budget.memory, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_is_charged_before_it_is_done),
        cmocka_unit_test(arenas_are_charged),
        cmocka_unit_test(time_ends),
        cmocka_unit_test(threads_share_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
