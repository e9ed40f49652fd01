/* Where Vela is, and with what it is run where nobody says. A vela script's first line names the interpreter
 * that has the package, and the interpreter says which version. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/interface.h"
#include "npuscope/vela.h"
#include "vela/internal.h"

#define HOW_TO_GET \
    "python3 -m venv vela && vela/bin/pip install ethos-u-vela==5.1.0; then --vela vela, or NPUSCOPE_VELA"

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

/* What the interpreter says of its Vela: the version, and behind it the folders of its package, a line each.
 */
static const char question[] = "from importlib.metadata import version as v\n"
                               "from importlib.util import find_spec as f\n"
                               "try:\n"
                               "  print(v('ethos-u-vela'))\n"
                               "  for p in f('ethosu').submodule_search_locations: print(p)\n"
                               "except Exception: print('none')";

enum { MOST_FOLDERS = 8 };

/* Reads the answer. *version is "" where there is none. */
static ns_code read_answer(FILE *answer, ns_arena *arena, char *version, size_t size, const char **folders,
                           int *count, ns_error *error)
{
    char line[4096];
    *version = 0;
    for (int i = 0; fgets(line, sizeof line, answer); i++) {
        line[strcspn(line, "\r\n")] = 0;
        if (i == 0) {
            snprintf(version, size, "%s", line);
        } else if (line[0] == '/' && *count < MOST_FOLDERS) {
            folders[*count] = ns_arena_string(arena, line);
            if (!folders[(*count)++])
                return ns_fail(error, NS_ERROR_MEMORY, "no memory for a path");
        }
    }
    return NS_OK;
}

/* Asks the interpreter, and reads the installation. */
static ns_code ask(const char *python, ns_arena *arena, ns_vela *out, ns_error *error)
{
    const char *const arguments[] = {python, "-I", "-c", question, NULL};
    const char *folders[MOST_FOLDERS];
    ns_process process;
    char version[128];
    int exit_code = 0, count = 0;
    NS_TRY(ns_process_start(arguments, &process, error));
    const ns_code code = read_answer(process.output, arena, version, sizeof version, folders, &count, error);
    const ns_code waited = ns_process_wait(&process, &exit_code, code == NS_OK ? error : NULL);
    NS_TRY(code);
    NS_TRY(waited);
    if (exit_code || !version[0] || strcmp(version, "none") == 0)
        return ns_fail(error, NS_ERROR_TOOL_MISSING, "%s has no Vela (" HOW_TO_GET ")", python);
    out->python = python;
    out->version = ns_arena_string(arena, version);
    if (!out->version)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a version");
    return ns_vela_installation(folders, count, arena, &out->contents, error);
}

/* Where the build that made this program keeps its Vela. */
static const char build_vela[] =
#include "place.inc"
    "/bin/vela";

/* Beside the program, or in the build that made it; NULL for none. Never below the current folder: whoever
 * can write there would choose what is run. */
static const char *beside_program(ns_arena *arena)
{
    static const char *const places[] = {"vela", "venv/bin/vela"};
    char self[4096];
    (void)ns_system_program(self, sizeof self);
    char *slash = strrchr(self, '/');
    for (size_t i = 0; slash && i < sizeof places / sizeof *places; i++) {
        const char *candidate = ns_arena_format(arena, "%.*s/%s", (int)(slash - self), self, places[i]);
        if (candidate && is_program(candidate))
            return candidate;
    }
    return is_program(build_vela) ? build_vela : NULL;
}

/* The first "vela" in a folder of PATH that is named from the root; NULL for none. */
static const char *on_path(ns_arena *arena)
{
    const char *path = getenv("PATH");
    while (path && *path) {
        size_t length = strcspn(path, ":");
        const char *candidate = ns_arena_format(arena, "%.*s/vela", (int)length, path);
        if (candidate && path[0] == '/' && is_program(candidate))
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
    const bool given = chosen && *chosen, none = chosen && !*chosen;
    if (!given)
        chosen = none ? NULL : beside_program(arena);
    if (!chosen && !none)
        chosen = on_path(arena);
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
    ns_code code = ask(python, arena, out, error);
    return code != NS_OK && given && !ns_code_ends_run(code)
               ? ns_fail(error, NS_ERROR_USAGE, "%s: no Vela there", chosen)
               : code;
}

const char *ns_vela_flags(ns_accelerator accelerator)
{
    const char *text = ns_accelerator_text(accelerator);
    if (strncmp(text, "ethos-u55", 9) == 0)
        return "--config=Arm/vela.ini --system-config=Ethos_U55_High_End_Embedded --memory-mode=Shared_Sram "
               "--arena-cache-size=2097152";
    if (strncmp(text, "ethos-u65", 9) == 0)
        return "--config=Arm/vela.ini --system-config=Ethos_U65_High_End --memory-mode=Dedicated_Sram_384KB "
               "--arena-cache-size=393216";
    return "--config=Arm/vela.ini --system-config=Ethos_U85_SYS_DRAM_Mid --memory-mode=Shared_Sram "
           "--arena-cache-size=2097152";
}
