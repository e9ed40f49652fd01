/* Cases: which cases an operator has, and how each one's program and data are made. */
#ifndef NS_OPS_CASES_H
#define NS_OPS_CASES_H

#include "base/interface.h"
#include "ir/operator.h"

/* Every list of cases, once.
 *   NS_CASE_LIST(NAME, "text")
 * SEED: the project's own a16w8 cases. EXECUTORCH: the a16w8 cases of ExecuTorch 1.5.0
 * (backends/arm/test/ops/test_<operator>.py), with its names; a comma in a name is an underscore. */
#define NS_CASE_LISTS(NS_CASE_LIST) \
    NS_CASE_LIST(SEED, "seed")      \
    NS_CASE_LIST(EXECUTORCH, "executorch")

typedef enum ns_case_list {
#define NS_CASE_LIST(name, text) NS_LIST_##name,
    NS_CASE_LISTS(NS_CASE_LIST)
#undef NS_CASE_LIST
        NS_LIST_COUNT
} ns_case_list;

/* Every family of operators that --family takes, once.
 *   NS_CASE_FAMILY(NAME, "text") */
#define NS_CASE_FAMILIES(NS_CASE_FAMILY)                                                  \
    NS_CASE_FAMILY(UNARY, "unary")         /* a function of one value */                  \
    NS_CASE_FAMILY(BINARY, "binary")       /* of two, broadcast */                        \
    NS_CASE_FAMILY(COMPARE, "compare")     /* truth values */                             \
    NS_CASE_FAMILY(REDUCE, "reduce")       /* over dims */                                \
    NS_CASE_FAMILY(PRODUCT, "product")     /* sums of products: matrices, convolutions */ \
    NS_CASE_FAMILY(POOL, "pool")           /* windows, resizing */                        \
    NS_CASE_FAMILY(MOVE, "move")           /* values stay what they are */                \
    NS_CASE_FAMILY(COMPOSITE, "composite") /* several of the others: norms, softmax, gates */

typedef enum ns_case_family {
#define NS_CASE_FAMILY(name, text) NS_CASES_##name,
    NS_CASE_FAMILIES(NS_CASE_FAMILY)
#undef NS_CASE_FAMILY
        NS_CASE_FAMILY_COUNT
} ns_case_family;

typedef struct ns_catalogue_case {
    ns_case_list list;
    const char *name;
    const void *parameters; /* the operator's own struct */
    bool per_tensor;        /* one scale for all output channels' weights */
} ns_catalogue_case;

/* A program and its data while they are made. */
typedef struct ns_case_maker {
    ns_aten_program *program;
    ns_random random;
    int input_count;
    ns_tensor *inputs; /* of the types of the program's, in call order, in program->arena */
} ns_case_maker;

typedef struct ns_catalogue {
    ns_case_family family;
    int case_count;
    const ns_catalogue_case *cases;
    /* The options that the operator's tests have in each list. */
    double qtol[NS_LIST_COUNT];
    double epsilon[NS_LIST_COUNT];
    /* Builds the program and its data; `op` is the operator whose case it is. */
    ns_code (*build)(const ns_aten_operator *op, const void *parameters, ns_case_maker *maker,
                     ns_error *error);
} ns_catalogue;

/* The tolerance and the least scale of ExecuTorch's pipelines where a test names none (EthosUPipelineINTBase
 * in backends/arm/test/tester/test_pipeline.py), and those of the seed list. */
#define NS_EXECUTORCH_QTOL 1
#define NS_EXECUTORCH_EPSILON 0x1p-12
#define NS_SEED_QTOL 128
#define NS_SEED_EPSILON 0x1p-16

/* The catalogue of an operator of family NS_CASES_<family_> with the cases of an array; tolerance and least
 * scale are ExecuTorch's. */
#define NS_CATALOGUE(family_, cases_, qtol_, epsilon_, build_)                                           \
    &(const ns_catalogue)                                                                                \
    {                                                                                                    \
        .family = NS_CASES_##family_, .case_count = sizeof(cases_) / sizeof(cases_)[0], .cases = cases_, \
        .qtol = {NS_SEED_QTOL, (qtol_)}, .epsilon = {NS_SEED_EPSILON, (epsilon_)}, .build = build_       \
    }

/* The same for cases made by NS_CALL1 to NS_CALL3 and NS_CALLS. */
#define NS_CALL_CATALOGUE(family_, cases_) \
    NS_CATALOGUE(family_, cases_, NS_EXECUTORCH_QTOL, NS_EXECUTORCH_EPSILON, ns_call_build)

const char *ns_case_list_text(ns_case_list list);       /* "seed" */
const char *ns_case_family_text(ns_case_family family); /* "unary" */

/* The stream of a case's data: it depends on the seed, the operator and the case's name and on nothing
 * else, so that a selection of cases does not change their data. */
ns_random ns_case_random(uint64_t seed, const char *op, const char *name);

/* Makes a case's program, as a user writes it, and its inputs, in `arena`. */
ns_code ns_case_build(const ns_aten_operator *op, const ns_catalogue_case *case_, uint64_t seed,
                      ns_arena *arena, ns_case_maker *out, ns_error *error);

/* ---- for the operators' files ---- */

typedef enum ns_distribution {
    NS_UNIFORM,  /* offset + gain * u, u in [0, 1) */
    NS_NORMAL,   /* offset + gain * n, n of mean 0 and variance 1 (see ns_case_normal) */
    NS_CONSTANT, /* offset */
    NS_RAMP,     /* offset + gain * index */
} ns_distribution;

typedef struct ns_case_data {
    ns_distribution distribution;
    double offset, gain;
} ns_case_data;

/* Approximately normal: the sum of twelve uniform numbers minus 6 (mean 0, variance 1, inside (-6, 6)).
 * Only additions, so the same on every machine, which a library's logarithm is not. */
double ns_case_normal(ns_random *random);

/* `count` floats drawn from `data`; each is computed in double and rounded once. */
void ns_case_fill(ns_case_data data, ns_random *random, size_t count, float *values);

/* Adds an INPUT node named `name` and its tensor with data. */
ns_code ns_case_input(ns_case_maker *maker, const char *name, int rank, const int64_t *shape,
                      ns_case_data data, int *node, ns_error *error);

/* Adds a PARAMETER node with data. */
ns_code ns_case_parameter(ns_case_maker *maker, const char *name, int rank, const int64_t *shape,
                          ns_case_data data, int *node, ns_error *error);

/* ---- a case that is one call ---- */

/* One operand: an input, a parameter with data, or absent (rank -1). */
typedef struct ns_case_operand {
    ns_case_data data;
    int rank;
    int64_t shape[5];
    bool parameter;
    ns_dtype dtype; /* 0: FP32; BOOL: an input of truth values */
} ns_case_operand;

#define NS_INPUT(distribution, offset, gain, rank_, ...)                                      \
    {                                                                                         \
        .data = {(distribution), (offset), (gain)}, .rank = (rank_), .shape = { __VA_ARGS__ } \
    }
#define NS_WEIGHT(distribution, offset, gain, rank_, ...)                                    \
    {                                                                                        \
        .data = {(distribution), (offset), (gain)}, .rank = (rank_), .shape = {__VA_ARGS__}, \
        .parameter = true                                                                    \
    }
#define NS_TRUTH(rank_, ...)                                            \
    {                                                                   \
        .rank = (rank_), .shape = {__VA_ARGS__}, .dtype = NS_DTYPE_BOOL \
    }
#define NS_NO_OPERAND \
    {                 \
        .rank = -1    \
    }

enum { NS_CALL_OPERANDS = 8 };
typedef struct ns_call_case {
    int count;
    ns_case_operand operands[NS_CALL_OPERANDS];
    const ns_aten_argument *arguments;
} ns_call_case;

/* A call with that many operands and the arguments that follow: NS_CALL1(NS_INPUT(..), {"dim", NS_INT(1)}).
 */
#define NS_CALL_ARGUMENTS(...) ((const ns_aten_argument[]){__VA_ARGS__ __VA_OPT__(, ){NULL, {.none = true}}})
#define NS_CALL1(a, ...) (&(const ns_call_case){1, {a}, NS_CALL_ARGUMENTS(__VA_ARGS__)})
#define NS_CALL2(a, b, ...) (&(const ns_call_case){2, {a, b}, NS_CALL_ARGUMENTS(__VA_ARGS__)})
#define NS_CALL3(a, b, c, ...) (&(const ns_call_case){3, {a, b, c}, NS_CALL_ARGUMENTS(__VA_ARGS__)})

/* A list of whole numbers as an argument: {"dim", NS_LIST(2, 0, 1)}. */
#define NS_LIST(count_, ...) NS_INTS(count_, ((const int64_t[]){__VA_ARGS__}))

/* `build` of such cases: all results of the call are outputs. */
ns_code ns_call_build(const ns_aten_operator *op, const void *parameters, ns_case_maker *maker,
                      ns_error *error);

#endif
