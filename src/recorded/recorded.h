/* Recorded: a case that was recorded from ExecuTorch (docs/recorded-cases.md): the float graph that a module
 * exports, its parameters, its inputs, and how it was quantised. */
#ifndef NS_RECORDED_RECORDED_H
#define NS_RECORDED_RECORDED_H

#include "ir/program.h"
#include "ir/target.h"
#include "recorded/files.h"

/* What info.json says of how a case is quantised and judged; NAN: it does not say. */
typedef struct ns_recorded_settings {
    const char *op; /* what the case is of: the one operator of its float graph by npuscope's name, else what
                       the test's file says ("test_lstm.py": lstm), else "program" */
    double epsilon; /* least scale of an activation */
    double qtol, atol, rtol; /* tolerances of the test */
    bool per_channel;        /* weights: one scale per output channel */
    bool has_target;         /* it was lowered for a board */
    ns_target target;        /* of its board; one for TOSA alone is lowered as for U85, which takes most */
} ns_recorded_settings;

typedef struct ns_recorded {
    ns_recorded_settings settings; /* without `op` */
    ns_aten_program *program;      /* float.json: as exported, before any pass of the Arm backend */
    ns_tensor *inputs; /* i<k>.bin: of its inputs' types, in its order; they were the calibration data too */
} ns_recorded;

/* Reads what there is to know of a case before it is run. */
ns_code ns_recorded_read_settings(const ns_case_files *files, ns_arena *arena, ns_recorded_settings *out,
                                  ns_error *error);

/* Reads the case; everything lies in `arena`. NS_ERROR_UNSUPPORTED names the first operator that npuscope
 * lacks; NS_ERROR_INPUT says which file or node is not as expected. */
ns_code ns_recorded_read(const ns_case_files *files, ns_arena *arena, ns_recorded *out, ns_error *error);

#endif
