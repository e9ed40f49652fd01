/* What the files of program give each other. */
#ifndef NS_PROGRAM_INTERNAL_H
#define NS_PROGRAM_INTERNAL_H

#include "base/bytes.h"
#include "formats/flatbuffer.h"
#include "npuscope/npu.h"
#include "num/interface.h"
#include "program/call.h"
#include "program/interface.h"
#include "program/value.h"

/* ---- kernel.c ---- */

/* Kernels: the operators of a program that run on the CPU. */

typedef ns_code (*ns_kernel)(ns_call *call, ns_error *error);

typedef struct ns_kernel_info {
    const char *name, *overload;
    ns_kernel function; /* NULL: npuscope does not have it */
    int least, most;
    unsigned runners; /* ns_runner bits */
} ns_kernel_info;

/* NULL when there is no such kernel. */
const ns_kernel_info *ns_kernel_find(const char *name, const char *overload);

/* ---- op_cortex_m.c ---- */

/* Cortex-M: what the kernels of ExecuTorch's Cortex-M backend share: CMSIS-NN's rescaling, and its reading of
 * arguments. */

/* arm_nn_requantize: value * multiplier / 2^31 * 2^shift, shift -31 to 31. A shift to the left wraps; the
 * product rounds halves up, the shift to the right away from zero. */
static inline int32_t ns_cortex_m_requantize(int32_t value, int32_t multiplier, int32_t shift)
{
    const int32_t left = (int32_t)((uint32_t)value << (shift > 0 ? shift : 0));
    const int64_t product = (int64_t)left * multiplier + ((int64_t)1 << 30);
    return ns_fixed_divide_pot((int32_t)(product >> 31), shift < 0 ? -shift : 0);
}

/* value + offset between the limits. */
static inline int8_t ns_cortex_m_code(int32_t value, int32_t offset, int32_t low, int32_t high)
{
    const int64_t code = (int64_t)value + offset;
    return (int8_t)(code < low ? low : code > high ? high : code);
}

/* Arguments from `first` on as 32-bit integers. NS_ERROR_INPUT beyond them. */
ns_code ns_cortex_m_integers(ns_call *call, int first, int count, int32_t *out, ns_error *error);

/* NS_ERROR_INPUT for an offset of codes beyond 2^16. */
ns_code ns_cortex_m_offset(const ns_call *call, int32_t offset, ns_error *error);

/* Argument `index`, a tensor of int8. */
ns_code ns_cortex_m_bytes(ns_call *call, int index, ns_program_tensor **out, ns_error *error);

/* The same of a result, which is no constant. */
ns_code ns_cortex_m_result(ns_call *call, int index, ns_program_tensor **out, ns_error *error);

/* Argument `index`, None (NULL) or `count` elements of int32. */
ns_code ns_cortex_m_words(ns_call *call, int index, size_t count, const int32_t **out, ns_error *error);

/* NS_ERROR_INPUT for a shift that ns_cortex_m_requantize does not take. */
ns_code ns_cortex_m_shift(ns_call *call, int32_t shift, ns_error *error);

/* Whether memory is NHWC where the shape is NCHW, as the backend tells it: where channels or pixels are one,
 * both orders are the same. */
static inline bool ns_cortex_m_is_channels_last(const ns_program_tensor *tensor)
{
    static const uint8_t order[] = {0, 2, 3, 1};
    if (tensor->rank != 4)
        return false;
    return tensor->shape[1] == 1 || (tensor->shape[2] == 1 && tensor->shape[3] == 1) ||
           memcmp(tensor->dim_order, order, sizeof order) == 0;
}

/* Program: the structures that the reader fills and a run executes. Unchanged by a run. */

/* Every kind of instruction, once, with its number in the union InstructionArguments. */
typedef enum ns_instruction_kind {
    NS_INSTRUCTION_KERNEL = 1,
    NS_INSTRUCTION_DELEGATE = 2,
    NS_INSTRUCTION_MOVE = 3,
    NS_INSTRUCTION_JUMP_FALSE = 4,
    NS_INSTRUCTION_FREE = 5,
} ns_instruction_kind;

/* Bounds of what a broken file can claim: planned buffers together, inputs and outputs without a plan
 * together, the scratch memory of a delegate. Arm's runner has 2 MB for each, or 64 MB in DDR (ExecuTorch
 * 1.5.0, examples/arm/executor_runner/CMakeLists.txt). */
#define NS_PROGRAM_MEMORY_LIMIT ((uint64_t)256 << 20)

typedef struct ns_instruction {
    ns_instruction_kind kind;
    int target; /* kernel or delegate index; MOVE: source; JUMP_FALSE: condition; FREE: value */
    int other;  /* MOVE: destination; JUMP_FALSE: instruction to go on with */
    int argument_count;
    int *arguments; /* indices of values */
} ns_instruction;

typedef struct ns_chain {
    int instruction_count;
    ns_instruction *instructions;
} ns_chain;

/* A test case of a bundled program, for the method that was read. */
typedef struct ns_program_case {
    ns_bytes *inputs;            /* in memory order; data NULL where an input is no tensor */
    ns_program_tensor *expected; /* rank -1 where an output is no tensor */
} ns_program_case;

struct ns_program {
    const char *method; /* the one that was read */
    int method_count;
    const char **methods; /* all that the file has */
    int case_count;
    ns_program_case *cases;
    int value_count;
    ns_value *values; /* tensors without data; a run works on a copy */
    ns_value_plan *plans;
    int buffer_count;
    uint64_t *buffer_sizes;
    int chain_count;
    ns_chain *chains;
    int kernel_count;
    const ns_kernel_info **kernels;
    int delegate_count;
    struct ns_delegate **delegates;
    int input_count, output_count;
    int *inputs, *outputs;
};

/* ---- bundle.c ---- */

/* Bundle: a .bpte, which holds a program and test cases (ExecuTorch 1.5.1,
 * devtools/bundled_program/schema/bundled_program_schema.fbs, identifier "BP08"). */

/* Fills in the cases of the program's method; the data stay in the bundle's bytes. */
ns_code ns_bundle_cases(ns_bytes bundle, ns_program *program, ns_arena *arena, ns_error *error);

/* ---- file.c ---- */

/* File: the container of a .pte program: header, FlatBuffer, segments and named data (ExecuTorch 1.5.0:
 * schema/program.fbs, schema/extended_header.h, exir/_serialize/_program.py). */

typedef struct ns_program_file {
    ns_bytes bytes; /* the whole file */
    ns_fb_reader reader;
    ns_fb_table root; /* table Program */
    bool has_segments;
    uint64_t segment_base;   /* bytes from the file's start */
    ns_fb_vector segments;   /* of table DataSegment */
    ns_fb_vector named_data; /* of table NamedData */
    uint64_t copied;         /* bytes of constants and delegates copied so far */
} ns_program_file;

/* Opens the container; `file` must stay where it is, since its tables refer to its reader. */
ns_code ns_program_file_open(ns_program_file *file, ns_bytes bytes, ns_error *error);

/* Counts bytes that are about to be copied out of the file. A broken file may refer to the same bytes many
 * times over: NS_ERROR_INPUT when that grows out of all proportion to the file. */
ns_code ns_program_file_spend(ns_program_file *file, uint64_t bytes, ns_error *error);

/* The bytes of segment `index`. */
ns_code ns_program_file_segment(ns_program_file *file, uint32_t index, const char *what, ns_bytes *out,
                                ns_error *error);

/* The bytes of the named datum `key`; NS_ERROR_INPUT when the file has none. */
ns_code ns_program_file_named(ns_program_file *file, ns_bytes key, ns_bytes *out, ns_error *error);

/* The bytes of constant `index` (`size` of them): from the constant segment, or the inline buffers of
 * older files. */
ns_code ns_program_file_constant(ns_program_file *file, uint32_t index, size_t size, ns_bytes *out,
                                 ns_error *error);

/* The initial state `index` of a mutable tensor: in mutable data list `list`. */
ns_code ns_program_file_mutable(ns_program_file *file, uint32_t list, uint32_t index, size_t size,
                                ns_bytes *out, ns_error *error);

/* ---- delegate.c ---- */

/* Delegate: an Ethos-U command stream inside an ExecuTorch program, or a TOSA graph. */

typedef struct ns_delegate {
    const char
        *id; /* "EthosUBackend", once "ArmBackend"; "TOSABackend"; of another backend nothing else is read */
    ns_npu_stream *stream; /* NULL: a graph */
    ns_bytes graph;        /* in the arena of the program; data NULL: a stream */
    int input_count, output_count;
    const ns_npu_io *inputs, *outputs; /* as the blob lists them */
} ns_delegate;

/* Reads the vela_bin_stream `blob`; external blocks are looked up among the file's named data. */
ns_code ns_delegate_read(ns_program_file *file, const char *id, ns_bytes blob, ns_accelerator accelerator,
                         ns_arena *arena, ns_delegate **out, ns_error *error);

/* One call: the inputs' tensors, then the outputs', by their values' indices. */
typedef struct ns_delegate_call {
    int number; /* of the delegate in its program */
    int argument_count;
    const int *arguments;
    const ns_program_watch *watch; /* NULL: nobody is told */
} ns_delegate_call;

ns_code ns_delegate_run(const ns_delegate *delegate, const ns_delegate_call *call,
                        const ns_npu_options *options, ns_value *values, ns_arena *arena,
                        ns_npu_statistics *statistics, ns_error *error);

/* ---- graph_delegate.c ---- */

/* Graph delegate: a TOSA graph inside a program, as ExecuTorch's TOSABackend stores it (ExecuTorch 1.5.1,
 * backends/arm/tosa/backend.py: the serialised graph and nothing else). The evaluator runs it. */

/* Checks the graph, and describes its inputs and outputs in `arena`. */
ns_code ns_graph_delegate_interface(ns_bytes graph, ns_arena *arena, int *input_count,
                                    const ns_npu_io **inputs, int *output_count, const ns_npu_io **outputs,
                                    ns_error *error);

/* Evaluates it on inputs of the declared sizes; the outputs' data lie in `arena`. */
ns_code ns_graph_delegate_run(ns_bytes graph, const ns_npu_options *options, const ns_tensor *inputs,
                              int input_count, ns_arena *arena, ns_tensor *outputs, ns_error *error);

/* The graph's listing, for people or as JSON (npuscope/graph.h), in `arena`. */
ns_code ns_graph_delegate_print(ns_bytes graph, bool as_json, ns_arena *arena, const char **text,
                                ns_error *error);

/* ---- reading.c ---- */

/* Reading: what the parts of the reader share. */

typedef struct ns_reading {
    ns_program_file *file;
    ns_arena *arena;
    ns_program *program;
} ns_reading;

/* A copy of a string; "" when the field is absent. */
ns_code ns_reading_string(ns_reading *reading, ns_bytes text, const char **out, ns_error *error);

/* ---- read_values.c ---- */

/* Read values: the value table of a method. */

/* Fills program->values and plans; the planned buffers' sizes are known by then. */
ns_code ns_reading_values(ns_reading *reading, ns_fb_vector values, ns_error *error);

#endif
