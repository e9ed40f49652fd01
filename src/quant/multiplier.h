/* Multiplier and shift of TOSA's RESCALE for a real scale factor. */
#ifndef NS_QUANT_MULTIPLIER_H
#define NS_QUANT_MULTIPLIER_H

#include <stdbool.h>
#include <stdint.h>

#include "npuscope/status.h"

/* `scale` ~ multiplier * 2^-shift, as ExecuTorch 1.5.0 computes it
 * (backends/arm/operators/op_tosa_rescale.py, _compute_multiplier_and_shift): the mantissa rounded half to
 * even to 15 bits (scale32 false) or 31 bits (scale32 true); multiplier in [0, 2^15 - 1] or [0, 2^31 - 1],
 * shift in [2, 62]. `scale` is a double: the caller forms it as ExecuTorch does, from doubles that hold
 * float32 scales. NS_ERROR_INPUT for a scale that is negative, not finite, or so large that the shift falls
 * below 2. */
ns_code ns_quantise_multiplier(double scale, bool scale32, int32_t *multiplier, int *shift, ns_error *error);

#endif
