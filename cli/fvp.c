/* npuscope fvp install DIR: puts the stand-ins for Arm's Corstone FVPs into a folder. Each is this program
 * under another name: copied, so that it goes on working when the build folder is gone; of a wheel linked. */
#include "fvp.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/interface.h"
#include "base/system.h"
#include "options.h"

/* Where this program is, and whether it finds libraries beside itself, as the one in a wheel does: then a
 * copy elsewhere would not start. */
static ns_code find_self(ns_arena *arena, const char **path, bool *bound, ns_error *error)
{
    char own[PATH_MAX];
    if (!ns_system_program(own, sizeof own))
        return ns_fail(error, NS_ERROR_IO, "this program's file: %s", strerror(errno));
    *path = ns_arena_string(arena, own);
    *strrchr(own, '/') = '\0';
    const char *libraries = ns_arena_format(arena, "%s/../npuscope.libs", own);
    if (!*path || !libraries)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a file name");
    *bound = access(libraries, F_OK) == 0;
    return NS_OK;
}

static ns_code put(const char *path, const char *self, ns_bytes bytes, bool bound, ns_error *error)
{
    if (bound) {
        unlink(path);
        return ns_system_link(self, path) == 0 ? NS_OK
                                               : ns_fail(error, NS_ERROR_IO, "%s: %s", path, strerror(errno));
    }
    NS_TRY(ns_file_write(path, bytes, error));
    return ns_system_make_program(path) ? NS_OK
                                        : ns_fail(error, NS_ERROR_IO, "%s: %s", path, strerror(errno));
}

static ns_code install(ns_cli *cli, const char *folder, ns_error *error)
{
    ns_bytes bytes;
    const char *self;
    bool bound;
    NS_TRY(find_self(cli->arena, &self, &bound, error));
    NS_TRY(ns_file_read(self, cli->arena, &bytes, error));
    NS_TRY(ns_folder_make(folder, error));
    for (const ns_fvp *fvp = ns_fvp_programs; fvp->program; fvp++) {
        const char *path = ns_arena_format(cli->arena, "%s/%s", folder, fvp->program);
        if (!path)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a file name");
        NS_TRY(put(path, self, bytes, bound, error));
        fprintf(cli->out, "%s\n", path);
    }
    return NS_OK;
}

static ns_code run(ns_cli *cli, void *settings, int operand_count, char **operands, ns_error *error)
{
    (void)settings;
    (void)operand_count;
    if (strcmp(operands[0], "install") != 0)
        return ns_fail(error, NS_ERROR_USAGE, "unknown action '%s' (install is the one there is)",
                       operands[0]);
    return install(cli, operands[1], error);
}

static const ns_option options[] = {{0}};

const ns_subcommand ns_subcommand_fvp = {
    .operands = "install DIR",
    .operand_min = 2,
    .operand_max = 2,
    .details = "Puts FVP_Corstone_SSE-300_Ethos-U55, FVP_Corstone_SSE-300_Ethos-U65 and\n"
               "FVP_Corstone_SSE-320 into DIR. With DIR on PATH, ExecuTorch's Arm test suite runs on\n"
               "npuscope's functional model instead of Arm's simulators.\n",
    .options = options,
    .unlimited = true,
    .settings_size = 1,
    .run = run,
};
