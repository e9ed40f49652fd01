/* Weight codings: bytes to symbols. */
#ifndef NS_NPU_WEIGHTS_CODINGS_H
#define NS_NPU_WEIGHTS_CODINGS_H

#include "base/bytes.h"

/* Decodes an MLW stream (Ethos-U55, U65, and U85's standard format) into exactly `count` symbols.
 * NS_ERROR_FAULT with the bit position when it is malformed, and when it holds another number of symbols. */
ns_code ns_weights_mlw(ns_bytes stream, int16_t *symbols, size_t count, ns_error *error);

/* Decodes a stream of the fast format into exactly `count` symbols; its last 32-byte word may hold symbols
 * past them. NS_ERROR_FAULT when it is malformed, and when it holds another number of words. */
ns_code ns_weights_fwd(ns_bytes stream, int16_t *symbols, size_t count, ns_error *error);

#endif
