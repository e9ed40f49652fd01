/* FWD: Ethos-U85's fast weight coding. */
#ifndef NS_NPU_WEIGHTS_FWD_H
#define NS_NPU_WEIGHTS_FWD_H

#include "base/bytes.h"

/* Decodes a stream of the fast format into exactly `count` symbols; its last 32-byte word may hold symbols
 * past them. NS_ERROR_FAULT when it is malformed, and when it holds another number of words. */
ns_code ns_weights_fwd(ns_bytes stream, int16_t *symbols, size_t count, ns_error *error);

#endif
