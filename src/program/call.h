/* Call: one call of a kernel, and its arguments by kind. */
#ifndef NS_PROGRAM_CALL_H
#define NS_PROGRAM_CALL_H

#include "program/value.h"

/* One call. Arguments are in the schema's order, out tensors last; the values that the call returns follow,
 * which for the out variants are the out tensors once more. */
typedef struct ns_call {
    const char *name; /* of the kernel, for messages */
    ns_value *values; /* all values of the run: lists refer to them */
    int argument_count;
    const int *arguments;
    ns_arena *arena; /* scratch until the end of the call */
    ns_budget *budget;
} ns_call;

/* Argument `index` as a tensor with data, a number and so on; NS_ERROR_INPUT names kernel, argument and what
 * it is. The tensor is a copy: it keeps its shape where a program gives the same value as a result too. */
ns_code ns_call_tensor(ns_call *call, int index, ns_program_tensor **out, ns_error *error);
/* The same for value `number`, an item of the list that argument `index` is. */
ns_code ns_call_value_tensor(ns_call *call, int number, int index, ns_program_tensor **out, ns_error *error);

/* A result, which may be given another shape (ns_call_result: and is). NS_ERROR_INPUT where its memory is a
 * constant of the program. */
ns_code ns_call_output(ns_call *call, int index, ns_program_tensor **out, ns_error *error);

ns_code ns_call_optional_tensor(ns_call *call, int index, ns_program_tensor **out, ns_error *error);
ns_code ns_call_integer(ns_call *call, int index, int64_t *out, ns_error *error);
ns_code ns_call_real(ns_call *call, int index, double *out, ns_error *error);
ns_code ns_call_boolean(ns_call *call, int index, bool *out, ns_error *error);
bool ns_call_is_none(const ns_call *call, int index);

/* Counts the product of `count` factors, none of them negative, as steps of the run, 0 as 1: an empty tensor
 * may still have dims that are looped over. NS_ERROR_FAULT when the run's limit is exceeded. */
ns_code ns_call_work(ns_call *call, int count, const int64_t *factors, ns_error *error);

/* A list of integers, copied into the call's arena. */
ns_code ns_call_integers(ns_call *call, int index, int *count, int64_t **out, ns_error *error);

/* The kernels' functions; kernels.def says which kernel uses which. */
#define NS_KERNEL(name, overload, function, least, most, runners) \
    ns_code ns_kernel_##function(ns_call *call, ns_error *error);
#include "program/kernels.def"
#undef NS_KERNEL

#endif
