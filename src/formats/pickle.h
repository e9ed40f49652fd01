/* Pickle: the plain data in a pickle stream (Python's pickletools, protocols 2 to 5). Nothing is executed: a
 * call that the stream asks for stays a value with the callee's name, its arguments and its state. */
#ifndef NS_FORMATS_PICKLE_H
#define NS_FORMATS_PICKLE_H

#include "base/bytes.h"

typedef enum ns_pickle_kind {
    NS_PICKLE_NONE,
    NS_PICKLE_INTEGER, /* bools too */
    NS_PICKLE_TEXT,
    NS_PICKLE_BYTES,
    NS_PICKLE_LIST,   /* and tuple */
    NS_PICKLE_DICT,   /* items: key, value, key, value, .. */
    NS_PICKLE_OBJECT, /* items: callee, arguments; `state` where it is built */
    NS_PICKLE_OTHER,  /* a float, a class */
} ns_pickle_kind;

typedef struct ns_pickle_value ns_pickle_value;
struct ns_pickle_value {
    ns_pickle_kind kind;
    int64_t integer;
    ns_bytes bytes; /* of a text or bytes, in the stream */
    int count;
    ns_pickle_value **items;
    ns_pickle_value *state;
};

/* Reads a whole stream. NS_ERROR_INPUT: malformed, or longer than a value needs; NS_ERROR_UNSUPPORTED: an
 * opcode that plain data does not need. */
ns_code ns_pickle_read(ns_bytes bytes, ns_arena *arena, const ns_pickle_value **out, ns_error *error);

/* The value of a key that is a text; NULL where there is none, or `value` is no dict. */
const ns_pickle_value *ns_pickle_find(const ns_pickle_value *value, const char *key);

/* Element `index` of the list of a pickled array of objects; NULL where it is none. */
const ns_pickle_value *ns_pickle_object(const ns_pickle_value *array, int index);

/* The bytes of element 0 of a pickled array of numbers, at least `size`; NULL where it is none of `type`,
 * such as "f4". */
const uint8_t *ns_pickle_first(const ns_pickle_value *array, const char *type, size_t size);

#endif
