/* The stand-in for Arm's Corstone FVPs. */
#ifndef NS_CLI_FVP_H
#define NS_CLI_FVP_H

#include "npuscope/program.h"

typedef struct ns_fvp {
    const char *program;
    const char *family;
    const char *macs_key;
} ns_fvp;

/* The programs of fvp_programs.def; ends with a NULL program. */
extern const ns_fvp ns_fvp_programs[];

/* The row whose program has the base name of `path`; NULL for none. */
const ns_fvp *ns_fvp_find(const char *path);

/* NS_ERROR_UNSUPPORTED when the program calls a kernel that the runner in file `application` (-a; NULL: not
 * given) does not link. */
ns_code ns_fvp_check_kernels(const ns_fvp *fvp, const char *application, const ns_program *program,
                             ns_arena *arena, ns_error *error);

/* What such a program does: Arm's command line, an ExecuTorch program through semihosting. Returns the
 * process's exit code. */
int ns_fvp_main(const ns_fvp *fvp, int argc, char **argv);

#endif
