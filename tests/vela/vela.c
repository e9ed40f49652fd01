/* Vela compiles, refuses and fails; what it made comes from the cache the second time. Skipped where Vela is
 * not installed (scripts/install-vela installs it into build/venv). */
#define _GNU_SOURCE
#include "npuscope/vela.h"

#include "support/captured.h"
#include "support/graph.h"

static ns_vela vela;
static ns_arena *found;

static void make_requests(ns_vela_request *requests, ns_arena *arena)
{
    ns_error error = {0};
    ns_bytes exp, bmm;
    ASSERT_OK(ns_file_read(captured_path("test_exp_a16w8_u55_INT[rank1_rand]", "delegate0.tosa", arena),
                           arena, &exp, &error));
    ASSERT_OK(ns_file_read(captured_path("test_bmm_a16w8_u85_INT[rand_diff]", "delegate0.tosa", arena), arena,
                           &bmm, &error));
    requests[0] =
        (ns_vela_request){.graph = exp.data, .graph_size = exp.size, .accelerator = NS_ACCELERATOR_U55_128};
    requests[1] =
        (ns_vela_request){.graph = bmm.data, .graph_size = bmm.size, .accelerator = NS_ACCELERATOR_U55_128};
    requests[2] =
        (ns_vela_request){.graph = "no graph", .graph_size = 8, .accelerator = NS_ACCELERATOR_U85_256};
    requests[3] =
        (ns_vela_request){.graph = bmm.data, .graph_size = bmm.size, .accelerator = NS_ACCELERATOR_U85_256};
}

static void check_results(const ns_vela_request *requests, bool from_cache)
{
    for (int i = 0; i < 4; i++)
        assert_int_equal(requests[i].from_cache, from_cache);
    assert_int_equal(requests[0].outcome, NS_VELA_COMPILED);
    assert_memory_equal(requests[0].npz, "PK", 2);
    assert_int_equal(requests[1].outcome, NS_VELA_REFUSED);
    assert_non_null(strstr(requests[1].reason, "MatMul"));
    assert_int_equal(requests[2].outcome, NS_VELA_CRASHED);
    assert_true(requests[2].reason[0] != 0);
    assert_int_equal(requests[3].outcome, NS_VELA_COMPILED);
}

static void test_compile_and_cache(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    char folder[] = "/tmp/npuscope-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    const ns_vela_options options = {.cache = folder};
    ns_vela_request requests[4];
    make_requests(requests, arena);
    ASSERT_OK(ns_vela_compile(&vela, &options, requests, 4, arena, &error));
    check_results(requests, false);
    const void *first = requests[0].npz;
    const size_t first_size = requests[0].npz_size;

    ns_vela_cache_info info;
    ASSERT_OK(ns_vela_cache_show(folder, &info, &error));
    assert_int_equal(info.entries, 4);
    assert_int_equal(info.leftovers, 0);
    ASSERT_OK(ns_vela_compile(&vela, &options, requests, 4, arena, &error));
    check_results(requests, true);
    assert_int_equal(requests[0].npz_size, first_size);
    assert_memory_equal(requests[0].npz, first, first_size);

    /* Other flags are another entry, and so is another accelerator of the same family. */
    requests[0].flags = "--optimise Size";
    ASSERT_OK(ns_vela_compile(&vela, &options, requests, 1, arena, &error));
    assert_false(requests[0].from_cache);
    requests[0].flags = NULL;
    requests[0].accelerator = NS_ACCELERATOR_U55_64;
    ASSERT_OK(ns_vela_compile(&vela, &options, requests, 1, arena, &error));
    assert_false(requests[0].from_cache);
    ns_npu_stream *stream = NULL;
    ASSERT_OK(ns_npu_load_npz(requests[0].npz, requests[0].npz_size, NS_ACCELERATOR_U55_64, arena, &stream,
                              &error));
    ASSERT_OK(ns_vela_cache_clear(folder, &info, &error));
    assert_int_equal(info.entries, 6);
    ASSERT_OK(ns_vela_cache_show(folder, &info, &error));
    assert_int_equal(info.entries, 0);
    assert_int_equal(remove(folder), 0); /* nothing else was left in it */
    ns_arena_free(arena);
}

static void test_a_given_path_without_vela(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_vela other;
    assert_int_equal(ns_vela_find("/bin/sh", arena, &other, &error), NS_ERROR_USAGE);
    assert_int_equal(ns_vela_find("/nowhere", arena, &other, &error), NS_ERROR_USAGE);
    assert_non_null(strstr(error.message, "/nowhere"));
    ns_arena_free(arena);
}

int main(void)
{
    ns_error error = {0};
    found = ns_arena_new();
    if (ns_vela_find(NULL, found, &vela, &error) != NS_OK) {
        printf("%s\n", error.message);
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compile_and_cache),
        cmocka_unit_test(test_a_given_path_without_vela),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ns_arena_free(found);
    return failed;
}
