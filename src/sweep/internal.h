/* What the files of sweep give each other. */
#ifndef NS_SWEEP_INTERNAL_H
#define NS_SWEEP_INTERNAL_H

#include <pthread.h>

#include "base/interface.h"
#include "catalogue/interface.h"
#include "ir/program.h"
#include "npuscope/search.h"
#include "npuscope/sweep.h"
#include "npuscope/vela.h"

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

/* ---- sweep_measure.c ---- */

/* Sweep: one in the making, and the exact results that several have in common (sweep.h). */

typedef struct ns_sweep ns_sweep;
typedef struct ns_sweep_memory ns_sweep_memory;

enum { NS_SWEEP_BLOCK = 128 }; /* codes of a segment of a table */

struct ns_sweep {
    const ns_suite_row *row;
    const ns_aten_program *program; /* of the case, with its scales */
    unsigned cpu_mask;
    bool npu; /* is to run */
    ns_arena *arena;
    ns_sweep_result *result;
    ns_vela_request request;
    int16_t *eval; /* results by code; where undefined[] is set they mean nothing */
    bool *undefined;
    int16_t knots[NS_SWEEP_CODES / NS_SWEEP_BLOCK + 1]; /* of the table; result->segments is 0 without one */
};

/* Exact results of one case with one input scale. */
typedef struct ns_sweep_known {
    const ns_catalogue_case *case_;
    double input_scale;
    const double *values;
    struct ns_sweep_known *next;
} ns_sweep_known;

struct ns_sweep_memory {
    pthread_mutex_t lock;
    ns_arena *arena;
    ns_sweep_known *known;
};

ns_code ns_sweep_no_memory(ns_error *error);

/* The program with `count` elements in the place of the case's shape. */
ns_code ns_sweep_widen(const ns_sweep *s, int64_t count, ns_aten_program *out, ns_error *error);

/* The exact results of all codes; those that `memory` (NULL: none) has are not computed again. */
ns_code ns_sweep_run_ideal(ns_sweep *s, ns_sweep_memory *memory, ns_error *error);

/* Compares a stage's results, by code, with them. */
ns_code ns_sweep_measure(const ns_sweep *s, const int16_t *got, ns_sweep_stage *stage, ns_error *error);

/* How many segments of the table are open, clamped or coarse: after eval is measured. */
void ns_sweep_count_segments(ns_sweep *s);

#endif
