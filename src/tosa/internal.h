/* What the files of tosa give each other. */
#ifndef NS_TOSA_INTERNAL_H
#define NS_TOSA_INTERNAL_H

#include "base/bytes.h"
#include "npuscope/graph.h"
#include "npuscope/tensor.h"
#include "num/interface.h"
#include "tosa/check.h"
#include "tosa/operator_info.h"

/* ---- check_shape.c ---- */

/* Shapes of operands against the specification's, whose dims have names. */

/* The operand under examination. */
typedef struct ns_check_operand {
    const ns_operand_info *info;
    const ns_tensor *tensor;
    int number;     /* inputs first, then outputs */
    char label[64]; /* "input \"weight\"" or "output \"output\"" */
} ns_check_operand;

/* The label of operand `number`, inputs first, in `text`. */
const char *ns_check_label(const ns_check *check, int number, char *text, size_t size);

/* The shape of an operand against the specification's: "[N,H,W]", "shape1" or "". */
ns_code ns_check_shape(ns_check *check, const ns_check_operand *o);

/* ---- constant.c ---- */

/* Constant: values as a .tosa file packs them, and as they lie in memory (dtypes.def has both widths). */

/* Bytes that `count` (at most 2^40) elements take in a file: 4- and 6-bit types are packed. */
size_t ns_constant_size(ns_dtype dtype, size_t count);

/* Makes the data of `tensor`, whose shape and type are set, from a file's bytes. Bytes beyond the last
 * element are ignored: serialisers pad, and ExecuTorch 1.5.0 gives a per-channel weight_zp of shape [1] one
 * byte for each channel. NS_ERROR_INPUT when there are too few. */
ns_code ns_constant_unpack(ns_arena *arena, ns_bytes bytes, ns_tensor *tensor, ns_error *error);

/* The file's bytes of a tensor that has data. */
ns_code ns_constant_pack(ns_arena *arena, const ns_tensor *tensor, ns_bytes *bytes, ns_error *error);

/* ---- names.c ---- */

/* Names: finds a block's tensors by name, in time that no choice of names can make quadratic. */

typedef struct ns_name {
    const char *text;
    int index; /* into the block's tensors */
} ns_name;

typedef struct ns_names {
    int count;
    ns_name *sorted;
} ns_names;

/* Sorts the names of the block's tensors. NS_ERROR_INPUT names a tensor whose name another one has. */
ns_code ns_names_make(const ns_block *block, ns_arena *arena, ns_names *names, ns_error *error);

/* The index of the tensor with this name, or -1. `name` need not end in NUL. */
int ns_names_find(const ns_names *names, ns_bytes name);

/* Schema: the field numbers of the tables of a .tosa file, in the order of tosa.fbs (tosa-tools
 * 2026.5.0). Attribute tables have theirs in operators.def. */

#define NS_TOSA_IDENTIFIER "TOSA"

enum { NS_FIELD_GRAPH_VERSION, NS_FIELD_GRAPH_REGIONS };
enum { NS_FIELD_VERSION_MAJOR, NS_FIELD_VERSION_MINOR, NS_FIELD_VERSION_PATCH, NS_FIELD_VERSION_DRAFT };
enum { NS_FIELD_REGION_NAME, NS_FIELD_REGION_BLOCKS };
enum {
    NS_FIELD_BLOCK_NAME,
    NS_FIELD_BLOCK_OPERATORS,
    NS_FIELD_BLOCK_TENSORS,
    NS_FIELD_BLOCK_INPUTS,
    NS_FIELD_BLOCK_OUTPUTS,
    NS_FIELD_BLOCK_SHAPES
};
enum {
    NS_FIELD_OPERATOR_OP,
    NS_FIELD_OPERATOR_ATTRIBUTE_TYPE, /* the union takes two fields: its type and its table */
    NS_FIELD_OPERATOR_ATTRIBUTE,
    NS_FIELD_OPERATOR_INPUTS,
    NS_FIELD_OPERATOR_OUTPUTS,
    NS_FIELD_OPERATOR_LOCATION
};
enum {
    NS_FIELD_TENSOR_NAME,
    NS_FIELD_TENSOR_SHAPE,
    NS_FIELD_TENSOR_TYPE,
    NS_FIELD_TENSOR_DATA,
    NS_FIELD_TENSOR_VARIABLE,
    NS_FIELD_TENSOR_IS_UNRANKED,
    NS_FIELD_TENSOR_VARIABLE_NAME,
    NS_FIELD_TENSOR_OFFSET,
    NS_FIELD_TENSOR_SIZE,
    NS_FIELD_TENSOR_SCALE_TYPE /* from tosa-tools 2026.8.0 on */
};
enum { NS_FIELD_SHAPE_NAME, NS_FIELD_SHAPE_RANK, NS_FIELD_SHAPE_DATA };
enum { NS_FIELD_LOCATION_TEXT };

/* ---- print.c ---- */

/* Print: what the text and the JSON printer share. */

/* Appends one attribute's value: "1, 1", "SINGLE_ROUND", "true", "int48", "0x00 0x80". A clamp's limits are
 * numbers of type `dtype`. */
void ns_print_attribute(ns_buffer *buffer, ns_arena *arena, const ns_attributes *attributes,
                        ns_attribute attribute, ns_dtype dtype);

/* Appends element `index` of a tensor with data. */
void ns_print_element(ns_buffer *buffer, const ns_tensor *tensor, size_t index);

/* Whether --only shows operator `index`: `only` is its number, its name ("RESCALE", in any case) or a part of
 * the name of what it writes. NULL: yes. */
bool ns_print_is_wanted(const ns_block *block, int index, const char *only);
#define NS_NOTHING_SHOWN "no operator has the number or name '%s', and none writes a tensor of that name"

/* How many factors a RESCALE multiplies with; 0: none, or not constant. Factor `index`: multiplier / 2^shift.
 */
size_t ns_print_factors(const ns_block *block, const ns_operator *operator, const ns_tensor ** multipliers,
                        const ns_tensor **shifts);
double ns_print_factor(const ns_tensor *multipliers, const ns_tensor *shifts, size_t index);

/* True when the attribute has a value that is worth a place: lists that are not empty, strings that are
 * there, and all others. */
bool ns_attribute_is_given(const ns_attributes *attributes, ns_attribute attribute);

#endif
