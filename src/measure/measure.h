/* Measure: how far one array of reals is from another, in the terms of a verdict. */
#ifndef NS_MEASURE_MEASURE_H
#define NS_MEASURE_MEASURE_H

#include "npuscope/measure.h"

/* One output among the elements that are measured. */
typedef struct ns_measured {
    size_t count;
    double scale; /* one step, > 0; 0: errors in steps stay 0 */
} ns_measured;

/* Fills in the measures of `result` (those between `measured` and `worst_tolerance`) for the elements of
 * `output_count` outputs, one after the other; at least one element.
 *   ideal      the exact reals
 *   reference  what the stage is compared with (ideal itself for the stage quantised)
 *   got        the stage's output
 *   tolerance  how far each element of `got` may be from `reference` */
void ns_measure(int output_count, const ns_measured *outputs, const double *ideal, const double *reference,
                const double *got, const double *tolerance, ns_stage_result *result);

/* The place of an error among NS_ERROR_BIN_BOUNDS; NaN belongs to the last. */
int ns_error_bin(double steps);

/* The tolerance of ExecuTorch 1.5.0's harness around one reference value (Tester._compare_outputs in
 * backends/test/harness/tester.py: atol + scale * qtol, handed to torch.allclose with rtol), with the
 * float32 arithmetic of torch.isclose on float32 tensors. */
double ns_harness_tolerance(const ns_suite_settings *settings, double scale, double reference);

/* True when every element of `got` is 0 and one of `reference` is not: it would not become 0 when rounded
 * to a multiple of `scale`. */
bool ns_all_zero(size_t count, const double *reference, const double *got, double scale);

/* Far from what the format could do: more than NS_INACCURATE_STEPS from the stage quantised, whose SQNR is
 * more than NS_INACCURATE_DB better. */
#define NS_INACCURATE_STEPS 32
#define NS_INACCURATE_DB 20
bool ns_is_inaccurate(const ns_stage_result *quantised, const ns_stage_result *eval);

#endif
