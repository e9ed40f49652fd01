/* Registers: the tables that registers_*.def become. One table per family (Ethos-U55 and U65 share one);
 * decoder, disassembler, coverage and machine read nothing else about encodings. */
#ifndef NS_NPU_STREAM_REGISTERS_H
#define NS_NPU_STREAM_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Products that an entry exists on. */
#define NS_NPU_PRODUCT_U55 1u
#define NS_NPU_PRODUCT_U65 2u
#define NS_NPU_PRODUCT_U85 4u

typedef enum ns_npu_form { NS_NPU_CMD0, NS_NPU_CMD1 } ns_npu_form;

/* Ids take 10 bits. */
#define NS_NPU_IDS 1024

/* Most registers of a family, for arrays that every machine has. */
#define NS_NPU_REGISTERS_MAX 192

typedef struct ns_npu_value_name {
    uint16_t enum_index, value;
    const char *name;
} ns_npu_value_name;

typedef struct ns_npu_field {
    uint16_t entry; /* index of its register, or of its operation */
    uint8_t low, width;
    bool is_signed;
    int16_t enum_index; /* -1: a plain number */
    const char *name, *unit;
} ns_npu_field;

typedef struct ns_npu_entry {
    ns_npu_form form;
    uint16_t id;
    unsigned products;
    const char *name;
} ns_npu_entry;

typedef struct ns_npu_table {
    const char *family;
    int operation_count, operation_field_count, register_count, field_count, enum_count, value_count;
    const ns_npu_entry *operations, *registers;
    const ns_npu_field *operation_fields, *fields;
    const char *const *enums;
    const ns_npu_value_name *values;
    /* [form][id]: index + 1 into operations or registers; 0: no such command. */
    const uint8_t *operation_index[2], *register_index[2];
} ns_npu_table;

extern const ns_npu_table ns_npu_table_u55; /* Ethos-U55 and U65 */
extern const ns_npu_table ns_npu_table_u85;

/* The field's bits of a command's value, sign-extended where the field is signed. */
static inline int64_t ns_npu_field_of(const ns_npu_field *field, uint64_t value)
{
    uint64_t bits = value >> field->low & (~(uint64_t)0 >> (64 - field->width));
    if (field->is_signed && bits >> (field->width - 1))
        bits |= ~(uint64_t)0 << (field->width - 1);
    return (int64_t)bits;
}

/* Name of an enumerated value; NULL when the enum does not have it. */
const char *ns_npu_value_text(const ns_npu_table *table, int enum_index, int64_t value);

/* Bits that the fields of a register (or operation) leave unused in its value. */
uint64_t ns_npu_reserved_bits(const ns_npu_table *table, bool is_operation, int index);

/* ---- registers_u55.c ---- */

/* The enums of registers_u55.def: U55_REGISTER_IFM_BASE0, U55_FIELD_OFM_SCALE_SHIFT, U55_ACC_FORMAT_I40, ...
 */

#define NS_NPU_P(x) U55_##x
#define NS_NPU_DEF "npu/stream/registers_u55.def"
#include "npu/stream/registers_enums.inc"
#undef NS_NPU_P
#undef NS_NPU_DEF

/* ---- registers_u85.c ---- */

/* The enums of registers_u85.def: U85_REGISTER_IFM_BASE0, U85_FIELD_OFM_SCALE_SHIFT, U85_ACC_FORMAT_I48, ...
 */

#define NS_NPU_P(x) U85_##x
#define NS_NPU_DEF "npu/stream/registers_u85.def"
#include "npu/stream/registers_enums.inc"
#undef NS_NPU_P
#undef NS_NPU_DEF

#endif
