/* npuscope fvp install DIR: puts the stand-ins for Arm's Corstone FVPs into a folder. Each is this program
 * under another name, copied, so that it goes on working when the build folder is gone. */
#include "fvp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "options.h"

static ns_code install(ns_cli *cli, const char *folder, ns_error *error)
{
    ns_bytes self;
    NS_TRY(ns_file_read("/proc/self/exe", cli->arena, &self, error));
    NS_TRY(ns_folder_make(folder, error));
    for (const ns_fvp *fvp = ns_fvp_programs; fvp->program; fvp++) {
        const char *path = ns_arena_format(cli->arena, "%s/%s", folder, fvp->program);
        if (!path)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a file name");
        NS_TRY(ns_file_write(path, self, error));
        if (chmod(path, 0755) != 0)
            return ns_fail(error, NS_ERROR_IO, "%s: %s", path, strerror(errno));
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
