/* File: whole files in and out. Writing is atomic: beside, then renamed. */
#ifndef NS_BASE_FILE_H
#define NS_BASE_FILE_H

#include "base/bytes.h"

/* What the operating system refused, as errno has it: NS_ERROR_MEMORY for want of memory, else NS_ERROR_IO.
 */
ns_code ns_fail_system(ns_error *error, const char *path);

/* The whole of `path` in `arena`. NS_ERROR_IO with the operating system's reason; a file of over
 * 4 GiB, a folder or a device is refused. */
ns_code ns_file_read(const char *path, ns_arena *arena, ns_bytes *out, ns_error *error);

/* Writes `bytes` to a new file beside `path` and renames it, so that `path` is never half there; through a
 * symbolic link to its target. A pipe or a device is written where it is. NS_ERROR_IO with the operating
 * system's reason. */
ns_code ns_file_write(const char *path, ns_bytes bytes, ns_error *error);

/* Makes folder `path` and its parents; fine when it exists. */
ns_code ns_folder_make(const char *path, ns_error *error);

#endif
