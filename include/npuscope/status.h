/* Status: the one error type of the library.
 *
 * A function that can fail returns ns_code and takes an ns_error as its last parameter. Where it
 * fails, it fills the error with one sentence (what, where, and what would mend it); callers forward
 * with NS_TRY and may add context in front. The error parameter may be NULL where only the code
 * matters. */
#ifndef NPUSCOPE_STATUS_H
#define NPUSCOPE_STATUS_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ns_code {
    NS_OK = 0,
#define NS_ERROR_KIND(name, exit_code, sentence) NS_ERROR_##name,
#include "npuscope/errors.def"
#undef NS_ERROR_KIND
} ns_code;

/* Bytes of an error's message, its final NUL included; longer messages are cut. */
#define NS_MESSAGE_SIZE 1024

typedef struct ns_error {
    ns_code code;
    char message[NS_MESSAGE_SIZE];
} ns_error;

/* Fills `error` (unless NULL) and returns `code`, so that `return ns_fail(...)` reads as one step. */
ns_code ns_fail(ns_error *error, ns_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts "context: " in front of the message and returns the error's code (NS_ERROR_INTERNAL when
 * `error` is NULL: the code is then known to the caller only). */
ns_code ns_add_context(ns_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "INPUT" for NS_ERROR_INPUT; "OK" for NS_OK; "?" outside the enum. */
const char *ns_code_name(ns_code code);

/* The command line's exit code for a status: 0 to 4 (docs/cli.md). */
int ns_code_exit(ns_code code);

/* Whether memory or a budget is out, or the caller cancelled: that ends a whole run, where another failure
 * would be the result of one of its cases. */
bool ns_code_ends_run(ns_code code);

/* How structs that callers make may grow: options begin with `size`, sizeof of the struct as the caller knows
 * it (0: as version 0.1 had it), and what it does not reach has the value 0; results have reserved room. */

/* Forwards a failure to the caller unchanged. */
#define NS_TRY(call)                   \
    do {                               \
        ns_code ns_try_code_ = (call); \
        if (ns_try_code_ != NS_OK)     \
            return ns_try_code_;       \
    } while (0)

#ifdef __cplusplus
}
#endif

#endif
