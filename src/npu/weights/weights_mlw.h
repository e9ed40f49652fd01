/* MLW: the weight coding of Ethos-U55 and U65, and the standard one of U85. */
#ifndef NS_NPU_WEIGHTS_MLW_H
#define NS_NPU_WEIGHTS_MLW_H

#include "base/bytes.h"

/* Decodes an MLW stream (Ethos-U55, U65, and U85's standard format) into exactly `count` symbols.
 * NS_ERROR_FAULT with the bit position when it is malformed, and when it holds another number of symbols. */
ns_code ns_weights_mlw(ns_bytes stream, int16_t *symbols, size_t count, ns_error *error);

#endif
