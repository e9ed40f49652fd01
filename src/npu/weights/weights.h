/* Weights: the compressed weight and scale streams of an operation, made dense.
 *
 * A stream is decoded in two steps. The coding (weights_mlw.c, weights_fwd.c) turns bytes into a sequence
 * of symbols; the traversal order (weights_order_u55.c, weights_order_u85.c) says which weight each symbol
 * is, for the order is that in which the MAC array consumes them, with zeros where it has nothing to do.
 * Everything here is a pure function of its arguments. Nothing reads outside a stream, and memory stays
 * proportional to the streams' length. */
#ifndef NS_NPU_WEIGHTS_H
#define NS_NPU_WEIGHTS_H

#include "npu/weights/weights_order.h"

/* Depth of the OFM micro-block of Ethos-U55 and U65 with `macs` MACs per cycle and core: 4 for 32, else 8
 * (Vela 5.1.0, ethos_u55.cpp, s_EthosU55Configs). */
int ns_weights_ublock_depth_u55(int macs_per_core);

/* Depth of the OFM micro-block of Ethos-U85 for ACC_FORMAT's micro-block field (0: 1x1, 1: 1x2, 2: 1x4,
 * 3: 2x2, 4: 2x4, 5: 4x4, height x width); 0 for a combination that the variant does not have (Vela 5.1.0,
 * ethos_u85.cpp, s_EthosU85Configs). */
int ns_weights_ublock_depth_u85(int macs, int ublock_field);

/* Cores of an Ethos-U85 with `macs` MACs: 1, 2 or 4; 0 for an unknown MAC count. */
int ns_weights_cores_u85(int macs);

/* The dense weights of `order` from its streams (`cores` of them, or one when `fast`; unused ones have
 * size 0), for Ethos-U55 and U65, and for Ethos-U85. `values` is made in `arena`. NS_ERROR_FAULT when a
 * stream ends too soon or goes on too long, is not well formed, or has a weight where the order has
 * padding; NS_ERROR_UNSUPPORTED for over 2^28 weights. */
ns_code ns_weights_decode_u55(const ns_weight_order *order, const ns_bytes *streams, ns_arena *arena,
                              ns_weights *out, ns_error *error);
ns_code ns_weights_decode_u85(const ns_weight_order *order, const ns_bytes *streams, ns_arena *arena,
                              ns_weights *out, ns_error *error);

#endif
