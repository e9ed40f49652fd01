/* What the cases of reductions have in common. */
#ifndef NS_CATALOGUE_CASES_REDUCTION_H
#define NS_CATALOGUE_CASES_REDUCTION_H

#include "catalogue/catalogue.h"

typedef struct ns_reduction {
    int rank;
    int64_t shape[NS_MAX_RANK];
    int dim_count; /* 0: dim=None, all of them */
    int dims[NS_MAX_RANK];
    bool keepdim;
    double correction; /* VAR */
    ns_case_data data;
} ns_reduction;

static inline ns_code ns_reduction_input(const ns_reduction *reduction, ns_random *random,
                                         ns_aten_program *program, ns_tensor *input, int *node,
                                         ns_error *error)
{
    return ns_case_input(program, "x", reduction->rank, reduction->shape, reduction->data, random, input,
                         node, error);
}

#endif
