/* What catalogue gives the rooms above it. */
#ifndef NS_CATALOGUE_INTERFACE_H
#define NS_CATALOGUE_INTERFACE_H

#include "catalogue/internal.h"
#include "npuscope/suite.h"
#include "ops/cases.h"
#include "recorded/interface.h"

/* ---- select.c ---- */

/* Select: from options to rows. */

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

/* ---- prepare.c ---- */

/* Prepare: a case's program, ready to be lowered. */

/* The names of one row. */
typedef struct ns_suite_row_name {
    const char *catalogue; /* NULL: "seed" */
    const char *op, *name, *target;
    double epsilon;  /* NaN: the case's own */
    int per_channel; /* negative: the case's own; 0 or 1 */
} ns_suite_row_name;

/* The one row of a catalogue case for a target. Errors as for ns_suite_list. */
ns_code ns_suite_find_row(const ns_suite_row_name *name, ns_arena *arena, const ns_suite_row **row,
                          ns_error *error);

/* The case's program, decomposed, with the scales that its own data give. *inputs, if wanted, are the
 * data. */
ns_code ns_suite_quantise_row(const ns_suite_row *row, uint64_t seed, ns_arena *arena,
                              ns_aten_program **program, ns_tensor **inputs, ns_error *error);

#endif
