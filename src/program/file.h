/* File: the container of a .pte program: header, FlatBuffer, segments and named data (ExecuTorch 1.5.0:
 * schema/program.fbs, schema/extended_header.h, exir/_serialize/_program.py). */
#ifndef NS_PROGRAM_FILE_H
#define NS_PROGRAM_FILE_H

#include "base/bytes.h"
#include "formats/flatbuffer.h"

typedef struct ns_program_file {
    ns_bytes bytes; /* the whole file */
    ns_fb_reader reader;
    ns_fb_table root; /* table Program */
    bool has_segments;
    uint64_t segment_base;   /* bytes from the file's start */
    ns_fb_vector segments;   /* of table DataSegment */
    ns_fb_vector named_data; /* of table NamedData */
    uint64_t copied;         /* bytes of constants and delegates copied so far */
} ns_program_file;

/* Opens the container; `file` must stay where it is, since its tables refer to its reader. */
ns_code ns_program_file_open(ns_program_file *file, ns_bytes bytes, ns_error *error);

/* Counts bytes that are about to be copied out of the file. A broken file may refer to the same bytes many
 * times over: NS_ERROR_INPUT when that grows out of all proportion to the file. */
ns_code ns_program_file_spend(ns_program_file *file, uint64_t bytes, ns_error *error);

/* The bytes of segment `index`. */
ns_code ns_program_file_segment(ns_program_file *file, uint32_t index, const char *what, ns_bytes *out,
                                ns_error *error);

/* The bytes of the named datum `key`; NS_ERROR_INPUT when the file has none. */
ns_code ns_program_file_named(ns_program_file *file, ns_bytes key, ns_bytes *out, ns_error *error);

/* The bytes of constant `index` (`size` of them): from the constant segment, or the inline buffers of
 * older files. */
ns_code ns_program_file_constant(ns_program_file *file, uint32_t index, size_t size, ns_bytes *out,
                                 ns_error *error);

/* The initial state `index` of a mutable tensor: in mutable data list `list`. */
ns_code ns_program_file_mutable(ns_program_file *file, uint32_t list, uint32_t index, size_t size,
                                ns_bytes *out, ns_error *error);

#endif
