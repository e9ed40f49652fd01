/* What measure gives the rooms above it. */
#ifndef NS_MEASURE_INTERFACE_H
#define NS_MEASURE_INTERFACE_H

#include "ir/program.h"
#include "npuscope/measure.h"

/* ---- bound.c ---- */

/* Bound: how far quantisation may move a result, if it does nothing but round. */

/* The worst case of the format: every value of `program` that has a quantisation is off by half a step,
 * with the worst sign, and the operators carry that to the outputs. (*bounds)[n][i] >= 0, in `arena`, is
 * how far element i of node n of the stage quantised can then be from ideal. A larger error means that a
 * value was clamped or that a scale is wrong. `ideal` are the values of every node without quantisation
 * (ns_aten_evaluate). An operand for which the operator's error has no bound (a reciprocal that may cross
 * zero) makes it infinite. NS_ERROR_UNSUPPORTED names an operator whose bound is not known. */
ns_code ns_format_bound(const ns_aten_program *program, double *const *ideal, ns_arena *arena,
                        double ***bounds, ns_error *error);

/* ---- gradient.c ---- */

/* Gradient: how much one element of a program's result moves with each element of its inputs. */

/* The partial derivatives of element `element` of the first output at the point where the nodes have the
 * values `values` (ns_aten_evaluate, IDEAL). (*gradient)[n][i], in `arena`, is that by element i of node n;
 * all 0 where the result does not depend on it. NS_ERROR_UNSUPPORTED names an operator without a rule here:
 * the program must be decomposed, and its operators all of sums and products. */
ns_code ns_gradient(const ns_aten_program *program, double *const *values, size_t element, ns_arena *arena,
                    double ***gradient, ns_error *error);

/* True when every operator of the program has a rule. */
bool ns_gradient_known(const ns_aten_program *program);

/* ---- measure.c ---- */

/* Measure: how far one array of reals is from another, in the terms of a verdict. */

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

/* Nothing of the result is left, whatever the format could do with these scales: an SQNR against ideal below
 * NS_LOST_DB, at which the error is half as large as the result. */
#define NS_LOST_DB 6
bool ns_is_lost(const ns_stage_result *eval);

/* ---- trace.c ---- */

/* Trace: which input elements an element of the result depends on. */

/* Follows element `element` of output number `output` back to the inputs. Fills (*operands)[0 .. *count), one
 * for each program input with a share in it, in `arena`; *operands is NULL where an operator on the way does
 * not say what its elements are made from. */
ns_code ns_trace(const ns_aten_program *program, const ns_tensor *inputs, int output, size_t element,
                 ns_arena *arena, ns_suite_operand **operands, int *count, ns_error *error);

#endif
