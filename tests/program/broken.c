/* Broken programs: each prefix of three captured .pte files and of four with many kernels, and 10,000 seeded
 * changes of bytes of each, give an error with a message or run; none crashes, hangs, reads outside (run
 * under the sanitizers) or claims memory out of proportion. */
#include <stdlib.h>
#include <sys/resource.h>

#include "base/interface.h"
#include "npuscope/program.h"
#include "support/data.h"
#include "support/test.h"

static const char *const files[] = {
    "captured/test_exp_a16w8_u55_INT[rank1_rand]",
    "captured/test_bmm_a16w8_u85_INT[rand_diff]",
    "captured/test_conv1d_a16w8_u55_INT[2_1x2x14_st2_per_channel_quant=True]",
    "program/conv",
    "program/index",
    "program/mixed_graph",
    "program/pool",
};

static ns_bytes load(const char *name, ns_arena *arena)
{
    ns_error error = {0};
    ns_bytes file;
    ASSERT_OK(test_data_read(ns_arena_format(arena, "%s/program.pte", name), arena, &file, &error));
    return file;
}

/* Reads and, when that works, runs with zeros. A run gets little work: a changed loop must not take long. */
static ns_code attempt(const uint8_t *data, size_t size, ns_error *error)
{
    ns_arena *arena = ns_arena_new();
    ns_program *program = NULL;
    ns_code code = ns_program_read(data, size, NS_ACCELERATOR_UNKNOWN, arena, &program, error);
    if (code == NS_OK && ns_program_input_count(program) <= 8 && ns_program_output_count(program) <= 8) {
        static const uint8_t zeros[1 << 16];
        const void *inputs[8];
        size_t sizes[8];
        bool fits = true;
        for (int i = 0; i < ns_program_input_count(program); i++) {
            const ns_program_tensor *tensor = ns_program_input(program, i);
            sizes[i] = tensor ? tensor->capacity : 0;
            inputs[i] = zeros;
            fits = fits && sizes[i] <= sizeof zeros;
        }
        ns_program_tensor outputs[8];
        ns_budget budget;
        ns_budget_open(&budget, 0, (uint64_t)1 << 34, 0);
        const ns_npu_options options = {.budget = &budget};
        if (fits)
            code = ns_program_run(program, &options,
                                  &(ns_program_inputs){ns_program_input_count(program), inputs, sizes}, arena,
                                  outputs, NULL, error);
    }
    ns_arena_free(arena);
    if (code != NS_OK) {
        assert_true(error->message[0] != 0);
        assert_int_not_equal(code, NS_ERROR_INTERNAL);
    }
    return code;
}

static void test_prefixes(void **state)
{
    (void)state;
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        ns_arena *arena = ns_arena_new();
        ns_error error = {0};
        const ns_bytes file = load(files[f], arena);
        for (size_t size = 0; size < file.size; size++) {
            /* A block of exactly this size, so that the sanitizer sees the first byte behind it. */
            uint8_t *copy = malloc(size ? size : 1);
            memcpy(copy, file.data, size);
            ns_code code = attempt(copy, size, &error);
            free(copy);
            /* Padding at the end may be cut without harm; nothing before it. */
            if (code == NS_OK)
                assert_true(file.size - size <= 16);
        }
        ns_arena_free(arena);
    }
}

static void test_changes(void **state)
{
    (void)state;
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        ns_arena *arena = ns_arena_new();
        ns_error error = {0};
        const ns_bytes file = load(files[f], arena);
        uint8_t *copy = malloc(file.size);
        ns_random random = {f + 1};
        int refused = 0;
        for (int i = 0; i < 10000; i++) {
            memcpy(copy, file.data, file.size);
            for (int64_t n = ns_random_range(&random, 1, 4); n > 0; n--)
                copy[ns_random_range(&random, 0, (int64_t)file.size - 1)] = (uint8_t)ns_random_u64(&random);
            refused += attempt(copy, file.size, &error) != NS_OK;
        }
        free(copy);
        ns_arena_free(arena);
        /* Most bytes are constants and padding; a good part still is structure. */
        assert_in_range(refused, 500, 9999);
    }
}

/* After the others: none of the 70,000 runs may have claimed, and touched, more than the bounds of a few
 * blocks (NS_PROGRAM_MEMORY_LIMIT each). */
static void test_memory(void **state)
{
    (void)state;
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    assert_in_range(usage.ru_maxrss, 1, 1 << 20); /* KiB */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
