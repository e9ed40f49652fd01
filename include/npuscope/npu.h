/* NPU: executes the command streams that Vela compiles for Arm Ethos-U, from the register commands and the
 * compressed weights alone.
 *
 * A stream is loaded from a container (Vela's npz or .tflite, a driver payload with its buffers) and can be
 * run any number of times; decoded weights are kept with it. One stream may be run by one thread at a time.
 */
#ifndef NPUSCOPE_NPU_H
#define NPUSCOPE_NPU_H

#include "npuscope/budget.h"
#include "npuscope/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ns_accelerator {
#define NS_ACCELERATOR(name, text, family, product, macs, cores, lut_bank) NS_ACCELERATOR_##name,
#include "npuscope/accelerators.def"
#undef NS_ACCELERATOR
    NS_ACCELERATOR_COUNT,
    NS_ACCELERATOR_UNKNOWN = NS_ACCELERATOR_COUNT /* as parameter: whatever the stream says */
} ns_accelerator;

/* "ethos-u55-128"; "?" for NS_ACCELERATOR_UNKNOWN. */
const char *ns_accelerator_text(ns_accelerator accelerator);

/* NS_ERROR_USAGE lists what there is when `text` names no accelerator. */
ns_code ns_accelerator_parse(const char *text, ns_accelerator *out, ns_error *error);

/* Region registers hold 3 bits. */
#define NS_NPU_REGIONS 8

/* One input or output of a stream. */
typedef struct ns_npu_io {
    const char *name;           /* NULL where the container has none */
    int rank;                   /* containers that pad shapes with leading ones keep all six dims */
    int64_t shape[NS_MAX_RANK]; /* in elements */
    int element_bytes;          /* 1, 2, 4 or 8 (int48 takes 8) */
    int region;                 /* 0 to 7 */
    uint64_t offset;            /* bytes within the region */
    bool exact_shape;           /* the shape is the model's own: no leading ones were added */
    bool is_unsigned, is_bool; /* where the container tells: elements that tensors hold bit for bit as intN */
    double scale;              /* of the quantisation, where the container tells it; else 0 */
    int64_t zero_point;
} ns_npu_io;

typedef struct ns_npu_stream ns_npu_stream;

/* Loads a Vela npz (`--output-format raw`). `accelerator` may be NS_ACCELERATOR_UNKNOWN; otherwise the
 * payload's CONFIG word must agree with it. Everything is copied into `arena`. */
ns_code ns_npu_load_npz(const void *data, size_t size, ns_accelerator accelerator, ns_arena *arena,
                        ns_npu_stream **out, ns_error *error);

/* Loads a .tflite that Vela has compiled whole: one "ethos-u" operator. `accelerator` as above.
 * NS_ERROR_UNSUPPORTED names the operators that are left for the CPU. */
ns_code ns_npu_load_tflite(const void *data, size_t size, ns_accelerator accelerator, ns_arena *arena,
                           ns_npu_stream **out, ns_error *error);

/* The parts of a stream that come without a container of ours: ExecuTorch's delegate, a TFLite operator. */
typedef struct ns_npu_parts {
    const void *payload; /* driver payload, COP1 or COP2 */
    size_t payload_size;
    const void *weights; /* region 0, read only */
    size_t weights_size;
    uint64_t scratch_size;      /* region 1 */
    uint64_t scratch_fast_size; /* region 2, if the stream uses it; 0: the same memory as region 1 */
    int input_count, output_count;
    const ns_npu_io *inputs, *outputs;
} ns_npu_parts;

/* Loads such parts, as ns_npu_load_npz does; the bytes and descriptions are copied. */
ns_code ns_npu_load_parts(const ns_npu_parts *parts, ns_accelerator accelerator, ns_arena *arena,
                          ns_npu_stream **out, ns_error *error);

/* What the stream runs on, and its inputs and outputs in the container's order, from 0; they live as long as
 * the stream's arena. */
ns_accelerator ns_npu_accelerator(const ns_npu_stream *stream);
int ns_npu_input_count(const ns_npu_stream *stream);
int ns_npu_output_count(const ns_npu_stream *stream);
const ns_npu_io *ns_npu_input(const ns_npu_stream *stream, int index);
const ns_npu_io *ns_npu_output(const ns_npu_stream *stream, int index);

/* What a stream keeps from run to run, such as an LSTM's state, in its memory; each place once. Only an npz
 * tells of them. `zero_point` is what each element is before the first run, where the container says it. */
int ns_npu_variable_count(const ns_npu_stream *stream);
const ns_npu_io *ns_npu_variable(const ns_npu_stream *stream, int index);

/* Makes the variables' values before the first run in `arena`, for ns_npu_options.variables: zero points, as
 * a TFLite runtime starts them, or 0 where the container does not hold them. */
ns_code ns_npu_make_variables(const ns_npu_stream *stream, ns_arena *arena, ns_tensor *out, ns_error *error);

/* Bytes of the scratch memory, region 1; and whether the stream uses region 2 as a memory of its own (Vela's
 * memory mode Dedicated_Sram). */
uint64_t ns_npu_scratch_size(const ns_npu_stream *stream);
bool ns_npu_has_fast_scratch(const ns_npu_stream *stream);

/* Where the elements of a stored OFM lie, in bytes within its region. */
typedef struct ns_npu_layout {
    bool chained; /* in a buffer inside the NPU: no addresses */
    bool brick;   /* NHCWB16; else NHWC */
    int element_bytes;
    int64_t base[4], stride_y, stride_x, stride_c;
    int64_t width0, height0, height1; /* of the tiles */
} ns_npu_layout;

/* Address of element (y, x, c). Not for a chained one. */
int64_t ns_npu_layout_address(const ns_npu_layout *layout, int64_t y, int64_t x, int64_t c);

/* What one operation of the NPU produced, read from memory after the fact. Valid during the callback. */
typedef struct ns_npu_tap {
    int operation;         /* 0, 1, ... among the stream's operations (DMA and waits not counted) */
    size_t command;        /* index of the operation's command */
    size_t word;           /* its offset in the stream, in words */
    const char *name;      /* "CONV", "POOL AVERAGE", "ELEMENTWISE ADD" */
    int region;            /* of the OFM */
    uint64_t address;      /* of the OFM's tile 0, bytes within the region */
    bool is_unsigned;      /* the tensor's elements are unsigned, held bit for bit in the signed type */
    int64_t saturated;     /* elements that the clip changed */
    const ns_tensor *data; /* height, width, depth */
    const ns_npu_layout *layout;
    bool *store; /* a callback that has written other values to data sets it: they take the OFM's place */
} ns_npu_tap;

typedef struct ns_npu_statistics {
    size_t commands;         /* executed, register writes included */
    size_t operations;       /* block operations */
    size_t dma;              /* DMA transfers */
    uint64_t macs;           /* multiply-accumulates of convolutions, as the shapes give them */
    uint64_t saturated;      /* output elements that a clip changed */
    uint64_t work;           /* what the run charged to its budget */
    size_t hazards;          /* reads or writes that a wait should have ordered */
    size_t possible_hazards; /* of these, the ones that turn on what no source tells (docs/chip-rules.md) */
    size_t hazard_command, hazard_word; /* the first: index of the command, and its offset in the stream */
    size_t chip_rules;                  /* times that a chip rule struck (docs/chip-rules.md) */
    const char
        *chip_rule;   /* the first: "REDUCE_SUM_48: REDUCE_SUM with ACC_FORMAT I48 gives zeros"; or NULL */
    size_t signs;     /* that the stream is wrong whatever the values (src/npu/watch/shadow.def) */
    const char *sign; /* the first: "UNWRITTEN_MEMORY: memory is read that nothing has written"; or NULL */
    size_t sign_command, sign_word; /* of the first: index of the command, and its offset in the stream */
    size_t possible_signs;          /* of the kind that some models ask for */
    const char *possible_sign;
    uint64_t unread_input_bytes;
    const char *undefined; /* "KEPT_ACCUMULATORS: ..." where the run ended with NS_ERROR_UNDEFINED; or NULL */
    size_t fault_command;  /* the command that it ended at */
    const char *fault_name;              /* of that command: "CONV" */
    size_t fault_word;                   /* and its offset in the stream */
    const char *hazard_name, *sign_name; /* of the first hazard's and sign's command: "DMA_START" */
    uint64_t reserved[6];                /* 0; room for later versions */
} ns_npu_statistics;

/* Adds `one` to the sums; of what is told of the first only, `sum` keeps its own if it has one. */
void ns_npu_statistics_add(ns_npu_statistics *sum, const ns_npu_statistics *one);

typedef struct ns_npu_options {
    size_t size;           /* sizeof(ns_npu_options), or 0 (status.h) */
    unsigned cpu_mask;     /* instruction sets that kernels may use (ns_cpu_*); 0: plain C only */
    bool hazards;          /* check what waits and block dependencies promise; each hazard is a message */
    bool strict_chip;      /* where a chip rule leaves two readings open, take the harsher */
    bool check;            /* keep books on every byte of memory: signs in the statistics, messages */
    ns_budget *budget;     /* what the run is charged to, commands, multiply-accumulates, elements and bytes
                              that DMA copies as work; NULL: the arena's, or one of its own with the
                              defaults */
    ns_tensor *variables;  /* of ns_npu_make_variables: the values before the run, which become those after
                              it; NULL: every run begins anew */
    uint64_t fast_scratch; /* bytes of the device's fast scratch memory, region 2; an access beyond is a
                              fault; 0: as many as the stream says */
    void (*message)(void *context, const char *text); /* warnings: chip rules, hazards; may be NULL */
    ns_code (*tap)(void *context, const ns_npu_tap *tap, ns_error *error); /* may be NULL */
    void *context;
} ns_npu_options;

/* Runs the stream. `inputs` are in the container's order: element sizes and counts must match, shapes up
 * to leading ones. Outputs are made in `arena` (int8, int16, int32 or int64 by element size). Their rank is
 * that of the container; unless shapes are exact, leading ones are dropped down to the smallest rank of the
 * inputs. NS_ERROR_FAULT: the stream does what the NPU does not allow; the message has the command's index,
 * the registers concerned and the address; NS_ERROR_UNDEFINED: the stream is well formed, but asks for what
 * the chip does not define (docs/chip-rules.md). `statistics` may be NULL. */
ns_code ns_npu_run(ns_npu_stream *stream, const ns_npu_options *options, const ns_tensor *inputs,
                   int input_count, ns_arena *arena, ns_tensor *outputs, ns_npu_statistics *statistics,
                   ns_error *error);

#ifdef __cplusplus
}
#endif

#endif
