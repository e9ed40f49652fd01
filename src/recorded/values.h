/* Values: what a case gives of a model's inputs, and what was recorded or is expected of its results. */
#ifndef NS_RECORDED_VALUES_H
#define NS_RECORDED_VALUES_H

#include "recorded/model.h"

/* The values of `given` as a tensor of `dtype` and shape. Whole numbers stand as they are; floats become
 * round(x / scale) + zero point, ties to even, within the range of the type (an input of FP32 takes them as
 * they are). The file may have other dims of one. NS_ERROR_INPUT says what was expected, and where a scale is
 * missing. */
ns_code ns_case_input_values(const ns_case_files *files, const ns_case_tensor *given, ns_dtype dtype,
                             int rank, const int64_t *shape, ns_arena *arena, ns_tensor *out,
                             ns_error *error);

/* For each of the program's outputs a tensor; without data where it was not recorded. */
typedef struct ns_case_references {
    ns_tensor *floats;    /* FP32: the float model's (float_out<k>.npy) */
    ns_tensor *quantised; /* FP32: the quantised model's (quantised_out<k>.npy) */
    ns_tensor
        *integers; /* INT32 or INT64: the graph's (delegate0_out<k>.npy); of a program FP32: its floats */
} ns_case_references;

/* Of a model, what its outputs name. NS_ERROR_INPUT where a file has another number of elements. */
ns_code ns_case_read_named_references(const ns_case_files *files, const ns_case_model *model,
                                      int output_count, const size_t *counts, ns_arena *arena,
                                      ns_case_references *out, ns_error *error);

/* Reads them for outputs of `counts` elements. Integers are left out where the case has several delegates or
 * other outputs than the program: then they are not the program's. NS_ERROR_INPUT where a file of floats has
 * another number of elements. */
ns_code ns_case_read_references(const ns_case_files *files, int output_count, const size_t *counts,
                                ns_arena *arena, ns_case_references *out, ns_error *error);

#endif
