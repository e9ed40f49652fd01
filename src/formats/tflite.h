/* TFLite: what a .tflite file says about its subgraphs, their tensors and operators. Operators' own options
 * are read by slot (ns_tflite_option_*), for each operator knows its own.
 *
 * The first subgraph is TFLite Micro's entry, and the one that Vela compiles. All that is read lies in the
 * caller's bytes, bar arrays and names, which are made in the arena. */
#ifndef NS_FORMATS_TFLITE_H
#define NS_FORMATS_TFLITE_H

#include "base/bytes.h"
#include "formats/flatbuffer.h"
#include "npuscope/tensor.h"

typedef enum ns_tflite_type {
#define NS_TFLITE_TYPE(name, text, bytes) NS_TFLITE_##name,
#include "formats/tflite_types.def"
#undef NS_TFLITE_TYPE
    NS_TFLITE_TYPE_COUNT
} ns_tflite_type;

typedef struct ns_tflite_tensor {
    const char *name; /* "" where the file has none */
    ns_tflite_type type;
    int rank;                   /* 0 to NS_MAX_RANK */
    int64_t shape[NS_MAX_RANK]; /* each >= 0 */
    ns_bytes data;              /* of constants; NULL for others */
    bool is_variable;           /* keeps its value from run to run */
    bool is_sparse;             /* data holds what is not zero, in an order of its own */
    int scale_count;            /* 0: not quantised; 1; or one for each channel */
    double scale;               /* the first */
    int64_t zero_point;         /* the first */
    const float *scales;        /* scale_count of them */
    int axis;                   /* that the channels' scales are along */
    int64_t offset;             /* bytes into the arena, from OfflineMemoryAllocation; -1: not said */
} ns_tflite_tensor;

typedef struct ns_tflite_operator {
    const char *name; /* "CONV_2D"; of a custom operator its code, "ethos-u" */
    bool custom;
    int input_count, output_count;
    const int32_t *inputs;  /* tensors; -1: an optional one that is left out */
    const int32_t *outputs; /* tensors */
    ns_fb_table options;    /* builtin_options; absent where the file leaves it out: the defaults hold */
} ns_tflite_operator;

typedef struct ns_tflite_subgraph {
    int tensor_count, operator_count, input_count, output_count;
    const ns_tflite_tensor *tensors;
    const ns_tflite_operator *operators;
    const int32_t *inputs;  /* tensors */
    const int32_t *outputs; /* tensors */
} ns_tflite_subgraph;

typedef struct ns_tflite {
    ns_fb_reader reader;     /* that the operators' options refer to: stays where it is */
    const char *description; /* "Vela Optimised"; "" where there is none */
    int subgraph_count;      /* at least 1 */
    const ns_tflite_subgraph *subgraphs;
} ns_tflite;

/* True when the bytes are a FlatBuffer with the identifier "TFL3". */
bool ns_tflite_probe(ns_bytes bytes);

/* Reads all subgraphs; `out` must not be moved afterwards. NS_ERROR_INPUT: malformed, with what and where;
 * NS_ERROR_UNSUPPORTED: a tensor of rank over NS_MAX_RANK. */
ns_code ns_tflite_read(ns_bytes bytes, ns_arena *arena, ns_tflite *out, ns_error *error);

/* Option `slot` of an operator, or `absent` where the file leaves it out. Slots are those of the operator's
 * options table in schema.fbs. */
ns_code ns_tflite_option_i32(const ns_tflite_operator *operator, int slot, int32_t absent, int32_t *out,
                             ns_error *error);
ns_code ns_tflite_option_u8(const ns_tflite_operator *operator, int slot, uint8_t absent, uint8_t *out,
                            ns_error *error);
ns_code ns_tflite_option_bool(const ns_tflite_operator *operator, int slot, bool absent, bool *out,
                              ns_error *error);
ns_code ns_tflite_option_float(const ns_tflite_operator *operator, int slot, float absent, float *out,
                               ns_error *error);
/* A string; NULL data where it is left out. */
ns_code ns_tflite_option_text(const ns_tflite_operator *operator, int slot, ns_bytes *out, ns_error *error);

const char *ns_tflite_type_text(ns_tflite_type type); /* "int8" */
int ns_tflite_type_bytes(ns_tflite_type type);        /* of one element; 0: not whole bytes */

#endif
