/* What formats gives the rooms above it. */
#ifndef NS_FORMATS_INTERFACE_H
#define NS_FORMATS_INTERFACE_H

#include "base/bytes.h"
#include "formats/npy.h"

/* ---- npz.c ---- */

/* npz: NumPy's zip of .npy members, stored or deflated. */

typedef struct ns_npz_member {
    const char *name; /* without ".npy" */
    ns_npy array;     /* type OBJECT: data NULL, never unpickled */
} ns_npz_member;

typedef struct ns_npz {
    int count;
    ns_npz_member *members;
} ns_npz;

/* True when the bytes start like a zip file. */
bool ns_npz_probe(ns_bytes bytes);

/* Reads all members into `arena`; their checksums are verified. Byte strings keep their trailing zeros.
 * `what` names the file in messages. NS_ERROR_INPUT: malformed; NS_ERROR_UNSUPPORTED: encrypted, another
 * compression, or more than NS_ZIP_LIMIT bytes (zip.h). */
ns_code ns_npz_read(ns_bytes bytes, const char *what, ns_arena *arena, ns_npz *out, ns_error *error);

/* The member of that name, or NULL. */
const ns_npy *ns_npz_find(const ns_npz *npz, const char *name);

/* ---- pickle.c ---- */

/* Pickle: the plain data in a pickle stream (Python's pickletools, protocols 2 to 5). Nothing is executed: a
 * call that the stream asks for stays a value with the callee's name, its arguments and its state. */

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

/* ---- zip.c ---- */

/* zip: archives of files, stored or deflated. */

/* Expanded bytes of one archive, all members together: far above any compiled model for an Ethos-U (its
 * address space is 4 GiB, its weights some MiB), and small enough for any machine that builds this. */
#define NS_ZIP_LIMIT ((uint64_t)1 << 30)

typedef struct ns_zip_member {
    const char *name; /* as in the archive: "folder/file.npy"; of a folder: "folder/" */
    ns_bytes bytes;
} ns_zip_member;

typedef struct ns_zip {
    int count;
    ns_zip_member *members; /* in the archive's order */
} ns_zip;

/* True when the bytes start like a zip file. */
bool ns_zip_probe(ns_bytes bytes);

/* Reads all members into `arena`; their checksums are verified. `what` names the file in messages, `kind`
 * what it should be: "an .npz file". NS_ERROR_INPUT: malformed; NS_ERROR_UNSUPPORTED: encrypted, another
 * compression, or more than NS_ZIP_LIMIT bytes. */
ns_code ns_zip_read(ns_bytes bytes, const char *what, const char *kind, ns_arena *arena, ns_zip *out,
                    ns_error *error);

#endif
