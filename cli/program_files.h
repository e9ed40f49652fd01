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

/* Reads the program's inputs in memory order: `data` and `sizes` have room for all of them; that of an input
 * that is no tensor stays NULL. */
ns_code ns_program_files_load(ns_cli *cli, const ns_text_list *inputs, const ns_program *program,
                              const void **data, size_t *sizes, ns_error *error);

#endif
