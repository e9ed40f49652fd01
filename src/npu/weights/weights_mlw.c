/* MLW: the weight coding of Ethos-U55 and U65, and the standard one of U85.
 *
 * Bits are read from the least significant end. A stream is a row of slices, each of up to 2^15 weights
 * and the runs of zeros between them, both Golomb-Rice coded with a quotient in unary. Quotients come in
 * chunks, and the remainders of a chunk follow only after the quotients of the next one, so that the
 * hardware can work on two chunks at once. Facts: Vela 5.1.0, mlw_codec/mlw_decode.c (mlw_decode) and
 * regor/dependencies/mlw_codec/source/mlw_decode.cpp (ml_decode_internal). */
#include "npu/weights/internal.h"

#include "npu/weights/interface.h"

enum {
    ZDIV_BITS = 3,
    ZDIV_END = 7,     /* no slice: go on at the next byte, if there is one */
    ZDIV_NO_RUNS = 6, /* zeros are coded as weights */
    ZDIV_MAX = 3,
    SLICE_LENGTH_BITS = 15,
    SLICE_WEIGHTS_MAX = 1 << SLICE_LENGTH_BITS,
    WDIV_UNCOMPRESSED = 7,
    WDIV_MAX = 5,
    PALETTE_MAX = 32,
    CHUNK_MAX = 12,
    SYMBOL_MAX = 511, /* sign and eight bits of magnitude */
    AHEAD_MAX = 8,    /* weights stop when they are this far ahead of the zero runs */
};

typedef struct bit_reader {
    const uint8_t *data;
    uint64_t position, end; /* in bits */
    bool overrun;
} bit_reader;

/* The next `count` bits, at most 15; 0 and `overrun` when the stream has fewer. */
static inline unsigned get_bits(bit_reader *bits, unsigned count)
{
    if (count > bits->end - bits->position) {
        bits->overrun = true;
        bits->position = bits->end;
        return 0;
    }
    const uint8_t *p = bits->data + bits->position / 8;
    const unsigned skip = bits->position % 8;
    /* skip + count <= 7 + 15 bits lie in at most three bytes; none past the last bit's byte is touched. */
    uint32_t word = skip + count > 0 ? p[0] : 0;
    if (skip + count > 8)
        word |= (uint32_t)p[1] << 8;
    if (skip + count > 16)
        word |= (uint32_t)p[2] << 16;
    bits->position += count;
    return word >> skip & ((1u << count) - 1);
}

typedef struct palette {
    unsigned size;   /* entries; 0: symbols are values */
    unsigned bits;   /* of an entry */
    unsigned offset; /* DIROFS: added to symbols beyond the palette */
    uint16_t entries[PALETTE_MAX];
} palette;

typedef struct slice_header {
    unsigned weight_count, run_count;
    unsigned weight_divisor, run_divisor; /* bits of remainder */
    unsigned weight_chunk;                /* symbols of a chunk of weights, at most */
    bool uncompressed, truncated, zero_runs;
    bool leading_run; /* a run of zeros stands before the first weight */
} slice_header;

/* What a slice decodes to before zeros and weights are interleaved. */
typedef struct slice_body {
    uint16_t weights[SLICE_WEIGHTS_MAX];
    uint32_t runs[SLICE_WEIGHTS_MAX + 1];
} slice_body;

static ns_code read_header(bit_reader *bits, unsigned zdiv, bool first, palette *colours,
                           slice_header *header, ns_error *error)
{
    const unsigned long long at = bits->position;
    if (zdiv > ZDIV_MAX && zdiv != ZDIV_NO_RUNS)
        return ns_fail(error, NS_ERROR_FAULT, "weight stream: ZDIV %u before bit %llu is not defined", zdiv,
                       at);
    const bool zero_runs = zdiv != ZDIV_NO_RUNS;
    const bool had_runs = header->zero_runs;
    *header = (slice_header){.zero_runs = zero_runs, .run_divisor = zero_runs ? zdiv : 0};
    header->weight_count = get_bits(bits, SLICE_LENGTH_BITS) + 1;
    const unsigned wdiv = get_bits(bits, 3);
    header->truncated = get_bits(bits, 1);
    const bool new_palette = get_bits(bits, 1);
    if (new_palette) {
        colours->offset = get_bits(bits, 5);
        colours->size = get_bits(bits, 5);
        if (colours->size > 0)
            colours->size++;
        colours->bits = get_bits(bits, 3) + 2;
        for (unsigned i = 0; i < colours->size; i++)
            colours->entries[i] = (uint16_t)get_bits(bits, colours->bits);
    } else if (first) {
        return ns_fail(error, NS_ERROR_FAULT,
                       "weight stream: the slice at bit %llu comes first but has no palette", at);
    } else if (had_runs != zero_runs) {
        return ns_fail(
            error, NS_ERROR_FAULT,
            "weight stream: the slice at bit %llu changes to or from zero runs without a new palette", at);
    }
    header->run_count = zero_runs ? header->weight_count + new_palette : 0;
    header->leading_run = new_palette;
    header->weight_chunk = CHUNK_MAX;
    header->weight_divisor = wdiv;
    if (wdiv == WDIV_UNCOMPRESSED) {
        header->uncompressed = true;
        header->weight_divisor = colours->bits;
        if (colours->size > 0)
            for (header->weight_divisor = 0; 1u << header->weight_divisor < colours->size;)
                header->weight_divisor++;
        if (header->weight_divisor > 5)
            header->weight_chunk = 8;
    } else if (wdiv > WDIV_MAX) {
        return ns_fail(error, NS_ERROR_FAULT,
                       "weight stream: WDIV %u of the slice at bit %llu is not defined", wdiv, at);
    }
    return NS_OK;
}

/* One chunk of quotients; `carry` is the part of a quotient that the chunk before left open. */
typedef struct chunk {
    unsigned count;
    uint32_t quotients[CHUNK_MAX];
} chunk;

static void read_weight_quotients(bit_reader *bits, const slice_header *header, unsigned unary0,
                                  unsigned limit, uint32_t *carry, chunk *out)
{
    unsigned unary1 = get_bits(bits, (unsigned)__builtin_popcount(unary0));
    out->count = 0;
    for (unsigned i = 0; i < header->weight_chunk && out->count < limit; i++) {
        unsigned code = 0;
        if (unary0 >> i & 1) {
            code = 1 + (unary1 & 1);
            unary1 >>= 1;
        }
        *carry += code;
        if (code < 2 || header->truncated) {
            out->quotients[out->count++] = *carry;
            *carry = 0;
        }
    }
}

static void read_run_quotients(unsigned unary, unsigned length, uint32_t *carry, chunk *out)
{
    out->count = 0;
    for (unsigned i = 0; i < length; i++) {
        if (unary >> i & 1) {
            ++*carry;
        } else {
            out->quotients[out->count++] = *carry;
            *carry = 0;
        }
    }
}

/* Every round reads at least one bit (a weight symbol has one or more, a run chunk eight), so the stream's
 * end bounds the loop. `zeros` receives the sum of the runs. */
static ns_code read_body(bit_reader *bits, const slice_header *header, slice_body *body, uint64_t *zeros,
                         ns_error *error)
{
    const unsigned run_unary_bits = header->run_divisor < 3 ? 12 : 8;
    unsigned weights = 0, runs = 0;           /* quotients read */
    unsigned weights_done = 0, runs_done = 0; /* with remainders */
    uint32_t weight_carry = 0, run_carry = 0;
    chunk weight_chunk = {0}, run_chunk = {0};
    bool weights_before = false, runs_before = false;
    *zeros = 0;
    do {
        const bool weights_now =
            weights < header->weight_count && (!header->zero_runs || weights < (uint64_t)runs + AHEAD_MAX);
        const bool runs_now = header->zero_runs && runs <= weights && runs < header->run_count;
        chunk next_weights = {0}, next_runs = {0};
        const unsigned unary0 = weights_now && !header->uncompressed ? get_bits(bits, 12) : 0;
        if (runs_now) {
            read_run_quotients(get_bits(bits, run_unary_bits), run_unary_bits, &run_carry, &next_runs);
            runs += next_runs.count;
        }
        if (weights_now) {
            read_weight_quotients(bits, header, unary0, header->weight_count - weights, &weight_carry,
                                  &next_weights);
            weights += next_weights.count;
        }
        if (weights_before)
            for (unsigned i = 0; i < weight_chunk.count; i++) {
                const uint32_t symbol = (weight_chunk.quotients[i] << header->weight_divisor) +
                                        get_bits(bits, header->weight_divisor);
                if (symbol > SYMBOL_MAX || weight_chunk.quotients[i] > SYMBOL_MAX)
                    return ns_fail(error, NS_ERROR_FAULT,
                                   "weight stream: the symbol before bit %llu does not fit nine bits",
                                   (unsigned long long)bits->position);
                body->weights[weights_done++] = (uint16_t)symbol;
            }
        if (runs_before)
            for (unsigned i = 0; i < run_chunk.count && runs_done < header->run_count; i++) {
                if (run_chunk.quotients[i] > NS_WEIGHTS_MAX)
                    return ns_fail(error, NS_ERROR_FAULT,
                                   "weight stream: the run of zeros before bit %llu is longer than any "
                                   "operation's weights",
                                   (unsigned long long)bits->position);
                const uint32_t run =
                    (run_chunk.quotients[i] << header->run_divisor) + get_bits(bits, header->run_divisor);
                body->runs[runs_done++] = run;
                *zeros += run;
            }
        weight_chunk = next_weights;
        run_chunk = next_runs;
        weights_before = weights_now;
        runs_before = runs_now;
    } while ((weights_before || runs_before) && !bits->overrun);
    return NS_OK;
}

static int16_t *put_zeros(int16_t *out, uint32_t count)
{
    memset(out, 0, count * sizeof *out);
    return out + count;
}

static int16_t *interleave(const slice_header *header, const slice_body *body, const palette *colours,
                           int16_t *out)
{
    const uint32_t *run = body->runs;
    if (header->zero_runs && header->leading_run)
        out = put_zeros(out, *run++);
    for (unsigned i = 0; i < header->weight_count; i++) {
        const unsigned symbol = body->weights[i];
        const int value = (int)(symbol < colours->size ? colours->entries[symbol]
                                                       : symbol - colours->size + colours->offset);
        *out++ = (int16_t)(value & 1 ? -(value >> 1) : value >> 1);
        if (header->zero_runs)
            out = put_zeros(out, *run++);
    }
    return out;
}

static ns_code decode(bit_reader *bits, slice_body *body, int16_t *symbols, size_t count, ns_error *error)
{
    palette colours = {0};
    slice_header header = {0};
    size_t done = 0;
    bool first = true;
    for (;;) {
        const uint64_t left = bits->end - bits->position;
        if (left == 0)
            break;
        if (left < ZDIV_BITS) {
            /* Too little for a slice; the encoder may leave the end marker out, but pads with ones. */
            if (get_bits(bits, (unsigned)left) != (1u << left) - 1)
                return ns_fail(error, NS_ERROR_FAULT, "weight stream: its last %u bits are not padding",
                               (unsigned)left);
            break;
        }
        const unsigned zdiv = get_bits(bits, ZDIV_BITS);
        if (zdiv == ZDIV_END) {
            bits->position = (bits->position + 7) / 8 * 8;
            continue;
        }
        NS_TRY(read_header(bits, zdiv, first, &colours, &header, error));
        first = false;
        uint64_t zeros;
        NS_TRY(read_body(bits, &header, body, &zeros, error));
        if (bits->overrun)
            return ns_fail(
                error, NS_ERROR_FAULT,
                "weight stream: its %llu bytes end inside a slice; the length register is too small "
                "or the stream is damaged",
                (unsigned long long)bits->end / 8);
        if (header.weight_count + zeros > count - done)
            return ns_fail(error, NS_ERROR_FAULT,
                           "weight stream: more than the %zu weights that the operation takes", count);
        interleave(&header, body, &colours, symbols + done);
        done += header.weight_count + zeros;
    }
    if (done != count)
        return ns_fail(error, NS_ERROR_FAULT, "weight stream: %zu weights, but the operation takes %zu", done,
                       count);
    return NS_OK;
}

ns_code ns_weights_mlw(ns_bytes stream, int16_t *symbols, size_t count, ns_error *error)
{
    ns_arena *scratch = ns_arena_new();
    slice_body *body = scratch ? NS_ARENA_NEW(scratch, slice_body) : NULL;
    ns_code code;
    if (body) {
        bit_reader bits = {.data = stream.data, .end = (uint64_t)stream.size * 8};
        code = decode(&bits, body, symbols, count, error);
    } else {
        code = ns_fail(error, NS_ERROR_MEMORY, "out of memory for a slice of weights");
    }
    ns_arena_free(scratch);
    return code;
}
