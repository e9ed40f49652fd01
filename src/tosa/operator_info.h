/* Operator info: the rows of operators.def as data, for the reader, writer, validator and printer. */
#ifndef NS_TOSA_OPERATOR_INFO_H
#define NS_TOSA_OPERATOR_INFO_H

#include "npuscope/graph.h"

typedef enum ns_attribute {
#define NS_ATTRIBUTE(name, kind, values) NS_ATTRIBUTE_##name,
#include "npuscope/attributes.def"
#undef NS_ATTRIBUTE
    NS_ATTRIBUTE_COUNT
} ns_attribute;

typedef enum ns_attribute_kind {
    NS_ATTRIBUTE_KIND_BOOL,
    NS_ATTRIBUTE_KIND_INT32,
    NS_ATTRIBUTE_KIND_ENUM,
    NS_ATTRIBUTE_KIND_DTYPE,
    NS_ATTRIBUTE_KIND_INT_LIST,
    NS_ATTRIBUTE_KIND_BYTE_LIST,
    NS_ATTRIBUTE_KIND_STRING,
} ns_attribute_kind;

typedef struct ns_attribute_info {
    const char *name;
    ns_attribute_kind kind;
    size_t offset;      /* of the field in ns_attributes */
    size_t size;        /* of the field */
    const char *values; /* "NAN_MODE": the value table of an ENUM; "NONE" for other kinds */
} ns_attribute_info;

#define NS_MAX_OPERATOR_ATTRIBUTES 5

typedef struct ns_op_info {
    const char *name;
    int code; /* in a .tosa file */
    int attribute_count;
    ns_attribute attributes[NS_MAX_OPERATOR_ATTRIBUTES]; /* in the order of the FlatBuffer's slots */
    const char *inputs; /* operand names, "[]" after one that stands for any number */
    const char *outputs;
    const char *profiles;
    const char *version;
} ns_op_info;

/* The row of an operator below NS_OP_COUNT, or of an attribute below NS_ATTRIBUTE_COUNT. */
const ns_op_info *ns_op_get_info(ns_op op);
const ns_attribute_info *ns_attribute_get_info(ns_attribute attribute);

/* The operator with number `code` in a .tosa file; false when there is none. */
bool ns_op_from_code(uint32_t code, ns_op *op);

/* The type with number `code` in a .tosa file, and the other way round. */
bool ns_dtype_from_code(uint32_t code, ns_dtype *dtype);
uint32_t ns_dtype_code(ns_dtype dtype);

/* The name of value `value` of the enum attribute `attribute`: "SINGLE_ROUND"; NULL outside the enum. */
const char *ns_attribute_value_text(ns_attribute attribute, uint32_t value);

/* The field of `attributes` that `attribute` names. */
static inline void *ns_attribute_field(ns_attributes *attributes, ns_attribute attribute)
{
    return (char *)attributes + ns_attribute_get_info(attribute)->offset;
}
static inline const void *ns_attribute_const_field(const ns_attributes *attributes, ns_attribute attribute)
{
    return (const char *)attributes + ns_attribute_get_info(attribute)->offset;
}

/* How many operands a list of names asks for: `fixed` names without "[]", and whether one has it. */
typedef struct ns_operand_counts {
    int fixed;
    bool any_number;
} ns_operand_counts;

ns_operand_counts ns_operand_names_count(const char *names);

/* The name of operand `index` when `count` are given: "weight", "input1[2]", or "operand 7" where
 * there are fewer names. Written into `text`, which it returns. */
const char *ns_operand_name(const char *names, int index, char *text, size_t size);

#endif
