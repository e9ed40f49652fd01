/* Driver payload: what the NPU's driver gets. */
#ifndef NS_NPU_PAYLOAD_H
#define NS_NPU_PAYLOAD_H

#include "base/bytes.h"

/* What a driver payload holds. */
typedef struct ns_npu_payload {
    uint32_t config_word, id_word;
    ns_bytes words;
} ns_npu_payload;

/* Takes a driver payload apart (COP1 or COP2). NS_ERROR_INPUT names the word that is not understood. */
ns_code ns_npu_payload_read(ns_bytes payload, ns_npu_payload *out, ns_error *error);

#endif
