/* Read values: the value table of a method. */
#ifndef NS_PROGRAM_READ_VALUES_H
#define NS_PROGRAM_READ_VALUES_H

#include "program/reading.h"

/* Fills program->values and plans; the planned buffers' sizes are known by then. */
ns_code ns_reading_values(ns_reading *reading, ns_fb_vector values, ns_error *error);

#endif
