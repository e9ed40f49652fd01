/* zip: archives of files, stored or deflated. */
#ifndef NS_FORMATS_ZIP_H
#define NS_FORMATS_ZIP_H

#include "base/bytes.h"

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
