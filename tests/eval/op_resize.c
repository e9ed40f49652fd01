/* RESIZE: nearest and bilinear, scales and offsets; borders repeat the edge. */
#include "support/eval.h"

static const test_eval_case cases[] = {
    {"nearest to twice the width",
     NS_OP_RESIZE,
     {.mode = NS_RESIZE_NEAREST},
     /* Position x / 2 + 0: halves go up. */
     {TENSOR(INT8, (1, 1, 3, 1), 1, 2, 3), SHAPE(1, 1, 2, 1), SHAPE(0, 0), SHAPE(0, 0)},
     TENSOR(INT8, (1, 1, 5, 1), 1, 2, 2, 3, 3)},
    {"bilinear to twice the width, 2 * 1 times too large",
     NS_OP_RESIZE,
     {.mode = NS_RESIZE_BILINEAR},
     {TENSOR(INT8, (1, 1, 3, 1), 1, 2, -128), SHAPE(1, 1, 2, 1), SHAPE(0, 0), SHAPE(0, 0)},
     TENSOR(INT32, (1, 1, 5, 1), 2, 3, 4, -126, -256)},
    {"bilinear in both directions",
     NS_OP_RESIZE,
     {.mode = NS_RESIZE_BILINEAR},
     {TENSOR(INT16, (1, 2, 2, 1), 0, 10, 20, 30), SHAPE(2, 1, 2, 1), SHAPE(0, 0), SHAPE(0, 0)},
     TENSOR(INT48, (1, 3, 3, 1), 0, 20, 40, 40, 60, 80, 80, 100, 120)},
    {"an offset before the first input",
     NS_OP_RESIZE,
     {.mode = NS_RESIZE_BILINEAR},
     /* Positions -1/4 and 1/4 and 3/4 and 5/4 of two inputs: outside repeats the edge. */
     {TENSOR(INT8, (1, 1, 2, 1), 10, 20), SHAPE(1, 1, 4, 2), SHAPE(0, -1), SHAPE(0, 1)},
     TENSOR(INT32, (1, 1, 4, 1), 40, 50, 70, 80)},
    {"half the width",
     NS_OP_RESIZE,
     {.mode = NS_RESIZE_NEAREST},
     {TENSOR(INT8, (1, 1, 4, 1), 1, 2, 3, 4), SHAPE(1, 1, 1, 2), SHAPE(0, 0), SHAPE(0, -1)},
     TENSOR(INT8, (1, 1, 2, 1), 1, 3)},
};

TEST_EVAL_MAIN
