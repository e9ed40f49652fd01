/* Rows of option tables that several subcommands have: the same name, the same meaning, the same words.
 * OPTION(field) must be the offset in the subcommand's own settings. */
#ifndef NS_CLI_ROWS_H
#define NS_CLI_ROWS_H

#include "npuscope/suite.h"
#include "options.h"

#define NS_ROW_TARGETS(field)                                                                         \
    {                                                                                                 \
        0, "target", NS_OPTION_TEXT_LIST, "T", OPTION(field),                                         \
            "u55, u65, u85, an accelerator such as ethos-u55-256, or all of these;\nmay be repeated " \
            "(default: u55 and u85)"                                                                  \
    }
#define NS_ROW_OPS(field)                                                        \
    {                                                                            \
        0, "op", NS_OPTION_TEXT_LIST, "NAME", OPTION(field),                     \
            "only this operator; a pattern such as 'conv*' too; may be repeated" \
    }
#define NS_ROW_FAMILIES(field)                                                                               \
    {                                                                                                        \
        0, "family", NS_OPTION_TEXT_LIST, "NAME", OPTION(field),                                             \
            "only operators of this family: unary, binary, compare, reduce,\nproduct, pool, move, composite" \
    }
#define NS_ROW_CASES(field)                                        \
    {                                                              \
        0, "case", NS_OPTION_TEXT_LIST, "NAME", OPTION(field),     \
            "only cases of this name, or pattern; may be repeated" \
    }
#define NS_ROW_CATALOGUE_OR(field, more)                                                    \
    {                                                                                       \
        0, "catalogue", NS_OPTION_TEXT, "NAME", OPTION(field),                              \
            "seed (default), or executorch: the a16w8 cases of ExecuTorch's own tests" more \
    }
#define NS_ROW_CATALOGUE(field) NS_ROW_CATALOGUE_OR(field, "")
#define NS_ROW_SEED(field)                                                                 \
    {                                                                                      \
        0, "seed", NS_OPTION_INTEGER, "N", OPTION(field), "of the random data (default 0)" \
    }
#define NS_ROW_EPSILON(field)                                    \
    {                                                            \
        0, "epsilon", NS_OPTION_REAL, "X", OPTION(field),        \
            "least scale of an activation (default: the case's)" \
    }
#define NS_ROW_WEIGHTS(field)                                        \
    {                                                                \
        0, "weights", NS_OPTION_TEXT, "MODE", OPTION(field),         \
            "per-channel or per-tensor scales (default: the case's)" \
    }
#define NS_ROW_VELA(field)                                                                            \
    {                                                                                                 \
        0, "vela", NS_OPTION_TEXT, "PATH", OPTION(field),                                             \
            "a vela script, a Python interpreter or a virtual environment\n(default: NPUSCOPE_VELA, " \
            "beside the program, PATH)"                                                               \
    }
#define NS_ROW_JSON(field)                                                     \
    {                                                                          \
        0, "json", NS_OPTION_OUTPUT, "FILE", OPTION(field),                    \
            "also write the results as JSON; -: only that, on standard output" \
    }
#define NS_ROW_HTML(field)                                      \
    {                                                           \
        0, "html", NS_OPTION_OUTPUT, "FILE", OPTION(field),     \
            "also write the results as one self-contained page" \
    }
#define NS_ROW_SHARD(field)                                                                           \
    {                                                                                                 \
        0, "shard", NS_OPTION_TEXT, "I/N", OPTION(field),                                             \
            "only part I (0 to N - 1) of N, the same on every machine; npuscope\nhistory merge puts " \
            "the parts' JSON together"                                                                \
    }
#define NS_ROW_CPU(field)                                         \
    {                                                             \
        0, "cpu", NS_OPTION_CPU, "LIST", OPTION(field),           \
            "instruction sets to use, none or all (default: all)" \
    }

/* What NS_ROW_SHARD took; NULL: one part. NS_ERROR_USAGE where it is no part of several. */
ns_code ns_row_shard(const char *text, int *shard, int *shards, ns_error *error);

/* What selects rows of the catalogue: NS_ROW_TARGETS, OPS, CASES, CATALOGUE, SEED and SHARD. */
typedef struct ns_row_selection {
    ns_text_list targets, ops, families, cases;
    const char *catalogue, *shard;
    int64_t seed;
} ns_row_selection;

/* ns_suite_defaults with that selection. NS_ERROR_USAGE for a negative seed. */
ns_code ns_row_select(const ns_row_selection *selection, ns_suite_options *suite, ns_error *error);

/* The seed that NS_ROW_SEED took. NS_ERROR_USAGE where it is negative. */
ns_code ns_row_seed(int64_t value, uint64_t *seed, ns_error *error);

/* NS_ERROR_USAGE where an option's seconds are below 0. */
ns_code ns_row_seconds(const char *option, double seconds, ns_error *error);

/* What NS_ROW_WEIGHTS took: 1 per channel, 0 per tensor, negative: the case's own (NULL). */
ns_code ns_row_weights(const char *text, int *per_channel, ns_error *error);

#endif
