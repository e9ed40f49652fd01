/* npuscope: the command line. Finds the subcommand, parses its options, turns a status into an exit code. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/printable.h"
#include "budget.h"
#include "fvp.h"
#include "npuscope/version.h"
#include "options.h"

#define NS_SUBCOMMAND(name, summary) extern const ns_subcommand ns_subcommand_##name;
#include "subcommands.def"
#undef NS_SUBCOMMAND

static const struct {
    const char *name;
    const char *summary;
    const ns_subcommand *subcommand;
} subcommands[] = {
#define NS_SUBCOMMAND(name, summary) {#name, summary, &ns_subcommand_##name},
#include "subcommands.def"
#undef NS_SUBCOMMAND
    {NULL, NULL, NULL},
};

/* A subcommand's name as it is typed. */
static const char *typed(const char *name, char text[32])
{
    snprintf(text, 32, "%s", name);
    for (char *p = text; (p = strchr(p, '_')) != NULL;)
        *p = '-';
    return text;
}

static void print_help(FILE *out)
{
    char name[32];
    fputs("Usage: npuscope COMMAND [OPTION]... [OPERAND]...\n"
          "\n"
          "Executes TOSA graphs and Arm Ethos-U command streams bit for bit, and names the operator and\n"
          "the stage that breaks a quantised model.\n"
          "\n"
          "Commands:\n",
          out);
    for (int i = 0; subcommands[i].name; i++)
        fprintf(out, "  %-10s %s\n", typed(subcommands[i].name, name), subcommands[i].summary);
    fputs("\n"
          "npuscope COMMAND --help shows the options of a command.\n"
          "Exit codes: 0 all good, 1 a comparison failed, 2 bad input or usage, 3 a needed tool is\n"
          "missing, 4 internal error.\n",
          out);
}

static ns_code run_subcommand(int which, ns_cli *cli, int argc, char **argv, ns_error *error)
{
    const ns_subcommand *subcommand = subcommands[which].subcommand;
    void *settings = ns_arena_alloc(cli->arena, 1, subcommand->settings_size);
    if (!settings)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the command line");
    if (subcommand->preset)
        subcommand->preset(settings);
    ns_parsed_options parsed = {0};
    ns_budget_settings limits = {0};
    const ns_shared_options shared = {subcommand->unlimited ? NULL : ns_budget_options, &limits};
    NS_TRY(ns_options_parse(subcommand, &shared, argc, argv, cli->arena, settings, &parsed, error));
    if (parsed.help) {
        char name[32];
        ns_options_help(typed(subcommands[which].name, name), subcommands[which].summary, subcommand,
                        shared.rows, cli->out);
        return NS_OK;
    }
    NS_TRY(ns_budget_limit(cli->budget, &limits, error));
    return subcommand->run(cli, settings, argc - parsed.first_operand, argv + parsed.first_operand, error);
}

static ns_code dispatch(ns_cli *cli, int argc, char **argv, ns_error *error)
{
    if (argc < 2)
        return ns_fail(error, NS_ERROR_USAGE, "a command is missing (npuscope --help lists them)");
    if (strcmp(argv[1], "--version") == 0) {
        fputs("npuscope " NS_VERSION_TEXT "\n", cli->out);
        return NS_OK;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(cli->out);
        return NS_OK;
    }
    char name[32];
    for (int i = 0; subcommands[i].name; i++)
        if (strcmp(argv[1], typed(subcommands[i].name, name)) == 0)
            return run_subcommand(i, cli, argc - 1, argv + 1, error);
    return ns_fail(error, NS_ERROR_USAGE, "unknown command '%s' (npuscope --help lists them)", argv[1]);
}

int main(int argc, char **argv)
{
    /* Installed under the name of one of Arm's programs, this is the stand-in for it. */
    const ns_fvp *fvp = ns_fvp_find(argv[0]);
    if (fvp)
        return ns_fvp_main(fvp, argc, argv);
    const char *no_color = getenv("NO_COLOR");
    char text[4 * NS_MESSAGE_SIZE]; /* names of files and tensors in messages are not ours */
    ns_error error = {0};
    ns_budget budget;
    ns_budget_open(&budget, 0, 0, 0);
    ns_cli cli = {
        .out = stdout,
        .budget = &budget,
        .arena = ns_arena_new_within(&budget),
        .colour = isatty(STDOUT_FILENO) && !(no_color && *no_color),
        .progress = isatty(STDERR_FILENO),
        .self = argv[0],
    };
    ns_code code = cli.arena ? dispatch(&cli, argc, argv, &error)
                             : ns_fail(&error, NS_ERROR_MEMORY, "no memory to start with");
    code = ns_budget_settle(&budget, code, &error);
    /* A full disk or a closed pipe must not pass for success. */
    bool write_failed = ferror(stdout);
    if ((fflush(stdout) != 0 || write_failed) && code == NS_OK)
        code = ns_fail(&error, NS_ERROR_IO, "standard output: could not be written");
    if (code != NS_OK && error.message[0])
        fprintf(stderr, "npuscope: %s\n", ns_printable(error.message, text, sizeof text));
    ns_arena_free(cli.arena);
    return ns_code_exit(code);
}
