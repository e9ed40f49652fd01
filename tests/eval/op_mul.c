/* MUL: products of each type, and int32 products that are rounded and shifted. */
#include "support/eval.h"

#define SHIFTED(name, x, y, shift, result)                                                                   \
    {                                                                                                        \
        name, NS_OP_MUL, .inputs = {TENSOR(INT32, (1), x), TENSOR(INT32, (1), y), TENSOR(INT8, (1), shift)}, \
                         .output = TENSOR(INT32, (1), result)                                                \
    }

static const test_eval_case cases[] = {
    {"int8 products need 32 bits", NS_OP_MUL,
     .inputs = {TENSOR(INT8, (2), -128, 127), TENSOR(INT8, (2), -128, -128), TENSOR(INT8, (1), 0)},
     .output = TENSOR(INT32, (2), 16384, -16256)},
    {"int16 products", NS_OP_MUL,
     .inputs = {TENSOR(INT16, (2), -32768, 32767), TENSOR(INT16, (1), -32768), TENSOR(INT8, (1), 0)},
     .output = TENSOR(INT32, (2), 1073741824, -1073709056)},
    SHIFTED("without shift the low 32 bits stay", 65536, 65537, 0, 65536),
    SHIFTED("3 * 5 / 2 = 7.5 rounds up", 3, 5, 1, 8),
    SHIFTED("-7.5 rounds up to -7", -3, 5, 1, -7),
    SHIFTED("the largest product, shift 32", INT32_MIN, INT32_MIN, 32, 1 << 30),
    SHIFTED("the largest product, shift 63", INT32_MIN, INT32_MIN, 63, 1),
    {"a product that no shift of 1 brings back", NS_OP_MUL,
     .inputs = {TENSOR(INT32, (2), 1, 65536), TENSOR(INT32, (2), 1, 65536), TENSOR(INT8, (1), 1)},
     .output = TENSOR(INT32, (2), 0),
     .fails = "element [1]: 65536 * 65536 >> 1 is 2147483648, outside int32"},
    {"a shift of 64", NS_OP_MUL,
     .inputs = {TENSOR(INT32, (1), 1), TENSOR(INT32, (1), 1), TENSOR(INT8, (1), 64)},
     .output = TENSOR(INT32, (1), 0), .fails = "the shift 64 is outside 0 to 63"},
};

TEST_EVAL_MAIN
