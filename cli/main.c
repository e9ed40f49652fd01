/* npuscope: the command line. Finds the subcommand, parses its options, turns a status into an exit code. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/interface.h"
#include "base/system.h"
#include "fvp.h"
#include "npuscope/version.h"
#include "options.h"
#include "shared.h"

/* ---- the subcommands ---- */

#define NS_SUBCOMMAND(name, summary) extern const ns_subcommand ns_subcommand_##name;
#include "subcommands.def"
#undef NS_SUBCOMMAND

static const struct {
    char name[16];
    const char *summary;
    const ns_subcommand *subcommand;
} subcommands[] = {
#define NS_SUBCOMMAND(name, summary) {#name, summary, &ns_subcommand_##name},
#include "subcommands.def"
#undef NS_SUBCOMMAND
};

/* Dashes for underscores. */
static void type_name(const char *name, char typed[16])
{
    for (size_t i = 0; i < 16; i++)
        typed[i] = name[i] == '_' ? '-' : name[i];
}

bool ns_subcommand_at(int index, ns_subcommand_entry *out)
{
    if (index < 0 || (size_t)index >= sizeof subcommands / sizeof subcommands[0])
        return false;
    *out = (ns_subcommand_entry){.summary = subcommands[index].summary,
                                 .subcommand = subcommands[index].subcommand};
    type_name(subcommands[index].name, out->name);
    return true;
}

bool ns_subcommand_find(const char *name, ns_subcommand_entry *out)
{
    for (int i = 0; ns_subcommand_at(i, out); i++)
        if (strcmp(name, out->name) == 0)
            return true;
    return false;
}

const ns_option *ns_subcommand_shared(const ns_subcommand *subcommand)
{
    return subcommand->unlimited ? NULL : ns_budget_options;
}

/* ---- signals ---- */

void ns_signals_watch(void)
{
    ns_system_watch_signals(ns_leftover_remove_all);
}

/* ---- the command line ---- */

static void print_help(FILE *out)
{
    ns_subcommand_entry entry;
    fputs("Usage: npuscope COMMAND [OPTION]... [OPERAND]...\n"
          "\n"
          "Executes TOSA graphs and Arm Ethos-U command streams bit for bit, and names the\n"
          "operator and the stage that breaks a quantised model.\n"
          "\n"
          "Commands:\n",
          out);
    for (int i = 0; ns_subcommand_at(i, &entry); i++)
        fprintf(out, "  %-10s %s\n", entry.name, entry.summary);
    fputs("\n"
          "npuscope COMMAND --help shows the options of a command.\n"
          "Exit codes: 0 all good, 1 a comparison failed, 2 bad input or usage, 3 a needed\n"
          "tool is missing, 4 internal error.\n",
          out);
}

static void print_subcommand_help(const ns_subcommand_entry *entry, FILE *out)
{
    ns_options_help(entry->name, entry->summary, entry->subcommand, ns_subcommand_shared(entry->subcommand),
                    out);
}

static ns_code run_subcommand(const ns_subcommand_entry *entry, ns_cli *cli, int argc, char **argv,
                              ns_error *error)
{
    const ns_subcommand *subcommand = entry->subcommand;
    void *settings = ns_arena_alloc(cli->arena, 1, subcommand->settings_size);
    if (!settings)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the command line");
    if (subcommand->preset)
        subcommand->preset(settings);
    ns_parsed_options parsed = {0};
    ns_budget_settings limits = {0};
    const ns_shared_options shared = {ns_subcommand_shared(subcommand), &limits};
    NS_TRY(ns_options_parse(subcommand, &shared, argc, argv, cli->arena, settings, &parsed, error));
    if (parsed.help) {
        print_subcommand_help(entry, cli->out);
        return NS_OK;
    }
    NS_TRY(ns_budget_limit(cli->budget, &limits, error));
    if (parsed.to_stdout) {
        if (cli->out != stdout)
            fclose(cli->out);
        if (!(cli->out = fopen(ns_system_nowhere, "w")))
            return ns_fail_system(error, ns_system_nowhere);
    }
    return subcommand->run(cli, settings, argc - parsed.first_operand, argv + parsed.first_operand, error);
}

static bool is_one_of(const char *text, const char *one, const char *other)
{
    return strcmp(text, one) == 0 || strcmp(text, other) == 0;
}

static ns_code refuse_command(const char *name, ns_error *error)
{
    char nearest[sizeof((ns_subcommand_entry *)NULL)->name] = "";
    ns_subcommand_entry entry;
    for (int i = 0, best = -1; ns_subcommand_at(i, &entry); i++) {
        const int distance = ns_word_distance(name, entry.name);
        if (distance >= 0 && (best < 0 || distance < best)) {
            best = distance;
            memcpy(nearest, entry.name, sizeof nearest);
        }
    }
    return ns_fail(error, NS_ERROR_USAGE, "unknown command '%s'%s%s%s (npuscope --help lists them)", name,
                   *nearest ? "; did you mean " : "", nearest, *nearest ? "?" : "");
}

static ns_code dispatch(ns_cli *cli, int argc, char **argv, ns_error *error)
{
    ns_subcommand_entry entry;
    if (argc < 2)
        return ns_fail(error, NS_ERROR_USAGE, "a command is missing (npuscope --help lists them)");
    if (is_one_of(argv[1], "--version", "-V")) {
        fputs("npuscope " NS_VERSION_TEXT "\n", cli->out);
        return NS_OK;
    }
    const bool is_help = strcmp(argv[1], "help") == 0;
    if (is_one_of(argv[1], "--help", "-h") || (is_help && argc == 2)) {
        print_help(cli->out);
        return NS_OK;
    }
    const char *name = argv[is_help ? 2 : 1];
    if (!ns_subcommand_find(name, &entry))
        return refuse_command(name, error);
    if (!is_help)
        return run_subcommand(&entry, cli, argc - 1, argv + 1, error);
    print_subcommand_help(&entry, cli->out);
    return NS_OK;
}

int main(int argc, char **argv)
{
    ns_signals_watch();
    /* Installed under the name of one of Arm's programs, this is the stand-in for it. */
    const ns_fvp *fvp = ns_fvp_find(argv[0]);
    if (fvp)
        return ns_fvp_main(fvp, argc, argv);
    const char *no_color = getenv("NO_COLOR");
    ns_error error = {0};
    ns_budget budget;
    ns_budget_open(&budget, 0, 0, 0);
    budget.separate = getenv("NPUSCOPE_SEPARATE_ALLOCATIONS") != NULL;
    ns_cli cli = {
        .documents = stdout,
        .budget = &budget,
        .arena = ns_arena_new_within(&budget),
        .colour = isatty(STDOUT_FILENO) && !(no_color && *no_color),
        .columns = ns_cli_columns(STDOUT_FILENO),
        .progress = isatty(STDERR_FILENO),
        .self = argv[0],
    };
    cli.out = ns_printable_stream(stdout, cli.colour, cli.columns);
    ns_code code = cli.arena && cli.out ? dispatch(&cli, argc, argv, &error)
                                        : ns_fail(&error, NS_ERROR_MEMORY, "no memory to start with");
    code = ns_budget_settle(&budget, code, &error);
    /* A full disk or a closed pipe must not pass for success. */
    bool write_failed = cli.out && (ferror(cli.out) != 0 || (cli.out != stdout && fclose(cli.out) != 0));
    write_failed = ferror(stdout) || write_failed;
    if ((fflush(stdout) != 0 || write_failed) && code == NS_OK)
        code = ns_fail(&error, NS_ERROR_IO, "standard output: could not be written");
    if (code != NS_OK && error.message[0])
        ns_cli_say("npuscope: %s", error.message);
    ns_arena_free(cli.arena);
    return ns_code_exit(code);
}
