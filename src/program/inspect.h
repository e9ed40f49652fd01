/* Inspect: a program in readable form: inputs, outputs, operators, instructions, delegates. */
#ifndef NS_PROGRAM_INSPECT_H
#define NS_PROGRAM_INSPECT_H

#include "base/bytes.h"
#include "npuscope/program.h"

/* Appends the description as text, or as one JSON object (docs/inspect.md). */
ns_code ns_program_inspect_text(const ns_program *program, ns_buffer *buffer, ns_error *error);
ns_code ns_program_inspect_json(const ns_program *program, ns_buffer *buffer, ns_error *error);

#endif
