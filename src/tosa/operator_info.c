#include "tosa/operator_info.h"

#include <stdio.h>
#include <string.h>

/* The attributes column: a list becomes its count and an initialiser. */
#define NS_A(name) NS_ATTRIBUTE_##name
#define NS_LIST(...)                                  \
    sizeof((const int[]){__VA_ARGS__}) / sizeof(int), \
    {                                                 \
        __VA_ARGS__                                   \
    }
#define NS_NONE \
    0,          \
    {           \
        0       \
    }

static const ns_op_info operators[NS_OP_COUNT] = {
#define NS_OPERATOR(name, code, attributes, inputs, outputs, profiles, version) \
    [NS_OP_##name] = {#name, code, attributes, inputs, outputs, profiles, version},
#include "npuscope/operators.def"
#undef NS_OPERATOR
};
#undef NS_A
#undef NS_LIST
#undef NS_NONE

static const ns_attribute_info attributes[NS_ATTRIBUTE_COUNT] = {
#define NS_ATTRIBUTE(name, kind, values)                                                     \
    [NS_ATTRIBUTE_##name] = {#name, NS_ATTRIBUTE_KIND_##kind, offsetof(ns_attributes, name), \
                             sizeof(((ns_attributes *)0)->name), #values},
#include "npuscope/attributes.def"
#undef NS_ATTRIBUTE
};

static const uint32_t dtype_codes[NS_DTYPE_COUNT] = {
#define NS_DTYPE(name, text, code, bits, bytes) [NS_DTYPE_##name] = code,
#include "npuscope/dtypes.def"
#undef NS_DTYPE
};

/* Value tables of the enum attributes (tosa.fbs of tosa-tools 2026.5.0); UNKNOWN is 0 in each. */
static const struct {
    const char *table;
    uint32_t value;
    const char *text;
} enum_values[] = {
    {"NAN_MODE", NS_NAN_PROPAGATE, "PROPAGATE"},
    {"NAN_MODE", NS_NAN_IGNORE, "IGNORE"},
    {"RESIZE_MODE", NS_RESIZE_NEAREST, "NEAREST_NEIGHBOR"},
    {"RESIZE_MODE", NS_RESIZE_BILINEAR, "BILINEAR"},
    {"ROUNDING_MODE", NS_SINGLE_ROUND, "SINGLE_ROUND"},
    {"ROUNDING_MODE", NS_INEXACT_ROUND, "INEXACT_ROUND"},
    {"ROUNDING_MODE", NS_DOUBLE_ROUND, "DOUBLE_ROUND"},
    {"BLOCK_SIZE", 1, "BLOCK_SIZE_1"},
    {"BLOCK_SIZE", 32, "BLOCK_SIZE_32"},
};

const ns_op_info *ns_op_get_info(ns_op op)
{
    return &operators[op];
}

const ns_attribute_info *ns_attribute_get_info(ns_attribute attribute)
{
    return &attributes[attribute];
}

const char *ns_op_text(ns_op op)
{
    return (unsigned)op < NS_OP_COUNT ? operators[op].name : "?";
}

bool ns_op_from_code(uint32_t code, ns_op *op)
{
    for (int i = 0; i < NS_OP_COUNT; i++) {
        if ((uint32_t)operators[i].code == code) {
            *op = (ns_op)i;
            return true;
        }
    }
    return false;
}

bool ns_dtype_from_code(uint32_t code, ns_dtype *dtype)
{
    for (int i = 0; i < NS_DTYPE_COUNT; i++) {
        if (dtype_codes[i] == code) {
            *dtype = (ns_dtype)i;
            return true;
        }
    }
    return false;
}

uint32_t ns_dtype_code(ns_dtype dtype)
{
    return dtype_codes[dtype];
}

const char *ns_attribute_value_text(ns_attribute attribute, uint32_t value)
{
    for (size_t i = 0; i < sizeof enum_values / sizeof enum_values[0]; i++)
        if (enum_values[i].value == value && !strcmp(enum_values[i].table, attributes[attribute].values))
            return enum_values[i].text;
    return NULL;
}

ns_operand_counts ns_operand_names_count(const char *names)
{
    ns_operand_counts counts = {0};
    for (const char *p = names; *p;) {
        size_t length = strcspn(p, " ");
        if (length > 2 && !strncmp(p + length - 2, "[]", 2))
            counts.any_number = true;
        else
            counts.fixed++;
        p += length;
        p += strspn(p, " ");
    }
    return counts;
}

const char *ns_operand_name(const char *names, int index, char *text, size_t size)
{
    int position = 0;
    for (const char *p = names; *p;) {
        size_t length = strcspn(p, " ");
        bool is_list = length > 2 && !strncmp(p + length - 2, "[]", 2);
        if (is_list) {
            snprintf(text, size, "%.*s[%d]", (int)length - 2, p, index - position);
            return text;
        }
        if (position == index) {
            snprintf(text, size, "%.*s", (int)length, p);
            return text;
        }
        position++;
        p += length;
        p += strspn(p, " ");
    }
    snprintf(text, size, "operand %d", index);
    return text;
}
