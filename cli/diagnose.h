/* Diagnose: what its parts share. */
#ifndef NS_CLI_DIAGNOSE_H
#define NS_CLI_DIAGNOSE_H

#include "base/bytes.h"
#include "npuscope/diagnose.h"
#include "options.h"
#include "shared.h"

typedef struct ns_diagnose_settings {
    ns_text_list inputs, input_types, input_scales, references, output_scales;
    bool samples, no_precision, no_compile;
    ns_text_list accelerators, memory_modes, velas;
    bool all_targets, no_advice;
    const char *vela_options, *shard;
    ns_text_list graphs, debug_dbs; /* of a stream, or of each delegate */
    const char *json, *html, *markdown, *junit, *csv, *nodes, *apply, *reduce;
    double time_limit;
    int64_t threads;
    unsigned cpu_mask;
} ns_diagnose_settings;

/* What has nothing to do with the model: threads, instruction sets. */
void ns_diagnose_set_options(const ns_diagnose_settings *settings, ns_diagnose_options *asked);

/* Both halves, as far as they are asked for, of a graph whose file is `bytes`. */
ns_code ns_diagnose_halves(ns_cli *cli, const ns_diagnose_settings *settings, const ns_graph *graph,
                           ns_bytes bytes, const ns_diagnose_options *asked, ns_diagnose_result *result,
                           ns_error *error);

/* What a model is, for options that have no effect on it. */
enum {
    NS_DIAGNOSE_OF_GRAPH = 1,
    NS_DIAGNOSE_OF_STREAM = 2,
    NS_DIAGNOSE_OF_PROGRAM = 4,
    NS_DIAGNOSE_OF_DELEGATE = 8
};

/* Says which of the options that were given have no effect on a model of `kinds`: a graph, a stream, a
 * program with graphs (OF_PROGRAM) or with streams (OF_DELEGATE). */
ns_code ns_diagnose_tell_unused(const ns_diagnose_settings *settings, unsigned kinds, ns_arena *arena,
                                ns_error *error);

/* A graph that was judged, kept for what is made of it afterwards; a program has one for each delegate. */
typedef struct ns_diagnose_subject {
    ns_graph *graph; /* NULL: there is none */
    ns_diagnose_options asked;
    const ns_diagnose_result *result;
} ns_diagnose_subject;

typedef struct ns_diagnose_subjects {
    int count;
    ns_diagnose_subject *list;
} ns_diagnose_subjects;

/* --apply and --reduce (diagnose_write.c): write the mended graph, proved by another diagnosis; and the
 * smallest graph with inputs that shows the first finding, of the precision half before the other's. Of
 * several graphs those that have something of the kind, each into a file with the delegate's number. */
ns_code ns_diagnose_write(ns_cli *cli, const ns_diagnose_settings *settings,
                          const ns_diagnose_subjects *subjects, ns_error *error);

/* "a_2.tosa" of "a.tosa": the file of delegate 2. NULL without memory. */
const char *ns_diagnose_numbered(const char *path, int number, ns_arena *arena);

/* The installations of --vela, or the one that is found. *missing: why there is none. */
ns_code ns_diagnose_choose_velas(const ns_diagnose_settings *settings, ns_arena *arena,
                                 ns_diagnose_compile_options *out, const char **missing, ns_error *error);

/* An ExecuTorch program: a part of `result` for each delegate, or `result` itself where there is one. The
 * caller frees the subjects' graphs, whatever is returned. */
ns_code ns_diagnose_program_file(ns_cli *cli, const ns_diagnose_settings *settings, ns_bytes bytes,
                                 ns_diagnose_result *result, ns_diagnose_subjects *subjects, ns_error *error);

/* What a delegate was given, all samples one behind the other. */
typedef struct ns_lifted {
    int64_t taken; /* samples in which it was called */
    int count;
    ns_tensor *inputs;
} ns_lifted;

/* The energy of a reference, and of an output's distance from it, over all samples. */
typedef struct ns_measured {
    double signal, noise; /* signal 0: there is no reference */
} ns_measured;

typedef struct ns_lifting {
    ns_cli *cli;
    const ns_diagnose_settings *settings;
    ns_program *program;
    ns_program_files files;
    int64_t sample; /* that runs */
    ns_lifted *delegates;
    ns_measured *measured; /* of each output of the program */
    const char *stopped;   /* why the program did not run to its end; NULL: it did */
} ns_lifting;

/* Runs the program (diagnose_lift.c). A delegate that does what the chip does not define ends it: those
 * before it, and it, can be judged. */
ns_code ns_diagnose_lift(ns_lifting *l, ns_error *error);

/* The delegate's inputs as the graph declares them, their reals, and the references. */
ns_code ns_diagnose_bind(const ns_lifting *l, int delegate, const ns_graph *graph, ns_diagnose_options *asked,
                         ns_error *error);

/* The graph's inputs from the files of the command line: integers, or floats that are quantised with the
 * scales of --input-scale; with --samples each file's leading axis counts samples. Fills inputs, input_count,
 * samples and real_inputs of `options`. */
ns_code ns_diagnose_load_inputs(const ns_diagnose_settings *settings, const ns_graph *graph, ns_arena *arena,
                                ns_diagnose_options *options, ns_error *error);

/* What the float model gives, from --reference and --output-scale: fills references and reference_scales. */
ns_code ns_diagnose_load_references(const ns_diagnose_settings *settings, const ns_graph *graph,
                                    ns_arena *arena, ns_diagnose_options *options, ns_error *error);

/* The compile half: adds its rows to `result`. Without Vela result->compile_missing says so. */
ns_code ns_diagnose_compile_model(ns_cli *cli, const ns_diagnose_settings *settings,
                                  const ns_diagnose_options *asked, const void *model, size_t model_size,
                                  ns_diagnose_result *result, ns_error *error);

/* A Vela npz or .tflite in place of a graph: one row, compared with the graph of --graph where that is given.
 */
bool ns_diagnose_is_stream(ns_bytes bytes);
ns_code ns_diagnose_stream_file(ns_cli *cli, const ns_diagnose_settings *settings, ns_bytes bytes,
                                ns_diagnose_result *result, ns_error *error);

#endif
