/* The stand-in for Arm's Corstone FVPs. */
#ifndef NS_CLI_FVP_H
#define NS_CLI_FVP_H

#include "base/bytes.h"
#include "npuscope/program.h"

typedef struct ns_fvp {
    const char *program;
    const char *family;
    const char *macs_key;
    uint64_t scratch, fast_scratch; /* bytes */
} ns_fvp;

/* The programs of fvp_programs.def; ends with a NULL program. */
extern const ns_fvp ns_fvp_programs[];

/* The row whose program has the base name of `path`; NULL for none. */
const ns_fvp *ns_fvp_find(const char *path);

/* ExecuTorch's runner, which the stand-in does not execute: what it links, and the memory that it has. */
typedef struct ns_fvp_runner {
    const ns_fvp *fvp;
    const char *path;    /* -a; NULL: not given */
    ns_bytes elf;        /* data NULL: a placeholder */
    ns_runner kind;      /* by the folder's name; 0: not one of setup_testing.sh's, its memory is not known */
    uint64_t file_bytes; /* read so far */
} ns_fvp_runner;

/* `application` is the file of -a, or NULL. */
ns_code ns_fvp_runner_open(const ns_fvp *fvp, const char *application, ns_arena *arena, ns_fvp_runner *out,
                           ns_error *error);

/* Counts a file that the runner reads into its memory, the program or an input. NS_ERROR_MEMORY when the
 * memory for files is full. */
ns_code ns_fvp_runner_take_file(ns_fvp_runner *runner, size_t size, ns_error *error);

/* NS_ERROR_MEMORY when the method's planned buffers do not fit, NS_ERROR_UNSUPPORTED when the program calls a
 * kernel that the runner does not link. */
ns_code ns_fvp_runner_load(const ns_fvp_runner *runner, const ns_program *program, ns_arena *arena,
                           ns_error *error);

/* NS_ERROR_MEMORY when a delegate wants scratch memory that the runner lacks. */
ns_code ns_fvp_runner_start(const ns_fvp_runner *runner, const ns_program *program, ns_error *error);

/* What such a program does: Arm's command line, an ExecuTorch program through semihosting. Returns the
 * process's exit code. */
int ns_fvp_main(const ns_fvp *fvp, int argc, char **argv);

#endif
