#include "program/internal.h"

ns_code ns_reading_string(ns_reading *reading, ns_bytes text, const char **out, ns_error *error)
{
    *out = text.data ? ns_arena_copy(reading->arena, text.data, text.size + 1) : "";
    return *out ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a string");
}
