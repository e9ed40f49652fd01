/* Operand info: the rows of operands.def and type_modes.def as data, for the validator. */
#ifndef NS_TOSA_OPERAND_INFO_H
#define NS_TOSA_OPERAND_INFO_H

#include "npuscope/graph.h"

/* Limits of level 8K (tosa.xml of the TOSA specification, 1.1 draft, "levels"; the same in 1.0). */
enum {
    NS_LEVEL_MAX_RANK = 6,
    NS_LEVEL_MAX_KERNEL = 8192,
    NS_LEVEL_MAX_STRIDE = 8192,
    NS_LEVEL_MAX_SCALE = 256,
    NS_LEVEL_MAX_LOG2_SIZE = 31,
    NS_LEVEL_MAX_NESTING = 6,
    NS_LEVEL_MAX_TENSOR_LIST_SIZE = 64,
    NS_LEVEL_MAX_SHAPE_LEN = 16,
};

typedef enum ns_operand_direction { NS_OPERAND_INPUT, NS_OPERAND_OUTPUT } ns_operand_direction;
typedef enum ns_operand_kind {
    NS_OPERAND_TENSOR,
    NS_OPERAND_SHAPE,
    NS_OPERAND_TENSOR_LIST,
    NS_OPERAND_SHAPE_LIST,
} ns_operand_kind;

typedef struct ns_operand_info {
    ns_op op;
    ns_operand_direction direction;
    const char *name;
    ns_operand_kind kind;
    const char *type;
    const char *shape;
    int rank_min, rank_max;
    bool constant;
} ns_operand_info;

/* The operands of an operator, in order, inputs first. */
const ns_operand_info *ns_op_operands(ns_op op, int *count);

#define NS_MAX_TYPE_VARIABLES 6

/* The names of an operator's type variables, separated by spaces; NULL when it has none. */
const char *ns_op_type_variables(ns_op op);

typedef struct ns_type_mode {
    ns_op op;
    const char *version;
    const char *profiles;
    uint32_t types[NS_MAX_TYPE_VARIABLES]; /* per variable: bit 1 << dtype for each type allowed */
} ns_type_mode;

/* The type combinations of an operator; none for operators without type variables. */
const ns_type_mode *ns_op_type_modes(ns_op op, int *count);

#endif
