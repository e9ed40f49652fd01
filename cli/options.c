#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/interface.h"
#include "npuscope/cpu.h"

/* getopt_long's values for long options: above every letter, so that an index can be told from one. */
#define FIRST_LONG 256
#define HELP_VALUE 'h'
#define HELP_COLUMN 26
#define COLUMNS 79
#define LONGEST_NAME 64

/* Names that an option is taken by beside its own, in every command that has it. */
static const struct {
    const char *name, *also;
} synonyms[] = {
    {"target", "accelerator"},   {"vela-flags", "vela-options"}, {"vela-flags", "flags"},
    {"vela-flags-a", "flags-a"}, {"vela-flags-b", "flags-b"},
};
enum { SYNONYM_COUNT = sizeof synonyms / sizeof synonyms[0] };

static bool has(const ns_option *options, const char *name)
{
    while (options && options->name && strcmp(options->name, name) != 0)
        options++;
    return options && options->name;
}

/* Row `index` of a subcommand: its own, and behind them the shared ones that it has not itself. NULL: no
 * more. *own tells which it is. */
static const ns_option *row(const ns_subcommand *subcommand, const ns_option *shared, int index, bool *own)
{
    *own = true;
    for (const ns_option *o = subcommand->options; o && o->name; o++)
        if (index-- == 0)
            return o;
    *own = false;
    for (const ns_option *o = shared; o && o->name; o++)
        if (!has(subcommand->options, o->name) && index-- == 0)
            return o;
    return NULL;
}

static int row_count(const ns_subcommand *subcommand, const ns_option *shared)
{
    int count = 0;
    for (bool own; row(subcommand, shared, count, &own);)
        count++;
    return count;
}

static ns_code add_text(ns_text_list *list, const char *text, ns_arena *arena, ns_error *error)
{
    const char **values = NS_ARENA_ARRAY(arena, (size_t)list->count + 1, const char *);
    if (!values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the command line");
    if (list->count)
        memcpy(values, list->values, (size_t)list->count * sizeof *values);
    values[list->count] = text;
    *list = (ns_text_list){list->count + 1, values};
    return NS_OK;
}

static ns_code store_size(const ns_option *option, uint64_t *field, const char *text, ns_error *error)
{
    static const char units[] = "KMGT";
    char *end = NULL;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    const char *unit = end != text && *end ? strchr(units, *end) : NULL;
    const int shift = unit ? 10 * (int)(unit - units + 1) : 0;
    if (unit)
        end++;
    if (errno || end == text || *end || text[0] < '0' || text[0] > '9' || !value ||
        value > UINT64_MAX >> shift)
        return ns_fail(error, NS_ERROR_USAGE, "--%s takes a number above 0, such as 500000 or 4G, not '%s'",
                       option->name, text);
    *field = value << shift;
    return NS_OK;
}

/* A new file beside `path` takes its place: its folder must take one. Pipes and devices are written as they
 * are. */
static ns_code check_output(const ns_option *option, const char *path, ns_arena *arena, ns_error *error)
{
    struct stat info;
    const char *slash = strrchr(path, '/');
    if (!*path)
        return ns_fail(error, NS_ERROR_USAGE, "--%s takes a file, not ''", option->name);
    if (strcmp(path, "-") == 0)
        return NS_OK;
    const bool exists = stat(path, &info) == 0;
    if (exists && S_ISDIR(info.st_mode))
        return ns_fail(error, NS_ERROR_IO, "%s: %s", path, strerror(EISDIR));
    if (exists && !S_ISREG(info.st_mode))
        return NS_OK;
    const char *folder = !slash          ? "."
                         : slash == path ? "/"
                                         : ns_arena_format(arena, "%.*s", (int)(slash - path), path);
    if (!folder)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the command line");
    return access(folder, W_OK | X_OK) == 0 ? NS_OK
                                            : ns_fail(error, NS_ERROR_IO, "%s: %s", path, strerror(errno));
}

/* It is there, or the one that it will be made in is. */
static ns_code check_folder(const ns_option *option, const char *path, ns_arena *arena, ns_error *error)
{
    struct stat info;
    char *at = ns_arena_string(arena, path);
    if (!at)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the command line");
    if (!*path || strcmp(path, "-") == 0)
        return ns_fail(error, NS_ERROR_USAGE, "--%s takes a folder, not '%s'", option->name, path);
    while (stat(at, &info) != 0) {
        char *slash = errno == ENOENT ? strrchr(at, '/') : NULL;
        if (errno != ENOENT)
            return ns_fail(error, NS_ERROR_IO, "%s: %s", path, strerror(errno));
        if (slash && slash != at)
            *slash = 0;
        else
            memcpy(at, slash ? "/" : ".", 2); /* neither is longer than the path */
    }
    if (!S_ISDIR(info.st_mode))
        return ns_fail(error, NS_ERROR_IO, "%s: %s%s", path, strcmp(at, path) == 0 ? "" : at,
                       strcmp(at, path) == 0 ? "it is no folder" : " is no folder");
    return access(at, W_OK | X_OK) == 0 ? NS_OK
                                        : ns_fail(error, NS_ERROR_IO, "%s: %s", path, strerror(errno));
}

ns_code ns_cli_write(ns_cli *cli, const char *path, ns_bytes bytes, ns_error *error)
{
    if (strcmp(path, "-") != 0)
        return ns_file_write(path, bytes, error);
    fwrite(bytes.data, 1, bytes.size, cli->documents);
    return NS_OK;
}

static ns_code write_document(ns_sink *sink, ns_bytes bytes, ns_error *error)
{
    (void)error;
    fwrite(bytes.data, 1, bytes.size, sink->context);
    return NS_OK;
}

ns_code ns_cli_write_pieces(ns_cli *cli, const char *path,
                            ns_code (*give)(ns_sink *sink, void *context, ns_error *error), void *context,
                            ns_error *error)
{
    ns_sink sink = {.write = write_document, .context = cli->documents};
    return strcmp(path, "-") == 0 ? give(&sink, context, error)
                                  : ns_file_write_pieces(path, give, context, error);
}

ns_code ns_option_store(const ns_option *option, void *settings, const char *text, ns_arena *arena,
                        ns_error *error)
{
    void *field = (char *)settings + option->offset;
    char *end = NULL;
    int ok = 1;
    errno = 0;
    switch (option->kind) {
    case NS_OPTION_FLAG:
        *(bool *)field = true;
        break;
    case NS_OPTION_TEXT:
        *(const char **)field = text;
        break;
    case NS_OPTION_OUTPUT:
        *(const char **)field = text;
        return check_output(option, text, arena, error);
    case NS_OPTION_FOLDER:
        *(const char **)field = text;
        return check_folder(option, text, arena, error);
    case NS_OPTION_TEXT_LIST:
        return add_text(field, text, arena, error);
    case NS_OPTION_INTEGER: {
        int base = strncmp(text, "0x", 2) == 0 ? 16 : 10;
        long long value = strtoll(text, &end, base);
        if (errno || end == text || *end)
            return ns_fail(error, NS_ERROR_USAGE, "--%s takes a whole number, not '%s'", option->name, text);
        *(int64_t *)field = value;
        break;
    }
    case NS_OPTION_SIZE:
        return store_size(option, field, text, error);
    case NS_OPTION_REAL: {
        double value = strtod(text, &end);
        if (end == text || *end || !isfinite(value))
            return ns_fail(error, NS_ERROR_USAGE, "--%s takes a finite number, not '%s'", option->name, text);
        *(double *)field = value;
        break;
    }
    case NS_OPTION_CPU:
        *(unsigned *)field = ns_cpu_parse(text, &ok) & ns_cpu_detect();
        if (!ok)
            return ns_fail(error, NS_ERROR_USAGE,
                           "--%s takes 'all', 'none' or a list like 'avx2,avx512', not '%s'", option->name,
                           text);
        break;
    }
    return NS_OK;
}

/* "--inptu=1" is none of `longs`, or the beginning of several. */
static ns_code refuse_long(const char *word, const struct option *longs, const char *command, ns_error *error)
{
    char name[LONGEST_NAME + 1], several[256] = "";
    const char *nearest = NULL, *own = strncmp(word, "--", 2) == 0 ? word + 2 : word;
    int count = 0, best = -1;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(own, "="), own);
    for (const struct option *o = longs; o->name; o++) {
        const size_t used = strlen(several);
        const int distance = ns_word_distance(name, o->name);
        if (*name && strncmp(o->name, name, strlen(name)) == 0)
            snprintf(several + used, sizeof several - used, "%s--%s", count++ ? ", " : "", o->name);
        if (distance >= 0 && (best < 0 || distance < best)) {
            nearest = o->name;
            best = distance;
        }
    }
    if (count > 1)
        return ns_fail(error, NS_ERROR_USAGE, "option '%s' is ambiguous: %s", word, several);
    return ns_fail(error, NS_ERROR_USAGE, "unknown option '%s'%s%s%s (npuscope %s --help lists them)", word,
                   nearest ? "; did you mean --" : "", nearest ? nearest : "", nearest ? "?" : "", command);
}

/* The offending word of the command line, for the message. */
static ns_code refuse(int value, int argc, char **argv, const struct option *longs, ns_error *error)
{
    const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "?";
    if (value == ':')
        return ns_fail(error, NS_ERROR_USAGE, "option '%s' needs an argument", word);
    if (optopt > 0 && optopt < FIRST_LONG)
        return ns_fail(error, NS_ERROR_USAGE, "unknown option '-%c' (npuscope %s --help lists them)", optopt,
                       argv[0]);
    if (optopt >= FIRST_LONG)
        return ns_fail(error, NS_ERROR_USAGE, "option '%s' takes no argument", word);
    return refuse_long(word, longs, argv[0], error);
}

/* What getopt_long takes for long options: the `count` rows by their names, synonyms by the same values,
 * --help. */
static struct option *long_options(const ns_subcommand *subcommand, const ns_option *shared, int count,
                                   ns_arena *arena)
{
    struct option *longs = NS_ARENA_ARRAY(arena, (size_t)count + SYNONYM_COUNT + 2, struct option);
    bool own;
    int next = count;
    for (int i = 0; longs && i < count; i++) {
        const ns_option *option = row(subcommand, shared, i, &own);
        longs[i] = (struct option){option->name, option->argument ? required_argument : no_argument, NULL,
                                   FIRST_LONG + i};
        for (int k = 0; k < SYNONYM_COUNT; k++)
            if (strcmp(synonyms[k].name, option->name) == 0) {
                longs[next] = longs[i];
                longs[next++].name = synonyms[k].also;
            }
    }
    if (longs)
        longs[next] = (struct option){"help", no_argument, NULL, HELP_VALUE};
    return longs;
}

ns_code ns_options_parse(const ns_subcommand *subcommand, const ns_shared_options *shared, int argc,
                         char **argv, ns_arena *arena, void *settings, ns_parsed_options *out,
                         ns_error *error)
{
    const int count = row_count(subcommand, shared->rows);
    bool own;
    struct option *longs = long_options(subcommand, shared->rows, count, arena);
    char *letters = ns_arena_alloc(arena, 2 * (size_t)count + 3, 1);
    if (!longs || !letters)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the command line");
    char *next = letters;
    *next++ = ':';
    *next++ = HELP_VALUE;
    for (int i = 0; i < count; i++) {
        const ns_option *option = row(subcommand, shared->rows, i, &own);
        if (option->letter) {
            *next++ = option->letter;
            if (option->argument)
                *next++ = ':';
        }
    }

    opterr = 0;
    optind = 1;
    *out = (ns_parsed_options){0};
    for (int value; (value = getopt_long(argc, argv, letters, longs, NULL)) != -1;) {
        if (value == HELP_VALUE) {
            out->help = true;
            return NS_OK;
        }
        if (value == '?' || value == ':')
            return refuse(value, argc, argv, longs, error);
        int index = value - FIRST_LONG;
        if (index < 0)
            for (index = 0; row(subcommand, shared->rows, index, &own)->letter != value;)
                index++;
        const ns_option *option = row(subcommand, shared->rows, index, &own);
        NS_TRY(ns_option_store(option, own ? settings : shared->settings, optarg, arena, error));
        if (option->kind == NS_OPTION_OUTPUT && strcmp(optarg, "-") == 0) {
            if (out->to_stdout)
                return ns_fail(error, NS_ERROR_USAGE,
                               "two documents for standard output: --%s - is the second", option->name);
            out->to_stdout = true;
        }
    }
    out->first_operand = optind;
    int given = argc - optind;
    if (given > subcommand->operand_max)
        return ns_fail(error, NS_ERROR_USAGE, "unexpected operand '%s' (usage: npuscope %s [OPTION]...%s%s)",
                       argv[optind + subcommand->operand_max], argv[0], *subcommand->operands ? " " : "",
                       subcommand->operands);
    if (given < subcommand->operand_min)
        return ns_fail(error, NS_ERROR_USAGE, "an operand is missing (usage: npuscope %s [OPTION]... %s)",
                       argv[0], subcommand->operands);
    return NS_OK;
}

void ns_options_wrap(const char *text, int at, int indent, FILE *out)
{
    int lead = 0; /* spaces that the line begins with */
    for (bool fresh = true; *text; fresh = false) {
        if (text[0] == '\n' && (text[1] == '\n' || text[1] == ' ')) {
            fputs(text[1] == '\n' ? "\n\n" : "\n", out);
            text += text[1] == '\n' ? 2 : 1;
            lead = (int)strspn(text, " ");
            fresh = true;
            at = 0;
        }
        text += strspn(text, " \n");
        if (!*text)
            break;
        const int length = (int)strcspn(text, " \n");
        if (!fresh && at + 1 + length > COLUMNS) {
            fputs("\n", out);
            fresh = true;
            at = lead = 0;
        }
        const int gap = fresh ? (at < indent ? indent - at : 0) + lead : 1;
        fprintf(out, "%*s%.*s", gap, "", length, text);
        at += gap + length;
        text += length;
    }
    fputs("\n", out);
}

static void print_option(const ns_option *option, FILE *out)
{
    char left[80];
    char letter[8] = "    ";
    if (option->letter)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    int width = snprintf(left, sizeof left, "  %s--%s%s%s", letter, option->name, option->argument ? " " : "",
                         option->argument ? option->argument : "");
    fputs(left, out);
    if (width >= HELP_COLUMN) {
        fputc('\n', out);
        width = 0;
    }
    ns_options_wrap(option->help, width, HELP_COLUMN, out);
}

void ns_options_help(const char *name, const char *summary, const ns_subcommand *subcommand,
                     const ns_option *shared, FILE *out)
{
    fprintf(out, "Usage: npuscope %s [OPTION]...%s%s\n", name, *subcommand->operands ? " " : "",
            subcommand->operands);
    fprintf(out, "\n%c%s.\n", summary[0] - ('a' <= summary[0] && summary[0] <= 'z' ? 32 : 0), summary + 1);
    if (subcommand->details) {
        fputs("\n", out);
        ns_options_wrap(subcommand->details, 0, 0, out);
    }
    if (subcommand->details_end)
        subcommand->details_end(out);
    fprintf(out, "\nOptions:\n");
    bool own;
    for (int i = 0; i < row_count(subcommand, shared); i++)
        print_option(row(subcommand, shared, i, &own), out);
    static const ns_option help = {HELP_VALUE, "help", NS_OPTION_FLAG, NULL, 0, "show this text"};
    print_option(&help, out);
}
