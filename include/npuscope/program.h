/* Program: runs ExecuTorch programs (.pte) whose delegates are Ethos-U command streams or TOSA graphs. */
#ifndef NPUSCOPE_PROGRAM_H
#define NPUSCOPE_PROGRAM_H

#include "npuscope/npu.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ns_scalar {
#define NS_SCALAR(name, text, code, bytes) NS_SCALAR_##name,
#include "npuscope/scalars.def"
#undef NS_SCALAR
    NS_SCALAR_COUNT
} ns_scalar;

const char *ns_scalar_text(ns_scalar scalar); /* "float32" */
int ns_scalar_bytes(ns_scalar scalar);        /* of one element */

/* ExecuTorch's own limit (kTensorDimensionLimit). */
#define NS_PROGRAM_MAX_RANK 16

/* A tensor of a program. The data lie in memory in the order that dim_order gives, outermost dim first:
 * {0, 2, 3, 1} is NHWC for a tensor whose sizes are N, C, H, W. */
typedef struct ns_program_tensor {
    ns_scalar scalar;
    int rank;
    int64_t shape[NS_PROGRAM_MAX_RANK];
    uint8_t dim_order[NS_PROGRAM_MAX_RANK]; /* a permutation of 0 to rank - 1 */
    size_t count;                           /* elements */
    void *data;                             /* count * ns_scalar_bytes(scalar); NULL: not bound yet */
    size_t capacity;                        /* bytes behind data: the shape may change up to it */
    bool dynamic;                           /* the shape is an upper bound (shape_dynamism) */
    bool constant; /* the data are the program's own, the same in all runs: nothing writes there */
} ns_program_tensor;

typedef struct ns_program ns_program;

/* Reads a .pte file and the Ethos-U streams of its method "forward" (the first method when there is none
 * of that name). Everything is copied into `arena`. NS_ERROR_INPUT names the part and the offset;
 * NS_ERROR_UNSUPPORTED names a delegate that npuscope does not have. */
ns_code ns_program_read(const void *data, size_t size, ns_accelerator accelerator, ns_arena *arena,
                        ns_program **out, ns_error *error);

/* The same of the method that is named; NS_ERROR_USAGE where there is none of that name. Both take a bundled
 * program (.bpte) too. */
ns_code ns_program_read_method(const void *data, size_t size, const char *method, ns_accelerator accelerator,
                               ns_arena *arena, ns_program **out, ns_error *error);

const char *ns_program_method(const ns_program *program); /* that was read */
/* All that the file has. */
int ns_program_method_count(const ns_program *program);
const char *ns_program_method_name(const ns_program *program, int index);

/* Bundled programs (devtools/bundled_program of ExecuTorch): a program with inputs and what the exporter's
 * eager model made of them. */
bool ns_program_is_bundle(const void *data, size_t size);
/* Test cases of the method; 0 for a program that is not bundled. */
int ns_program_case_count(const ns_program *program);
/* The bytes of an input in memory order, as ns_program_inputs takes them; NULL for one that is no tensor. */
const void *ns_program_case_input(const ns_program *program, int test, int index, size_t *size);
/* What an output is expected to be; NULL for one that is no tensor, or beyond what the case holds. */
const ns_program_tensor *ns_program_case_expected(const ns_program *program, int test, int index);

/* Inputs and outputs of the method, in its order; those that are no tensors are counted too. */
int ns_program_input_count(const ns_program *program);
int ns_program_output_count(const ns_program *program);

/* Description of an input or output that is a tensor; NULL for one that is a number, a list or None. */
const ns_program_tensor *ns_program_input(const ns_program *program, int index);
const ns_program_tensor *ns_program_output(const ns_program *program, int index);

/* Delegates, in the order of the method's delegate list. One is an Ethos-U stream ("EthosUBackend"), or the
 * TOSA graph that ExecuTorch's Arm backend leaves in place when no compiler is asked ("TOSABackend"). */
int ns_program_delegate_count(const ns_program *program);
const char *ns_program_delegate_id(const ns_program *program, int index);
ns_npu_stream *ns_program_delegate(const ns_program *program, int index); /* NULL: a graph */
/* The graph's bytes, those of a .tosa file; NULL: a stream. */
const void *ns_program_delegate_graph(const ns_program *program, int index, size_t *size);

/* How the program makes floats of integers, or integers of floats, around a delegate. */
typedef struct ns_program_scale {
    double scale;
    int64_t zero_point;
    int tensor; /* the program's input that is quantised, or its output that is dequantised; -1: neither */
} ns_program_scale;

/* Of input or output `position` of a delegate; false where no quantize or dequantize of one scale stands
 * there. */
bool ns_program_input_scale(const ns_program *program, int delegate, int position, ns_program_scale *out);
bool ns_program_output_scale(const ns_program *program, int delegate, int position, ns_program_scale *out);

/* Memory-planned buffers of the method, in bytes. Buffer n is ExecuTorch's mem_id n; 0 is always empty. */
int ns_program_buffer_count(const ns_program *program);
uint64_t ns_program_buffer_size(const ns_program *program, int index);

/* The runners that ExecuTorch's backends/arm/test/setup_testing.sh builds: the one without portable
 * operators, and those with "portable-ops" in their folder's name. Each links some of the kernels
 * (src/program/kernels.def). */
typedef enum ns_runner {
    NS_RUNNER_STANDARD = 1,
    NS_RUNNER_PORTABLE_U55 = 2, /* and U65 */
    NS_RUNNER_PORTABLE_U85 = 4,
} ns_runner;

/* Kernels that the program calls outside its delegates, by index: "aten::add.out". */
int ns_program_kernel_count(const ns_program *program);
ns_code ns_program_kernel_name(const ns_program *program, int index, ns_arena *arena, const char **out,
                               ns_error *error);
bool ns_program_kernel_linked(const ns_program *program, int index, ns_runner runner);

typedef struct ns_program_statistics {
    int kernel_calls;
    int delegate_calls;
    ns_npu_statistics npu; /* summed over the delegate calls */
} ns_program_statistics;

/* data[i] holds the bytes of input i in its memory order, as many as the tensor has. Of an input that is a
 * number or None it is not read: the program holds the value (prepare_input_tensors in ExecuTorch's
 * arm_executor_runner.cpp). */
typedef struct ns_program_inputs {
    int count;
    const void *const *data;
    const size_t *sizes; /* in bytes */
    /* shapes[i]: the dims of input i where its shape is dynamic and smaller than its upper bound; NULL: the
     * bound. NULL: all bounds. Kernels compute on these shapes; a delegate takes its own only. */
    const int64_t *const *shapes;
} ns_program_inputs;

/* One call of a delegate, as its own interface declares the tensors; they last until the watch returns. */
typedef struct ns_program_delegate_call {
    int delegate;
    int input_count, output_count;
    const ns_tensor *inputs, *outputs; /* outputs NULL: about to run */
} ns_program_delegate_call;

/* Is told of each call twice: before it runs, and, where it did, with its results. */
typedef struct ns_program_watch {
    ns_code (*told)(void *context, const ns_program_delegate_call *call, ns_error *error);
    void *context;
} ns_program_watch;

/* Runs the method once; the program's delegates keep decoded weights from run to run, so that one thread at a
 * time may run a program. outputs[i] is made in `arena`, with `data` NULL where the result is
 * not a tensor. Buffers that the program changes start from their initial state in every call. `npu` may be
 * NULL; its tap and message see every delegate. `statistics` may be NULL. NS_ERROR_UNSUPPORTED names a kernel
 * that npuscope does not have; NS_ERROR_INPUT for a wrong input size, a kernel's argument check;
 * NS_ERROR_FAULT from a delegate. */
ns_code ns_program_run(ns_program *program, const ns_npu_options *npu, const ns_program_inputs *inputs,
                       ns_arena *arena, ns_program_tensor *outputs, ns_program_statistics *statistics,
                       ns_error *error);

/* The same, watched; `watch` may be NULL. */
ns_code ns_program_run_watched(ns_program *program, const ns_npu_options *npu,
                               const ns_program_inputs *inputs, const ns_program_watch *watch,
                               ns_arena *arena, ns_program_tensor *outputs, ns_program_statistics *statistics,
                               ns_error *error);

#ifdef __cplusplus
}
#endif

#endif
