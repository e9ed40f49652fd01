/* TABLE: 256 entries for int8; 513 entries with interpolation and its slope REQUIRE for int16. */
#include "support/eval.h"

/* Entries 0 to 511 are 4 and -4 in turn. */
#define WAVES 4, -4, 4, -4, 4, -4, 4, -4

static const test_eval_case cases[] = {
    {"int8 looks up input + 128", NS_OP_TABLE,
     .inputs = {TENSOR(INT8, (4), -128, -127, 0, 127), TENSOR(INT8, (256), 7, -1)},
     .output = TENSOR(INT8, (4), 7, -1, 7, -1)},
    {"int16 interpolates to 23 bits", NS_OP_TABLE,
     /* -32768: entry 0. -32767: 4 * 128 - 8. -32641: 4 * 128 - 8 * 127. 32767: entry 511 to 512. */
     .inputs = {TENSOR(INT16, (5), -32768, -32767, -32641, -32640, 32767), TENSOR(INT16, (513), WAVES)},
     .output = TENSOR(INT32, (5), 512, 504, -504, -512, -512 + 8 * 127)},
    {"slopes at the limits of int16", NS_OP_TABLE,
     .inputs = {TENSOR(INT16, (3), -32768, -32767, -32639), TENSOR(INT16, (513), 0, -32768, -1)},
     .output = TENSOR(INT32, (3), 0, -32768, -32768 * 128 + 32767)},
    {"a slope outside int16", NS_OP_TABLE,
     .inputs = {TENSOR(INT16, (2, 2), -32640, -32640, -32640, -32768),
                TENSOR(INT16, (513), 20000, -20000, 0)},
     .output = TENSOR(INT32, (2, 2), 0),
     .fails =
         "element [1, 1]: for input -32768 the slope from table entry 0 (20000) to 1 (-20000) is -40000, "
         "outside int16"},
    {"an input at an entry still needs its slope", NS_OP_TABLE,
     .inputs = {TENSOR(INT16, (1), -32640), TENSOR(INT16, (513), 0, 32767, -2)},
     .output = TENSOR(INT32, (1), 0),
     .fails = "for input -32640 the slope from table entry 1 (32767) to 2 (-2) is -32769"},
    {"a table of the wrong size", NS_OP_TABLE, .inputs = {TENSOR(INT16, (1), 0), TENSOR(INT16, (512), 0)},
     .output = TENSOR(INT32, (1), 0), .fails = "the table", .code = NS_ERROR_INPUT},
};

TEST_EVAL_MAIN
