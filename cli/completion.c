/* npuscope completion SHELL: what a shell completes command lines with, made from the tables of the
 * subcommands and their options. */
#include <string.h>

#include "shared.h"

typedef void print_option(const char *command, const ns_option *option, FILE *out);

static bool has_option(const ns_option *table, const char *name)
{
    for (; table->name; table++)
        if (strcmp(table->name, name) == 0)
            return true;
    return false;
}

/* Calls `each` for the options of a subcommand: its own, of those that it shares the ones that its own do not
 * replace, and --help. */
static void walk_options(const ns_subcommand_entry *entry, FILE *out, print_option *each)
{
    static const ns_option help = {'h', "help", NS_OPTION_FLAG, NULL, 0, "this text"};
    const ns_option *own = entry->subcommand->options, *shared = ns_subcommand_shared(entry->subcommand);
    for (const ns_option *option = own; option->name; option++)
        each(entry->name, option, out);
    for (const ns_option *option = shared; option && option->name; option++)
        if (!has_option(own, option->name))
            each(entry->name, option, out);
    each(entry->name, &help, out);
}

/* The first line of an option's help, without what a shell would take for its own. */
static void print_summary(const char *help, FILE *out)
{
    for (; *help && *help != '\n'; help++)
        if (!strchr("'\"\\[]:$`", *help))
            fputc(*help, out);
}

/* ---- bash ---- */

static void bash_option(const char *command, const ns_option *option, FILE *out)
{
    (void)command;
    if (option->letter)
        fprintf(out, "-%c ", option->letter);
    fprintf(out, "--%s ", option->name);
}

static void print_bash(FILE *out)
{
    ns_subcommand_entry entry;
    fputs("# bash completion of npuscope: made by `npuscope completion bash`.\n"
          "_npuscope() {\n"
          "  local current=${COMP_WORDS[COMP_CWORD]} options=\n"
          "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
          "    COMPREPLY=($(compgen -W \"",
          out);
    for (int i = 0; ns_subcommand_at(i, &entry); i++)
        fprintf(out, "%s ", entry.name);
    fputs("help --help --version\" -- \"$current\"))\n"
          "    return\n"
          "  fi\n"
          "  case ${COMP_WORDS[1]} in\n",
          out);
    for (int i = 0; ns_subcommand_at(i, &entry); i++) {
        fprintf(out, "  %s) options='", entry.name);
        walk_options(&entry, out, bash_option);
        fputs("' ;;\n", out);
    }
    fputs("  esac\n"
          "  case $current in\n"
          "  -*) COMPREPLY=($(compgen -W \"$options\" -- \"$current\")) ;;\n"
          "  *) COMPREPLY=($(compgen -f -- \"$current\")) ;;\n"
          "  esac\n"
          "}\n"
          "complete -o filenames -F _npuscope npuscope\n",
          out);
}

/* ---- zsh ---- */

static void zsh_option(const char *command, const ns_option *option, FILE *out)
{
    (void)command;
    fprintf(out, " \\\n      '%s--%s%s[", option->kind == NS_OPTION_TEXT_LIST ? "*" : "", option->name,
            option->argument ? "=" : "");
    print_summary(option->help, out);
    fputs("]", out);
    if (option->argument)
        fprintf(out, ":%s:_files", option->argument);
    fputs("'", out);
}

static void print_zsh(FILE *out)
{
    ns_subcommand_entry entry;
    fputs("#compdef npuscope\n"
          "# zsh completion of npuscope: made by `npuscope completion zsh`.\n"
          "_npuscope() {\n"
          "  if (( CURRENT == 2 )); then\n"
          "    local -a commands=(\n",
          out);
    for (int i = 0; ns_subcommand_at(i, &entry); i++) {
        fprintf(out, "      '%s:", entry.name);
        print_summary(entry.summary, out);
        fputs("'\n", out);
    }
    fputs("    )\n"
          "    _describe command commands\n"
          "    return\n"
          "  fi\n"
          "  local command=$words[2]\n"
          "  shift words\n"
          "  (( CURRENT-- ))\n"
          "  case $command in\n",
          out);
    for (int i = 0; ns_subcommand_at(i, &entry); i++) {
        fprintf(out, "  %s) _arguments", entry.name);
        walk_options(&entry, out, zsh_option);
        fputs(" \\\n      '*:file:_files' ;;\n", out);
    }
    fputs("  esac\n"
          "}\n"
          "_npuscope \"$@\"\n",
          out);
}

/* ---- fish ---- */

static void fish_option(const char *command, const ns_option *option, FILE *out)
{
    fprintf(out, "complete -c npuscope -n '__fish_seen_subcommand_from %s'", command);
    if (option->letter)
        fprintf(out, " -s %c", option->letter);
    fprintf(out, " -l %s%s -d '", option->name, option->argument ? " -r" : "");
    print_summary(option->help, out);
    fputs("'\n", out);
}

static void print_fish(FILE *out)
{
    ns_subcommand_entry entry;
    fputs("# fish completion of npuscope: made by `npuscope completion fish`.\n", out);
    for (int i = 0; ns_subcommand_at(i, &entry); i++) {
        fprintf(out, "complete -c npuscope -n __fish_use_subcommand -f -a %s -d '", entry.name);
        print_summary(entry.summary, out);
        fputs("'\n", out);
        walk_options(&entry, out, fish_option);
    }
}

static const struct {
    const char *name;
    void (*print)(FILE *out);
} shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

static ns_code run(ns_cli *cli, void *settings, int operand_count, char **operands, ns_error *error)
{
    (void)settings;
    (void)operand_count;
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(operands[0], shells[i].name) == 0) {
            shells[i].print(cli->documents); /* lines stay as they are */
            return NS_OK;
        }
    }
    return ns_fail(error, NS_ERROR_USAGE, "no completion for '%s' (there are bash, zsh and fish)",
                   operands[0]);
}

static const ns_option options[] = {{0}};

const ns_subcommand ns_subcommand_completion = {
    .operands = "SHELL",
    .operand_min = 1,
    .operand_max = 1,
    .details = "Prints what bash, zsh or fish complete npuscope's command lines with; in bash:\n"
               "source <(npuscope completion bash)\n",
    .options = options,
    .unlimited = true,
    .settings_size = 1,
    .run = run,
};
