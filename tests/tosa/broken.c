/* Files that are cut or damaged are refused or read, never a crash. Run under the sanitizers too. */
#include "base/interface.h"
#include "support/graph.h"

#define CHANGES 10000

static const char *const files[] = {
    "captured/test_conv1d_a16w8_u55_INT[2_3x2x40_nobias_per_channel_quant=True]/delegate0.tosa",
    "captured/test_bmm_a16w8_u85_INT[rand_neg]/delegate0.tosa",
    "captured/test_conv1d_a16w8_u55_INT[3_1x3x12_st1_pd1_reflect_per_channel_quant=False]/delegate0.tosa",
};

/* All that npuscope does with a graph before it runs it. Returns whether the bytes were read and valid. */
static bool use(const uint8_t *data, size_t size)
{
    ns_error error = {0};
    ns_graph *graph = NULL;
    const ns_code code = ns_graph_read(data, size, &graph, &error);
    if (code != NS_OK) {
        assert_null(graph);
        assert_true(error.message[0]);
        return false;
    }
    ns_arena *arena = ns_arena_new();
    const bool valid = ns_graph_validate(graph, &error) == NS_OK;
    const char *text = NULL;
    const void *written = NULL;
    size_t written_size = 0;
    ASSERT_OK(ns_graph_print_text(graph, arena, &text, &error));
    ASSERT_OK(ns_graph_write(graph, arena, &written, &written_size, &error));
    ns_graph_free(graph);
    /* What was read once is read again. */
    ASSERT_OK(ns_graph_read(written, written_size, &graph, &error));
    ns_graph_free(graph);
    ns_arena_free(arena);
    return valid;
}

static void test_prefixes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        ns_arena *arena = ns_arena_new();
        const ns_bytes bytes = test_read_file(arena, files[i]);
        assert_true(use(bytes.data, bytes.size));
        for (size_t size = 0; size < bytes.size; size++) {
            /* In memory of just that size, so that a sanitizer sees a read past its end. */
            uint8_t *prefix = malloc(size ? size : 1);
            memcpy(prefix, bytes.data, size);
            use(prefix, size);
            free(prefix);
        }
        ns_arena_free(arena);
    }
}

static void test_random_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        ns_arena *arena = ns_arena_new();
        const ns_bytes bytes = test_read_file(arena, files[i]);
        uint8_t *copy = malloc(bytes.size);
        ns_random random = {i + 1};
        int valid = 0;
        for (int change = 0; change < CHANGES; change++) {
            memcpy(copy, bytes.data, bytes.size);
            const int64_t at = ns_random_range(&random, 0, (int64_t)bytes.size - 1);
            copy[at] = (uint8_t)(copy[at] + ns_random_range(&random, 1, 255));
            valid += use(copy, bytes.size);
        }
        /* Constants and padding take most of a file: many changes leave it valid, and many do not. */
        assert_in_range(valid, CHANGES / 100, CHANGES * 99 / 100);
        free(copy);
        ns_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_random_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
