/* Reductions and ARGMAX: each axis, partial sums that leave the type, ties. */
#include "support/eval.h"

#define SIX(type) TENSOR(type, (2, 3), 5, -2, 3, 4, 7, -6)

static const test_eval_case cases[] = {
    {"REDUCE_SUM of columns", NS_OP_REDUCE_SUM, {.axis = 0}, {SIX(INT32)}, TENSOR(INT32, (1, 3), 9, 5, -3)},
    {"REDUCE_SUM of rows", NS_OP_REDUCE_SUM, {.axis = 1}, {SIX(INT32)}, TENSOR(INT32, (2, 1), 6, 5)},
    {"REDUCE_SUM of a middle axis",
     NS_OP_REDUCE_SUM,
     {.axis = 1},
     {TENSOR(INT32, (2, 2, 2), 1, 2, 3, 4, 5, 6, 7, 8)},
     TENSOR(INT32, (2, 1, 2), 4, 6, 12, 14)},
    {"a sum outside int32",
     NS_OP_REDUCE_SUM,
     {.axis = 1},
     {TENSOR(INT32, (2, 2), 1, 2, INT32_MIN, -1)},
     TENSOR(INT32, (2, 1), 0),
     "element [1, 0]: the sum -2147483648 and the input -1 at 1 along axis 1 leave int32"},
    {"a partial sum outside int32 that comes back",
     NS_OP_REDUCE_SUM,
     {.axis = 0},
     {TENSOR(INT32, (3), INT32_MAX, 1, -1)},
     TENSOR(INT32, (1), 0),
     "the sum 2147483647 and the input 1 at 1 along axis 0 leave int32"},
    {"REDUCE_MAX", NS_OP_REDUCE_MAX, {.axis = 1}, {SIX(INT8)}, TENSOR(INT8, (2, 1), 5, 7)},
    {"REDUCE_MIN", NS_OP_REDUCE_MIN, {.axis = 0}, {SIX(INT16)}, TENSOR(INT16, (1, 3), 4, -2, -6)},
    {"REDUCE_ALL",
     NS_OP_REDUCE_ALL,
     {.axis = 1},
     {TENSOR(BOOL, (2, 2), 1, 1, 1, 0)},
     TENSOR(BOOL, (2, 1), 1, 0)},
    {"REDUCE_ANY",
     NS_OP_REDUCE_ANY,
     {.axis = 1},
     {TENSOR(BOOL, (2, 2), 0, 0, 1, 0)},
     TENSOR(BOOL, (2, 1), 0, 1)},
    {"ARGMAX takes the first of equals",
     NS_OP_ARGMAX,
     {.axis = 1},
     {TENSOR(INT8, (3, 3), 1, 3, 3, -128, -128, -128, 5, 4, 6)},
     TENSOR(INT32, (3), 1, 0, 2)},
    {"ARGMAX of columns", NS_OP_ARGMAX, {.axis = 0}, {SIX(INT16)}, TENSOR(INT32, (3), 0, 1, 0)},
};

TEST_EVAL_MAIN
