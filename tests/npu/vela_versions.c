/* Defects of Vela that its releases mended: of one graph compiled by two versions, the simulator gives wrong
 * numbers for the one and the reference model's for the other (docs/errata.md tells each).
 *
 * tests/data/vela_versions.zip, <case>: in<k>.npy, the reference model's out<k>.npy, and one stream of each
 * kind, wrong-<version>.npz and right-<version>.npz. refused-<version>.npz takes the place of the wrong one
 * where what the chip computes is not known (docs/chip-rules.md): the run stops. */
#include "npu/captured.h"

static void check_case(const char *name, ns_arena *arena)
{
    char folder[256];
    int kinds = 0, count = 0;
    ns_error error = {0};
    const char *const *files = NULL;
    snprintf(folder, sizeof folder, "vela_versions/%s", name);
    ASSERT_OK(test_data_list(folder, arena, &files, &count, &error));
    for (int i = 0; i < count; i++) {
        const bool right = strncmp(files[i], "right-", 6) == 0;
        const bool refused = strncmp(files[i], "refused-", 8) == 0;
        if (!right && !refused && strncmp(files[i], "wrong-", 6) != 0)
            continue;
        const int64_t differing = run_case(folder, "", files[i], NS_ACCELERATOR_UNKNOWN, &error);
        if (differing < 0 ? !refused || !strstr(error.message, "chip rule") : refused)
            fail_msg("%s %s: %s", name, files[i], error.message);
        if (!refused && (right ? differing != 0 : differing == 0))
            fail_msg("%s %s: %lld elements differ", name, files[i], (long long)differing);
        kinds |= right ? 1 : 2;
    }
    if (kinds != 3)
        fail_msg("%s: it wants a right and a wrong stream", name);
}

static void wrong_and_right_streams(void **state)
{
    (void)state;
    int cases = 0;
    ns_error error = {0};
    const char *const *names = NULL;
    ns_arena *arena = ns_arena_new();
    ASSERT_OK(test_data_list("vela_versions", arena, &names, &cases, &error));
    for (int i = 0; i < cases; i++)
        check_case(names[i], arena);
    ns_arena_free(arena);
    assert_true(cases >= 19);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(wrong_and_right_streams)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
