/* Compile parts: what the parts of the compile half share. */
#ifndef NS_DIAGNOSE_COMPILE_PARTS_H
#define NS_DIAGNOSE_COMPILE_PARTS_H

#include "base/bytes.h"
#include "npuscope/defects.h"
#include "npuscope/diagnose.h"
#include "npuscope/eval.h"
#include "npuscope/vela_debug.h"

/* The graph, and what each of its tensors holds. */
typedef struct ns_compile_reference {
    ns_graph *graph;
    const ns_block *block;
    int samples;
    ns_tensor *values;   /* samples x tensor_count; data NULL: not computed */
    ns_tensor *inputs;   /* samples x input_count */
    ns_tensor *expected; /* samples x output_count: those of `values` */
} ns_compile_reference;

/* Evaluates the options' graph on every sample; free the graph when done (it is set when read). */
ns_code ns_compile_evaluate(const ns_diagnose_compile_options *options, ns_arena *arena,
                            ns_compile_reference *out, ns_error *error);

/* One run of a stream over all samples. */
typedef struct ns_compile_outcome {
    ns_code code;        /* of the run: NS_OK, NS_ERROR_UNDEFINED, or another */
    const char *message; /* of a failure */
    size_t wrong, elements;
    double sqnr_db;       /* NAN: no result */
    int failing_sample;   /* the first with a wrong element; 0 */
    int failing_output;   /* the first with one, or that is missing; -1: none */
    bool missing_outputs; /* the stream has other outputs than the graph */
    ns_npu_statistics statistics;
    const char *warning; /* the first chip rule, hazard or sign, in words */
} ns_compile_outcome;

/* What to run, and what to compare with. */
typedef struct ns_compile_run {
    const ns_diagnose_compile_options *options; /* they give the inputs */
    const ns_compile_reference *reference;      /* NULL: nothing is compared */
    ns_npu_stream *stream;
    int sample;                                                            /* -1: all */
    ns_code (*tap)(void *context, const ns_npu_tap *tap, ns_error *error); /* NULL: none */
    void *context;
} ns_compile_run;

/* Runs the stream, checked. Never fails but for memory: what goes wrong is the outcome. */
ns_code ns_compile_execute(const ns_compile_run *run, ns_arena *arena, ns_compile_outcome *out,
                           ns_error *error);

/* The first operation that departs, for a stream whose outcome is not right. */
ns_code ns_compile_departure(const ns_diagnose_compile_options *options,
                             const ns_compile_reference *reference, ns_npu_stream *stream,
                             const ns_vela_debug *debug, const ns_compile_outcome *outcome, ns_arena *arena,
                             ns_diagnose_compile *row, ns_error *error);

/* Where the elements of a tap lie in the graph's tensor that it writes: fills `index`, one for each element
 * of the tap's data, row-major; false: not known. `debug_op` is the tap's operation. `progress` counts the
 * elements of tensors that are written in stripes through a rolling buffer, one for each tensor. */
bool ns_compile_locate(const ns_npu_tap *tap, const ns_vela_debug *debug,
                       const ns_vela_debug_operation *debug_op, const ns_tensor *tensor, size_t *progress,
                       size_t *index);

/* Index of the graph's tensor called `name`; -1 for none. */
int ns_compile_find_tensor(const ns_block *block, const char *name);

/* The known defect whose pattern is nearest to the operator to blame; sets known_defect. */
ns_code ns_compile_name_defect(const ns_compile_reference *reference, ns_accelerator accelerator,
                               const char *release, ns_diagnose_compile *row, ns_arena *arena,
                               ns_error *error);

/* One row in the making. */
typedef struct ns_compile_job {
    const ns_vela *vela;
    ns_accelerator accelerator;
    const char *mode, *flags; /* all options of Vela */
    ns_vela_request request;
    ns_diagnose_compile *row;
} ns_compile_job;

/* Same cause as far as can be seen: release, family, verdict and operator. */
bool ns_compile_same_kind(const ns_compile_job *a, const ns_compile_job *b);

/* Adds to what avoids the row's finding. */
ns_code ns_compile_add_advice(ns_diagnose_compile *row, const char *text, ns_arena *arena, ns_error *error);

/* Breaks the patterns of known defects, one after the other, for the first finding of each kind: where
 * nothing is wrong then, the defect is the cause. Sets known_defect and proof. */
ns_code ns_compile_prove(const ns_diagnose_compile_options *options, const ns_compile_reference *reference,
                         ns_compile_job *jobs, int count, ns_arena *arena, ns_error *error);

/* Runs the request's stream and fills the row's verdict. */
ns_code ns_compile_judge(const ns_diagnose_compile_options *options, const ns_compile_reference *reference,
                         const ns_vela_request *request, bool first_wrong, ns_arena *arena,
                         ns_diagnose_compile *row, ns_error *error);

/* The same for a stream that is loaded; `debug` is the debug database, `reference` NULL: nothing to compare
 * with. Without `first_wrong` nobody asks where it departs. */
ns_code ns_compile_judge_stream(const ns_diagnose_compile_options *options,
                                const ns_compile_reference *reference, ns_npu_stream *stream, ns_bytes debug,
                                bool first_wrong, ns_arena *arena, ns_diagnose_compile *row, ns_error *error);

/* Tries what may avoid each finding: options of Vela, and the rows that are right. */
ns_code ns_compile_advise(const ns_diagnose_compile_options *options, const ns_compile_reference *reference,
                          ns_compile_job *jobs, int count, ns_arena *arena, ns_error *error);

#endif
