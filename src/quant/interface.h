/* What quant gives the rooms above it. */
#ifndef NS_QUANT_INTERFACE_H
#define NS_QUANT_INTERFACE_H

#include <stdbool.h>
#include <stdint.h>

#include "ir/program.h"
#include "npuscope/status.h"

/* ---- multiplier.c ---- */

/* Multiplier and shift of TOSA's RESCALE for a real scale factor. */

/* `scale` ~ multiplier * 2^-shift, as ExecuTorch 1.5.0 computes it
 * (backends/arm/operators/op_tosa_rescale.py, _compute_multiplier_and_shift): the mantissa rounded half to
 * even to 15 bits (scale32 false) or 31 bits (scale32 true); multiplier in [0, 2^15 - 1] or [0, 2^31 - 1],
 * shift in [2, 62]. `scale` is a double: the caller forms it as ExecuTorch does, from doubles that hold
 * float32 scales. NS_ERROR_INPUT for a scale that is negative, not finite, or so large that the shift falls
 * below 2. */
ns_code ns_quantise_multiplier(double scale, bool scale32, int32_t *multiplier, int *shift, ns_error *error);

/* ---- quantise.c ---- */

/* ExecuTorch's post-training quantisation of a program, a16w8: 16-bit activations, 8-bit weights. */

typedef struct ns_quantise_options {
    double epsilon;   /* smallest scale of activations that an observer returns; > 0 */
    bool per_channel; /* weights (and so biases): one scale per output channel instead of one for all */
} ns_quantise_options;

/* What get_symmetric_a16w8_quantization_config() of ExecuTorch 1.5.0 has by default: 2^-12, per channel. */
#define NS_QUANTISE_DEFAULTS ((ns_quantise_options){.epsilon = 0x1p-12, .per_channel = true})

/* Runs the decomposed program on `sample_count` calibration inputs (samples[s * input_count + i]: FP32, the
 * shape of input i), observes every value and fills in `quantisation` of every node and `quantised` of every
 * parameter, in memory of the program's arena. docs/quantisation.md says how and from which sources. */
ns_code ns_quantise_program(ns_aten_program *program, const ns_quantise_options *options, int sample_count,
                            const ns_tensor *samples, ns_error *error);

#endif
