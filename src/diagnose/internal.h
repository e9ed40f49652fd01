/* What the files of diagnose give each other. */
#ifndef NS_DIAGNOSE_INTERNAL_H
#define NS_DIAGNOSE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "diagnose/call.h"
#include "diagnose/plan.h"
#include "npuscope/arena.h"
#include "npuscope/diagnose.h"
#include "npuscope/status.h"
#include "npuscope/tensor.h"

/* Is the finding that TOSA has no result (limits.c)? */
static inline bool ns_dg_is_undefined(const ns_diagnose_precision *precision)
{
    const ns_diagnose_cause cause =
        precision->blame_count ? precision->blame[0].cause : NS_DIAGNOSE_CAUSE_UNKNOWN;
    return cause == NS_DIAGNOSE_CAUSE_OVERFLOW || cause == NS_DIAGNOSE_CAUSE_STEEP ||
           (cause == NS_DIAGNOSE_CAUSE_SHIFT_RANGE && precision->verdict == NS_DIAGNOSE_OPERATOR);
}

/* ---- apply_scale.c ---- */

/* Apply scale: a stored tensor gets another scale in the graph itself, and what reads it takes it back. */

/* A graph that is being changed. New constants stand behind all operators until the caller moves them. */
typedef struct ns_dg_rescaling {
    ns_graph *graph; /* NULL: nothing is changed, only asked */
    const ns_dg_plan *plan;
} ns_dg_rescaling;

/* What reads `tensor` is given codes that are 1 / factor of what they were, and computes as before:
 * multipliers of RESCALEs, biases, bounds of CLAMPs and knots of TABLEs take the factor in. False: something
 * reads it that cannot (an ADD without a RESCALE, an output of the graph, a zero point). */
ns_code ns_dg_rescale_readers(const ns_dg_rescaling *r, int tensor, double factor, bool *can,
                              ns_error *error);

/* What the RESCALE or TABLE `index` stores is `factor` times as large. */
ns_code ns_dg_rescale_writer(const ns_dg_rescaling *r, int index, double factor, bool *can, ns_error *error);

/* A RESCALE, `index`, is given codes that are 1 / factor of what they were. */
ns_code ns_dg_rescale_reader(const ns_dg_rescaling *r, int index, double factor, bool *can, ns_error *error);

/* Operator `index` reads a new constant in place of operand `operand`. */
ns_code ns_dg_replace_operand(const ns_dg_rescaling *r, int index, int operand, const ns_tensor *value,
                              ns_error *error);

/* Can a stage store its result in another scale, and what reads it take that back? */
ns_code ns_dg_can_rescale(const ns_dg_plan *plan, const ns_dg_node *node, bool *can, ns_error *error);

/* ---- apply_wide.c ---- */

/* The stage's result is stored in int32 too, 2^bits times finer, for those readers that are RESCALEs (data
 * movement may stand between), and these take the factor back. *can: there is one. The graph may be NULL. */
ns_code ns_dg_keep_wide(const ns_dg_rescaling *r, const ns_dg_node *node, int bits, bool *can,
                        ns_error *error);

/* ---- apply_write.c ---- */

/* Stored tensors that have another scale already. */
typedef struct ns_dg_scaled {
    const char **names;
    int count;
    bool together; /* mends are judged together, not one by one */
} ns_dg_scaled;

/* A mend at work: on a copy of the graph, with the copy's own plan. */
typedef struct ns_dg_mending {
    ns_graph *graph;
    const ns_dg_plan *plan;
    const ns_diagnose_precision *precision; /* of the graph that was diagnosed */
    const ns_dg_scaled *before;
    const char *scales;             /* the tensor to which it gives another scale; NULL: none */
    const ns_diagnose_stage *stage; /* of the graph that was diagnosed */
    const ns_diagnose_blame *blame;
    ns_arena *arena;
    const ns_diagnose_options *options; /* the inputs */
    /* What is mended: what the stage is blamed for, the constant that it reads, what stands between it and
     * its readers, or the order of the operators around it. */
    enum { NS_DG_MEND_CAUSE, NS_DG_MEND_CONSTANT, NS_DG_MEND_KEEP, NS_DG_MEND_ORDER } what;
    int attempt;      /* counted from 0 */
    bool more;        /* another attempt would do something else */
    const char *done; /* what was written; NULL: nothing */
    ns_error *error;
} ns_dg_mending;

/* ---- apply_table.c ---- */

/* Operators stand in the order in which they run: those from `first` on move before `place`. */
ns_code ns_dg_move_before(ns_block *block, int first, int place, ns_error *error);

/* Puts all into an order in which they can run, the one that they have as far as it goes; false: there is
 * none. */
ns_code ns_dg_sort_operators(ns_block *block, bool *can, ns_error *error);

/* A graph of the same operators, within the same budget. */
ns_code ns_dg_copy_graph(const ns_graph *graph, ns_graph **copy, ns_error *error);

/* Gives the TABLE at `index` knots over codes up to `most`, with a RESCALE in front. */
ns_code ns_dg_apply_table(ns_graph *graph, int index, const struct ns_dg_table *table, double most,
                          ns_error *error);

/* Tables for the codes near 0 beside the one at `index`, 2^bits finer, and SELECTs; bits of 0: no more. */
enum { NS_DG_SPLITS = 2 };
ns_code ns_dg_apply_split(ns_graph *graph, int index, const struct ns_dg_table *table, const int *bits,
                          ns_error *error);

/* The bits that bring straight lines nearest to the function on the codes in use. */
void ns_dg_choose_split(const struct ns_dg_table *table, const ns_diagnose_curve *curve, int *bits);

/* Writes the mend of the stage's cause, or of the constant that it reads, into the graph; `done` says what.
 * What cannot be written is left: NS_OK. */
ns_code ns_dg_write_mend(ns_dg_mending *m);

/* ---- evaluate.c ---- */

/* Evaluate: one evaluator in doubles for what TOSA says, for the ideal, and for everything between. */

/* NS_ERROR_MEMORY. `worker` must be closed whatever is returned. */
ns_code ns_dg_worker_open(ns_dg_worker *worker, const ns_dg_plan *plan, ns_error *error);
void ns_dg_worker_close(ns_dg_worker *worker);

bool ns_dg_can_evaluate(ns_op op);

/* Has the operator jumps, where a real-valued self means little? */
bool ns_dg_jumps(ns_op op);

/* Evaluates a stage; `read` gives the values of its sources. The caller gives the array
 * of the result back. */
typedef ns_dg_value (*ns_dg_read)(void *context, int node);
ns_code ns_dg_evaluate_stage(ns_dg_worker *worker, int node, unsigned mode, ns_dg_read read, void *context,
                             ns_dg_value *out, ns_error *error);

/* The value of `tensor` while the stage is evaluated just before operator `until` of the block runs (or the
 * stage's end): for looking inside. Like ns_dg_evaluate_stage. */
ns_code ns_dg_evaluate_inside(ns_dg_worker *worker, int node, int tensor, unsigned mode, ns_dg_read read,
                              void *context, ns_dg_value *out, ns_error *error);

/* ---- knots.c ---- */

/* Knots: a TABLE's constant as numbers, and straight lines between them.
 *
 * Knot i of an int16 table lies at code (i - 256) * 128 and holds round(f(code * s_in) / s_out), clamped; an
 * int8 table has an entry for each code. */

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
    bool named;    /* several functions fit, and the constant's name says which */
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

/* Formulas: the functions that a table may hold (functions.def), and a fit of one at a code. */

/* How a formula's scales are found: functions.def says what each means. */
typedef enum ns_dg_fit_kind {
    NS_DG_FIT_POWER,
    NS_DG_FIT_LOG,
    NS_DG_FIT_SCALE,
    NS_DG_FIT_PERIODIC,
    NS_DG_FIT_BENT,
    NS_DG_FIT_POW
} ns_dg_fit_kind;

typedef enum ns_dg_domain { NS_DG_ALL, NS_DG_POSITIVE, NS_DG_NONZERO } ns_dg_domain;

typedef struct ns_dg_formula {
    const char *name;
    double (*f)(double);
    ns_dg_fit_kind kind;
    ns_dg_domain domain;
} ns_dg_formula;

/* The formula at `index`; NULL past the last. */
const ns_dg_formula *ns_dg_formula_get(int index);

/* Is the formula defined at `c`, a code less the zero point? */
bool ns_dg_formula_covers(const ns_dg_formula *formula, double c);

/* A fit of `table` at a code; NAN outside the formula's domain. */
double ns_dg_fit_at(const ns_dg_table *table, const ns_dg_fit *fit, double code);

/* What a fit tells of the scales. */
ns_diagnose_table ns_dg_fit_scales(const ns_dg_fit *fit);

/* ---- fit_search.c ---- */

/* Fit search: the scales with which a formula comes nearest to a table's knots. */

/* What a fit looks at: knots in the formula's domain that are not clamped. */
typedef struct ns_dg_fit_knots {
    int count;
    bool free_offset; /* the output's zero point is not known: it is fitted too */
    double offset;    /* that of the last fit */
    double c[NS_DG_KNOTS], t[NS_DG_KNOTS], v[NS_DG_KNOTS]; /* codes, values, formula's values */
} ns_dg_fit_knots;

/* The knots of `table` for `f`; the last one only where `with_last`. */
void ns_dg_fit_choose(const ns_dg_table *table, const ns_dg_formula *f, bool with_last, ns_dg_fit_knots *k);

/* Largest less smallest value. */
double ns_dg_fit_range(const ns_dg_fit_knots *k);

/* Sum of squares with the best b (BENT: one for each side) at the scale 2^a; INFINITY where f is not finite.
 */
double ns_dg_fit_squares(const ns_dg_formula *f, double a, ns_dg_fit_knots *k, double *b, double *negative);

/* The scale of the input, over a grid and then by golden section; false where it comes near nowhere. Over a
 * few knots first, or `thorough`: over all, for a function that shows in three knots beside a clamp. */
bool ns_dg_fit_search(const ns_dg_formula *f, ns_dg_fit_knots *all, bool thorough, double *a);

/* What is made of it (fits.c). */

/* Fills table->accepted: all that fit, best first. Without the last knot where it is one code short. */
void ns_dg_fit_all(ns_dg_table *table, bool with_last);

/* The output's zero point where nothing around the table tells it: the offset with which a formula fits best.
 * False: none fits, those that fit differ, or it is a logarithm, whose offset is its scale as well. */
bool ns_dg_fit_zero(const ns_dg_table *table, double *zero);

/* ---- tables.c ---- */

/* Tables: which function a TABLE's constant holds, told by its knots. */

/* Fits `values` (513 int16 or 256 int8); `name` is the constant's, or NULL. Zero points are those of the
 * stored input and output; NAN for the output's: not known. */
ns_code ns_dg_table_new(const ns_tensor *values, const char *name, double zero_in, double zero_out,
                        ns_arena *arena, ns_dg_table **out, ns_error *error);

/* "rsqrt", or NULL: nothing fits. */
const char *ns_dg_table_name(const ns_dg_table *table);

/* Has its function jumps? */
bool ns_dg_table_jumps(const ns_dg_table *table);

/* The ideal at a real code. */
double ns_dg_table_ideal(const ns_dg_table *table, double code);

#endif
