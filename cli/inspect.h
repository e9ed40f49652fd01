/* Inspect: kinds of models beside TOSA graphs. */
#ifndef NS_CLI_INSPECT_H
#define NS_CLI_INSPECT_H

#include "base/bytes.h"
#include "options.h"

/* Prints a command stream: a Vela npz. */
ns_code ns_inspect_stream(ns_cli *cli, bool json, ns_bytes bytes, ns_error *error);

/* Prints an ExecuTorch program. */
ns_code ns_inspect_program(ns_cli *cli, bool json, const char *method, ns_bytes bytes, ns_error *error);

/* Prints what the operations of many streams execute, and what never. */
ns_code ns_inspect_coverage(ns_cli *cli, bool json, int count, char **paths, ns_error *error);

#endif
