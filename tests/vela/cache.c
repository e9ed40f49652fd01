/* The cache with an interpreter that only looks like one with Vela: what makes an entry another one, damaged
 * entries, folders that take nothing, a full disk. */
#define _GNU_SOURCE
#include "support/test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/interface.h"
#include "npuscope/vela.h"

enum { STREAM = 50000 };

static char folder[64];
static ns_arena *arena;
static ns_error error;
static int warnings;
static char warning[1024];

static void write_text(const char *name, const char *text)
{
    ASSERT_OK(ns_file_write(ns_arena_format(arena, "%s/%s", folder, name),
                            (ns_bytes){(const uint8_t *)text, strlen(text)}, &error));
}

static const char *in_folder(const char *name)
{
    return ns_arena_format(arena, "%s/%s", folder, name);
}

/* Says that its Vela is 9.9.9 in `folder`/package; compiles every graph to 50,000 bytes. */
static int set_up(void **state)
{
    (void)state;
    arena = ns_arena_new();
    snprintf(folder, sizeof folder, "/tmp/npuscope-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    ASSERT_OK(ns_folder_make(in_folder("package/vela"), &error));
    write_text("package/vela/core.py", "one\n");
    write_text("fake",
               ns_arena_format(arena,
                               "#!/bin/bash\n[ \"$2\" = -c ] && { echo 9.9.9; echo %s/package; exit; }\n"
                               "n=0; while IFS=$'\\t' read -r graph made reason rest; do echo begin $n\n"
                               "head -c %d /dev/zero > $made; echo end $n; n=$((n + 1)); done < $3\n",
                               folder, STREAM));
    assert_int_equal(chmod(in_folder("fake"), 0700), 0);
    write_text("vela", ns_arena_format(arena, "#!%s/fake\n", folder));
    assert_int_equal(chmod(in_folder("vela"), 0700), 0);
    warnings = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(system(ns_arena_format(arena, "rm -r %s", folder)), 0);
    ns_arena_free(arena);
    return 0;
}

static void keep_warning(void *context, const char *text)
{
    (void)context;
    warnings++;
    snprintf(warning, sizeof warning, "%s", text);
}

/* Whether the stream came from the cache. */
static bool compile(const char *cache)
{
    ns_vela vela;
    ns_vela_request request = {.graph = "graph", .graph_size = 5, .accelerator = NS_ACCELERATOR_U55_128};
    const ns_vela_options options = {.cache = cache, .warn = keep_warning};
    ASSERT_OK(ns_vela_find(in_folder("vela"), arena, &vela, &error));
    ASSERT_OK(ns_vela_compile(&vela, &options, &request, 1, arena, &error));
    assert_int_equal(request.outcome, NS_VELA_COMPILED);
    assert_int_equal(request.npz_size, STREAM);
    for (size_t i = 0; i < STREAM; i++)
        assert_int_equal(((const uint8_t *)request.npz)[i], 0);
    return request.from_cache;
}

static void a_patched_vela_is_another_one(void **state)
{
    (void)state;
    const char *cache = in_folder("cache");
    assert_false(compile(cache));
    assert_true(compile(cache));
    write_text("package/vela/core.py", "two\n");
    assert_false(compile(cache));
    /* What Python compiled of it is not. */
    ASSERT_OK(ns_folder_make(in_folder("package/vela/__pycache__"), &error));
    write_text("package/vela/__pycache__/core.pyc", "compiled\n");
    assert_true(compile(cache));
    write_text("package/vela/core.py", "one\n");
    assert_true(compile(cache));
    write_text("package/more.py", "");
    assert_false(compile(cache));
    assert_int_equal(warnings, 0);
}

/* The only entry of the cache. */
static const char *entry_of(const char *cache)
{
    FILE *list = popen(ns_arena_format(arena, "ls %s/*.entry", cache), "r");
    char line[512] = "";
    assert_non_null(fgets(line, sizeof line, list));
    pclose(list);
    line[strcspn(line, "\n")] = 0;
    return ns_arena_string(arena, line);
}

/* A bit anywhere, a cut, nothing at all: made anew, with a warning that does not blame Vela. */
static void a_damaged_entry_is_made_anew(void **state)
{
    (void)state;
    static const size_t places[] = {0, 35, 40, 60, 72, 100, 130, STREAM / 2, STREAM + 90};
    const char *cache = in_folder("cache");
    ns_bytes whole;
    assert_false(compile(cache));
    const char *entry = entry_of(cache);
    ASSERT_OK(ns_file_read(entry, arena, &whole, &error));
    uint8_t *damaged = ns_arena_copy(arena, whole.data, whole.size);
    const size_t count = sizeof places / sizeof *places;
    for (size_t i = 0; i < count + 2; i++) {
        const size_t size = i < count ? whole.size : i == count ? whole.size - 1 : 0;
        if (i < count)
            damaged[places[i]] ^= 0x10;
        ASSERT_OK(ns_file_write(entry, (ns_bytes){damaged, size}, &error));
        if (i < count)
            damaged[places[i]] ^= 0x10;
        assert_false(compile(cache));
        assert_int_equal(warnings, i + 1);
        assert_non_null(strstr(warning, entry));
        assert_non_null(strstr(warning, "the entry of the cache is made anew"));
        assert_true(compile(cache));
    }
}

static void a_folder_that_takes_nothing(void **state)
{
    (void)state;
    write_text("file", "no folder\n");
    assert_false(compile(in_folder("file")));
    assert_int_equal(warnings, 1);
    assert_non_null(strstr(warning, "what Vela makes is not kept"));
    assert_false(compile(in_folder("file/inner")));
    assert_int_equal(warnings, 2);
}

/* Entries that are there are still served. Root may write anywhere: it becomes somebody else for the time. */
static void a_read_only_folder(void **state)
{
    (void)state;
    const char *cache = in_folder("cache"), *empty = in_folder("empty");
    const bool root = geteuid() == 0;
    assert_false(compile(cache));
    ASSERT_OK(ns_folder_make(empty, &error));
    assert_int_equal(system(ns_arena_format(arena, "chmod -R a+rX %s", folder)), 0);
    assert_int_equal(chmod(cache, 0555) | chmod(empty, 0555), 0);
    if (root)
        assert_int_equal(seteuid(65534), 0);
    assert_true(compile(cache));
    assert_int_equal(warnings, 0);
    assert_false(compile(empty));
    assert_int_equal(warnings, 1);
    assert_non_null(strstr(warning, "what Vela makes is not kept"));
    if (root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(cache, 0755) | rmdir(empty), 0);
}

/* Vela's own file fits, the entry with its head does not. */
static void a_full_disk(void **state)
{
    (void)state;
    const char *cache = in_folder("cache");
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small = {STREAM + 10, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_false(compile(cache));
    assert_int_equal(warnings, 1);
    assert_non_null(strstr(warning, "what Vela makes is not kept"));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    ns_vela_cache_info info;
    ASSERT_OK(ns_vela_cache_show(cache, &info, &error));
    assert_int_equal(info.entries, 0);
    assert_int_equal(info.leftovers, 0);
    assert_int_equal(rmdir(cache), 0); /* nothing is left in it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_patched_vela_is_another_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_entry_is_made_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_takes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_read_only_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
