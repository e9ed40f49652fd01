/* Supply: what there is to select from, and which names and patterns select what. */
#ifndef NS_CATALOGUE_SUPPLY_H
#define NS_CATALOGUE_SUPPLY_H

#include "base/bytes.h"
#include "catalogue/given.h"
#include "npuscope/suite.h"
#include "ops/cases.h"

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
