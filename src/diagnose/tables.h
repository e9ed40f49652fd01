/* Tables: which function a TABLE's constant holds, told by its knots. */
#ifndef NS_DIAGNOSE_TABLES_H
#define NS_DIAGNOSE_TABLES_H

#include "diagnose/formulas.h"
#include "npuscope/arena.h"
#include "npuscope/tensor.h"

/* Fits `values` (513 int16 or 256 int8). Zero points are those of the stored input and output; NAN for the
 * output's: not known. */
ns_code ns_dg_table_new(const ns_tensor *values, double zero_in, double zero_out, ns_arena *arena,
                        ns_dg_table **out, ns_error *error);

/* "rsqrt", or NULL: nothing fits. */
const char *ns_dg_table_name(const ns_dg_table *table);

/* Has its function jumps? */
bool ns_dg_table_jumps(const ns_dg_table *table);

/* The ideal at a real code. */
double ns_dg_table_ideal(const ns_dg_table *table, double code);

#endif
