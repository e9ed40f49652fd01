/* Unary table: operators of one operand that ExecuTorch lowers to a TABLE of 513 entries and a RESCALE. */
#ifndef NS_OPS_FAMILIES_TABLE_H
#define NS_OPS_FAMILIES_TABLE_H

#include <mpfr.h>

#include "lower/interface.h"
#include "ops/cases.h"
#include "ops/families/elementwise.h"

/* What the family needs of its operator. */
typedef struct ns_table {
    double (*real)(const ns_aten_node *node,
                   double x);                      /* the real function, rounded to double; NULL: `mpfr` */
    ns_table_function float32;                     /* as PyTorch computes it on float32 */
    int (*mpfr)(mpfr_t, const mpfr_t, mpfr_rnd_t); /* the real function, where it is one of MPFR's */
    double slope;                                  /* the largest |f'|, for ns_table_bound_slope */
} ns_table;

/* All hooks but `bound`, and the attributes; `table` is a const ns_table *. */
#define NS_TABLE_FAMILY(table)                                                                            \
    .family = (table), .infer = ns_infer_same, .exact = ns_table_exact, .float32 = ns_table_float32,      \
    .annotation = NS_ANNOTATION_OWN, .supported = ns_supported_always, .lower = ns_table_lower,           \
    .reads = ns_lowering_reads_as_written, .terms = ns_terms_elementwise, .term_kind = NS_TERMS_FUNCTION, \
    .sweepable = true

/* f(x) correctly rounded by MPFR. */
double ns_mpfr_round(int (*f)(mpfr_t, const mpfr_t, mpfr_rnd_t), double x);

/* The real function of a node of the family. */
double ns_table_real(const ns_aten_node *node, double x);

/* `bound` of a function that rises everywhere where it is defined, or falls everywhere: the ends of the
 * operand's interval are the farthest. Infinite where one of them has no finite value. */
double ns_table_bound_monotone(const ns_aten_program *program, const ns_aten_node *node, const ns_term *term,
                               const double *values, const double *bounds);

/* `bound` of a function whose slope has a limit. */
double ns_table_bound_slope(const ns_aten_program *program, const ns_aten_node *node, const ns_term *term,
                            const double *values, const double *bounds);

ns_code ns_table_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                       ns_error *error);
/* PyTorch's float32 function of every element. */
ns_code ns_table_float32(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                         ns_error *error);
ns_code ns_table_lower(ns_lowering *lowering, int node, ns_error *error);

/* ---- cases ---- */

/* Shape and data of the one input, and the arguments of the call. */
typedef struct ns_unary_case {
    int rank;
    int64_t shape[NS_MAX_RANK];
    ns_case_data data;
    const ns_aten_argument *arguments; /* NULL: none */
} ns_unary_case;

/* Parameters of a case: distribution, offset and gain of its data, rank and dims of its input; the second
 * takes the call's arguments first. */
#define NS_UNARY(distribution, offset, gain, rank, ...) \
    (&(const ns_unary_case){(rank), {__VA_ARGS__}, {(distribution), (offset), (gain)}, NULL})
#define NS_UNARY_WITH(arguments, distribution, offset, gain, rank, ...) \
    (&(const ns_unary_case){(rank), {__VA_ARGS__}, {(distribution), (offset), (gain)}, (arguments)})

ns_code ns_unary_build(const ns_aten_operator *op, const void *parameters, ns_case_maker *maker,
                       ns_error *error);

#endif
