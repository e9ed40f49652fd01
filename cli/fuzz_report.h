/* The Markdown report of a search. */
#ifndef NS_CLI_FUZZ_REPORT_H
#define NS_CLI_FUZZ_REPORT_H

#include "npuscope/fuzz_vela.h"

ns_code ns_fuzz_report_write(const ns_fuzz_result *result, const char *path, ns_arena *arena,
                             ns_error *error);

#endif
