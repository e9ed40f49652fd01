/* Call: one call of a kernel, its operands, and how kernels read and write integers of any width. */
#ifndef NS_TFLM_CALL_H
#define NS_TFLM_CALL_H

#include "tflm/tflm.h"

typedef struct ns_tflm_call {
    ns_tflm_variable *variables; /* of the model; resources know their number */
    int subgraph_count;
    const ns_tflite_operator *operator;
    ns_tflm_value *const *inputs; /* NULL where one is left out */
    ns_tflm_value *const *outputs;
    ns_arena *arena; /* scratch until the end of the call */
    ns_budget *budget;
    int then; /* out: the subgraph to run next, of CALL_ONCE; 0: none */
} ns_tflm_call;

typedef ns_code ns_tflm_kernel(ns_tflm_call *call, ns_error *error);

/* One function of op_*.c for each row of operators.def. */
#define NS_TFLM_OPERATOR(name, function, least, most, outputs) ns_tflm_kernel ns_tflm_##function;
#include "tflm/operators.def"
#undef NS_TFLM_OPERATOR

/* Input `index`; NULL where it is left out or the operator has fewer. */
ns_tflm_value *ns_tflm_operand(const ns_tflm_call *call, int index);

/* NS_ERROR_UNSUPPORTED with the types of inputs and outputs: "ADD of int32, int32 to int32". */
ns_code ns_tflm_refuse_types(const ns_tflm_call *call, ns_error *error);

/* NS_ERROR_INPUT: shapes do not fit. */
ns_code ns_tflm_refuse_shapes(const ns_tflm_call *call, ns_error *error);

/* The elements of an int8, uint8, int16 or int32 tensor as int32, copied into the call's arena; NULL data: no
 * memory or another type, with the error set. */
ns_code ns_tflm_load(ns_tflm_call *call, const ns_tflm_value *value, int32_t **out, ns_error *error);

/* Stores one element of an int8, uint8, int16 or int32 tensor. The caller has clamped it. */
void ns_tflm_store(const ns_tflm_value *value, size_t index, int32_t element);

/* Element of a constant int32 or int64 tensor, such as an axis. NS_ERROR_UNSUPPORTED for another type. */
ns_code ns_tflm_constant(const ns_tflm_call *call, const ns_tflm_value *value, size_t index, int64_t *out,
                         ns_error *error);

/* Least and greatest value of the type; 0 for float. */
int32_t ns_tflm_least(ns_tflite_type type);
int32_t ns_tflm_greatest(ns_tflite_type type);

static inline ns_tflite_type ns_tflm_type(const ns_tflm_value *value)
{
    return value->tensor->type;
}

/* Whether a float kernel takes the bias, NULL for none: of float32, or of int32, whose bytes TFLite Micro's
 * kernels read as floats all the same. Vela 5.1.0 and 5.2.0 give float operators that stay on the CPU a bias
 * of int32 zeros. */
static inline bool ns_tflm_is_float_bias(const ns_tflm_value *bias)
{
    return !bias || ns_tflm_type(bias) == NS_TFLITE_FLOAT32 || ns_tflm_type(bias) == NS_TFLITE_INT32;
}

/* An axis from -rank to rank - 1 as 0 to rank - 1; NS_ERROR_INPUT for others. */
ns_code ns_tflm_axis(const ns_tflm_call *call, int64_t axis, int rank, int *out, ns_error *error);

/* Products of the dims before, of and behind an axis. */
typedef struct ns_tflm_extents {
    size_t outer, size, inner;
} ns_tflm_extents;
ns_tflm_extents ns_tflm_extents_at(const ns_tflite_tensor *tensor, int axis);

#endif
