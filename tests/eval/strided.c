/* Operators that only move data: CONCAT, PAD, RESHAPE, REVERSE, SLICE, TILE, TRANSPOSE. */
#include "support/eval.h"

#define SIX TENSOR(INT16, (2, 3), 1, 2, 3, 4, 5, 6)

static const test_eval_case cases[] = {
    {"CONCAT of rows",
     NS_OP_CONCAT,
     {.axis = 0},
     {SIX, TENSOR(INT16, (1, 3), 7, 8, 9)},
     TENSOR(INT16, (3, 3), 1, 2, 3, 4, 5, 6, 7, 8, 9)},
    {"CONCAT of columns",
     NS_OP_CONCAT,
     {.axis = 1},
     {SIX, TENSOR(INT16, (2, 1), 7, 8)},
     TENSOR(INT16, (2, 4), 1, 2, 3, 7, 4, 5, 6, 8)},
    {"PAD", NS_OP_PAD, .inputs = {SIX, SHAPE(0, 1, 2, 0), TENSOR(INT16, (1), -9)},
     .output = TENSOR(INT16, (3, 5), -9, -9, 1, 2, 3, -9, -9, 4, 5, 6, -9, -9, -9, -9, -9)},
    {"a PAD that does not fit", NS_OP_PAD, .inputs = {SIX, SHAPE(0, 0, 2, 0), TENSOR(INT16, (1), -9)},
     .output = TENSOR(INT16, (3, 5), 0), .fails = "the padding", .code = NS_ERROR_INPUT},
    {"RESHAPE", NS_OP_RESHAPE, .inputs = {SIX, SHAPE(3, 2)},
     .output = TENSOR(INT16, (3, 2), 1, 2, 3, 4, 5, 6)},
    {"REVERSE along the rows", NS_OP_REVERSE, {.axis = 1}, {SIX}, TENSOR(INT16, (2, 3), 3, 2, 1, 6, 5, 4)},
    {"REVERSE of the rows", NS_OP_REVERSE, {.axis = 0}, {SIX}, TENSOR(INT16, (2, 3), 4, 5, 6, 1, 2, 3)},
    {"SLICE", NS_OP_SLICE, .inputs = {SIX, SHAPE(0, 1), SHAPE(2, 2)},
     .output = TENSOR(INT16, (2, 2), 2, 3, 5, 6)},
    {"a SLICE that leaves its input", NS_OP_SLICE, .inputs = {SIX, SHAPE(1, 1), SHAPE(2, 2)},
     .output = TENSOR(INT16, (2, 2), 0), .fails = "SLICE", .code = NS_ERROR_INPUT},
    {"TILE", NS_OP_TILE, .inputs = {TENSOR(INT8, (1, 2), 1, 2), SHAPE(2, 2)},
     .output = TENSOR(INT8, (2, 4), 1, 2, 1, 2, 1, 2, 1, 2)},
    {"TRANSPOSE", NS_OP_TRANSPOSE, {.perms = LIST(1, 0)}, {SIX}, TENSOR(INT16, (3, 2), 1, 4, 2, 5, 3, 6)},
    {"TRANSPOSE of three axes: output axis i is input axis perms[i]",
     NS_OP_TRANSPOSE,
     {.perms = LIST(2, 0, 1)},
     {TENSOR(INT32, (1, 2, 3), 1, 2, 3, 4, 5, 6)},
     TENSOR(INT32, (3, 1, 2), 1, 4, 2, 5, 3, 6)},
    {"int48 moves in 64 bits",
     NS_OP_TRANSPOSE,
     {.perms = LIST(1, 0)},
     {TENSOR(INT48, (1, 2), -(INT64_C(1) << 47), 7)},
     TENSOR(INT48, (2, 1), -(INT64_C(1) << 47), 7)},
};

TEST_EVAL_MAIN
