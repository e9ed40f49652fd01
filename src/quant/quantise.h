/* ExecuTorch's post-training quantisation of a program, a16w8: 16-bit activations, 8-bit weights. */
#ifndef NS_QUANT_QUANTISE_H
#define NS_QUANT_QUANTISE_H

#include "ir/program.h"

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
