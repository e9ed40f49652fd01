/* Span: bytes of a region that an access may touch. */
#ifndef NS_NPU_SPAN_H
#define NS_NPU_SPAN_H

#include "npu/machine.h"

/* [address, address + length) of a region; a fault when it reaches outside, or when `write` and the region
 * is read only. `what` names the access ("IFM", "weights of core 1"). */
ns_code ns_npu_span(ns_npu_machine *machine, int region, int64_t address, uint64_t length, bool write,
                    const char *what, uint8_t **out, ns_error *error);

#endif
