/* Families of arithmetic, element by element: two operands, comparisons, clamps, tables. */
#ifndef NS_OPS_FAMILIES_ARITHMETIC_H
#define NS_OPS_FAMILIES_ARITHMETIC_H

#include <mpfr.h>

#include "ir/operator.h"
#include "lower/interface.h"
#include "lower/lowering.h"
#include "ops/cases.h"

/* ---- elementwise.c ---- */

/* Elementwise: hooks of operators whose result elements each have one term, the operands' elements at their
 * place; operands broadcast as PyTorch's do. */

/* infer: dtype and shape of the first operand. */
ns_code ns_infer_same(const ns_aten_program *program, ns_aten_node *node, ns_error *error);

/* infer: all operands broadcast; dtype of the first. */
ns_code ns_infer_broadcast(const ns_aten_program *program, ns_aten_node *node, ns_error *error);

/* Calls `f` on each pair of broadcast operands. */
ns_code ns_broadcast(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                     double (*f)(double a, double b), ns_error *error);

/* terms, for at most NS_TERM_FACTORS operands. */
void ns_terms_elementwise(const ns_aten_program *program, const ns_aten_node *node, size_t element,
                          ns_term_visit visit, void *context);

/* The coordinates of row-major element `element` of `node`, and the row-major element of `node` at
 * coordinates `at` of a shape of `rank` dims that it broadcasts to. */
void ns_coordinates(const ns_aten_node *node, size_t element, int64_t *at);
int64_t ns_broadcast_element(const ns_aten_node *node, int rank, const int64_t *at);

/* ---- slopes and bounds of common terms ---- */
double ns_slope_one(const ns_aten_node *node, const ns_term *term, const double *values, int factor);
/* The product of the other factors. */
double ns_slope_product(const ns_aten_node *node, const ns_term *term, const double *values, int factor);

/* The sum of the factors' bounds: sums, differences, copies. */
double ns_bound_sum(const ns_aten_program *program, const ns_aten_node *node, const ns_term *term,
                    const double *values, const double *bounds);
/* Of a product of one or two factors. */
double ns_bound_product(const ns_aten_program *program, const ns_aten_node *node, const ns_term *term,
                        const double *values, const double *bounds);

/* ---- binary.c ---- */

/* Binary with rescale: operators of two values that ExecuTorch computes in INT32 (InsertRescaleInt32Pass):
 * operands rescaled to INT32, the TOSA operator, the result rescaled to INT16. */

/* INT32 scales of the operands and of the result. */
typedef struct ns_binary_scales {
    double a, b, result;
} ns_binary_scales;

/* What the family needs of its operator. */
typedef struct ns_binary {
    double (*real)(double a, double b);             /* one IEEE operation, correctly rounded */
    ns_op op;                                       /* of TOSA */
    ns_binary_scales (*scales)(double a, double b); /* from those of the INT16 operands */
} ns_binary;

/* The hooks but terms' kind, slope and bound; `binary` is a const ns_binary *. */
#define NS_BINARY_FAMILY(binary)                                                                           \
    .family = (binary), .infer = ns_infer_broadcast, .exact = ns_binary_exact, .float32 = ns_aten_rounded, \
    .annotation = NS_ANNOTATION_OWN, .supported = ns_supported_always, .lower = ns_binary_lower,           \
    .rescales_operands = true, .terms = ns_terms_elementwise

ns_code ns_binary_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                        ns_error *error);
ns_code ns_binary_lower(ns_lowering *lowering, int node, ns_error *error);

/* INT32 scales: 2 max(a, b) / 2^12 for all, so that a sum or a difference of two 16-bit values keeps 12 more
 * bits (add, sub); the smaller of both for all (maximum, minimum, comparisons). */
ns_binary_scales ns_binary_headroom_scales(double a, double b);
ns_binary_scales ns_binary_least_scales(double a, double b);

/* bound: the larger of the operands' bounds (maximum, minimum). */
double ns_bound_largest(const ns_aten_program *program, const ns_aten_node *node, const ns_term *term,
                        const double *values, const double *bounds);

/* RESCALEs the operands of `node` to INT32 at the scales given (once where both are the same value) and
 * raises the lower rank by a RESHAPE. */
ns_code ns_binary_operands(ns_lowering *lowering, int node, const ns_binary_scales *scales, int inputs[2],
                           ns_error *error);

/* Raises the step's rank to `rank` by a RESHAPE with ones in front (match_arg_ranks_pass.py). */
ns_code ns_binary_match_rank(ns_lowering *lowering, int rank, int *step, ns_error *error);

/* ---- alpha.c ---- */

/* Alpha: add and sub, whose second operand has a factor. One that is not 1 is multiplied in as a constant
 * before the quantiser sees it (ExecuTorch 1.5.1, backends/arm/_passes/decompose_add_sub_alpha_pass.py). */

/* All hooks and the parameters but the slope; `binary` is a const ns_binary *. */
#define NS_ALPHA_FAMILY(binary)                                                                         \
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"other", NS_ATEN_TENSOR},                                  \
                  {"alpha", NS_ATEN_REAL, .otherwise = NS_REAL(1)}),                                    \
        .family = (binary), .infer = ns_infer_broadcast, .exact = ns_alpha_exact,                       \
        .float32 = ns_aten_rounded, .decompose = ns_alpha_decompose, .decomposes = ns_alpha_decomposes, \
        .annotation = NS_ANNOTATION_OWN, .supported = ns_supported_always, .lower = ns_binary_lower,    \
        .rescales_operands = true, .terms = ns_terms_elementwise, .term_kind = NS_TERMS_SUM,            \
        .bound = ns_bound_sum

/* The operator of a and alpha * b. */
ns_code ns_alpha_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                       ns_error *error);

bool ns_alpha_decomposes(const ns_aten_program *program, const ns_aten_node *node);
ns_code ns_alpha_decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                           ns_error *error);

/* ---- compare.c ---- */

/* Compare: operators of two values with a truth value as result. Both operands share one observer and go to
 * INT32 at its scale; the result is BOOL and has none. Ethos-U55 and U65 have no comparison. */

/* What the family needs of its operator. */
typedef struct ns_compare {
    double (*real)(double a, double b); /* 1 or 0 */
    ns_op op;                           /* of TOSA */
    bool swapped; /* TOSA's operands the other way round: le and lt (rewrite_le_lt_to_ge_gt_pass.py) */
} ns_compare;

/* All hooks and the parameters; `compare` is a const ns_compare *. A result that jumps has no slope and no
 * bound. */
#define NS_COMPARE_FAMILY(compare)                                                                   \
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"other", NS_ATEN_TENSOR}),                              \
        .family = (compare), .infer = ns_compare_infer, .exact = ns_compare_exact,                   \
        .float32 = ns_aten_rounded, .annotation = NS_ANNOTATION_OPERANDS_ALIKE,                      \
        .supported = ns_compare_supported, .lower = ns_compare_lower, .terms = ns_terms_elementwise, \
        .term_kind = NS_TERMS_FUNCTION

ns_code ns_compare_infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error);
ns_code ns_compare_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                         ns_error *error);
ns_code ns_compare_supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                             ns_error *error);
ns_code ns_compare_lower(ns_lowering *lowering, int node, ns_error *error);

/* Each relation, once: of the operators with a tensor and with a number (ops/eq.c, ops/eq_scalar.c, ..). */
double ns_compare_eq(double a, double b);
double ns_compare_ge(double a, double b);
double ns_compare_gt(double a, double b);
double ns_compare_le(double a, double b);
double ns_compare_lt(double a, double b);

/* ---- limit.c ---- */

/* Limit: elementwise operators that hold a value between two limits: CLAMP on INT16, operand and result at
 * one scale. The limits are quantised with it and kept within +-32767; a missing one is the type's end
 * (QuantizeClampArgumentsPass; aten_to_tosa_activation_functions.py, ExecuTorch 1.5.1). */

typedef struct ns_limit {
    /* The limits of `node`; -INFINITY and INFINITY where there is none. */
    void (*limits)(const ns_aten_node *node, double *low, double *high);
} ns_limit;

/* All hooks but the parameters; `limit` is a const ns_limit *. */
#define NS_LIMIT_FAMILY(limit)                                                                            \
    .family = (limit), .infer = ns_infer_same, .exact = ns_limit_exact, .float32 = ns_aten_rounded,       \
    .annotation = NS_ANNOTATION_SHARED, .supported = ns_supported_always, .lower = ns_limit_lower,        \
    .reads = ns_lowering_reads_as_written, .terms = ns_terms_elementwise, .term_kind = NS_TERMS_FUNCTION, \
    .bound = ns_bound_sum, .sweepable = true

ns_code ns_limit_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                       ns_error *error);
ns_code ns_limit_lower(ns_lowering *lowering, int node, ns_error *error);

/* The value of an attribute, or `otherwise` where it is None. */
double ns_limit_value(const ns_aten_attribute *attribute, double otherwise);

/* ---- rescaled.c ---- */

/* Rescaled: elementwise operators of one operand without attributes that are a TOSA operator of their own. */

typedef struct ns_rescaled {
    double (*real)(double x); /* exact */
    ns_op op;                 /* of TOSA, INT32 to INT32 */
} ns_rescaled;

/* All hooks but lower and bound; `rescaled` is a const ns_rescaled *. */
#define NS_RESCALED_FAMILY(rescaled)                                                                      \
    .family = (rescaled), .infer = ns_infer_same, .exact = ns_rescaled_exact, .float32 = ns_aten_rounded, \
    .annotation = NS_ANNOTATION_OWN, .supported = ns_supported_always, .terms = ns_terms_elementwise,     \
    .term_kind = NS_TERMS_FUNCTION

ns_code ns_rescaled_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                          ns_error *error);
/* RESCALE to INT32 at the operand's own scale, the operator, RESCALE to INT16. */
ns_code ns_rescaled_lower(ns_lowering *lowering, int node, ns_error *error);

/* ---- table.c ---- */

/* Unary table: operators of one operand that ExecuTorch lowers to a TABLE of 513 entries and a RESCALE. */

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
