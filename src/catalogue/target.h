/* Targets: the names by which a row says what it is lowered and compiled for. */
#ifndef NS_CATALOGUE_TARGET_H
#define NS_CATALOGUE_TARGET_H

#include "ir/target.h"
#include "npuscope/suite.h"

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

#endif
