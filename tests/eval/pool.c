/* AVG_POOL2D and MAX_POOL2D: windows, padding, the average's own rounding. */
#include "support/eval.h"

#define ZEROS(type) TENSOR(type, (1), 0), TENSOR(type, (1), 0)
#define WINDOW(height, width, ...)                                                    \
    {                                                                                 \
        .kernel = LIST(height, width), .stride = LIST(1, 1), .pad = LIST(__VA_ARGS__) \
    }

static const test_eval_case cases[] = {
    {"the largest of each window",
     NS_OP_MAX_POOL2D,
     WINDOW(1, 2, 0, 0, 0, 0),
     {TENSOR(INT8, (1, 1, 3, 2), 1, -1, 2, -2, -128, 127)},
     TENSOR(INT8, (1, 1, 2, 2), 2, -1, 2, 127)},
    {"padding is never the largest",
     NS_OP_MAX_POOL2D,
     WINDOW(1, 2, 0, 0, 1, 0),
     {TENSOR(INT16, (1, 1, 2, 1), -32768, -32767)},
     TENSOR(INT16, (1, 1, 2, 1), -32768, -32767)},
    {/* The reciprocal of two is (2^30 + 1) / 2^31, above a half: 1.5 gives 2, and -1.5 gives -2. */
     "halves of an average round away from zero",
     NS_OP_AVG_POOL2D,
     WINDOW(1, 2, 0, 0, 0, 0),
     {TENSOR(INT8, (1, 1, 3, 1), 1, 2, -5), ZEROS(INT8)},
     TENSOR(INT8, (1, 1, 2, 1), 2, -2)},
    {"padding counts neither in sum nor in count",
     NS_OP_AVG_POOL2D,
     WINDOW(3, 3, 1, 1, 1, 1),
     {TENSOR(INT8, (1, 1, 2, 1), 10, 20), ZEROS(INT8)},
     TENSOR(INT8, (1, 1, 2, 1), 15)},
    {"zero points and the clip",
     NS_OP_AVG_POOL2D,
     WINDOW(1, 1, 0, 0, 0, 0),
     {TENSOR(INT8, (1, 1, 2, 1), 127, -128), TENSOR(INT8, (1), -100), TENSOR(INT8, (1), 5)},
     TENSOR(INT8, (1, 1, 2, 1), 127, -23)},
    {"the extremes of int16",
     NS_OP_AVG_POOL2D,
     WINDOW(2, 1, 0, 0, 0, 0),
     {TENSOR(INT16, (1, 2, 2, 1), -32768, 32767), ZEROS(INT16)},
     TENSOR(INT16, (1, 1, 2, 1), -32768, 32767)},
    {"three do not divide",
     NS_OP_AVG_POOL2D,
     WINDOW(1, 3, 0, 0, 0, 0),
     {TENSOR(INT8, (1, 1, 3, 3), 1, -1, 3, 1, -1, 3, 2, -2, 4), ZEROS(INT8)},
     TENSOR(INT8, (1, 1, 1, 3), 1, -1, 3)},
    {"a window without inputs",
     NS_OP_MAX_POOL2D,
     WINDOW(1, 2, 0, 0, 2, 0),
     {TENSOR(INT8, (1, 1, 1, 1), 0)},
     TENSOR(INT8, (1, 1, 2, 1), 0),
     "a window without inputs",
     NS_ERROR_INPUT},
};

TEST_EVAL_MAIN
