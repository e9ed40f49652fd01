/* Recorded: a case that was recorded from ExecuTorch (docs/recorded-cases.md): the float graph that a module
 * exports, its parameters, its inputs, and how it was quantised. */
#ifndef NS_RECORDED_RECORDED_H
#define NS_RECORDED_RECORDED_H

#include "ir/program.h"
#include "ir/target.h"

typedef struct ns_recorded {
    ns_aten_program *program; /* float.json: as exported, before any pass of the Arm backend */
    ns_tensor *inputs; /* i<k>.bin: of its inputs' types, in its order; they were the calibration data too */
    double epsilon;    /* info.json: least scale of an activation; NAN: not said */
    bool per_channel;  /* weights: one scale per output channel */
    ns_target target;  /* of its board; one for TOSA alone is lowered as for U85, which takes most */
} ns_recorded;

/* Reads the case in folder `folder`; everything lies in `arena`. NS_ERROR_UNSUPPORTED names the first
 * operator that npuscope lacks; NS_ERROR_INPUT says which file or node is not as expected. */
ns_code ns_recorded_read(const char *folder, ns_arena *arena, ns_recorded *out, ns_error *error);

#endif
