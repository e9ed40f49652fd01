/* Vela compiles, refuses and fails; what it made comes from the cache the second time. Skipped where Vela is
 * not installed (scripts/install-vela installs it into build/venv). */
#define _GNU_SOURCE
#include "npuscope/vela.h"
#include "npuscope/vela_debug.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/interface.h"
#include "support/data.h"
#include "support/graph.h"

static ns_vela vela;
static ns_arena *found;

static void make_requests(ns_vela_request *requests, ns_arena *arena)
{
    ns_error error = {0};
    ns_bytes exp, bmm;
    ASSERT_OK(test_data_read(captured_path("test_exp_a16w8_u55_INT[rank1_rand]", "delegate0.tosa", arena),
                             arena, &exp, &error));
    ASSERT_OK(test_data_read(captured_path("test_bmm_a16w8_u85_INT[rand_diff]", "delegate0.tosa", arena),
                             arena, &bmm, &error));
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

static void write_text(const char *folder, const char *name, const char *text, ns_arena *arena)
{
    ns_error error = {0};
    ASSERT_OK(ns_file_write(ns_arena_format(arena, "%s/%s", folder, name),
                            (ns_bytes){(const uint8_t *)text, strlen(text)}, &error));
}

/* A full disk is a failure of the run at hand, and not of the graph: the cache must not remember it. */
static void test_a_full_disk_is_not_kept(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    char folder[] = "/tmp/npuscope-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    const ns_vela_options options = {.cache = ns_arena_format(arena, "%s/cache", folder)};
    const char *package = ns_arena_format(arena, "%s/ethosu/vela", folder);
    ASSERT_OK(ns_folder_make(package, &error));
    write_text(folder, "ethosu/__init__.py", "\n", arena);
    write_text(folder, "ethosu/vela/__init__.py", "\n", arena);
    write_text(folder, "ethosu/vela/vela.py",
               "def main(arguments):\n    raise OSError(28, 'No space left on device')\n", arena);
    ns_vela_request requests[4];
    make_requests(requests, arena);
    /* An interpreter that has this package in the place of Vela: without the first option, -I. */
    write_text(
        folder, "python",
        ns_arena_format(arena, "#!/bin/sh\nshift\nPYTHONPATH=%s exec %s \"$@\"\n", folder, vela.python),
        arena);
    const ns_vela full = {.python = ns_arena_format(arena, "%s/python", folder), .version = vela.version};
    assert_int_equal(chmod(full.python, 0700), 0);
    ASSERT_OK(ns_vela_compile(&full, &options, requests, 2, arena, &error));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(requests[i].outcome, NS_VELA_CRASHED);
        assert_string_equal(requests[i].reason, "[Errno 28] No space left on device");
    }
    ASSERT_OK(ns_vela_compile(&vela, &options, requests, 1, arena, &error));
    assert_int_equal(requests[0].outcome, NS_VELA_COMPILED);
    assert_false(requests[0].from_cache);
    assert_int_equal(system(ns_arena_format(arena, "rm -r %s", folder)), 0);
    ns_arena_free(arena);
}

/* The debug database comes with the same stream, also where the stream is kept already, and is kept. */
static void test_debug_database(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    char folder[] = "/tmp/npuscope-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    const ns_vela_options options = {.cache = folder};
    ns_vela_request requests[4];
    make_requests(requests, arena);
    ASSERT_OK(ns_vela_compile(&vela, &options, requests, 1, arena, &error));
    const size_t size = requests[0].npz_size;
    assert_null(requests[0].debug);
    for (int round = 0; round < 2; round++) {
        requests[0].want_debug = true;
        ASSERT_OK(ns_vela_compile(&vela, &options, requests, 1, arena, &error));
        assert_int_equal(requests[0].from_cache, round == 1);
        ns_vela_debug *debug;
        ASSERT_OK(ns_vela_debug_read(requests[0].debug, requests[0].debug_size, arena, &debug, &error));
        assert_true(debug->operation_count > 0);
        /* exp is one TABLE and one RESCALE, which Vela merges: the stream is the TABLE. */
        assert_string_equal(debug->operations[debug->operation_count - 1].source, "Table");
        assert_int_equal(requests[0].npz_size, size);
    }
    assert_int_equal(system(ns_arena_format(arena, "rm -r %s", folder)), 0);
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
        cmocka_unit_test(test_debug_database),
        cmocka_unit_test(test_a_full_disk_is_not_kept),
        cmocka_unit_test(test_a_given_path_without_vela),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ns_arena_free(found);
    return failed;
}
