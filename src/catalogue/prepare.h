/* Prepare: a case's program, ready to be lowered. */
#ifndef NS_CATALOGUE_PREPARE_H
#define NS_CATALOGUE_PREPARE_H

#include "catalogue/select.h"

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
