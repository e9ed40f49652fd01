/* Sweep: all 65,536 codes of a one-input elementwise operator through evaluator and NPU, against exact reals.
 */
#ifndef NPUSCOPE_SWEEP_H
#define NPUSCOPE_SWEEP_H

#include "npuscope/suite.h"
#include "npuscope/vela.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NS_SWEEP_CODES 65536
#define NS_SWEEP_FIRST_CODE (-32768)

/* Columns of a curve, each for as many codes. */
#define NS_SWEEP_COLUMNS 256

typedef struct ns_sweep_range {
    int first, last; /* codes, both included */
} ns_sweep_range;

/* What one executor made of the codes whose result is defined and whose exact result lies in the output's
 * range. Beyond the range no implementation could be right: the scale that the quantiser chose is at fault.
 */
typedef struct ns_sweep_stage {
    const char *name;    /* "eval" or "npu" */
    const char *reason;  /* why it did not run; NULL when it did */
    size_t compared;     /* codes */
    size_t out_of_range; /* codes with a defined result whose exact result is beyond the range */
    double max_steps, mean_steps;
    int worst_code;
    double worst_input, worst_ideal, worst_got;
    size_t bins[NS_ERROR_BINS];
    size_t saturated;    /* results at an end of the output's range */
    const double *steps; /* error of each code in steps, in code order; NaN where not compared */
    /* Least, mean and largest error of each column's codes; NaN for a column without a compared code. */
    double least[NS_SWEEP_COLUMNS], mean[NS_SWEEP_COLUMNS], largest[NS_SWEEP_COLUMNS];
} ns_sweep_stage;

typedef struct ns_sweep_result {
    const char *op, *name, *target, *accelerator;
    double input_scale, output_scale;
    int range_count; /* codes for which the TOSA specification leaves the result open */
    ns_sweep_range *ranges;
    size_t unpredictable; /* codes in them */
    const char *rule;     /* the first such code's message; NULL without one */
    /* Segments of the operator's table, 128 codes each; 0: it has none. Open: with a code that is
     * unpredictable. Clamped: one of its knots is at an end of the output's range and the other is not, so
     * that the line is bent. Coarse: with a code whose result is more than 32 steps from exact. */
    int segments, open_segments, clamped_segments, coarse_segments;
    ns_sweep_stage eval, npu;
    size_t differences;   /* codes for which npu is not eval, the undefined ones left out */
    int first_difference; /* the first such code */
    const double *ideal;  /* exact result of each code */
    double seconds;
} ns_sweep_result;

typedef struct ns_sweep_options {
    size_t size;           /* sizeof(ns_sweep_options), or 0 (status.h) */
    const char *catalogue; /* NULL: "seed" */
    const char *op, *name, *target;
    uint64_t seed;
    double epsilon; /* NaN: the case's own */
    unsigned cpu_mask;
    const ns_vela *vela; /* NULL: the NPU is not run */
    const ns_vela_options *vela_options;
} ns_sweep_options;

/* Takes the scales from the case's own data, and runs every code. A code's real input is code * input scale,
 * rounded to float32 as dequantize gives it. NS_ERROR_USAGE for an unknown case, or for an operator that is
 * not elementwise with one input; NS_ERROR_UNSUPPORTED where ExecuTorch keeps it off the target. */
ns_code ns_sweep_run(const ns_sweep_options *options, ns_arena *arena, ns_sweep_result **out,
                     ns_error *error);

/* *fits: whether ns_sweep_run takes the case's operator. NS_ERROR_USAGE for an unknown case. */
ns_code ns_sweep_takes(const ns_sweep_options *options, ns_arena *arena, bool *fits, ns_error *error);

#ifdef __cplusplus
}
#endif

#endif
