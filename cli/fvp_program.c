/* The stand-in for Arm's Corstone FVPs: takes their command line, reads the semihosting parameters that
 * ExecuTorch's harness gives (backends/arm/test/runner_utils.py, run_corstone), and runs the ExecuTorch
 * program that the semihosting command line names, natively: the ELF is not executed. The log follows the
 * form of ExecuTorch's arm_executor_runner, because harnesses search it for lines that begin with E or F. */
#include "fvp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/interface.h"
#include "base/system.h"
#include "npuscope/program.h"
#include "npuscope/status.h"
#include "npuscope/version.h"
#include "shared.h"

const ns_fvp ns_fvp_programs[] = {
#define NS_FVP(program, family, macs_key, scratch, fast_scratch) \
    {program, family, macs_key, scratch, fast_scratch},
#include "fvp_programs.def"
#undef NS_FVP
    {0},
};

#define LIST_LIMIT 64

typedef struct ns_fvp_request {
    const ns_fvp *fvp;
    const char *folder;      /* semihosting-cwd; "" for the current one */
    char *command_line;      /* semihosting-cmd_line, quotes removed */
    const char *macs;        /* NULL: not given */
    const char *application; /* the runner's ELF; NULL: not given */
    double time_limit;       /* seconds; 0: none */
    ns_budget_settings limits;
    const char *model, *output;
    int input_count;
    const char *inputs[LIST_LIMIT];
} ns_fvp_request;

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const ns_fvp *ns_fvp_find(const char *path)
{
    for (const ns_fvp *fvp = ns_fvp_programs; fvp->program; fvp++)
        if (strcmp(base_name(path), fvp->program) == 0)
            return fvp;
    return NULL;
}

static void log_line(char level, const char *text)
{
    printf("%c [npuscope:fvp] %s\n", level, text);
}

static bool ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a >= b && strcmp(text + a - b, end) == 0;
}

/* Removes one pair of quotes around a value, as the FVP's own parser does. */
static char *unquote(char *text)
{
    size_t length = strlen(text);
    if (length >= 2 && (text[0] == '\'' || text[0] == '"') && text[length - 1] == text[0]) {
        text[length - 1] = 0;
        return text + 1;
    }
    return text;
}

static ns_code take_parameter(ns_fvp_request *request, char *assignment, ns_error *error)
{
    char *equals = strchr(assignment, '=');
    if (!equals)
        return ns_fail(error, NS_ERROR_USAGE, "-C takes key=value, not '%s'", assignment);
    *equals = 0;
    char *value = unquote(equals + 1);
    if (ends_with(assignment, "semihosting-cwd"))
        request->folder = value;
    else if (ends_with(assignment, "semihosting-cmd_line"))
        request->command_line = value;
    else if (ends_with(assignment, request->fvp->macs_key))
        request->macs = value;
    return NS_OK;
}

/* Options that take a value and change nothing that a functional model shows. */
static bool takes_ignored_value(const char *option)
{
    static const char *const options[] = {
        "--cpulimit", "--cyclelimit", "--simlimit", "-f",           "--config-file",
        "-o",         "--output",     "-p",         "--print-port", "--plugin",
        "--data",     "-M",           "-Q"};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (strcmp(option, options[i]) == 0)
            return true;
    return false;
}

static bool is_ignored_flag(const char *option)
{
    static const char *const options[] = {"-q",    "--quiet",       "--stat", "-S",    "--cadi-server",
                                          "-I",    "--iris-server", "-R",     "--run", "-b",
                                          "--dump"};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (strcmp(option, options[i]) == 0)
            return true;
    return false;
}

static ns_code next_value(int argc, char **argv, int *i, char **value, ns_error *error)
{
    char *equals = strncmp(argv[*i], "--", 2) == 0 ? strchr(argv[*i], '=') : NULL;
    if (equals) {
        *value = equals + 1;
        return NS_OK;
    }
    if (*i + 1 >= argc)
        return ns_fail(error, NS_ERROR_USAGE, "%s takes a value", argv[*i]);
    *value = argv[++*i];
    return NS_OK;
}

static bool is_option(const char *argument, const char *name)
{
    size_t length = strlen(name);
    return strncmp(argument, name, length) == 0 &&
           (argument[length] == 0 || (argument[length] == '=' && length > 2));
}

/* The limits of a run go by the names that they have in the other commands. */
static const ns_option *find_limit(const char *argument)
{
    const ns_option *option = ns_budget_options;
    while (option->name && (strncmp(argument, "--", 2) != 0 || !is_option(argument + 2, option->name)))
        option++;
    return option->name ? option : NULL;
}

static ns_code parse(ns_fvp_request *request, int argc, char **argv, ns_error *error)
{
    const ns_option *limit;
    for (int i = 1; i < argc; i++) {
        char *value = NULL;
        if (is_option(argv[i], "-C") || is_option(argv[i], "--parameter")) {
            NS_TRY(next_value(argc, argv, &i, &value, error));
            NS_TRY(take_parameter(request, value, error));
        } else if (is_option(argv[i], "--timelimit") || is_option(argv[i], "-T")) {
            NS_TRY(next_value(argc, argv, &i, &value, error));
            char *end = NULL;
            request->time_limit = strtod(value, &end);
            if (end == value || *end || !(request->time_limit >= 0))
                return ns_fail(error, NS_ERROR_USAGE, "--timelimit takes seconds, not '%s'", value);
        } else if (is_option(argv[i], "-a") || is_option(argv[i], "--application")) {
            NS_TRY(next_value(argc, argv, &i, &value, error));
            request->application = value;
        } else if ((limit = find_limit(argv[i])) != NULL) {
            NS_TRY(next_value(argc, argv, &i, &value, error));
            NS_TRY(ns_option_store(limit, &request->limits, value, NULL, error));
        } else if (takes_ignored_value(argv[i])) {
            NS_TRY(next_value(argc, argv, &i, &value, error));
        } else if (argv[i][0] == '-' && !is_ignored_flag(argv[i])) {
            return ns_fail(error, NS_ERROR_USAGE, "unknown option '%s' (%s --help lists what is taken)",
                           argv[i], request->fvp->program);
        }
    }
    return NS_OK;
}

/* Splits the semihosting command line: executor_runner -m MODEL -o OUT [-i INPUT]... */
static ns_code parse_command_line(ns_fvp_request *request, ns_error *error)
{
    if (!request->command_line)
        return ns_fail(error, NS_ERROR_USAGE, "no -C ...semihosting-cmd_line=... says which program to run");
    char *rest = NULL;
    strtok_r(request->command_line, " \t", &rest); /* the program's own name */
    for (char *word = strtok_r(NULL, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
        const char *option = word;
        const char *value = strtok_r(NULL, " \t", &rest);
        if (!value)
            return ns_fail(error, NS_ERROR_USAGE, "%s in the semihosting command line takes a value", option);
        if (strcmp(option, "-m") == 0)
            request->model = value;
        else if (strcmp(option, "-o") == 0)
            request->output = value;
        else if (strcmp(option, "-i") != 0)
            return ns_fail(error, NS_ERROR_USAGE, "unknown option '%s' in the semihosting command line",
                           option);
        else if (request->input_count == LIST_LIMIT)
            return ns_fail(error, NS_ERROR_USAGE, "more than %d inputs", LIST_LIMIT);
        else
            request->inputs[request->input_count++] = value;
    }
    if (!request->model || !request->output)
        return ns_fail(error, NS_ERROR_USAGE, "the semihosting command line needs -m MODEL and -o OUTPUT");
    return NS_OK;
}

static const char *in_folder(const ns_fvp_request *request, ns_arena *arena, const char *name)
{
    if (name[0] == '/' || !request->folder || !*request->folder)
        return name;
    return ns_arena_format(arena, "%s/%s", request->folder, name);
}

/* Every stream must be for the product that the program has, with its number of MACs. */
static ns_code check_configuration(const ns_fvp_request *request, const ns_program *program, ns_error *error)
{
    for (int i = 0; i < ns_program_delegate_count(program); i++) {
        if (!ns_program_delegate(program, i))
            return ns_fail(error, NS_ERROR_INPUT, "delegate %d is a TOSA graph, this is an %s", i,
                           request->fvp->family);
        const char *built = ns_accelerator_text(ns_npu_accelerator(ns_program_delegate(program, i)));
        size_t family = strlen(request->fvp->family);
        if (strncmp(built, request->fvp->family, family) != 0 || built[family] != '-')
            return ns_fail(error, NS_ERROR_INPUT, "the command stream is for %s, this is an %s", built,
                           request->fvp->family);
        if (request->macs && strcmp(built + family + 1, request->macs) != 0)
            return ns_fail(error, NS_ERROR_INPUT, "the command stream is for %s, this is an %s-%s", built,
                           request->fvp->family, request->macs);
    }
    return NS_OK;
}

static ns_code write_outputs(const ns_fvp_request *request, const ns_program_tensor *outputs, int count,
                             ns_arena *arena, ns_error *error)
{
    for (int i = 0; i < count; i++) {
        if (!outputs[i].data) {
            printf("Output[%d]: Not Tensor\n", i);
            continue;
        }
        const char *name = ns_arena_format(arena, "%s-%d.bin", request->output, i);
        const char *path = name ? in_folder(request, arena, name) : NULL;
        if (!path)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a file name");
        printf("I [npuscope:fvp] Writing output to file: %s\n", name);
        ns_bytes bytes = {outputs[i].data, outputs[i].count * (size_t)ns_scalar_bytes(outputs[i].scalar)};
        NS_TRY(ns_file_write(path, bytes, error));
    }
    return NS_OK;
}

static void print_message(void *context, const char *text)
{
    (void)context;
    log_line('W', text);
}

static ns_code run_program(const ns_fvp_request *request, ns_arena *arena, ns_error *error)
{
    const char *path = in_folder(request, arena, request->model);
    printf("I [npuscope:fvp] Reading pte model from file %s\n", request->model);
    ns_bytes file;
    ns_fvp_runner runner;
    NS_TRY(ns_file_read(path, arena, &file, error));
    NS_TRY(ns_fvp_runner_open(request->fvp, request->application, arena, &runner, error));
    NS_TRY(ns_fvp_runner_take_file(&runner, file.size, error));
    ns_program *program = NULL;
    if (ns_program_read(file.data, file.size, NS_ACCELERATOR_UNKNOWN, arena, &program, error) != NS_OK)
        return ns_add_context(error, "%s", request->model);
    NS_TRY(check_configuration(request, program, error));
    NS_TRY(ns_fvp_runner_load(&runner, program, arena, error));
    printf("I [npuscope:fvp] Method '%s' loaded.\n", ns_program_method(program));
    const void *inputs[LIST_LIMIT];
    size_t sizes[LIST_LIMIT];
    for (int i = 0; i < request->input_count; i++) {
        ns_bytes input;
        NS_TRY(ns_file_read(in_folder(request, arena, request->inputs[i]), arena, &input, error));
        NS_TRY(ns_fvp_runner_take_file(&runner, input.size, error));
        inputs[i] = input.data;
        sizes[i] = input.size;
    }
    const int output_count = ns_program_output_count(program);
    ns_program_tensor *outputs = NS_ARENA_ARRAY(arena, (size_t)output_count, ns_program_tensor);
    if (!outputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d outputs", output_count);
    log_line('I', "Starting running 1 inferences...");
    NS_TRY(ns_fvp_runner_start(&runner, program, error));
    const ns_npu_options options = {.cpu_mask = ~0u,
                                    .budget = ns_arena_budget(arena),
                                    .fast_scratch = runner.kind ? request->fvp->fast_scratch : 0,
                                    .message = print_message};
    ns_program_statistics statistics;
    NS_TRY(ns_program_run(program, &options, &(ns_program_inputs){request->input_count, inputs, sizes}, arena,
                          outputs, &statistics, error));
    printf("I [npuscope:fvp] %d kernel calls, %d delegate calls, %zu NPU operations\n",
           statistics.kernel_calls, statistics.delegate_calls, statistics.npu.operations);
    return write_outputs(request, outputs, output_count, arena, error);
}

static void print_version(const ns_fvp *fvp)
{
    printf("%s: npuscope " NS_VERSION_TEXT ", a functional model of the Arm %s NPU.\n"
           "This is not Arm's FVP. It runs ExecuTorch programs natively and does not execute the ELF;\n"
           "there are no cycle counts.\n",
           fvp->program, fvp->family);
}

static void print_usage(const ns_fvp *fvp)
{
    printf("Usage: %s [-C KEY=VALUE]... [-a ELF] [--timelimit SECONDS] [--version]\n\n"
           "Keys that matter: ...semihosting-cwd, ...semihosting-cmd_line, ...%s. Others are accepted and\n"
           "change nothing. --max-memory, --max-work and --time-limit are those of npuscope run.\n\n",
           fvp->program, fvp->macs_key);
    print_version(fvp);
}

int ns_fvp_main(const ns_fvp *fvp, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--version") == 0) {
            print_version(fvp);
            return 0;
        }
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_usage(fvp);
            return 0;
        }
    }
    ns_error error = {0};
    ns_fvp_request request = {.fvp = fvp, .folder = ""};
    ns_code code = parse(&request, argc, argv, &error);
    if (code == NS_OK)
        code = parse_command_line(&request, &error);
    ns_budget budget;
    ns_budget_open(&budget, 0, 0, 0);
    if (code == NS_OK)
        code = ns_budget_limit(&budget, &request.limits, &error);
    ns_arena *arena = code == NS_OK ? ns_arena_new_within(&budget) : NULL;
    if (code == NS_OK && !arena)
        code = ns_fail(&error, NS_ERROR_MEMORY, "no memory");
    if (code == NS_OK) {
        printf("npuscope " NS_VERSION_TEXT ": functional model of %s in place of Arm's %s\n", fvp->family,
               fvp->program);
        /* The default action of SIGALRM ends the process: nothing half-written is left, since outputs are
         * renamed into place. */
        if (request.time_limit > 0) {
            fflush(stdout);
            ns_system_alarm(request.time_limit);
        }
        code = ns_budget_settle(&budget, run_program(&request, arena, &error), &error);
    }
    if (code == NS_OK)
        log_line('I', "Program complete, exiting.");
    else
        log_line('E', error.message);
    ns_arena_free(arena);
    fflush(stdout);
    return code == NS_OK ? 0 : 1;
}
