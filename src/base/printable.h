/* Printable: text of strangers, such as the names in a file, for a terminal or a log. */
#ifndef NS_BASE_PRINTABLE_H
#define NS_BASE_PRINTABLE_H

#include <stddef.h>

#include "npuscope/arena.h"

/* The length of the UTF-8 character at `text`, which ends with NUL; 0 where there is none (RFC 3629: no
 * overlong forms, no surrogates, at most U+10FFFF). */
int ns_utf8_length(const unsigned char *text);

/* `text` with every byte of a control character and of what is not UTF-8 as \\xNN, in `out`; returns `out`.
 * Control characters are those of ASCII but for the tab, U+0080 to U+009F, and the ones that turn the
 * direction of writing or end a line (U+2028 to U+202E, U+2066 to U+2069). What does not fit is cut behind a
 * whole character. */
const char *ns_printable(const char *text, char *out, size_t size);

/* The same in `arena`, whole. NULL stays NULL; "?" when memory is out, and ns_arena_was_short tells. */
const char *ns_printable_copy(ns_arena *arena, const char *text);

#endif
