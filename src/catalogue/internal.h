/* What the files of catalogue give each other. */
#ifndef NS_CATALOGUE_INTERNAL_H
#define NS_CATALOGUE_INTERNAL_H

#include "base/bytes.h"
#include "ir/target.h"
#include "npuscope/suite.h"
#include "ops/cases.h"
#include "recorded/interface.h"

/* ---- target.c ---- */

/* Targets: the names by which a row says what it is lowered and compiled for. */

typedef struct ns_suite_target {
    const char *name; /* "u55"; with a memory mode "ethos-u55-128:Sram_Only" */
    ns_target target;
    const char *accelerator; /* "ethos-u55-128" */
    const char *flags;       /* Vela's options beside the usual ones; NULL: none */
} ns_suite_target;

extern const ns_suite_target ns_suite_targets[];
extern const int ns_suite_target_count;

/* The target of this name, or NULL. */
const ns_suite_target *ns_suite_target_find(const char *name);

/* The targets that `options` select, each once, with Vela's options in place. */
ns_code ns_suite_targets_find(const ns_suite_options *options, ns_arena *arena,
                              const ns_suite_target ***targets, int *count, ns_error *error);

/* ---- given.c ---- */

/* Given: cases of one's own beside the catalogue. */

typedef struct ns_given_case {
    ns_case_files files;
    const char *op; /* what it is of */
    ns_recorded_settings settings;
    const ns_suite_target *target; /* the one that it names; NULL: it names none, or a board */
    bool stream;                   /* compiled already: one row, whose accelerator the stream tells */
} ns_given_case;

/* The cases of several folders and zip files, in their order. What is wrong with one of them is its row's to
 * say (files.problem); NS_ERROR_INPUT where a path holds none, NS_ERROR_IO where it cannot be read. */
ns_code ns_given_find(int path_count, const char *const *paths, ns_arena *arena, const ns_given_case **out,
                      int *count, ns_error *error);

/* ---- supply.c ---- */

/* Supply: what there is to select from, and which names and patterns select what. */

/* What there is to select from. */
typedef struct ns_supply {
    bool catalogue; /* the cases of `list` */
    ns_case_list list;
    int given_count;
    const ns_given_case *given;
} ns_supply;

/* Reads the places of cases of one's own. They stand alone unless a catalogue is asked for beside them. */
ns_code ns_supply_find(const ns_suite_options *options, ns_arena *arena, ns_supply *s, ns_error *error);

/* Every operator, family and case that is asked for must exist: NS_ERROR_USAGE lists what there is. */
ns_code ns_supply_check(const ns_supply *s, const ns_suite_options *options, ns_arena *arena,
                        ns_error *error);

/* Whether a name, or a pattern as fnmatch takes it, is `name`; of several, whether one is (of none: yes). */
bool ns_supply_matches(const char *pattern, const char *name);
bool ns_supply_wants(const char *name, int count, const char *const *patterns);

/* Whether the operator is selected by name and family. `op` NULL: npuscope has none of that name. */
bool ns_supply_wants_operator(const ns_suite_options *options, const char *name, const ns_aten_operator *op);

/* How many of the first operators a selection concerns: all, or without any choice the short list. */
int ns_supply_operators(const ns_suite_options *options);

/* For messages: adds an entry to a comma-separated list; "unknown case 'x'; there are: ..". */
void ns_supply_append(ns_buffer *known, const char *text);
ns_code ns_supply_unknown(const char *what, const char *name, ns_buffer *known, ns_error *error);

#endif
