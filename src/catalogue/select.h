/* Select: from options to rows. */
#ifndef NS_CATALOGUE_SELECT_H
#define NS_CATALOGUE_SELECT_H

#include "catalogue/target.h"
#include "npuscope/suite.h"
#include "ops/cases.h"

typedef struct ns_suite_row {
    const ns_aten_operator *operator;
    const ns_catalogue_case *case_;
    const ns_suite_target *target;
    ns_suite_settings settings;
} ns_suite_row;

typedef struct ns_suite_selection {
    ns_case_list list;
    unsigned stages; /* bit 1 << NS_STAGE_... */
    int count;       /* > 0 */
    ns_suite_row *rows;
} ns_suite_selection;

/* The rows that `options` select, in the order of the catalogue: operator, case, target. Errors as for
 * ns_suite_list. */
ns_code ns_suite_select(const ns_suite_options *options, ns_arena *arena, ns_suite_selection *selection,
                        ns_error *error);

#endif
