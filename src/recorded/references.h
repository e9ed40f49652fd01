/* References: what was recorded of a case's results. */
#ifndef NS_RECORDED_REFERENCES_H
#define NS_RECORDED_REFERENCES_H

#include "recorded/files.h"

/* For each of the program's outputs a tensor; without data where it was not recorded. */
typedef struct ns_case_references {
    ns_tensor *floats;    /* FP32: the float model's (float_out<k>.npy) */
    ns_tensor *quantised; /* FP32: the quantised model's (quantised_out<k>.npy) */
    ns_tensor *integers;  /* INT32: the graph's (delegate0_out<k>.npy) */
} ns_case_references;

/* Reads them for outputs of `counts` elements. Integers are left out where the case has several delegates or
 * other outputs than the program: then they are not the program's. NS_ERROR_INPUT where a file of floats has
 * another number of elements. */
ns_code ns_case_read_references(const ns_case_files *files, int output_count, const size_t *counts,
                                ns_arena *arena, ns_case_references *out, ns_error *error);

#endif
