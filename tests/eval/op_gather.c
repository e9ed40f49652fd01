/* GATHER, ROW_GATHER and SCATTER: rows by index, indices outside, indices twice. */
#include "support/eval.h"

#define ROWS TENSOR(INT16, (2, 3, 2), 1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16)

static const test_eval_case cases[] = {
    {"GATHER", NS_OP_GATHER, .inputs = {ROWS, TENSOR(INT32, (2, 2), 2, 0, 1, 1)},
     .output = TENSOR(INT16, (2, 2, 2), 5, 6, 1, 2, 13, 14, 13, 14)},
    {"an index of K", NS_OP_GATHER, .inputs = {ROWS, TENSOR(INT32, (2, 2), 2, 0, 1, 3)},
     .output = TENSOR(INT16, (2, 2, 2), 0), .fails = "element [1, 1] of the indices is 3, outside 0 to 2"},
    {"an index below 0", NS_OP_GATHER, .inputs = {ROWS, TENSOR(INT32, (2, 2), -1)},
     .output = TENSOR(INT16, (2, 2, 2), 0), .fails = "element [0, 0] of the indices is -1, outside 0 to 2"},
    {"ROW_GATHER", NS_OP_ROW_GATHER, .inputs = {ROWS, TENSOR(INT32, (2, 1), 1, 0), TENSOR(INT32, (1), 2)},
     .output = TENSOR(INT16, (2, 2, 2), 3, 4, 5, 6, 11, 12, 13, 14)},
    {"rows beyond K", NS_OP_ROW_GATHER, .inputs = {ROWS, TENSOR(INT32, (2, 1), 1, 2), TENSOR(INT32, (1), 2)},
     .output = TENSOR(INT16, (2, 2, 2), 0), .fails = "index 1 is 2: rows 2 to 3 of 3"},
    {"SCATTER", NS_OP_SCATTER,
     .inputs = {ROWS, TENSOR(INT32, (2, 1), 2, 0), TENSOR(INT16, (2, 1, 2), -1, -2, -3, -4)},
     .output = TENSOR(INT16, (2, 3, 2), 1, 2, 3, 4, -1, -2, -3, -4, 13, 14, 15, 16)},
    {"SCATTER to an index of K", NS_OP_SCATTER,
     .inputs = {ROWS, TENSOR(INT32, (2, 1), 2, 3), TENSOR(INT16, (2, 1, 2), 0)},
     .output = TENSOR(INT16, (2, 3, 2), 0), .fails = "element [1, 0] of the indices is 3, outside 0 to 2"},
    {"SCATTER twice to one row", NS_OP_SCATTER,
     .inputs = {ROWS, TENSOR(INT32, (2, 2), 2, 1, 0, 0), TENSOR(INT16, (2, 2, 2), 0)},
     .output = TENSOR(INT16, (2, 3, 2), 0), .fails = "element [1, 1] of the indices, 0, occurs twice"},
};

TEST_EVAL_MAIN
