/* Arenas: zeroed memory, also after a reset; and under AddressSanitizer, an overrun of one byte is caught. */
#include "support/test.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/redzone.h"
#include "npuscope/arena.h"

static void memory_is_zero(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    for (int round = 0; round < 3; round++) {
        for (size_t size = 1; size < 5000; size += 97) {
            uint8_t *block = ns_arena_alloc(arena, size, 1);
            assert_int_equal((uintptr_t)block % 64, 0);
            for (size_t i = 0; i < size; i++)
                assert_int_equal(block[i], 0);
            memset(block, 0xff, size);
        }
        ns_arena_reset(arena);
    }
    assert_false(ns_arena_was_short(arena));
    assert_null(ns_arena_alloc(arena, SIZE_MAX / 4, 8));
    assert_true(ns_arena_was_short(arena));
    ns_arena_free(arena);
}

#ifdef NS_HAS_REDZONES
/* What a child does wrong with an allocation of `size` bytes. */
typedef enum mistake { WRITE_BEHIND, READ_BEHIND, WRITE_BEFORE, READ_AFTER_RESET } mistake;

static void make(mistake kind, size_t size)
{
    ns_arena *arena = ns_arena_new();
    ns_arena_alloc(arena, 1, 64);
    volatile uint8_t *block = ns_arena_alloc(arena, size, 1);
    ns_arena_alloc(arena, 1, 64);
    if (kind == WRITE_BEHIND)
        block[size] = 1;
    else if (kind == READ_BEHIND)
        (void)block[size];
    else if (kind == WRITE_BEFORE)
        block[-1] = 1;
    ns_arena_reset(arena);
    if (kind == READ_AFTER_RESET)
        (void)block[0];
    ns_arena_free(arena);
}

static bool is_caught(mistake kind, size_t size)
{
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        make(kind, size);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void one_byte_is_caught(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 7, 8, 63, 64, 65, 1000, 65536, 1000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (mistake kind = WRITE_BEHIND; kind <= READ_AFTER_RESET; kind++)
            if (!is_caught(kind, sizes[i]))
                fail_msg("mistake %d with %zu bytes is not seen", (int)kind, sizes[i]);
}
#else
static void one_byte_is_caught(void **state)
{
    (void)state;
    skip(); /* in the build with sanitizers */
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zero),
        cmocka_unit_test(one_byte_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
