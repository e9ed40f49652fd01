#include "tosa/operand_info.h"

enum { ANY = false, CONSTANT = true, MAX_RANK = NS_LEVEL_MAX_RANK };

static const ns_operand_info operands[] = {
#define NS_OPERAND(op, direction, name, kind, type, shape, low, high, constant) \
    {NS_OP_##op, NS_OPERAND_##direction, #name, NS_OPERAND_##kind, type, shape, low, high, constant},
#include "tosa/operands.def"
#undef NS_OPERAND
};

#define NS_TYPE_VARIABLES(op, names) [NS_OP_##op] = names,
#define NS_TYPE_MODE(op, version, profiles, ...)
static const char *const type_variables[NS_OP_COUNT] = {
#include "tosa/type_modes.def"
};
#undef NS_TYPE_VARIABLES
#undef NS_TYPE_MODE

#define NS_TYPE_VARIABLES(op, names)
#define NS_TYPE_MODE(op, version, profiles, ...) {NS_OP_##op, version, profiles, {__VA_ARGS__}},
#define NS_T(type) (1u << NS_DTYPE_##type)
static const ns_type_mode type_modes[] = {
#include "tosa/type_modes.def"
};
#undef NS_TYPE_VARIABLES
#undef NS_TYPE_MODE
#undef NS_T

/* Rows of one operator stand together in both tables. */
const ns_operand_info *ns_op_operands(ns_op op, int *count)
{
    const int all = sizeof operands / sizeof operands[0];
    int first = 0;
    while (first < all && operands[first].op != op)
        first++;
    *count = 0;
    while (first + *count < all && operands[first + *count].op == op)
        ++*count;
    return operands + first;
}

const char *ns_op_type_variables(ns_op op)
{
    return type_variables[op];
}

const ns_type_mode *ns_op_type_modes(ns_op op, int *count)
{
    const int all = sizeof type_modes / sizeof type_modes[0];
    int first = 0;
    while (first < all && type_modes[first].op != op)
        first++;
    *count = 0;
    while (first + *count < all && type_modes[first + *count].op == op)
        ++*count;
    return type_modes + first;
}
