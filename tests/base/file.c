/* Files are written whole or not at all, and what is no file is not replaced by one. */
#define _XOPEN_SOURCE 700
#include "base/interface.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/arena.h"
#include "support/test.h"

static char folder[] = "/tmp/npuscope-test-XXXXXX";

static const char *path_of(const char *name)
{
    return ns_arena_format(arena, "%s/%s", folder, name);
}

static ns_bytes text(const char *string)
{
    return (ns_bytes){(const uint8_t *)string, strlen(string)};
}

static void assert_holds(const char *path, const char *expected)
{
    ns_bytes is;
    ns_error error;
    ASSERT_OK(ns_file_read(path, arena, &is, &error));
    assert_int_equal(is.size, strlen(expected));
    assert_memory_equal(is.data, expected, is.size);
}

static void test_new_and_replaced(void **state)
{
    (void)state;
    ns_error error;
    const char *path = path_of("plain");
    ASSERT_OK(ns_file_write(path, text("first"), &error));
    assert_holds(path, "first");
    ASSERT_OK(ns_file_write(path, text("second one"), &error));
    assert_holds(path, "second one");
}

static void test_a_symbolic_link_stays(void **state)
{
    (void)state;
    ns_error error;
    struct stat info;
    ASSERT_OK(ns_file_write(path_of("target"), text("old"), &error));
    assert_int_equal(symlink("target", path_of("link")), 0);
    ASSERT_OK(ns_file_write(path_of("link"), text("new"), &error));
    assert_int_equal(lstat(path_of("link"), &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_holds(path_of("target"), "new");
}

static void test_a_pipe_is_written_into(void **state)
{
    (void)state;
    ns_error error;
    struct stat info;
    char got[8] = {0};
    assert_int_equal(mkfifo(path_of("pipe"), 0600), 0);
    int reader = open(path_of("pipe"), O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    ASSERT_OK(ns_file_write(path_of("pipe"), text("through"), &error));
    assert_int_equal(read(reader, got, sizeof got), 7);
    assert_string_equal(got, "through");
    assert_int_equal(lstat(path_of("pipe"), &info), 0);
    assert_true(S_ISFIFO(info.st_mode));
    close(reader);
}

/* Two pieces, and then what `context` says. */
static ns_code give(ns_sink *sink, void *context, ns_error *error)
{
    NS_TRY(sink->write(sink, text("one, "), error));
    NS_TRY(sink->write(sink, text("two"), error));
    return *(bool *)context ? ns_fail(error, NS_ERROR_MEMORY, "no more") : NS_OK;
}

static void test_pieces(void **state)
{
    (void)state;
    ns_error error;
    bool fails = false;
    ASSERT_OK(ns_file_write_pieces(path_of("plain"), give, &fails, &error));
    assert_holds(path_of("plain"), "one, two");
    fails = true;
    ASSERT_OK(ns_file_write(path_of("plain"), text("before"), &error));
    assert_int_equal(ns_file_write_pieces(path_of("plain"), give, &fails, &error), NS_ERROR_MEMORY);
    assert_string_equal(error.message, "no more");
    assert_holds(path_of("plain"), "before");
}

static void test_a_full_device_is_an_error_and_stays(void **state)
{
    (void)state;
    ns_error error;
    struct stat info;
    if (stat("/dev/full", &info) != 0 || !S_ISCHR(info.st_mode))
        skip();
    assert_int_equal(ns_file_write("/dev/full", text("x"), &error), NS_ERROR_IO);
    assert_string_equal(error.message, "/dev/full: No space left on device");
    assert_int_equal(stat("/dev/full", &info), 0);
    assert_true(S_ISCHR(info.st_mode));
}

static void test_a_folder_is_an_error(void **state)
{
    (void)state;
    ns_error error;
    assert_int_equal(ns_file_write(folder, text("x"), &error), NS_ERROR_IO);
    assert_non_null(strstr(error.message, "Is a directory"));
    assert_int_equal(ns_file_write(path_of("absent/x"), text("x"), &error), NS_ERROR_IO);
}

/* Nothing half-written is left: every name in the folder is one that a test made. */
static void test_nothing_is_left(void **state)
{
    (void)state;
    DIR *all = opendir(folder);
    for (struct dirent *entry = readdir(all); entry; entry = readdir(all))
        if (strchr(entry->d_name, '.') && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            fail_msg("%s is left", entry->d_name);
    closedir(all);
    static const char *const names[] = {"plain", "target", "link", "pipe"};
    for (int i = 0; i < 4; i++)
        assert_int_equal(unlink(path_of(names[i])), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_new_and_replaced),       TEST(test_a_symbolic_link_stays),
        TEST(test_a_pipe_is_written_into), TEST(test_a_full_device_is_an_error_and_stays),
        TEST(test_a_folder_is_an_error),   TEST(test_pieces),
        TEST(test_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
