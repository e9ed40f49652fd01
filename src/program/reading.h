/* Reading: what the parts of the reader share. */
#ifndef NS_PROGRAM_READING_H
#define NS_PROGRAM_READING_H

#include "program/file.h"
#include "program/program.h"

typedef struct ns_reading {
    ns_program_file *file;
    ns_arena *arena;
    ns_program *program;
} ns_reading;

/* A copy of a string; "" when the field is absent. */
ns_code ns_reading_string(ns_reading *reading, ns_bytes text, const char **out, ns_error *error);

#endif
