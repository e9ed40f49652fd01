/* Select: from options to rows. */
#ifndef NS_CATALOGUE_SELECT_H
#define NS_CATALOGUE_SELECT_H

#include "catalogue/target.h"
#include "npuscope/suite.h"
#include "ops/cases.h"
#include "recorded/files.h"

/* Of the catalogue, or a case of one's own. */
typedef struct ns_suite_row {
    const ns_aten_operator *operator; /* the catalogue's; NULL: a case of one's own */
    const ns_catalogue_case *case_;
    const ns_suite_target *target;
    ns_suite_settings settings;
    const ns_case_files *files; /* a case of one's own; NULL: the catalogue's */
    const char *op;             /* what it is of */
    bool stream;                /* it is compiled already */
} ns_suite_row;

static inline const char *ns_suite_row_op(const ns_suite_row *row)
{
    return row->files ? row->op : row->operator->name;
}

static inline const char *ns_suite_row_case(const ns_suite_row *row)
{
    return row->files ? row->files->name : row->case_->name;
}

typedef struct ns_suite_selection {
    const char *catalogue; /* whose cases there are: "seed"; "": none but one's own */
    unsigned stages;       /* bit 1 << NS_STAGE_... */
    int count;             /* > 0 */
    ns_suite_row *rows;
} ns_suite_selection;

/* The rows that `options` select, in the order of the catalogue: operator, case, target; then cases of one's
 * own, in the order of their places. Errors as for ns_suite_list. */
ns_code ns_suite_select(const ns_suite_options *options, ns_arena *arena, ns_suite_selection *selection,
                        ns_error *error);

#endif
