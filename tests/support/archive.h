/* Files of a folder or of a zip file, read by name: the one reader of test data. */
#ifndef NS_TESTS_ARCHIVE_H
#define NS_TESTS_ARCHIVE_H

#include "base/bytes.h"
#include "npuscope/arena.h"
#include "npuscope/status.h"

typedef struct ns_archive {
    const char *path;
    struct zip *zip; /* NULL: a folder */
} ns_archive;

/* Opens the folder or the zip file at `path`, a string that outlives the archive. Of a set of test data,
 * whose member all.zip has the files, this opens all.zip. It is held in memory, so that a forked test has its
 * own. */
ns_code ns_archive_open(const char *path, ns_archive *out, ns_error *error);
void ns_archive_close(ns_archive *archive);

/* The bytes of file `name` in `arena`. */
ns_code ns_archive_read(ns_archive *archive, const char *name, ns_arena *arena, ns_bytes *out,
                        ns_error *error);

/* The names right below `folder` ("" for the top), sorted, each once. */
ns_code ns_archive_list(ns_archive *archive, const char *folder, ns_arena *arena, const char *const **names,
                        int *count, ns_error *error);

#endif
