/* Bundle: a .bpte, which holds a program and test cases (ExecuTorch 1.5.1,
 * devtools/bundled_program/schema/bundled_program_schema.fbs, identifier "BP08"). */
#ifndef NS_PROGRAM_BUNDLE_H
#define NS_PROGRAM_BUNDLE_H

#include "program/program.h"

/* The program within. */
ns_code ns_bundle_program(ns_bytes bundle, ns_bytes *out, ns_error *error);

/* Fills in the cases of the program's method; the data stay in the bundle's bytes. */
ns_code ns_bundle_cases(ns_bytes bundle, ns_program *program, ns_arena *arena, ns_error *error);

#endif
