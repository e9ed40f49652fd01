/* What the parts of the reader share. */
#ifndef NS_PROGRAM_READ_H
#define NS_PROGRAM_READ_H

#include "program/file.h"
#include "program/program.h"

typedef struct ns_reading {
    ns_program_file *file;
    ns_arena *arena;
    ns_program *program;
} ns_reading;

/* Fills program->values and plans; the planned buffers' sizes are known by then. */
ns_code ns_reading_values(ns_reading *reading, ns_fb_vector values, ns_error *error);

/* A copy of a string; "" when the field is absent. */
ns_code ns_reading_string(ns_reading *reading, ns_bytes text, const char **out, ns_error *error);

#endif
