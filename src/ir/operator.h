/* Operator: everything that is said about one ATen operator, as a struct of facts and hooks. The rooms that
 * follow a program (quantiser, lowering, stages, sweep, search, reports) ask this struct and know no operator
 * by name. Each operator fills in one in src/ops/<operator>.c; families (src/ops/families) lend hooks to
 * many.
 *
 * A hook that is missing means that the fact is not known, and whoever needs it says so; no hook has a
 * default that looks like an answer. */
#ifndef NS_IR_OPERATOR_H
#define NS_IR_OPERATOR_H

#include "ir/program.h"
#include "ir/target.h"

struct ns_catalogue; /* ops/cases.h */
struct ns_lowering;  /* lower/lowering.h */
struct ns_layout;

/* ---- parameters ---- */
typedef enum ns_aten_type {
    NS_ATEN_TENSOR,
    NS_ATEN_OPTIONAL_TENSOR,
    NS_ATEN_TENSORS, /* a list of any number; behind it only other lists, which `infer` tells apart */
    NS_ATEN_INT,
    NS_ATEN_BOOL,
    NS_ATEN_REAL,
    NS_ATEN_INTS, /* with `choices`, a word of them may stand for the list: no values, and the word's index */
    NS_ATEN_REALS,
    NS_ATEN_CHOICE, /* a word of `choices`; its value is the word's index */
} ns_aten_type;

typedef struct ns_aten_parameter {
    const char *name; /* as in PyTorch's schema */
    ns_aten_type type;
    bool required;               /* no default: the caller must name it. Tensors are always */
    ns_aten_attribute otherwise; /* the default */
    const char *const *choices;  /* CHOICE, INTS: ended by NULL */
} ns_aten_parameter;

/* The two members of the struct below for a list of parameters. */
#define NS_PARAMETERS(...)                                  \
    .parameters = (const ns_aten_parameter[]){__VA_ARGS__}, \
    .parameter_count = (int)(sizeof((const ns_aten_parameter[]){__VA_ARGS__}) / sizeof(ns_aten_parameter))

/* ---- meaning ---- */
typedef struct ns_aten_operands {
    const ns_aten_program *program;
    const ns_aten_node *const *nodes; /* NULL: absent */
    const double *const *values;
} ns_aten_operands;

/* For each element of a `compute` that goes over more than its operands' elements, whose work is charged
 * already: NS_ERROR_BUDGET when the time is over, NS_ERROR_CANCELLED. */
ns_code ns_aten_check_time(const ns_aten_operands *operands, ns_error *error);

/* The same once in 2^12 of a loop's turns, `at` being the turn: for elements of a few operations. */
static inline ns_code ns_aten_check_time_at(const ns_aten_operands *operands, size_t at, ns_error *error)
{
    return at % 4096 ? NS_OK : ns_aten_check_time(operands, error);
}

/* The same, of an operator without `terms`, whose work nobody else knows: charges what the element takes. */
ns_code ns_aten_spend(const ns_aten_operands *operands, int64_t work, ns_error *error);

typedef ns_code (*ns_aten_compute)(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                                   ns_error *error);

/* `float32` of operators whose float32 result is the exact one rounded once (or near enough for the
 * observers: the operator's file says so). */
ns_code ns_aten_rounded(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                        ns_error *error);

/* ---- what a result is made from ---- */

/* One term of a result element: the operand elements that belong together: the factors of a product (a bias
 * is a term of its own), both sides of an elementwise operator, one summand of a reduction. */
enum { NS_TERM_FACTORS = 3 };
typedef struct ns_term {
    int count;
    struct {
        int operand;
        int64_t element; /* row-major */
    } factors[NS_TERM_FACTORS];
} ns_term;

#define NS_TERM_1(operand_, element_) ((ns_term){1, {{(operand_), (element_)}}})

typedef void (*ns_term_visit)(void *context, const ns_term *term);

/* How a result depends on its terms. */
typedef enum ns_term_kind {
    NS_TERMS_UNKNOWN,
    NS_TERMS_SUM, /* a sum of terms, each linear in every factor: of the kind that a search for bad inputs
                     can follow */
    NS_TERMS_FUNCTION, /* one term, and any function of it */
} ns_term_kind;

/* ---- quantiser ---- */
typedef enum ns_annotation {
    NS_ANNOTATION_UNKNOWN,
    NS_ANNOTATION_OWN,               /* operands and result have an observer each */
    NS_ANNOTATION_SHARED,            /* operands, result and all neighbours of this kind share one observer */
    NS_ANNOTATION_RESULT_AS_OPERAND, /* the result takes the first operand's */
    NS_ANNOTATION_OPERANDS_ALIKE,    /* the operands share one; a result that is no real has none (compare) */
    NS_ANNOTATION_FLOAT,             /* the quantiser does not know it: it stays float32, on the CPU; its
                                        operands and its result are quantised where others want it */
    NS_ANNOTATION_NONE,              /* integers and truth values: nothing is quantised */
} ns_annotation;

typedef struct ns_aten_operator {
    const char *name; /* what the catalogue, the command line and the documents call it: "mean.dim" */
    const char *aten; /* of the FX node: "aten.mean.dim" */
    int parameter_count;
    const ns_aten_parameter *parameters; /* in the order of PyTorch's schema */
    const void *family;                  /* what the family's hooks read; NULL: nothing */

    /* -- meaning -- */
    /* Checks operands and attributes, normalises the attributes (their lists are the node's own), fills in
     * dtype, rank and shape of `node`. Never missing. */
    ns_code (*infer)(const ns_aten_program *program, ns_aten_node *node, ns_error *error);
    ns_aten_compute exact;   /* the real function */
    ns_aten_compute float32; /* PyTorch's float32 one */

    /* -- before the quantiser -- */
    /* Adds what ExecuTorch makes of `node` to `program`, whose nodes `inputs` are its operands; *out is the
     * result, or has `results` elements, one for each. An operator has this or `lower`, or both and
     * `decomposes`. */
    ns_code (*decompose)(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error);
    /* Whether ExecuTorch decomposes `node`; missing: every one, where there is `decompose`. */
    bool (*decomposes)(const ns_aten_program *program, const ns_aten_node *node);
    int results; /* of an operator that is decomposed for all its results at once; a call names one by its
                    integer attribute "result", the last parameter. 0: it has one */

    /* -- quantiser -- */
    ns_annotation annotation;
    int weight, bias;   /* operands that are no activations; 0: none */
    int weight_axis;    /* the weight's axis of output channels */
    double input_scale; /* fixed by ExecuTorch; 0: observed */

    /* -- lowering -- */
    /* NS_ERROR_UNSUPPORTED where ExecuTorch's partitioner keeps `node` off the target (ns_keep_off makes the
     * message). ns_supported_always: it never does. The rules for all operators stand in lower/support.c. */
    ns_code (*supported)(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                         ns_error *error);
    bool rescales_operands; /* reads them as INT32 through RESCALE (InsertRescaleInt32Pass): constants too */
    /* Whether the call is nothing to the NPU: of nothing else ExecuTorch makes no delegate
     * (tosa/partitioner.py: view_copy, and expand, permute, squeeze where they change nothing). NULL: never.
     */
    bool (*only_view)(const ns_aten_program *program, const ns_aten_node *node);
    /* Adds the node's steps and says where its value stands (ns_lowering_set). */
    ns_code (*lower)(struct ns_lowering *lowering, int node, ns_error *error);
    /* The layout in which it reads operand `operand`; missing: the operand's own. */
    void (*reads)(const struct ns_lowering *lowering, int node, int operand, struct ns_layout *layout);

    /* -- errors -- */
    /* Calls `visit` for every term of row-major element `element`, in a fixed order. Padding makes no term.
     */
    void (*terms)(const ns_aten_program *program, const ns_aten_node *node, size_t element,
                  ns_term_visit visit, void *context);
    ns_term_kind term_kind;
    /* The derivative of a term by its factor number `factor`; values[i] is that of factor i. */
    double (*slope)(const ns_aten_node *node, const ns_term *term, const double *values, int factor);
    /* The largest |t(x + e) - t(x)| of a term t for |e_i| <= bounds[i]; may be infinite. */
    double (*bound)(const ns_aten_program *program, const ns_aten_node *node, const ns_term *term,
                    const double *values, const double *bounds);
    bool sweepable; /* elementwise with one operand, shape and codes alone: all codes can be run at once */

    /* -- catalogue -- */
    const struct ns_catalogue *catalogue; /* its cases; NULL: none */
} ns_aten_operator;

/* "aten.bmm.default", "placeholder" or "get_attr": what the FX node of `node` is. */
const char *ns_aten_text(const ns_aten_node *node);

/* Whether `node`, a CALL of `program`, is decomposed before the quantiser sees it. */
bool ns_aten_decomposes(const ns_aten_program *program, const ns_aten_node *node);

ns_code ns_supported_always(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                            ns_error *error);

/* NS_ERROR_UNSUPPORTED: "x: ExecuTorch keeps bmm off Ethos-U55 and Ethos-U65: <format>"; bmm is the
 * operator's FX name without the dialect. */
ns_code ns_keep_off(const ns_aten_node *node, ns_target target, ns_error *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
