/* What the files of sweep give each other. */
#ifndef NS_SWEEP_INTERNAL_H
#define NS_SWEEP_INTERNAL_H

#include "base/interface.h"
#include "ir/program.h"
#include "npuscope/search.h"

/* ---- search.c ---- */

/* Search: for tests, which plant what is to be found. */

/* A NULL member does nothing. */
typedef struct ns_search_hooks {
    void *context;
    /* After the evaluator; may change the result. */
    void (*evaluated)(void *context, const ns_tensor *inputs, ns_tensor *output);
} ns_search_hooks;

/* ns_search_run with hooks. */
ns_code ns_search_run_hooked(const ns_search_options *options, const ns_search_hooks *hooks, ns_arena *arena,
                             ns_search_result **out, ns_error *error);

/* ---- search_inputs.c ---- */

/* Search inputs: the codes of a search's trials. */

typedef struct ns_search_maker {
    const ns_aten_program *program; /* decomposed, with scales; every input INT16 */
    ns_random random;
    ns_arena *scratch; /* the caller resets it */
} ns_search_maker;

/* The reals that the codes stand for: code * scale, rounded to float32 as dequantize gives it. `reals` has
 * room for the program's inputs. */
ns_code ns_search_reals(const ns_aten_program *program, const ns_tensor *codes, ns_arena *arena,
                        ns_tensor *reals, ns_error *error);

/* Fills `codes`, one INT16 tensor for each input of the program, for a trial of `kind`. CLIMB changes a few
 * of those that are there, of which result element `worst` depends. */
ns_code ns_search_make(ns_search_maker *maker, ns_search_kind kind, size_t worst, ns_tensor *codes,
                       ns_error *error);

#endif
