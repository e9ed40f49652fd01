/* npuscope fuzz-vela: the findings as JSON. */
#ifndef NS_CLI_FUZZ_H
#define NS_CLI_FUZZ_H

#include "npuscope/fuzz_vela.h"
#include "options.h"

/* Writes the document npuscope/fuzz-vela/1 to the OUTPUT `path`; whole, or an error. */
ns_code ns_fuzz_json_write(ns_cli *cli, const char *path, const ns_fuzz_result *result, ns_error *error);

/* ---- fuzz_report.c ---- */

/* The page of a search, to the OUTPUT `path`. */
ns_code ns_fuzz_page_write(ns_cli *cli, const char *path, const ns_fuzz_result *result, ns_error *error);

/* The Markdown report of a search. */

ns_code ns_fuzz_report_write(const ns_fuzz_result *result, const char *path, ns_arena *arena,
                             ns_error *error);

#endif
