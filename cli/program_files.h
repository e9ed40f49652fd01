/* Program files: the inputs and outputs of an ExecuTorch program as .npy files. */
#ifndef NS_CLI_PROGRAM_FILES_H
#define NS_CLI_PROGRAM_FILES_H

#include "base/bytes.h"
#include "formats/npy.h"
#include "npuscope/program.h"
#include "options.h"

/* Is it an ExecuTorch program? */
bool ns_program_files_probe(ns_bytes bytes);

/* The file of a tensor, without data. */
ns_code ns_program_files_describe(const ns_program_tensor *tensor, ns_npy *array, ns_error *error);

/* A program's inputs in memory order; each list has room for all of them. */
typedef struct ns_program_files {
    const void **data; /* NULL: no tensor */
    size_t *sizes;
    int64_t *parts; /* of a dynamic shape's first dim as many as the file has; 0: all */
    int test;       /* of a bundled program: the case whose inputs stand in where no file is given */
} ns_program_files;

ns_code ns_program_files_new(const ns_program *program, ns_arena *arena, ns_program_files *out,
                             ns_error *error);

ns_code ns_program_files_load(ns_cli *cli, const ns_text_list *inputs, const ns_program *program,
                              ns_program_files *out, ns_error *error);

#endif
