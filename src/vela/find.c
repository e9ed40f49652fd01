/* Where Vela is. A vela script's first line names the interpreter that has the package, and the
 * interpreter says which version. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "npuscope/vela.h"
#include "vela/process.h"

#define HOW_TO_GET "python3 -m venv build/venv && build/venv/bin/pip install ethos-u-vela==5.1.0"

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool is_program(const char *path)
{
    return !is_folder(path) && access(path, X_OK) == 0;
}

/* The interpreter of a script "#!/.../python3", or the program itself when it is no script. */
static ns_code interpreter_of(const char *path, ns_arena *arena, const char **out, ns_error *error)
{
    ns_bytes file;
    NS_TRY(ns_file_read(path, arena, &file, error));
    if (file.size < 3 || memcmp(file.data, "#!", 2) != 0) {
        *out = ns_arena_string(arena, path);
        return *out ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a path");
    }
    const char *line = (const char *)file.data + 2;
    line += strspn(line, " ");
    char *interpreter = ns_arena_string(arena, line);
    if (!interpreter)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a path");
    interpreter[strcspn(interpreter, " \r\n")] = 0;
    *out = interpreter;
    return NS_OK;
}

/* Asks the interpreter for the version of its Vela. */
static ns_code ask_version(const char *python, ns_arena *arena, ns_vela *out, ns_error *error)
{
    const char *const arguments[] = {python, "-I", "-c",
                                     "from importlib.metadata import version as v\n"
                                     "try: print(v('ethos-u-vela'))\n"
                                     "except Exception: print('none')",
                                     NULL};
    ns_process process;
    NS_TRY(ns_process_start(arguments, &process, error));
    char line[128] = "";
    char *read = fgets(line, sizeof line, process.output);
    int exit_code = 0;
    NS_TRY(ns_process_wait(&process, &exit_code, error));
    line[strcspn(line, "\r\n")] = 0;
    if (!read || exit_code || !line[0] || strcmp(line, "none") == 0)
        return ns_fail(error, NS_ERROR_TOOL_MISSING, "%s has no Vela (" HOW_TO_GET ")", python);
    out->python = python;
    out->version = ns_arena_string(arena, line);
    return out->version ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a version");
}

/* The first "vela" on PATH; NULL for none. */
static const char *on_path(ns_arena *arena)
{
    const char *path = getenv("PATH");
    while (path && *path) {
        size_t length = strcspn(path, ":");
        const char *candidate = ns_arena_format(arena, "%.*s/vela", (int)length, path);
        if (candidate && length && is_program(candidate))
            return candidate;
        path += length + (path[length] == ':');
    }
    return NULL;
}

ns_code ns_vela_find(const char *path, ns_arena *arena, ns_vela *out, ns_error *error)
{
    const char *chosen = path;
    if (!chosen || !*chosen)
        chosen = getenv("NPUSCOPE_VELA");
    const bool given = chosen && *chosen;
    if (!given)
        chosen = is_program("build/venv/bin/vela") ? "build/venv/bin/vela" : on_path(arena);
    if (!chosen)
        return ns_fail(error, NS_ERROR_TOOL_MISSING, "Vela is not installed; get it with: " HOW_TO_GET);
    if (is_folder(chosen)) {
        chosen = ns_arena_format(arena, "%s/bin/vela", chosen);
        if (!chosen)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a path");
    }
    if (!is_program(chosen))
        return ns_fail(
            error, given ? NS_ERROR_USAGE : NS_ERROR_TOOL_MISSING,
            "%s: no Vela there (give a vela script, a Python interpreter or a virtual environment)", chosen);
    const char *python = NULL;
    NS_TRY(interpreter_of(chosen, arena, &python, error));
    ns_code code = ask_version(python, arena, out, error);
    return code != NS_OK && given ? ns_fail(error, NS_ERROR_USAGE, "%s: no Vela there", chosen) : code;
}
