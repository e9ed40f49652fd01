/* Elements: what kernels outside the NPU share. Numbers of any scalar type, broadcasting, dim orders.
 *
 * ExecuTorch's portable kernels compute in the type that the operands promote to, float16 and bfloat16 in
 * float32 (kernels/portable/cpu/util/elementwise_util.h and dtype_util.h, ExecuTorch 1.5.0). Integer types
 * are computed in int64 here and wrap to the result's type when stored: the same, because sums, products,
 * comparisons and limits of integers that fit the promoted type do not depend on the width beyond it. */
#ifndef NS_PROGRAM_ELEMENT_H
#define NS_PROGRAM_ELEMENT_H

#include "program/call.h"

typedef enum ns_compute {
    NS_COMPUTE_INTEGER,
    NS_COMPUTE_FLOAT32,
    NS_COMPUTE_FLOAT16,  /* numbers as for FLOAT32, each result rounded to float16 */
    NS_COMPUTE_BFLOAT16, /* the same with bfloat16 */
    NS_COMPUTE_FLOAT64,
} ns_compute;

typedef union ns_number {
    int64_t integer;
    float real32;
    double real64;
} ns_number;

/* What elements of a scalar type are computed in: float16 and bfloat16 in float32. */
ns_compute ns_compute_of(ns_scalar scalar);

/* The scalar type's own arithmetic, for kernels that ExecuTorch writes in the type of the tensor (sums of
 * convolution, bmm, avg_pool2d, and batch norm): c10::Half and c10::BFloat16 round every operation's result.
 */
ns_compute ns_compute_within(ns_scalar scalar);

/* Element `offset` of the tensor's memory. Integers from reals are cut towards zero, and end at the limits of
 * int64, NaN at 0, where C++ leaves the result undefined. */
ns_number ns_element_load(const ns_program_tensor *tensor, int64_t offset, ns_compute compute);
void ns_element_store(ns_program_tensor *tensor, int64_t offset, ns_compute compute, ns_number value);

ns_number ns_number_from_integer(int64_t integer, ns_compute compute);
double ns_number_real(ns_number value, ns_compute compute);

/* A float32 result, as the type that is computed in has it. Not for INTEGER and FLOAT64. */
ns_number ns_number_round(ns_compute compute, float result);

/* sum + a * b, each operation rounded. */
ns_number ns_number_multiply_add(ns_compute compute, ns_number sum, ns_number a, ns_number b);

/* Argument `index`, a number or bool, as a number to compute with. */
ns_code ns_call_number(ns_call *call, int index, ns_compute compute, ns_number *out, ns_error *error);

/* Gives argument `index`, the result, the shape. NS_ERROR_INPUT when its rank differs or memory lacks. */
ns_code ns_call_result(ns_call *call, int index, int rank, const int64_t *shape, ns_program_tensor **out,
                       ns_error *error);

/* A dim argument: counts from the end when negative. NS_ERROR_INPUT when outside the rank. */
ns_code ns_call_dim(ns_call *call, int index, int rank, int *out, ns_error *error);

/* A view of memory: strides in elements, one for each dim of the shape that is walked. */
typedef struct ns_view {
    ns_program_tensor *tensor;
    int64_t offset;
    int64_t strides[NS_PROGRAM_MAX_RANK];
} ns_view;

ns_view ns_view_of(ns_program_tensor *tensor);

/* The view, seen with the given rank and shape: missing leading dims and dims of 1 are repeated.
 * NS_ERROR_INPUT when the shapes do not broadcast. */
ns_code ns_view_broadcast(ns_call *call, ns_program_tensor *tensor, int rank, const int64_t *shape,
                          ns_view *out, ns_error *error);

/* Copies every element of `shape` from one view to another, converting its type. The views must lie within
 * their tensors. */
void ns_view_copy(const ns_view *to, const ns_view *from, int rank, const int64_t *shape);

/* One element; false: the operands have no result (an integer division by zero). */
typedef bool (*ns_elementwise_function)(ns_compute compute, const ns_number *x, ns_number *out);

enum { NS_ELEMENTWISE_MAX = 4 };

/* result = f(operands) for each element, operands broadcast. `operands` are argument indices, tensors or
 * numbers; those with a bit in `aside` do not take part in the promotion of types. At least one is a tensor.
 */
ns_code ns_elementwise(ns_call *call, int count, const int *operands, unsigned aside, int result,
                       ns_elementwise_function f, ns_error *error);

#endif
