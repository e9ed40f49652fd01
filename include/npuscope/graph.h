/* Graph: a TOSA 1.x graph in memory. Regions hold basic blocks; a block holds tensors and operators
 * in execution order. The first region's first block is the main one; COND_IF and WHILE_LOOP name
 * other blocks. Operators refer to tensors by index into their own block. */
#ifndef NPUSCOPE_GRAPH_H
#define NPUSCOPE_GRAPH_H

#include "npuscope/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Operators and attributes: operators.def and attributes.def beside this file, where each has its legend. */
typedef enum ns_op {
#define NS_OPERATOR(name, code, ...) NS_OP_##name,
#include "npuscope/operators.def"
#undef NS_OPERATOR
    NS_OP_COUNT
} ns_op;

typedef struct ns_int_list {
    int count;
    int32_t *values;
} ns_int_list;

typedef struct ns_byte_list {
    size_t count;
    uint8_t *values;
} ns_byte_list;

/* One field for each attribute name of the specification; an operator uses those that its row in
 * operators.def lists, the others stay zero. */
typedef struct ns_attributes {
#define NS_ATTRIBUTE_TYPE_BOOL bool
#define NS_ATTRIBUTE_TYPE_INT32 int32_t
#define NS_ATTRIBUTE_TYPE_ENUM uint32_t
#define NS_ATTRIBUTE_TYPE_DTYPE ns_dtype
#define NS_ATTRIBUTE_TYPE_INT_LIST ns_int_list
#define NS_ATTRIBUTE_TYPE_BYTE_LIST ns_byte_list
#define NS_ATTRIBUTE_TYPE_STRING const char *
#define NS_ATTRIBUTE(name, kind, values) NS_ATTRIBUTE_TYPE_##kind name;
#include "npuscope/attributes.def"
#undef NS_ATTRIBUTE
} ns_attributes;

/* Values of enum attributes (tosa.fbs of tosa-tools 2026.5.0). */
enum { NS_RESIZE_NEAREST = 1, NS_RESIZE_BILINEAR = 2 };
enum { NS_NAN_PROPAGATE = 1, NS_NAN_IGNORE = 2 };
enum { NS_SINGLE_ROUND = 1, NS_INEXACT_ROUND = 2, NS_DOUBLE_ROUND = 3 };

typedef struct ns_graph_tensor {
    const char *name;
    ns_tensor tensor; /* data: NULL, or the constant's values in memory form. A shape value (the
                         result of CONST_SHAPE and of shape operators) has dtype SHAPE and rank 1. */
    bool is_variable;
    bool is_unranked;
    const char *variable_name; /* NULL when there is none */
} ns_graph_tensor;

typedef struct ns_operator {
    ns_op op;
    ns_attributes attributes;
    int input_count;
    int output_count;
    int *inputs; /* indices into the block's tensors */
    int *outputs;
    const char *location; /* NULL when the file gives none */
} ns_operator;

typedef struct ns_block {
    const char *name;
    int tensor_count, operator_count, input_count, output_count;
    int tensor_capacity, operator_capacity; /* used by the builder */
    ns_graph_tensor *tensors;
    ns_operator *operators;
    int *inputs;
    int *outputs;
} ns_block;

typedef struct ns_region {
    const char *name;
    int block_count;
    ns_block *blocks;
} ns_region;

typedef struct ns_graph {
    ns_arena *arena; /* owns everything below, and the struct itself */
    int version_major, version_minor, version_patch;
    bool version_draft;
    int region_count;
    ns_region *regions;
} ns_graph;

/* Gives back the graph and all that it holds; NULL is allowed. */
void ns_graph_free(ns_graph *graph);

/* The name of an operator as the specification spells it: "CONV2D". */
const char *ns_op_text(ns_op op);

/* Reads a .tosa FlatBuffer (versions 1.0.x and 1.1.x). The bytes may be freed afterwards.
 * NS_ERROR_INPUT says what is wrong and at which offset; NS_ERROR_UNSUPPORTED names the version. */
ns_code ns_graph_read(const void *data, size_t size, ns_graph **out, ns_error *error);

/* The same, charged to `budget` for as long as the graph lives (NULL: to none). */
ns_code ns_graph_read_within(ns_budget *budget, const void *data, size_t size, ns_graph **out,
                             ns_error *error);

/* Writes the graph as a .tosa FlatBuffer into `arena`. */
ns_code ns_graph_write(const ns_graph *graph, ns_arena *arena, const void **data, size_t *size,
                       ns_error *error);

/* Checks the specification's ERROR_IF conditions: shapes, types, attributes, level 8K limits. The
 * message names the operator by index and name, and the rule. ns_graph_read does not call it. */
ns_code ns_graph_validate(const ns_graph *graph, ns_error *error);

/* What a graph consists of. Numbers saturate at INT64_MAX. */
typedef struct ns_graph_statistics {
    int64_t operators[NS_OP_COUNT]; /* how many of each, over all blocks */
    int64_t operator_count;
    int64_t constant_bytes; /* of all constants, as a file holds them */
    int64_t macs;           /* multiply-accumulates of CONV*, DEPTHWISE_CONV2D, TRANSPOSE_CONV2D and MATMUL
                               when each operator runs once, padding included */
    const char *profiles;   /* the profiles and extensions that it needs: "PRO-INT EXT-INT16"; "" for an
                               invalid graph */
} ns_graph_statistics;

/* Multiply-accumulates of one operator; 0 for those that have none. */
int64_t ns_operator_macs(const ns_block *block, const ns_operator *op);

/* Counts; `profiles` is made in `arena`. */
ns_code ns_graph_count(const ns_graph *graph, ns_arena *arena, ns_graph_statistics *out, ns_error *error);

/* A listing for people, within 80 columns but for longer names, or JSON (docs/inspect.md), in `arena`.
 * Invalid graphs are printed too: the listing does not need ns_graph_validate, and JSON says what it found.
 */
ns_code ns_graph_print_text(const ns_graph *graph, ns_arena *arena, const char **text, ns_error *error);
ns_code ns_graph_print_json(const ns_graph *graph, ns_arena *arena, const char **text, ns_error *error);

/* The same with some operators: `only` is an operator's index in its block, its name ("RESCALE", in any case)
 * or a part of the name of a tensor that it writes; NULL: in the listing all but constants, which stand where
 * they are read. NS_ERROR_USAGE: it names none. */
ns_code ns_graph_print_some(const ns_graph *graph, const char *only, ns_arena *arena, const char **text,
                            ns_error *error);
ns_code ns_graph_print_some_json(const ns_graph *graph, const char *only, ns_arena *arena, const char **text,
                                 ns_error *error);

/* What operator `index` was in the source model, in few words: "module: n (LayerNorm), model.py:12" of the
 * location that ExecuTorch leaves with dump_debug_info(DebugMode.TOSA), taken from a neighbour where the
 * operator itself has none (the text says so); another location as it stands, at most 160 characters. *out is
 * NULL where the file gives none. */
ns_code ns_operator_source(const ns_block *block, int index, ns_arena *arena, const char **out,
                           ns_error *error);

/* The block that COND_IF and WHILE_LOOP mean by a name: the first block of the first region with that name,
 * as in tosa_reference_model. NULL when there is none (or `name` is NULL). */
const ns_block *ns_graph_find_block(const ns_graph *graph, const char *name);

/* ---- building ---- */

/* A graph of TOSA 1.0.0 with one region "main" and one empty block "main". */
ns_code ns_graph_new(ns_graph **out, ns_error *error);

/* Adds a tensor without data and returns its index. The name is copied. */
ns_code ns_block_add_tensor(ns_graph *graph, ns_block *block, const char *name, ns_dtype dtype, int rank,
                            const int64_t *shape, int *index, ns_error *error);

/* Adds a constant tensor (values copied, in memory form) and its CONST operator. */
ns_code ns_block_add_const(ns_graph *graph, ns_block *block, const char *name, const ns_tensor *value,
                           int *index, ns_error *error);

/* Adds a shape constant and its CONST_SHAPE operator. */
ns_code ns_block_add_const_shape(ns_graph *graph, ns_block *block, const char *name, int count,
                                 const int64_t *values, int *index, ns_error *error);

/* What an operator is made from; inputs and outputs are indices into the block's tensors. */
typedef struct ns_operator_parts {
    ns_op op;
    const ns_attributes *attributes; /* NULL: all zero */
    int input_count;
    const int *inputs;
    int output_count;
    const int *outputs;
} ns_operator_parts;

/* Adds an operator; lists and attributes are copied. */
ns_code ns_block_add_operator(ns_graph *graph, ns_block *block, const ns_operator_parts *parts,
                              ns_error *error);

/* What the block takes and gives: indices of its tensors, copied. NS_ERROR_MEMORY. */
ns_code ns_block_set_inputs(ns_graph *graph, ns_block *block, int count, const int *indices, ns_error *error);
ns_code ns_block_set_outputs(ns_graph *graph, ns_block *block, int count, const int *indices,
                             ns_error *error);

#ifdef __cplusplus
}
#endif

#endif
