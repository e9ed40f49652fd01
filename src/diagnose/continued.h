/* Continued: a table whose function is not known, continued from its own knots. */
#ifndef NS_DIAGNOSE_CONTINUED_H
#define NS_DIAGNOSE_CONTINUED_H

#include "diagnose/knots.h"
#include "npuscope/arena.h"
#include "npuscope/status.h"

/* Chooses how each segment goes on; the segments lie in `arena`. */
ns_code ns_dg_table_continue(ns_dg_table *table, ns_arena *arena, ns_error *error);
double ns_dg_table_continued(const ns_dg_table *table, double code);

#endif
