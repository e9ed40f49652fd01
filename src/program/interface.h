/* What program gives the rooms above it. */
#ifndef NS_PROGRAM_INTERFACE_H
#define NS_PROGRAM_INTERFACE_H

#include "base/bytes.h"
#include "npuscope/program.h"
#include "npuscope/tensor.h"

/* ---- bundle.c ---- */

/* The program within a bundle. */
ns_code ns_bundle_program(ns_bytes bundle, ns_bytes *out, ns_error *error);

/* ---- inspect.c ---- */

/* Inspect: a program in readable form: inputs, outputs, operators, instructions, delegates. */

/* Appends the description as text, or as one JSON object (docs/inspect.md). */
ns_code ns_program_inspect_text(const ns_program *program, ns_buffer *buffer, ns_error *error);
ns_code ns_program_inspect_json(const ns_program *program, ns_buffer *buffer, ns_error *error);

/* ---- order.c ---- */

/* Order: a program's tensors lie in memory as dim_order says; files and callers have them row-major. */

/* All elements of the tensor, from row-major order to memory order and back. Both sides have tensor->count
 * elements of ns_scalar_bytes(tensor->scalar). */
void ns_program_to_memory_order(const ns_program_tensor *tensor, const void *row_major, void *memory);

/* From tensor->data. */
void ns_program_from_memory_order(const ns_program_tensor *tensor, void *row_major);

/* ---- value.c ---- */

/* The dtype of a tensor whose elements are compared as the program has them; NS_DTYPE_UNKNOWN: none. */
ns_dtype ns_scalar_dtype(ns_scalar scalar);

#endif
