/* npz: NumPy's zip of .npy members, stored or deflated. */
#ifndef NS_FORMATS_NPZ_H
#define NS_FORMATS_NPZ_H

#include "formats/npy.h"

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

#endif
