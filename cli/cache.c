/* npuscope cache show|clear: the compiled streams that suite runs keep. */
#include <string.h>

#include "npuscope/vela.h"
#include "options.h"

typedef struct ns_cache_settings {
    const char *folder;
} ns_cache_settings;

static ns_code run(ns_cli *cli, void *settings, int operand_count, char **operands, ns_error *error)
{
    const char *action = operand_count ? operands[0] : "show";
    const char *folder = ((ns_cache_settings *)settings)->folder;
    ns_vela_cache_info info;
    if (!folder)
        NS_TRY(ns_vela_cache_folder(cli->arena, &folder, error));
    if (strcmp(action, "show") == 0) {
        NS_TRY(ns_vela_cache_show(folder, &info, error));
        fprintf(cli->out, "%s: %zu entries, %.1f MiB", folder, info.entries, (double)info.bytes / 1048576.0);
        if (info.leftovers)
            fprintf(cli->out, ", %zu leftovers of runs that were killed (clear removes them)",
                    info.leftovers);
        fputs("\n", cli->out);
        return NS_OK;
    }
    if (strcmp(action, "clear") != 0)
        return ns_fail(error, NS_ERROR_USAGE, "unknown action '%s' (show and clear are the ones there are)",
                       action);
    NS_TRY(ns_vela_cache_clear(folder, &info, error));
    fprintf(cli->out, "%s: removed %zu entries, %.1f MiB", folder, info.entries,
            (double)info.bytes / 1048576.0);
    if (info.leftovers)
        fprintf(cli->out, ", %zu leftovers of runs that were killed", info.leftovers);
    fputs("\n", cli->out);
    return NS_OK;
}

static const ns_option options[] = {
    {0, "folder", NS_OPTION_TEXT, "DIR", offsetof(ns_cache_settings, folder),
     "the cache folder (default: NPUSCOPE_CACHE, else\nnpuscope/vela in XDG_CACHE_HOME or ~/.cache)"},
    {0},
};

const ns_subcommand ns_subcommand_cache = {
    .operands = "[show|clear]",
    .operand_min = 0,
    .operand_max = 1,
    .details = "Shows or clears the cache of streams that Vela compiled.\n",
    .options = options,
    .unlimited = true,
    .settings_size = sizeof(ns_cache_settings),
    .run = run,
};
