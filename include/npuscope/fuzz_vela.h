/* Fuzz Vela: a search for defects of the compiler with random graphs, and the reduction of what it finds. */
#ifndef NPUSCOPE_FUZZ_VELA_H
#define NPUSCOPE_FUZZ_VELA_H

#include "npuscope/defects.h"
#include "npuscope/vela.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { NS_FUZZ_VELA_RELEASES = 8, NS_FUZZ_VELA_TARGETS = 16 };

/* What one release makes of a finding's reduced graph, over the accelerators of one family. */
typedef struct ns_fuzz_cell {
    const char *release;
    unsigned family;                                     /* NS_FAMILY_* */
    int right, wrong, undefined, hazard, crash, refused; /* configurations */
} ns_fuzz_cell;

typedef struct ns_fuzz_finding {
    const char *signature;
    const char *kind;      /* "wrong", "undefined", "hazard", "crash" */
    const char *operation; /* the operators of the reduced graph, in order: "SLICE > REDUCE_MAX" */
    const char *target, *release, *message; /* where it was reduced, and what was said there */
    const char *flags;                      /* further options of Vela there; NULL: none */
    const char *known_defect;               /* NULL: none */
    const char *avoided_by; /* what avoids it there, tried: options of Vela, orders of operators ("RESCALE
                               before SLICE"), separated by ", "; "" for nothing */
    const char *variant, *difference; /* a release or option with which its target is right, and where that
                                         stream's registers part from this one's; NULL: there is none */
    const char *first_wrong; /* the first NPU operation whose result is wrong, as `diagnose` words it; NULL:
                                none is known */
    int cell_count;
    const ns_fuzz_cell *cells;
    const void *file; /* the reduced graph's .tosa, with its inputs */
    size_t file_size;
    const ns_tensor *inputs;
    const char *graph; /* path of the reduced .tosa; its inputs lie beside it */
    int input_count;
    size_t wrong,
        elements;    /* of all outputs: what the stream has wrong, and how many there are; 0: it gave none */
    int64_t largest; /* difference of a wrong element */
    uint64_t first_seen, count; /* number of the first graph; how many graphs came to it */
    int operators, trials;      /* of the reduction */
    double seconds;
} ns_fuzz_finding;

typedef struct ns_fuzz_known {
    ns_defect defect;
    uint64_t graphs, first_seen; /* graphs that fail and meet it */
    uint64_t right;              /* streams that are right although the graph meets it there */
} ns_fuzz_known;

/* How many signatures there were after so many graphs. */
typedef struct ns_fuzz_yield {
    uint64_t graphs;
    int signatures, causes;
    uint64_t modes; /* as in ns_fuzz_result */
    double seconds;
} ns_fuzz_yield;

typedef struct ns_fuzz_result {
    uint64_t seed, first; /* as asked for */
    int shard, shards;
    uint64_t graphs, streams, refused, starts, failing;
    uint64_t unnamed;  /* of the failing graphs, those with a stream that no known defect names */
    uint64_t modes;    /* of the NPU's operations that were executed, and pairs of operations in a row */
    uint64_t *reached; /* which ones, as hashes, in the order in which they were reached */
    double seconds, reducing;
    int finding_count, known_count, yield_count;
    ns_fuzz_finding *findings;
    ns_fuzz_known *known;
    ns_fuzz_yield *yields;
    void *reserved[8]; /* NULL; room for later versions */
} ns_fuzz_result;

typedef struct ns_fuzz_options {
    size_t size;                  /* sizeof(ns_fuzz_options), or 0 (status.h) */
    uint64_t seed, first, graphs; /* numbers first to first + graphs - 1 */
    int shard, shards;            /* every shards-th of them, from number `shard` on; shards 0: all */
    double time_limit;            /* seconds; 0: none */
    bool steer;                   /* half of the graphs emphasise what a graph did that reached new modes */
    int vela_count;
    ns_vela velas[NS_FUZZ_VELA_RELEASES]; /* graphs take turns */
    int target_count;
    ns_accelerator targets[NS_FUZZ_VELA_TARGETS];
    const char *folder;    /* of reduced graphs; NULL: nothing is written */
    double reduce_seconds; /* of one reduction; 0: none is made */
    void (*progress)(void *context, const ns_fuzz_result *so_far); /* may be NULL */
    void *context;
    uint64_t reduce_known; /* of failures that look alike and that a known defect names: the first so many are
                            * reduced, then every 64th, to see what hides behind it; 0: eight */
} ns_fuzz_options;

/* Searches. Results lie in `arena`. NS_ERROR_TOOL_MISSING: Vela does not run. */
ns_code ns_fuzz_vela(const ns_fuzz_options *options, ns_arena *arena, ns_fuzz_result *result,
                     ns_error *error);

/* One graph of the search, with its inputs: graph.tosa and in<k>.npy in `folder`. */
ns_code ns_fuzz_vela_write(uint64_t seed, uint64_t number, const char *folder, ns_error *error);

typedef struct ns_reduce_options {
    size_t size; /* sizeof(ns_reduce_options), or 0 (status.h) */
    ns_vela vela;
    ns_accelerator accelerator;
    const char *flags;  /* further options of Vela; NULL: none */
    double time_limit;  /* seconds */
    bool ordinary;      /* dims as networks have them, rather than the smallest */
    const char *centre; /* name of the tensor around which a small window is tried first; NULL: none */
    bool evidence;      /* look for what ns_reduce_result.finding holds: some ten compilations a release */
    int other_count; /* further releases of Vela that are compared then: at most NS_FUZZ_VELA_RELEASES - 1 */
    const ns_vela *others;
} ns_reduce_options;

typedef struct ns_reduce_result {
    const char *kind, *signature, *operation, *known_defect;
    const char *avoided_by; /* as in ns_fuzz_finding; "" without evidence */
    int operators_before, operators, trials;
    double seconds;
    const void *file; /* the bytes of a .tosa file */
    size_t file_size;
    int input_count, output_count;
    const ns_tensor *inputs, *outputs; /* outputs: the graph's results */
    const ns_fuzz_finding *finding; /* evidence, but for first_wrong, which `diagnose` finds; NULL: none was
                                       asked for */
    void *reserved[7];              /* NULL; room for later versions */
} ns_reduce_result;

/* Reduces a validated graph with inputs for which the stream goes wrong; the result lies in `arena`.
 * NS_ERROR_INPUT where it does not go wrong. */
ns_code ns_reduce_graph(const ns_reduce_options *options, const ns_graph *graph, const ns_tensor *inputs,
                        int input_count, ns_arena *arena, ns_reduce_result *result, ns_error *error);

#ifdef __cplusplus
}
#endif

#endif
