/* Options: one table per subcommand drives parsing, --help and the man page. */
#ifndef NS_CLI_OPTIONS_H
#define NS_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/bytes.h"
#include "npuscope/arena.h"
#include "npuscope/status.h"

/* What an option's field in the settings struct is:
 *   FLAG bool; TEXT const char *; OUTPUT const char *, a file to be written: that it can be is looked at
 * before the work, "-" is standard output; FOLDER the same, a folder to be made or written to; TEXT_LIST
 * ns_text_list (the option may be repeated); INTEGER int64_t (decimal or 0x hexadecimal); SIZE uint64_t above
 * 0, K, M, G or T behind it for powers of 1024; REAL double (finite); CPU unsigned, a mask of npuscope/cpu.h.
 * Fields keep their value when the option is absent: a subcommand presets its defaults. */
typedef enum ns_option_kind {
    NS_OPTION_FLAG,
    NS_OPTION_TEXT,
    NS_OPTION_TEXT_LIST,
    NS_OPTION_OUTPUT,
    NS_OPTION_FOLDER,
    NS_OPTION_INTEGER,
    NS_OPTION_SIZE,
    NS_OPTION_REAL,
    NS_OPTION_CPU,
} ns_option_kind;

typedef struct ns_text_list {
    int count;
    const char **values;
} ns_text_list;

typedef struct ns_option {
    char letter;      /* 'i' for -i; 0: no short form */
    const char *name; /* "input" for --input; NULL ends the table */
    ns_option_kind kind;
    const char *argument; /* how help names the argument: "FILE"; NULL for a flag */
    size_t offset;        /* of the field in the settings struct */
    const char *help;     /* lower case, no full stop */
} ns_option;

/* What every subcommand is given. Results go to `out`, everything else to stderr. */
typedef struct ns_cli {
    FILE *out;
    FILE *documents;   /* what "-" of an OUTPUT option is written to; `out` then goes nowhere */
    ns_budget *budget; /* of all that files ask for */
    ns_arena *arena;   /* within the budget; lives as long as the process's work */
    bool colour;       /* stdout is a terminal and NO_COLOR is not set */
    size_t columns;    /* of stdout where that is a terminal; 0: it is none, and nothing is left out */
    bool progress;     /* stderr is a terminal */
    const char *self;  /* argv[0] */
} ns_cli;

typedef struct ns_subcommand {
    const char *operands; /* "MODEL"; "" when it takes none */
    int operand_min, operand_max;
    const char *details;            /* paragraphs under the usage line of --help (ns_options_wrap) */
    void (*details_end)(FILE *out); /* prints what follows them; NULL: nothing */
    const ns_option *options;
    bool unlimited; /* reads nothing that could ask for much: takes no limits (budget.h) */
    size_t settings_size;
    void (*preset)(void *settings); /* fills in defaults; NULL: all zero */
    /* Does the work. NS_ERROR_MISMATCH with an empty message: the result is already on stdout. */
    ns_code (*run)(ns_cli *cli, void *settings, int operand_count, char **operands, ns_error *error);
} ns_subcommand;

/* Rows that subcommands share, and the settings that they fill in. A subcommand's own option of the same name
 * stands in place of a shared one. */
typedef struct ns_shared_options {
    const ns_option *rows; /* NULL: none */
    void *settings;
} ns_shared_options;

/* Stores `text`, the value of an option, in its field. NS_ERROR_USAGE names the option and what it takes. */
ns_code ns_option_store(const ns_option *option, void *settings, const char *text, ns_arena *arena,
                        ns_error *error);

typedef struct ns_parsed_options {
    int first_operand; /* index in argv */
    bool help;         /* --help was given; nothing else is then checked */
    bool to_stdout;    /* an OUTPUT is "-" */
} ns_parsed_options;

/* Parses argv[0] (the subcommand's name) and what follows into `settings`. Operands are moved to the end.
 * NS_ERROR_USAGE names the option and what was expected. */
ns_code ns_options_parse(const ns_subcommand *subcommand, const ns_shared_options *shared, int argc,
                         char **argv, ns_arena *arena, void *settings, ns_parsed_options *out,
                         ns_error *error);

/* Writes a document to the file that an OUTPUT option named. */
ns_code ns_cli_write(ns_cli *cli, const char *path, ns_bytes bytes, ns_error *error);

/* The same of one that is written piece by piece (ns_file_write_pieces). */
ns_code ns_cli_write_pieces(ns_cli *cli, const char *path,
                            ns_code (*give)(ns_sink *sink, void *context, ns_error *error), void *context,
                            ns_error *error);

/* ---- terminal.c ---- */

/* Columns of the terminal that a file descriptor is: COLUMNS, its own size or 80; 0: it is none. */
size_t ns_cli_columns(int descriptor);

/* A message on stderr, a line of its own; on a terminal within its columns. */
void ns_cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A warning of the library, on stderr: a callback for its options. */
void ns_cli_warn(void *context, const char *text);

/* Progress of long work: a line on stderr that the next one is written over, with bar, count, rate and time
 * left. On a terminal only, from half a second after the begin. */
typedef struct ns_progress {
    bool shows;
    double start, last; /* seconds */
} ns_progress;

void ns_progress_begin(ns_progress *progress, const ns_cli *cli);
void ns_progress_show(ns_progress *progress, int64_t done, int64_t total, const char *what);
void ns_progress_end(ns_progress *progress); /* takes the line away */

/* What ns_vela_options calls, with an ns_progress. */
void ns_progress_compiled(void *context, int done, int count);

/* ---- options.c ---- */

/* Prints `text` in lines of less than 80 columns, each indented by `indent`; the first begins at column `at`.
 * A line of `text` that begins with a space stands alone, and an empty one ends a paragraph; others run on.
 */
void ns_options_wrap(const char *text, int at, int indent, FILE *out);

/* Prints what `npuscope <name> --help` shows. */
void ns_options_help(const char *name, const char *summary, const ns_subcommand *subcommand,
                     const ns_option *shared, FILE *out);

#endif
