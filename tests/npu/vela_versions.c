/* Defects of Vela that its releases mended: of one graph compiled by two versions, the simulator gives wrong
 * numbers for the one and the reference model's for the other (docs/errata.md tells each).
 *
 * tests/data/npu/vela_versions/<case>: in<k>.npy, the reference model's out<k>.npy, and one stream of each
 * kind, wrong-<version>.npz and right-<version>.npz. refused-<version>.npz takes the place of the wrong one
 * where what the chip computes is not known (docs/chip-rules.md): the run stops. */
#include "npu/captured.h"

static int check_case(const char *root, const char *name)
{
    char folder[1024];
    snprintf(folder, sizeof folder, "%s/%s", root, name);
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    int kinds = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        const bool right = strncmp(entry->d_name, "right-", 6) == 0;
        const bool refused = strncmp(entry->d_name, "refused-", 8) == 0;
        if (!right && !refused && strncmp(entry->d_name, "wrong-", 6) != 0)
            continue;
        ns_error error = {0};
        const int64_t differing = run_case(folder, "", entry->d_name, NS_ACCELERATOR_UNKNOWN, &error);
        if (differing < 0 ? !refused || !strstr(error.message, "chip rule") : refused)
            fail_msg("%s %s: %s", name, entry->d_name, error.message);
        if (!refused && (right ? differing != 0 : differing == 0))
            fail_msg("%s %s: %lld elements differ", name, entry->d_name, (long long)differing);
        kinds |= right ? 1 : 2;
    }
    closedir(dir);
    if (kinds != 3)
        fail_msg("%s: it wants a right and a wrong stream", name);
    return 1;
}

static void wrong_and_right_streams(void **state)
{
    (void)state;
    char root[512];
    test_data(root, sizeof root, "npu/vela_versions");
    DIR *dir = opendir(root);
    assert_non_null(dir);
    int cases = 0;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[0] != '.')
            cases += check_case(root, entry->d_name);
    closedir(dir);
    assert_true(cases >= 19);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(wrong_and_right_streams)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
