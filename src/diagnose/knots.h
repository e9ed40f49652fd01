/* Knots: a TABLE's constant as numbers, and straight lines between them.
 *
 * Knot i of an int16 table lies at code (i - 256) * 128 and holds round(f(code * s_in) / s_out), clamped; an
 * int8 table has an entry for each code. */
#ifndef NS_DIAGNOSE_KNOTS_H
#define NS_DIAGNOSE_KNOTS_H

#include <stdbool.h>
#include <stddef.h>

#include "npuscope/arena.h"
#include "npuscope/status.h"

enum { NS_DG_KNOTS = 513, NS_DG_CELLS = 4 /* of one segment */ };

/* T = b * f((code - zero_in) * 2^a) + zero_out; `negative` is b for codes below the zero point of BENT. */
typedef struct ns_dg_fit {
    int function; /* row of functions.def, or -1 */
    double a, b, negative, power;
    double residual; /* largest |knot - fit| in steps, over knots that are not clamped */
} ns_dg_fit;

/* How a segment is continued where no function is known. */
typedef struct ns_dg_segment {
    enum { NS_DG_STRAIGHT, NS_DG_POLYNOMIAL, NS_DG_POWER_LAW, NS_DG_EXPONENTIAL } kind;
    double at, value, c[4];
} ns_dg_segment;

enum { NS_DG_FITS = 8 };

typedef struct ns_dg_table {
    int knots;          /* 513 for int16, 256 for int8 */
    double first, step; /* code of knot 0, codes between knots */
    double low, high;   /* where knots are clamped */
    double zero_in, zero_out;
    bool zero_known; /* zero_out is: it stands in the graph, or a fit tells it */
    double values[NS_DG_KNOTS];
    ns_dg_fit fit; /* function < 0: nothing fits */
    int accepted_count;
    ns_dg_fit accepted[NS_DG_FITS]; /* all that fit, `fit` included, best first */
    ns_dg_segment *segments;        /* knots - 1 of them; NULL where a function is known */
    double *cells;                  /* cubics for speed (tables.h); NULL: none */
} ns_dg_table;

/* The code of knot `i`. */
static inline double ns_dg_knot_code(const ns_dg_table *table, int i)
{
    return table->first + i * table->step;
}

/* What straight lines between the knots give at a real code, held at the ends. */
double ns_dg_table_straight(const ns_dg_table *table, double code);

/* The knot index of the segment that holds `code`, within [0, knots - 2]. */
int ns_dg_table_segment(const ns_dg_table *table, double code);

/* Is knot `i` clamped: at an end of its type? */
bool ns_dg_table_clamped(const ns_dg_table *table, int i);

/* A table whose function is not known, continued from its own knots (continued.c). */

/* Chooses how each segment goes on; the segments lie in `arena`. */
ns_code ns_dg_table_continue(ns_dg_table *table, ns_arena *arena, ns_error *error);
double ns_dg_table_continued(const ns_dg_table *table, double code);

#endif
