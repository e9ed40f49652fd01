/* Diagnose: which operator of a whole model loses the precision, why, and what would mend it; and where the
 * chip departs from the graph. Two halves, each of which may be left out. */
#ifndef NPUSCOPE_DIAGNOSE_H
#define NPUSCOPE_DIAGNOSE_H

#include "npuscope/graph.h"
#include "npuscope/measure.h"
#include "npuscope/vela.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ns_diagnose_verdict {
#define NS_DIAGNOSE_VERDICT(name, text, exit_code, sentence) NS_DIAGNOSE_##name,
#include "npuscope/diagnose_verdicts.def"
#undef NS_DIAGNOSE_VERDICT
    NS_DIAGNOSE_VERDICT_COUNT
} ns_diagnose_verdict;

const char *ns_diagnose_verdict_text(ns_diagnose_verdict verdict);     /* "healthy" */
const char *ns_diagnose_verdict_sentence(ns_diagnose_verdict verdict); /* "nothing to blame" */
bool ns_diagnose_verdict_fails(ns_diagnose_verdict verdict);           /* exit code 1 */

typedef enum ns_diagnose_cause {
#define NS_DIAGNOSE_CAUSE(name, text, family, sentence) NS_DIAGNOSE_CAUSE_##name,
#include "npuscope/diagnose_causes.def"
#undef NS_DIAGNOSE_CAUSE
    NS_DIAGNOSE_CAUSE_COUNT
} ns_diagnose_cause;

/* What it is a particular form of: STEP of UNDERFLOW; itself where it is none. */
ns_diagnose_cause ns_diagnose_cause_family(ns_diagnose_cause cause);
const char *ns_diagnose_cause_text(ns_diagnose_cause cause);     /* "clamped knot" */
const char *ns_diagnose_cause_sentence(ns_diagnose_cause cause); /* of diagnose_causes.def */

/* ---- the precision half ---- */

/* A stage: everything between two stored int8 or int16 tensors. Energies are errors at the graph's outputs
 * over the outputs' own energy, mean over outputs; in dB -10 log10 of it. INFINITY: no error at all; NAN: not
 * measured. Steps are the stored tensor's. */
/* The function that a table's knots hold, of codes less their zero points:
 *   out = function(code * input_scale) / output_scale
 * of a power law, which tells one factor of both scales only: out = factor * code^power; of leaky_relu too,
 * with power 1. What a function does not tell is NAN. */
typedef struct ns_diagnose_table {
    double input_scale, output_scale;
    double factor, power;
    double slope; /* of leaky_relu and elu: what the function is multiplied with below zero */
    double
        residual; /* largest |knot - function| in steps, of knots that are not clamped; rounding makes 0.5 */
} ns_diagnose_table;

typedef struct ns_diagnose_stage {
    const char *output;             /* name of the tensor at which it ends */
    const char *op;                 /* "TABLE": its last operator that is neither RESCALE nor data movement */
    const char *function;           /* "rsqrt"; NULL: no table, or one whose function is not known */
    const ns_diagnose_table *table; /* what is known of that function; NULL likewise */
    const char *location;           /* of that operator in the source model; NULL: the file gives none */
    int operator_index;             /* of that operator in the main block */
    int rank;
    int64_t shape[NS_MAX_RANK];
    size_t count;                           /* elements, over all samples */
    double local_steps;                     /* largest |TOSA - ideal| on the integers that it got */
    double local_db;                        /* the same as SQNR */
    double cumulative_steps, cumulative_db; /* TOSA's tensor against the graph's real-valued self */
    double largest_code;                    /* largest |code - zero point| that it stored */
    double largest_real;                    /* the same of the graph's real-valued self */
    size_t clipped;                         /* elements whose ideal leaves the type's range */
    double peak;           /* largest |ideal - zero point| over the largest code of the type */
    double alone_db;       /* at the output, everything else ideal */
    double knocked_out_db; /* at the output, everything as TOSA says but this stage ideal */
    double share;          /* its alone over the sum of all alone, 0 to 1; NAN: not measured */
    double gain_db;        /* of the knock-out, with what dither estimates counted in */
    int source_count;
    int *sources; /* what it reads: inputs are 0 to input_count - 1, stages follow */
} ns_diagnose_stage;

/* One mend that was tried by a run. */
typedef struct ns_diagnose_mend {
    const char *text; /* what to change */
    double mended_db; /* against float, estimated */
    bool applicable;  /* --apply can write it into the graph */
} ns_diagnose_mend;

/* The table of a blamed stage on the codes that it is given, in order, as often as they are met: what
 * straight lines give, and what the function does. */
typedef struct ns_diagnose_curve {
    int count;
    double *codes, *straight, *ideal; /* of the input; of the output */
} ns_diagnose_curve;

typedef struct ns_diagnose_blame {
    int stage; /* in `stages` */
    ns_diagnose_cause cause;
    const char *why;                          /* the cause in words and numbers */
    double gain_db;                           /* against float, estimated */
    double now_db, knocked_out_db, mended_db; /* against float, estimated; mended NAN: no mend was found */
    double joint_db;                          /* with this and all blamed before it ideal */
    int mend_count;
    ns_diagnose_mend *mends;        /* best first */
    const ns_diagnose_curve *curve; /* NULL: not a table, or its function is not known */
} ns_diagnose_blame;

/* What an estimate by dither says: the roundings that the file no longer shows. */
typedef struct ns_diagnose_dither {
    const char *tensor;
    const char *kind; /* "weights", "constant", "multiplier" or "input" */
    double db;        /* at the output */
    double largest_code;
} ns_diagnose_dither;

/* One share of the way from the chip's integers to float, in dB. */
typedef struct ns_diagnose_step {
    const char *name;
    double db;
    bool estimated;
} ns_diagnose_step;

typedef struct ns_diagnose_precision {
    ns_diagnose_verdict verdict;
    const char *reason;                       /* of the verdict, in words and numbers */
    bool measured;                            /* against_float was measured with a reference */
    double against_float_db, low_db, high_db; /* with the range over dither's seeds */
    double without_faults_db;                 /* all blamed stages ideal */
    double limit_db;                          /* the graph's real-valued self: weights, constants, inputs */
    double against_ideal_db; /* TOSA against the graph's real-valued self: nothing estimated in it */
    int blame_count;
    ns_diagnose_blame *blame; /* worst first */
    int stage_count;
    ns_diagnose_stage *stages; /* in order of execution */
    int dither_count;
    ns_diagnose_dither *dither; /* worst first */
    int step_count;
    ns_diagnose_step *steps; /* the waterfall */
    int note_count;
    const char **notes; /* suspects, constants lost to the floor, operators without an ideal */
    int samples;
    int input_count;
    const char **input_names;
    size_t output_bins[NS_ERROR_BINS]; /* elements of all outputs by |TOSA - real-valued self|, in steps */
    double all_mended_db;              /* the first mend of each blamed stage, all at once; NAN: none mends */
    void *reserved[7];                 /* NULL; room for later versions */
} ns_diagnose_precision;

typedef struct ns_diagnose_options {
    size_t size; /* sizeof(ns_diagnose_options), or 0 (status.h) */
    const ns_tensor
        *inputs; /* in the block's order, the declared shapes: `samples` of each, one behind the other */
    int input_count;
    int samples;
    /* The inputs in codes before they were rounded and clipped, where they are known; NULL, or NULL for an
     * input: only the integers are. */
    const double *const *real_inputs;
    /* What the float model gives for each output, all samples, and the output's scale; NULL, or NULL for an
     * output: not known, the distance to float is estimated. A scale of 0 is not known: the one that brings
     * the graph's real-valued self nearest is taken. */
    const double *const *references;
    const double *reference_scales;
    unsigned cpu_mask;
    int threads;         /* 0: as many as there are CPUs */
    bool scales_by_hand; /* real_inputs were divided by scales that a user gave, and no file */
    bool against_self;   /* the graph's real-valued self is taken for the float model: nothing is estimated */
} ns_diagnose_options;

/* The precision half; everything in `arena`, names too: the graph may go. NS_ERROR_UNSUPPORTED names an
 * operator that it does not know. */
ns_code ns_diagnose_precision_run(const ns_graph *graph, const ns_diagnose_options *options, ns_arena *arena,
                                  ns_diagnose_precision *out, ns_error *error);

/* A graph with mends written into it, and its own diagnosis as the proof. */
typedef struct ns_diagnose_applied {
    ns_graph *graph; /* the caller frees it */
    int count;
    const char *
        *mends; /* what was written: "range of 'x' 3.34 times wider: 45.9 dB against float, was 11.8" */
    double against_float_db; /* of the mended graph's integers, held against the real values of the graph as
                                it was (or the reference), with the same estimate of what weights cost */
    ns_diagnose_precision after; /* the mended graph by itself */
} ns_diagnose_applied;

/* Writes the mends of the blamed stages that can be written: a table over the codes in use, a wider or finer
 * range of a stored tensor, a constant at a finer scale. Each is run: one that brings nothing is left out.
 * Everything but the graph lies in `arena`. NS_ERROR_UNSUPPORTED where none can be written or none helps. */
ns_code ns_diagnose_apply(const ns_graph *graph, const ns_diagnose_options *options,
                          const ns_diagnose_precision *precision, ns_arena *arena, ns_diagnose_applied *out,
                          ns_error *error);

/* The smallest graph that still shows a finding, with inputs and the results that TOSA gives. */
typedef struct ns_diagnose_smallest {
    const char *finding; /* "operator: TABLE rsqrt: table" */
    const char *words;   /* "TABLE > RESCALE[32>16]": its operators in order */
    const void *file;    /* the bytes of a .tosa file */
    size_t file_size;
    int input_count, output_count;
    const ns_tensor *inputs, *outputs;
    int operators_before, operators, trials;
    double seconds;
} ns_diagnose_smallest;

/* Reduces a graph for the first finding that `precision` has: by operators, dims, attributes, constants and
 * data, for at most `time_limit` seconds. Of several samples the first is taken. NS_ERROR_INPUT where nothing
 * is to blame; NS_ERROR_UNSUPPORTED for control flow and variables. */
ns_code ns_diagnose_reduce(const ns_graph *graph, const ns_diagnose_options *options,
                           const ns_diagnose_precision *precision, double time_limit, ns_arena *arena,
                           ns_diagnose_smallest *out, ns_error *error);

/* ---- the compile half ---- */

/* The first NPU operation whose result departs from the graph, or at which the run ended. */
typedef struct ns_diagnose_departure {
    int command;            /* -1: not known */
    const char *operation;  /* "CONV", "POOL AVERAGE", or Vela's word for it */
    const char *output;     /* the graph's tensor that it writes; NULL: not known */
    int operator_index;     /* that it stems from, in the main block; -1: not known */
    int producer_index;     /* whose result `output` is: of a convolution with a RESCALE fused into it the
                               RESCALE; -1: not known */
    const char *op;         /* "REDUCE_MIN": that operator's; NULL: not known */
    const char *location;   /* in the source model; NULL: the file gives none */
    size_t wrong, compared; /* elements of the output that this operation wrote; 0: could not be compared */
    bool confirmed; /* with the right values in its place the result, or more of what follows, is right */
    int without_counterpart; /* operations before it, of the same operator, whose values the graph does not
                                have */
    int consequences;        /* operations behind it that are wrong too */
} ns_diagnose_departure;

/* One configuration of one compiler. */
typedef struct ns_diagnose_compile {
    const char *accelerator, *memory_mode, *vela;
    const char *flags;        /* options of Vela beside ns_vela_flags; NULL: compiled by others */
    const char *verdict;      /* "right", "wrong", "undefined", "hazard", "refused", or "unknown": ran, with
                                 nothing      to compare with */
    bool is_finding;          /* exit code 1 */
    const char *reason;       /* NULL: none */
    const char *known_defect; /* NULL: none */
    const char *proof;        /* what shows that it is the cause: "right once 'x' is an output too"; NULL: its
                                 pattern is near, and that is all */
    int avoided_count;
    const char **avoided_by; /* options, memory modes and releases that were tried and avoid it */
    size_t wrong, elements;
    double sqnr_db; /* NAN: not measured */
    bool departs;
    ns_diagnose_departure first_wrong; /* where `departs` */
} ns_diagnose_compile;

/* What is compiled, and for what. */
typedef struct ns_diagnose_compile_options {
    size_t size;       /* sizeof(ns_diagnose_compile_options), or 0 (status.h) */
    const void *model; /* the bytes of a .tosa file */
    size_t model_size;
    const ns_tensor *inputs; /* as in ns_diagnose_options */
    int input_count, samples;
    const ns_accelerator *accelerators;
    int accelerator_count;
    const char *const *memory_modes; /* 0: every one that fits the accelerator (memory_modes.def) */
    int memory_mode_count;
    const char *flags; /* further options of Vela, separated by spaces; NULL: none */
    const ns_vela *velas;
    int vela_count;
    const ns_vela_options *vela; /* cache and progress */
    unsigned cpu_mask;
    bool no_advice; /* do not try what avoids a finding */
    int shard,
        shards; /* only the configurations that fall to part `shard`, from 0, of `shards`; 0 parts: all */
} ns_diagnose_compile_options;

/* Compiles the graph for each accelerator, memory mode and release, runs each stream on the inputs, and
 * compares it with the evaluator, operation by operation where it is not right. Rows in `arena`, by release,
 * accelerator and mode. NS_ERROR_UNPREDICTABLE: the graph itself has no defined result on these inputs. */
ns_code ns_diagnose_compile_run(const ns_diagnose_compile_options *options, ns_arena *arena,
                                const ns_diagnose_compile **rows, int *count, ns_error *error);

/* One configuration of Vela. */
typedef struct ns_diagnose_target {
    const ns_vela *vela;
    ns_accelerator accelerator;
    const char *flags; /* beside ns_vela_flags; NULL: none */
} ns_diagnose_target;

/* The same for one configuration, without advice; the options' accelerators, memory modes, flags and releases
 * are not read. */
ns_code ns_diagnose_target_run(const ns_diagnose_compile_options *options, const ns_diagnose_target *target,
                               ns_arena *arena, ns_diagnose_compile *row, ns_error *error);

/* The same for a stream that is there already, compiled by whom it may: Vela's npz, or a .tflite. `model` of
 * the options may be NULL: nothing to compare with, and only what is wrong without a reference is found; then
 * `inputs` are the stream's. `debug` is the debug database's bytes, or NULL. */
ns_code ns_diagnose_stream_run(const ns_diagnose_compile_options *options, ns_npu_stream *stream,
                               const void *debug, size_t debug_size, ns_arena *arena,
                               ns_diagnose_compile *row, ns_error *error);

/* Of a program with several delegates: `parts`, one for each, and nothing of its own. */
typedef struct ns_diagnose_result {
    const char *model;
    const char *part;                       /* "delegate 0, EthosUBackend"; NULL: the model is a graph */
    const char *region;                     /* name of the graph's main region; NULL: none */
    const ns_diagnose_precision *precision; /* NULL: not asked for */
    const char *precision_missing;          /* why it did not run; NULL: it ran or was not asked for */
    int compile_count;
    const ns_diagnose_compile *compile;
    const char *compile_missing; /* why it did not run; NULL: it ran or was not asked for */
    int part_count;
    const struct ns_diagnose_result *parts;
} ns_diagnose_result;

/* Why it was not judged, nor one of its parts: a stream that could be compared with nothing, and no precision
 * half though it was asked for. NULL: it was. */
const char *ns_diagnose_unjudged(const ns_diagnose_result *result);

/* Is anything in it, or in one of its parts, to blame: exit code 1? */
bool ns_diagnose_fails(const ns_diagnose_result *result);

#ifdef __cplusplus
}
#endif

#endif
