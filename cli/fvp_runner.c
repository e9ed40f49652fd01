/* Which kernels the runner that -a names links. Loading a program that calls another one fails, as in
 * ExecuTorch (Method::resolve_operator, runtime/executor/method.cpp). Of an ELF: a kernel is linked when its
 * registered name stands in the file, as a string of its own. Of another file (nothing executes it, so that a
 * placeholder will do): what setup_testing.sh links into the runner of its folder's name. Of a file that is
 * neither, and without -a: every kernel that npuscope has. */
#include "fvp.h"

#include <string.h>

#include "base/file.h"

/* The name with the bytes that end the string before it and itself. */
static bool has_string(ns_bytes file, const char *text)
{
    const size_t size = strlen(text) + 1;
    for (size_t at = 1; size <= file.size && at <= file.size - size; at++)
        if (file.data[at - 1] == 0 && file.data[at] == (uint8_t)text[0] &&
            memcmp(file.data + at, text, size) == 0)
            return true;
    return false;
}

/* The runner of a placeholder, by its folder (setup_testing.sh: build_root_test_dir); 0: none of them. */
static ns_runner runner_of_path(const char *path, const char *family)
{
    static const char folder[] = "arm_semihosting_executor_runner_";
    const char *name = strstr(path, folder);
    if (!name)
        return 0;
    if (strncmp(name + strlen(folder), "portable-ops_", strlen("portable-ops_")) != 0)
        return NS_RUNNER_STANDARD;
    return strcmp(family, "ethos-u85") == 0 ? NS_RUNNER_PORTABLE_U85 : NS_RUNNER_PORTABLE_U55;
}

ns_code ns_fvp_check_kernels(const ns_fvp *fvp, const char *application, const ns_program *program,
                             ns_arena *arena, ns_error *error)
{
    static const uint8_t elf[] = {0x7f, 'E', 'L', 'F'};
    const int count = ns_program_kernel_count(program);
    if (!application || count == 0)
        return NS_OK;
    ns_bytes file;
    NS_TRY(ns_file_read(application, arena, &file, error));
    const bool is_elf = file.size >= sizeof elf && memcmp(file.data, elf, sizeof elf) == 0;
    const ns_runner runner = runner_of_path(application, fvp->family);
    if (!is_elf && !runner)
        return NS_OK;
    for (int i = 0; i < count; i++) {
        const char *name = NULL;
        NS_TRY(ns_program_kernel_name(program, i, arena, &name, error));
        if (!(is_elf ? has_string(file, name) : ns_program_kernel_linked(program, i, runner)))
            return ns_fail(error, NS_ERROR_UNSUPPORTED,
                           "Missing operator: %s: %s does not link it (a runner with it, or a program "
                           "that has the operator inside the delegate, would do)",
                           name, application);
    }
    return NS_OK;
}
