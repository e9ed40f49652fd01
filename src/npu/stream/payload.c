/* Driver payload: what the NPU's driver gets. Words are 32 bits, little-endian.
 *   COP1: "COP1"; then actions by their low byte: 0x01 configuration, followed by the CONFIG and ID words;
 *         0x05 no operation; 0x02 command stream, its length in words in bits 31:16 (low half) and 15:8.
 *   COP2: "COP2"; version; u64 bytes that follow; entry type 1, entry length; metadata length, "VEUM",
 *         version, 20; CONFIG; ID; addressing; u64 staging use; 0xff up to a multiple of 16; commands to
 *         the end.
 * Source: Vela 5.1.0, vela/driver_actions.py; regor/tflite/custom_operator_ethosu.hpp, DriverActions. */
#include "npu/stream/internal.h"

#include <inttypes.h>

#define FOURCC(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
#define COP1 FOURCC('C', 'O', 'P', '1')
#define COP2 FOURCC('C', 'O', 'P', '2')
#define VEUM FOURCC('V', 'E', 'U', 'M')

#define ACTION_CONFIG 0x01
#define ACTION_STREAM 0x02
#define ACTION_NOP 0x05

static ns_code read_cop1(ns_bytes payload, ns_npu_payload *out, ns_error *error)
{
    bool configured = false;
    for (size_t offset = 4;;) {
        uint32_t action;
        NS_TRY(ns_bytes_u32(payload, offset, "driver action", &action, error));
        offset += 4;
        switch (action & 0xff) {
        case ACTION_CONFIG:
            NS_TRY(ns_bytes_u32(payload, offset, "CONFIG word", &out->config_word, error));
            NS_TRY(ns_bytes_u32(payload, offset + 4, "ID word", &out->id_word, error));
            offset += 8;
            configured = true;
            break;
        case ACTION_NOP:
            break;
        case ACTION_STREAM: {
            if (!configured)
                return ns_fail(error, NS_ERROR_INPUT,
                               "driver payload: a command stream before the configuration");
            size_t words = action >> 16 | (action & 0xff00) << 8;
            return ns_bytes_slice(payload, offset, 4 * words, "command stream", &out->words, error);
        }
        default:
            return ns_fail(error, NS_ERROR_INPUT,
                           "driver payload: unknown action 0x%08" PRIx32 " at offset %zu", action,
                           offset - 4);
        }
    }
}

static ns_code read_cop2(ns_bytes payload, ns_npu_payload *out, ns_error *error)
{
    /* Byte offsets of the fields named on top. */
    enum { LENGTH = 8, ENTRY = 16, METADATA = 24, MAGIC = 28, CONFIG = 40, ID = 44 };
    uint64_t length;
    uint32_t entry, metadata, magic;
    NS_TRY(ns_bytes_u64(payload, LENGTH, "payload length", &length, error));
    NS_TRY(ns_bytes_u32(payload, ENTRY, "entry type", &entry, error));
    NS_TRY(ns_bytes_u32(payload, METADATA, "metadata length", &metadata, error));
    NS_TRY(ns_bytes_u32(payload, MAGIC, "metadata", &magic, error));
    NS_TRY(ns_bytes_u32(payload, CONFIG, "CONFIG word", &out->config_word, error));
    NS_TRY(ns_bytes_u32(payload, ID, "ID word", &out->id_word, error));
    if (entry != 1 || magic != VEUM)
        return ns_fail(error, NS_ERROR_INPUT,
                       "driver payload: entry type %" PRIu32 " with metadata 0x%08" PRIx32
                       "; want 1 and \"VEUM\"",
                       entry, magic);
    size_t start = MAGIC + (size_t)metadata;
    start = (start + 15) / 16 * 16;
    if (length > payload.size - ENTRY || start > ENTRY + length)
        return ns_fail(error, NS_ERROR_INPUT, "driver payload: %" PRIu64 " bytes announced, %zu there",
                       length, payload.size - ENTRY);
    return ns_bytes_slice(payload, start, ENTRY + (size_t)length - start, "command stream", &out->words,
                          error);
}

ns_code ns_npu_payload_read(ns_bytes payload, ns_npu_payload *out, ns_error *error)
{
    uint32_t magic;
    *out = (ns_npu_payload){0};
    NS_TRY(ns_bytes_u32(payload, 0, "driver payload", &magic, error));
    if (magic == COP1)
        return read_cop1(payload, out, error);
    if (magic == COP2)
        return read_cop2(payload, out, error);
    return ns_fail(error, NS_ERROR_INPUT,
                   "driver payload: it begins with 0x%08" PRIx32 "; want \"COP1\" or \"COP2\"", magic);
}
