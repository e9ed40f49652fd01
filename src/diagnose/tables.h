/* Tables: which function a TABLE's constant holds, told by its knots. */
#ifndef NS_DIAGNOSE_TABLES_H
#define NS_DIAGNOSE_TABLES_H

#include "diagnose/knots.h"
#include "npuscope/arena.h"
#include "npuscope/tensor.h"

/* Fits `values` (513 int16 or 256 int8). Zero points are those of the stored input and output. */
ns_code ns_dg_table_new(const ns_tensor *values, double zero_in, double zero_out, ns_arena *arena,
                        ns_dg_table **out, ns_error *error);

/* "rsqrt", or NULL: nothing fits. */
const char *ns_dg_table_name(const ns_dg_table *table);

/* Has its function jumps? */
bool ns_dg_table_jumps(const ns_dg_table *table);

/* The ideal at a real code. */
double ns_dg_table_ideal(const ns_dg_table *table, double code);

/* One fit at a code; NAN outside the function's domain. */
double ns_dg_fit_at(const ns_dg_table *table, const ns_dg_fit *fit, double code);

#endif
