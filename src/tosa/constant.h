/* Constant: values as a .tosa file packs them, and as they lie in memory (dtypes.def has both widths). */
#ifndef NS_TOSA_CONSTANT_H
#define NS_TOSA_CONSTANT_H

#include "base/bytes.h"
#include "npuscope/tensor.h"

/* Bytes that `count` (at most 2^40) elements take in a file: 4- and 6-bit types are packed. */
size_t ns_constant_size(ns_dtype dtype, size_t count);

/* Makes the data of `tensor`, whose shape and type are set, from a file's bytes. Bytes beyond the last
 * element are ignored: serialisers pad, and ExecuTorch 1.5.0 gives a per-channel weight_zp of shape [1] one
 * byte for each channel. NS_ERROR_INPUT when there are too few. */
ns_code ns_constant_unpack(ns_arena *arena, ns_bytes bytes, ns_tensor *tensor, ns_error *error);

/* The file's bytes of a tensor that has data. */
ns_code ns_constant_pack(ns_arena *arena, const ns_tensor *tensor, ns_bytes *bytes, ns_error *error);

/* Element `index` of a tensor with data as a number: exact but for int64 beyond 2^53. Floats below 16
 * bits are given as their bits. */
double ns_constant_real(const ns_tensor *tensor, size_t index);

/* True for fp32, fp16 and bf16. */
bool ns_dtype_is_real(ns_dtype dtype);

#endif
