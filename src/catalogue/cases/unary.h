/* What the cases of one-operand elementwise operators have in common. */
#ifndef NS_CATALOGUE_CASES_UNARY_H
#define NS_CATALOGUE_CASES_UNARY_H

#include "catalogue/catalogue.h"

typedef struct ns_unary {
    int rank;
    int64_t shape[NS_MAX_RANK];
    ns_case_data data;
    bool tanh_approximation; /* GELU */
} ns_unary;

/* Parameters of a case: distribution, offset and gain of its data, rank and dims of its input. */
#define NS_UNARY(distribution, offset, gain, rank, ...) \
    (&(const ns_unary){(rank), {__VA_ARGS__}, {(distribution), (offset), (gain)}, false})
#define NS_UNARY_TANH(distribution, offset, gain, rank, ...) \
    (&(const ns_unary){(rank), {__VA_ARGS__}, {(distribution), (offset), (gain)}, true})

static inline ns_code ns_unary_input(const ns_unary *unary, ns_random *random, ns_aten_program *program,
                                     ns_tensor *input, int *node, ns_error *error)
{
    return ns_case_input(program, "x", unary->rank, unary->shape, unary->data, random, input, node, error);
}

#endif
