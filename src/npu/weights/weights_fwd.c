/* FWD: Ethos-U85's fast weight coding.
 *
 * A header of 256 bits, least significant bit first: raw (1), small table (1), zeros (102), zero_adjust
 * (8, signed), 16 table entries of 9 bits (sign in bit 0, magnitude above). Then, up to a multiple of 256
 * bits, the weights: raw bytes v for v - zero_adjust, or indices into the table, of 4 bits or, with a
 * small table, 2. Facts: Vela 5.1.0, regor/dependencies/mlw_codec/source/mlw_encode_fwd.cpp
 * (fwd_emit_header, ml_encode_fwd). */
#include "npu/weights/internal.h"

enum {
    WORD_BYTES = 32,
    TABLE_ENTRIES = 16,
    ENTRY_BITS = 9,
    ADJUST_BYTE = 13, /* bits 104 to 111 */
    TABLE_BYTE = 14,  /* the table starts at bit 112 */
};

static int table_entry(const uint8_t *header, unsigned index)
{
    const unsigned bit = index * ENTRY_BITS;
    /* Entry 15 ends with the header's last bit (112 + 16 * 9 = 256): two bytes always lie inside. */
    const unsigned entry = ns_load_u16(header + TABLE_BYTE + bit / 8) >> bit % 8 & 0x1ff;
    return entry & 1 ? -(int)(entry >> 1) : (int)(entry >> 1);
}

static ns_code check_header(const uint8_t *header, ns_error *error)
{
    if ((header[0] & 3) == 3)
        return ns_fail(error, NS_ERROR_FAULT,
                       "fast weight stream: its header names both raw bytes and a table");
    unsigned reserved = header[0] >> 2;
    for (int i = 1; i < ADJUST_BYTE; i++)
        reserved |= header[i];
    if (reserved)
        return ns_fail(error, NS_ERROR_FAULT, "fast weight stream: bits 2 to 103 of its header must be zero");
    return NS_OK;
}

ns_code ns_weights_fwd(ns_bytes stream, int16_t *symbols, size_t count, ns_error *error)
{
    if (stream.size < WORD_BYTES || stream.size % WORD_BYTES)
        return ns_fail(error, NS_ERROR_FAULT,
                       "fast weight stream: %zu bytes are not a header and whole words of 32 bytes",
                       stream.size);
    const uint8_t *header = stream.data, *body = header + WORD_BYTES;
    NS_TRY(check_header(header, error));
    const bool raw = header[0] & 1;
    const unsigned bits = raw ? 8 : header[0] & 2 ? 2 : 4;
    const size_t per_word = WORD_BYTES * 8 / bits;
    const size_t words = count / per_word + (count % per_word != 0);
    if (stream.size / WORD_BYTES - 1 != words)
        return ns_fail(error, NS_ERROR_FAULT,
                       "fast weight stream: %zu bytes hold %zu words, but %zu weights of %u bits take %zu",
                       stream.size, stream.size / WORD_BYTES - 1, count, bits, words);
    if (raw) {
        const int adjust = (int8_t)header[ADJUST_BYTE];
        for (size_t i = 0; i < count; i++)
            symbols[i] = (int16_t)((int8_t)body[i] - adjust);
        return NS_OK;
    }
    int16_t table[TABLE_ENTRIES];
    for (unsigned i = 0; i < TABLE_ENTRIES; i++)
        table[i] = (int16_t)table_entry(header, i);
    const unsigned per_byte = 8 / bits, mask = (1u << bits) - 1;
    for (size_t i = 0; i < count; i++)
        symbols[i] = table[body[i / per_byte] >> i % per_byte * bits & mask];
    return NS_OK;
}
