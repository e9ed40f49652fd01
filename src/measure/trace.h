/* Trace: which input elements an element of the result depends on. */
#ifndef NS_MEASURE_TRACE_H
#define NS_MEASURE_TRACE_H

#include "ir/program.h"
#include "npuscope/measure.h"

/* Follows element `element` of output number `output` back to the inputs. Fills (*operands)[0 .. *count), one
 * for each program input with a share in it, in `arena`; *operands is NULL where an operator on the way does
 * not say what its elements are made from. */
ns_code ns_trace(const ns_aten_program *program, const ns_tensor *inputs, int output, size_t element,
                 ns_arena *arena, ns_suite_operand **operands, int *count, ns_error *error);

#endif
