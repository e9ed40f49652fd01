/* What the files of npu/stream give each other. */
#ifndef NS_NPU_STREAM_INTERNAL_H
#define NS_NPU_STREAM_INTERNAL_H

#include "base/bytes.h"
#include "formats/tflite.h"
#include "npu/stream/registers.h"
#include "npuscope/npu.h"

/* ---- decode.c ---- */

/* Decode: command words to commands. A stream is decoded once, when it is loaded; running it never looks
 * at the words again. */

typedef struct ns_npu_command {
    uint64_t value; /* CMD0: the parameter; CMD1: the payload in bits 31:0, the parameter in 47:32 */
    uint32_t word;  /* offset in the stream, in words */
    uint8_t index;  /* into the table's operations or registers */
    bool is_operation;
} ns_npu_command;

/* The commands of `words` (a multiple of 4 bytes), up to the end of the words: what follows STOP is kept,
 * for a branch may lead there. NS_ERROR_FAULT names the word of a command that `products` (NS_NPU_PRODUCT_*)
 * does not have, of a reserved bit that is set, of an enumerated field without such a value, and of a
 * command that the end cuts off. */
ns_code ns_npu_decode(const ns_npu_table *table, unsigned products, ns_bytes words, ns_arena *arena,
                      ns_npu_command **out, size_t *count, ns_error *error);

/* "NPU_SET_IFM_PRECISION ACTIVATION_TYPE=SIGNED ..." appended to `buffer`, without a newline. */
void ns_npu_disassemble(const ns_npu_table *table, const ns_npu_command *command, ns_buffer *buffer);

/* ---- payload.c ---- */

/* Driver payload: what the NPU's driver gets. */

/* What a driver payload holds. */
typedef struct ns_npu_payload {
    uint32_t config_word, id_word;
    ns_bytes words;
} ns_npu_payload;

/* Takes a driver payload apart (COP1 or COP2). NS_ERROR_INPUT names the word that is not understood. */
ns_code ns_npu_payload_read(ns_bytes payload, ns_npu_payload *out, ns_error *error);

/* ---- container_tflite.c ---- */

/* The operators "ethos-u" of a .tflite. */

bool ns_npu_is_tflite_operator(const ns_tflite_operator *operator);

/* The stream of one ethos-u operator of `graph`. Its inputs are the operator's, bar constants; its outputs
 * the operator's, then the variables among its inputs, which the NPU writes in place. `accelerator` as in
 * ns_npu_load_npz. */
ns_code ns_npu_load_tflite_operator(const ns_tflite_subgraph *graph, const ns_tflite_operator *operator,
                                    ns_accelerator accelerator, ns_arena *arena, ns_npu_stream **out,
                                    ns_error *error);

/* ---- ../stream.c ---- */

/* Memory that the streams of one model have as their scratch region: what one leaves there another may read,
 * in the same run or the next. */
typedef struct ns_npu_shared {
    uint8_t *data, *written; /* written: not 0 where a stream or its caller has put a byte */
    uint64_t size;
} ns_npu_shared;

/* Bytes of the stream's scratch region. */
uint64_t ns_npu_stream_scratch_size(const ns_npu_stream *stream);

/* From now on runs of the stream have `shared`, of the scratch region's size at least, which must outlive it.
 */
void ns_npu_stream_share(ns_npu_stream *stream, const ns_npu_shared *shared);

#endif
