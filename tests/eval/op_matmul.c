/* MATMUL and MATMUL_T: batches, zero points, int16 into int48, the accumulator's REQUIRE. */
#include "support/eval.h"

#define ZEROS(type) TENSOR(type, (1), 0), TENSOR(type, (1), 0)

static const test_eval_case cases[] = {
    {"two batches", NS_OP_MATMUL,
     .inputs = {TENSOR(INT8, (2, 1, 2), 1, 2, 3, 4), TENSOR(INT8, (2, 2, 2), 1, 2, 3, 4, 5, 6, 7, 8),
                ZEROS(INT8)},
     .output = TENSOR(INT32, (2, 1, 2), 7, 10, 43, 50)},
    {"zero points", NS_OP_MATMUL,
     .inputs = {TENSOR(INT8, (1, 1, 2), 127, -128), TENSOR(INT8, (1, 2, 1), -128, 127),
                TENSOR(INT8, (1), -128), TENSOR(INT8, (1), 127)},
     .output = TENSOR(INT32, (1, 1, 1), -65025)},
    {"int16: each product up to 2^30", NS_OP_MATMUL,
     .inputs = {TENSOR(INT16, (1, 1, 5), -32768), TENSOR(INT16, (1, 5, 2), -32768, 32767), ZEROS(INT16)},
     .output = TENSOR(INT48, (1, 1, 2), 5 * (INT64_C(1) << 30), -5 * INT64_C(32768) * 32767)},
    {"an odd number of steps", NS_OP_MATMUL,
     .inputs = {TENSOR(INT16, (1, 2, 3), 1, 2, 3, -1, 255, 256), TENSOR(INT16, (1, 3, 1), 1000, -129, 127),
                ZEROS(INT16)},
     .output = TENSOR(INT48, (1, 2, 1), 1123, -1383)},
    {"MATMUL_T", NS_OP_MATMUL_T,
     .inputs = {TENSOR(INT8, (2, 1, 2), 1, 2, 3, 4), TENSOR(INT8, (2, 2, 2), 1, 3, 2, 4, 5, 7, 6, 8),
                ZEROS(INT8)},
     .output = TENSOR(INT32, (2, 1, 2), 7, 10, 43, 50)},
    {"MATMUL_T of one B for all", NS_OP_MATMUL_T,
     .inputs = {TENSOR(INT16, (2, 1, 3), 1, 2, 3, -1, 255, 256),
                TENSOR(INT16, (1, 2, 3), 1000, -129, 127, 1, 0, -32768), ZEROS(INT16)},
     .output = TENSOR(INT48, (2, 1, 2), 1123, 1 - 3 * 32768, -1383, -1 - 256 * 32768)},
    {"an accumulator outside int32", NS_OP_MATMUL,
     .inputs = {TENSOR(INT8, (1, 1, 33100), 127), TENSOR(INT8, (1, 33100, 1), 127), TENSOR(INT8, (1), -128),
                TENSOR(INT8, (1), -128)},
     .output = TENSOR(INT32, (1, 1, 1), 0),
     .fails = "element [0, 0, 0]: the accumulator is 2147515650 after step 33026 of 33100, outside int32"},
    {"an int16 zero point", NS_OP_MATMUL,
     .inputs = {TENSOR(INT16, (1, 1, 1), 0), TENSOR(INT16, (1, 1, 1), 0), TENSOR(INT16, (1), 1),
                TENSOR(INT16, (1), 0)},
     .output = TENSOR(INT48, (1, 1, 1), 0), .fails = "only int8 has zero points", .code = NS_ERROR_INPUT},
};

TEST_EVAL_MAIN
