/* Targets: the names by which a row says what it is lowered and compiled for. */
#ifndef NS_CATALOGUE_TARGET_H
#define NS_CATALOGUE_TARGET_H

#include "ir/target.h"

typedef struct ns_suite_target {
    const char *name; /* "u55" */
    ns_target target;
    const char *accelerator; /* "ethos-u55-128" */
} ns_suite_target;

extern const ns_suite_target ns_suite_targets[];
extern const int ns_suite_target_count;

/* The target of this name, or NULL. */
const ns_suite_target *ns_suite_target_find(const char *name);

#endif
