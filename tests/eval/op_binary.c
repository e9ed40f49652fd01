/* Elementwise operators with two operands, and MUL and SELECT: values and REQUIREs of the specification. */
#include "support/eval.h"

/* One int32 result from two int32 operands. */
#define PAIR(OP, x, y, result)                                                                              \
    {                                                                                                       \
#OP, NS_OP_##OP,                                                                                    \
            .inputs = {TENSOR(INT32, (1), x), TENSOR(INT32, (1), y) }, .output = TENSOR(INT32, (1), result) \
    }
#define BAD_PAIR(OP, x, y, text)                                                                        \
    {                                                                                                   \
#OP, NS_OP_##OP,                                                                                \
            .inputs = {TENSOR(INT32, (1), x), TENSOR(INT32, (1), y) }, .output = TENSOR(INT32, (1), 0), \
                                                                       .fails = text                    \
    }

static const test_eval_case cases[] = {
    PAIR(ADD, INT32_MAX, INT32_MIN, -1),
    BAD_PAIR(ADD, INT32_MAX, 1, "element [0]: the operands 2147483647 and 1 have no result in int32"),
    PAIR(SUB, -1, INT32_MAX, INT32_MIN),
    BAD_PAIR(SUB, -2, INT32_MAX, "the operands -2 and 2147483647 have no result in int32"),
    PAIR(INTDIV, -7, 2, -3),
    PAIR(INTDIV, 7, -2, -3),
    BAD_PAIR(INTDIV, 7, 0, "the operands 7 and 0 "),
    BAD_PAIR(INTDIV, INT32_MIN, -1, "the operands -2147483648 and -1 "),
    PAIR(MAXIMUM, -3, 2, 2),
    PAIR(MINIMUM, -3, 2, -3),
    PAIR(BITWISE_AND, 12, 10, 8),
    PAIR(BITWISE_OR, 12, 10, 14),
    PAIR(BITWISE_XOR, 12, -1, -13),
    PAIR(LOGICAL_LEFT_SHIFT, 3, 31, INT32_MIN),
    PAIR(LOGICAL_RIGHT_SHIFT, -1, 31, 1),
    BAD_PAIR(LOGICAL_RIGHT_SHIFT, 1, 32, "the operands 1 and 32 "),
    BAD_PAIR(LOGICAL_LEFT_SHIFT, 1, -1, "the operands 1 and -1 "),
    PAIR(ARITHMETIC_RIGHT_SHIFT, -5, 1, -3),
    BAD_PAIR(ARITHMETIC_RIGHT_SHIFT, -5, 32, "the operands -5 and 32 "),
    {"a rounded shift",
     NS_OP_ARITHMETIC_RIGHT_SHIFT,
     {.round = true},
     {TENSOR(INT8, (6), -5, 5, 5, -128, 127, 6), TENSOR(INT8, (6), 1, 1, 0, 7, 7, 2)},
     TENSOR(INT8, (6), -2, 3, 5, -1, 1, 2)},
    {"a shift of all int8 bits",
     NS_OP_ARITHMETIC_RIGHT_SHIFT,
     {.round = true},
     {TENSOR(INT8, (2), -5, 5), TENSOR(INT8, (2), 7, 8)},
     TENSOR(INT8, (2), 0),
     "element [1]: the operands 5 and 8 have no result in int8"},
    {"rows against columns", NS_OP_ADD,
     .inputs = {TENSOR(INT32, (2, 1), 10, 20), TENSOR(INT32, (1, 3), 1, 2, 3)},
     .output = TENSOR(INT32, (2, 3), 11, 12, 13, 21, 22, 23)},
    {"a middle dim", NS_OP_SUB,
     .inputs = {TENSOR(INT32, (2, 2, 2), 1, 2, 3, 4, 5, 6, 7, 8), TENSOR(INT32, (2, 1, 2), 1, 2, 3, 4)},
     .output = TENSOR(INT32, (2, 2, 2), 0, 0, 2, 2, 2, 2, 4, 4)},
    {"where a broadcast row overflows", NS_OP_ADD,
     .inputs = {TENSOR(INT32, (2, 1), 0, INT32_MIN), TENSOR(INT32, (1, 3), 1, 2, -3)},
     .output = TENSOR(INT32, (2, 3), 0),
     .fails = "element [1, 2]: the operands -2147483648 and -3 have no result in int32"},
    {"a shape that does not broadcast", NS_OP_ADD, .inputs = {TENSOR(INT32, (2), 0), TENSOR(INT32, (3), 0)},
     .output = TENSOR(INT32, (3), 0), .fails = "does not broadcast", .code = NS_ERROR_INPUT},
    {"ADD of a type that it is not defined for", NS_OP_ADD,
     .inputs = {TENSOR(INT8, (1), 0), TENSOR(INT8, (1), 0)}, .output = TENSOR(INT8, (1), 0), .fails = "int8",
     .code = NS_ERROR_UNSUPPORTED},
    {"int64", NS_OP_ADD, .inputs = {TENSOR(INT64, (1), INT64_MAX), TENSOR(INT64, (1), 1)},
     .output = TENSOR(INT64, (1), 0), .fails = "have no result in int64"},
    {"EQUAL", NS_OP_EQUAL,
     .inputs = {TENSOR(INT32, (3), 1, 2, INT32_MIN), TENSOR(INT32, (3), 1, 3, INT32_MAX)},
     .output = TENSOR(BOOL, (3), 1, 0, 0)},
    {"GREATER", NS_OP_GREATER,
     .inputs = {TENSOR(INT32, (3), 1, 3, INT32_MIN), TENSOR(INT32, (3), 1, 2, INT32_MAX)},
     .output = TENSOR(BOOL, (3), 0, 1, 0)},
    {"GREATER_EQUAL", NS_OP_GREATER_EQUAL,
     .inputs = {TENSOR(INT32, (3), 1, 3, INT32_MIN), TENSOR(INT32, (3), 1, 2, INT32_MAX)},
     .output = TENSOR(BOOL, (3), 1, 1, 0)},
    {"LOGICAL_AND", NS_OP_LOGICAL_AND,
     .inputs = {TENSOR(BOOL, (4), 0, 0, 1, 1), TENSOR(BOOL, (4), 0, 1, 0, 1)},
     .output = TENSOR(BOOL, (4), 0, 0, 0, 1)},
    {"LOGICAL_OR", NS_OP_LOGICAL_OR, .inputs = {TENSOR(BOOL, (4), 0, 0, 1, 1), TENSOR(BOOL, (4), 0, 1, 0, 1)},
     .output = TENSOR(BOOL, (4), 0, 1, 1, 1)},
    {"LOGICAL_XOR", NS_OP_LOGICAL_XOR,
     .inputs = {TENSOR(BOOL, (4), 0, 0, 1, 1), TENSOR(BOOL, (4), 0, 1, 0, 1)},
     .output = TENSOR(BOOL, (4), 0, 1, 1, 0)},
    {"SELECT", NS_OP_SELECT,
     .inputs = {TENSOR(BOOL, (2, 1), 1, 0), TENSOR(INT16, (1, 2), 5, 6), TENSOR(INT16, (2, 2), 1, 2, 3, 4)},
     .output = TENSOR(INT16, (2, 2), 5, 6, 3, 4)},
};

TEST_EVAL_MAIN
