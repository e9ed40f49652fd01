/* JSON: a document is written straight into a buffer whose failures are kept, so that it is whole or an
 * error.
 *
 * A key of NULL is for members of an array and for the whole document; wrong nesting is an error at the end.
 */
#ifndef NS_BASE_JSON_H
#define NS_BASE_JSON_H

#include "base/bytes.h"

#define NS_JSON_DEPTH 32

typedef struct ns_json {
    ns_buffer *buffer;
    int lines;  /* levels whose values have a line each, one space a level; deeper ones share a line. 0:
                   nothing  stands between values */
    int digits; /* of a real: 9 give a float32 back, 17 a double */
    int depth;
    bool filled[NS_JSON_DEPTH]; /* the object or array at that depth has a member */
    char closing[NS_JSON_DEPTH];
    bool wrong; /* nested wrongly */
} ns_json;

/* `indent`: every value has a line. Set `lines` for less. */
ns_json ns_json_begin(ns_buffer *buffer, bool indent, int digits);

/* Open an object or array; ns_json_end closes the innermost one. */
void ns_json_object(ns_json *json, const char *key);
void ns_json_array(ns_json *json, const char *key);
void ns_json_end(ns_json *json);

/* NULL text is null. What is not UTF-8 becomes \xNN, byte by byte. */
void ns_json_text(ns_json *json, const char *key, const char *text);
void ns_json_integer(ns_json *json, const char *key, int64_t value);
void ns_json_real(ns_json *json, const char *key, double value); /* null where it is not finite */
void ns_json_bool(ns_json *json, const char *key, bool value);
void ns_json_null(ns_json *json, const char *key);

/* A document that was written elsewhere, as it stands; the line feed at its end is left out. */
void ns_json_document(ns_json *json, const char *key, ns_bytes document);

/* An array of integers. */
void ns_json_integers(ns_json *json, const char *key, int count, const int64_t *values);

/* Ends the document with a line feed. NS_ERROR_MEMORY, and nothing in *out (it may be NULL), where memory was
 * out at any time; NS_ERROR_INTERNAL for wrong nesting. `what` names the document: "the sweep's JSON". */
ns_code ns_json_finish(ns_json *json, const char *what, ns_bytes *out, ns_error *error);

#endif
