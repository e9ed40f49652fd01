/* Files of a case: a folder, or the members of a zip file that lie in one of its folders. */
#ifndef NS_RECORDED_FILES_H
#define NS_RECORDED_FILES_H

#include <jansson.h>

#include "base/bytes.h"
#include "formats/zip.h"
#include "npuscope/tensor.h"

typedef struct ns_case_files {
    const char *name;    /* of the case: its folder's or its zip file's */
    const char *where;   /* for messages: "cases.zip/name" */
    const char *problem; /* why its files cannot be read; NULL: they can */
    bool zipped;
    size_t prefix; /* ZIPPED: characters of the members' names that lead to the case */
    int member_count;
    const ns_zip_member *members; /* ZIPPED: all whose names begin so */
} ns_case_files;

/* Whether the case has the file. */
bool ns_case_has(const ns_case_files *files, const char *name);

/* The bytes of a file of the case. A name that a JSON file gives may not leave the folder: NS_ERROR_INPUT
 * where it has a separator or is "..". */
ns_code ns_case_bytes(const ns_case_files *files, const char *name, ns_arena *arena, ns_bytes *out,
                      ns_error *error);

/* A JSON file; the caller decrefs *out. */
ns_code ns_case_json(const ns_case_files *files, const char *name, ns_arena *arena, json_t **out,
                     ns_error *error);

/* An .npy file of floats (float32) or integers as FP32 values, in `arena`. */
ns_code ns_case_array(const ns_case_files *files, const char *name, ns_arena *arena, ns_tensor *out,
                      ns_error *error);

/* An .npy file of whole numbers or truth values as `dtype`, an integer type or BOOL; NS_ERROR_INPUT where one
 * does not fit. */
ns_code ns_case_whole(const ns_case_files *files, const char *name, ns_dtype dtype, ns_arena *arena,
                      ns_tensor *out, ns_error *error);

/* Whether an .npy file is of floats. */
ns_code ns_case_is_real(const ns_case_files *files, const char *name, ns_arena *arena, bool *out,
                        ns_error *error);

/* ns_case_whole for INT32. */
ns_code ns_case_integers(const ns_case_files *files, const char *name, ns_arena *arena, ns_tensor *out,
                         ns_error *error);

#endif
