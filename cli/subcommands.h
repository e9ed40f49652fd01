/* Subcommands: all of them, in the order of subcommands.def. */
#ifndef NS_CLI_SUBCOMMANDS_H
#define NS_CLI_SUBCOMMANDS_H

#include "options.h"

typedef struct ns_subcommand_entry {
    char name[16]; /* as it is typed: "vela-diff" */
    const char *summary;
    const ns_subcommand *subcommand;
} ns_subcommand_entry;

/* Entry `index`, from 0; false behind the last. */
bool ns_subcommand_at(int index, ns_subcommand_entry *out);

/* The entry that is typed `name`; false when there is none. */
bool ns_subcommand_find(const char *name, ns_subcommand_entry *out);

/* The options that `subcommand` takes beside its own; NULL: none. */
const ns_option *ns_subcommand_shared(const ns_subcommand *subcommand);

#endif
