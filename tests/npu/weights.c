/* Weights: streams of the vendor's encoder decode to the weights that it was given.
 *
 * tests/data/weights.zip (written by scripts/record-weights) holds streams that Vela 5.1.0 made
 * for convolutions on every Ethos-U, and streams of its encoder for blocks that Vela would not choose. A
 * record has the parameters and the streams; the weights themselves follow from a seed. */
#include "npu/weights/interface.h"

#include "base/interface.h"
#include "npu/weights/internal.h"
#include "support/data.h"
#include "support/test.h"

enum { WORDS = 25, SPARSE_STYLE = 4 };

typedef struct vector {
    bool u85;
    ns_weight_order order;
    uint64_t seed;
    int style, channel_offset, channels_of_all;
    ns_bytes streams[NS_WEIGHT_STREAMS_MAX];
} vector;

typedef struct vectors {
    ns_arena *arena;
    vector *items;
    int count;
} vectors;

static void read_vector(const uint8_t **p, vector *out)
{
    int32_t words[WORDS];
    memcpy(words, *p, sizeof words);
    const int32_t *w = words;
    *p += sizeof words;
    out->u85 = *w++;
    out->order.traversal = (ns_weight_traversal)*w++;
    int *const ints[] = {&out->order.ofm_depth,
                         &out->order.kernel_height,
                         &out->order.kernel_width,
                         &out->order.ifm_depth,
                         &out->order.dilation_y,
                         &out->order.dilation_x,
                         &out->order.stride_y,
                         &out->order.stride_x,
                         &out->order.ifm_bits,
                         &out->order.ofm_block_depth,
                         &out->order.ofm_ublock_depth,
                         &out->order.macs,
                         &out->order.cores};
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++)
        *ints[i] = *w++;
    out->order.sparse = *w++;
    out->order.fast = *w++;
    out->seed = (uint64_t)*w++;
    out->style = *w++;
    out->channel_offset = *w++;
    out->channels_of_all = *w++;
    for (int i = 0; i < NS_WEIGHT_STREAMS_MAX; i++) {
        out->streams[i] = (ns_bytes){*p, (size_t)*w};
        *p += *w++;
    }
}

static int setup(void **state)
{
    static vectors all;
    const char *other = getenv("NPUSCOPE_WEIGHT_VECTORS");
    ns_bytes file;
    ns_error error;
    all.arena = ns_arena_new();
    if (other)
        ASSERT_OK(ns_file_read(other, all.arena, &file, &error));
    else
        ASSERT_OK(test_data_read("weights/weights.bin", all.arena, &file, &error));
    assert_memory_equal(file.data, "NSWV", 4);
    all.count = (int)ns_load_u32(file.data + 4);
    all.items = NS_ARENA_ARRAY(all.arena, (size_t)all.count, vector);
    const uint8_t *p = file.data + 8;
    for (int i = 0; i < all.count; i++)
        read_vector(&p, &all.items[i]);
    assert_ptr_equal(p, file.data + file.size);
    *state = &all;
    return 0;
}

static int teardown(void **state)
{
    ns_arena_free(((vectors *)*state)->arena);
    return 0;
}

/* Weight `index` of a graph's tensor; scripts/record-weights has the same. */
static int16_t expected_weight(uint64_t seed, int style, uint64_t index)
{
    ns_random random = {seed + index * 0x9e3779b97f4a7c15u};
    const uint64_t z = ns_random_u64(&random);
    int value = (int)(z & 255) - 128;
    value = value < -127 ? -127 : value;
    const int other = (int)(z >> 8 & 255);
    switch (style) {
    case 1:
        return (int16_t)(other < 192 ? 0 : value);
    case 2:
        return (int16_t)(other % 3 - 1);
    case 3:
        return (int16_t)((value >> 4) + (other >> 5) - 4);
    case SPARSE_STYLE:
        return (int16_t)((index & 3) < 2 ? 0 : value);
    case 5:
        return (int16_t)((other & 15) * 9 - 70);
    case 6:
        return (int16_t)((other & 3) * 84 - 127);
    default:
        return (int16_t)value;
    }
}

static ns_code decode(const vector *v, ns_arena *arena, ns_weights *weights, ns_error *error)
{
    return (v->u85 ? ns_weights_decode_u85 : ns_weights_decode_u55)(&v->order, v->streams, arena, weights,
                                                                    error);
}

static void check_values(const vector *v, const ns_weights *weights, int number)
{
    size_t at = 0;
    const int kh = weights->kernel_height, kw = weights->kernel_width, depth = weights->ifm_depth;
    const int outer = weights->depthwise ? 1 : weights->ofm_depth;
    const int inner = weights->depthwise ? weights->ofm_depth : depth;
    for (int o = 0; o < outer; o++)
        for (int y = 0; y < kh; y++)
            for (int x = 0; x < kw; x++)
                for (int i = 0; i < inner; i++) {
                    const uint64_t index =
                        weights->depthwise
                            ? (uint64_t)((y * kw + x) * v->channels_of_all + v->channel_offset + i)
                            : (uint64_t)((((v->channel_offset + o) * kh + y) * kw + x) * depth + i);
                    const int16_t expected = expected_weight(v->seed, v->style, index);
                    if (weights->values[at] != expected)
                        fail_msg(
                            "vector %d: weight (%d, %d, %d, %d) is %d, expected %d (macs %d, traversal %d)",
                            number, o, y, x, i, weights->values[at], expected, v->order.macs,
                            v->order.traversal);
                    at++;
                }
    assert_int_equal(at, weights->count);
}

static void test_streams_decode_to_their_weights(void **state)
{
    const vectors *all = *state;
    ns_arena *arena = ns_arena_new();
    int fast = 0, sparse = 0, several_cores = 0;
    for (int i = 0; i < all->count; i++) {
        const vector *v = &all->items[i];
        ns_weights weights;
        ns_error error;
        ns_arena_reset(arena);
        if (decode(v, arena, &weights, &error) != NS_OK)
            fail_msg("vector %d (%s, %d macs, traversal %d, kernel %d x %d, depth %d to %d): %s", i,
                     v->u85 ? "u85" : "u55", v->order.macs, v->order.traversal, v->order.kernel_height,
                     v->order.kernel_width, v->order.ifm_depth, v->order.ofm_depth, error.message);
        check_values(v, &weights, i);
        fast += v->order.fast;
        sparse += v->order.sparse;
        several_cores += v->order.cores > 1;
    }
    ns_arena_free(arena);
    print_message("%d streams: %d fast, %d sparse, %d of several cores\n", all->count, fast, sparse,
                  several_cores);
    assert_true(fast > 0 && sparse > 0 && several_cores > 0);
}

/* A stream that is cut short, or belongs to one channel more or less, is a fault and never a wrong array. */
static void test_wrong_lengths_are_faults(void **state)
{
    const vectors *all = *state;
    ns_arena *arena = ns_arena_new();
    for (int i = 0; i < all->count; i++) {
        vector v = all->items[i];
        const size_t length = v.streams[0].size;
        ns_weights weights;
        ns_error error = {0};
        ns_arena_reset(arena);
        /* Half may be all there is before the end markers: then the weights are right. */
        v.streams[0].size = length / 2;
        if (decode(&v, arena, &weights, &error) == NS_OK)
            check_values(&v, &weights, i);
        else
            assert_int_equal(error.code, NS_ERROR_FAULT);
        v.streams[0].size = 0;
        assert_int_equal(decode(&v, arena, &weights, &error), NS_ERROR_FAULT);
        v.streams[0].size = length;
        v.order.ofm_depth += 64 * v.order.ofm_ublock_depth;
        assert_int_equal(decode(&v, arena, &weights, &error), NS_ERROR_FAULT);
    }
    ns_arena_free(arena);
}

/* Damage either goes unnoticed by the coding and gives other weights, or is a fault; it never reads
 * outside (the sanitizers watch) or hangs. */
static void test_damaged_streams_are_survived(void **state)
{
    const vectors *all = *state;
    ns_arena *arena = ns_arena_new();
    ns_random random = {1};
    int faults = 0, rounds = 0;
    for (int i = 0; i < all->count; i++) {
        vector v = all->items[i];
        if (v.streams[0].size > 4096)
            continue;
        uint8_t bytes[4096];
        memcpy(bytes, v.streams[0].data, v.streams[0].size);
        for (int n = 0; n < 3; n++)
            bytes[(size_t)ns_random_range(&random, 0, (int64_t)v.streams[0].size - 1)] ^=
                (uint8_t)(1 << ns_random_range(&random, 0, 7));
        v.streams[0].data = bytes;
        ns_weights weights;
        ns_error error;
        ns_arena_reset(arena);
        const ns_code code = decode(&v, arena, &weights, &error);
        assert_true(code == NS_OK || code == NS_ERROR_FAULT);
        faults += code != NS_OK;
        rounds++;
    }
    assert_true(rounds > 50 && faults > rounds / 4);
    ns_arena_free(arena);
}

static void test_padding_must_be_zero(void **state)
{
    (void)state;
    /* One weight of 5 in an Ethos-U55 depth-first order: 8 output by 32 input slots. Uncompressed palette
     * {0, 5} (as sign and magnitude: 0 and 10), one bit each. */
    enum { SLOTS = 256, HEADER_BITS = 3 + 15 + 3 + 1 + 1 + 5 + 5 + 3 + 2 * 9 };
    uint8_t stream[(HEADER_BITS + SLOTS + 3 + 7) / 8] = {0};
    size_t at = 0;
    const struct {
        unsigned value, bits;
    } header[] = {{6, 3}, {SLOTS - 1, 15}, {7, 3}, {0, 1}, {1, 1}, {0, 5}, {1, 5}, {7, 3}, {0, 9}, {10, 9}};
    for (size_t i = 0; i < sizeof header / sizeof *header; i++)
        for (unsigned bit = 0; bit < header[i].bits; bit++, at++)
            stream[at / 8] |= (uint8_t)((header[i].value >> bit & 1) << at % 8);
    assert_int_equal(at, HEADER_BITS);
    const size_t first = at;
    stream[first / 8] |= (uint8_t)(1 << first % 8);
    for (at += SLOTS; at < sizeof stream * 8; at++)
        stream[at / 8] |= (uint8_t)(1 << at % 8);
    const ns_weight_order order = {.traversal = NS_WEIGHTS_DEPTH_FIRST,
                                   .ofm_depth = 1,
                                   .kernel_height = 1,
                                   .kernel_width = 1,
                                   .ifm_depth = 1,
                                   .dilation_y = 1,
                                   .dilation_x = 1,
                                   .ifm_bits = 8,
                                   .ofm_block_depth = 8,
                                   .ofm_ublock_depth = 8,
                                   .cores = 1};
    const ns_bytes streams[NS_WEIGHT_STREAMS_MAX] = {{stream, sizeof stream}};
    ns_arena *arena = ns_arena_new();
    ns_weights weights;
    ns_error error = {0};
    ASSERT_OK(ns_weights_decode_u55(&order, streams, arena, &weights, &error));
    assert_int_equal(weights.count, 1);
    assert_int_equal(weights.values[0], 5);
    stream[(first + 9) / 8] |= (uint8_t)(1 << (first + 9) % 8);
    assert_int_equal(ns_weights_decode_u55(&order, streams, arena, &weights, &error), NS_ERROR_FAULT);
    assert_non_null(strstr(error.message, "slot 9 of core 0 is padding but holds 5"));
    ns_arena_free(arena);
}

/* Fast weights of 9 bits, which weights with a zero point have: raw bytes hold them less an adjustment, a
 * table holds sign and 8 bits of magnitude. */
static void test_fast_weights_of_nine_bits(void **state)
{
    (void)state;
    uint8_t stream[64] = {0};
    int16_t symbols[3];
    ns_error error = {0};
    stream[0] = 1; /* raw */
    stream[13] = 22;
    stream[32] = (uint8_t)-128;
    stream[33] = 122;
    stream[34] = 0;
    ASSERT_OK(ns_weights_fwd((ns_bytes){stream, sizeof stream}, symbols, 3, &error));
    assert_int_equal(symbols[0], -150);
    assert_int_equal(symbols[1], 100);
    assert_int_equal(symbols[2], -22);
    memset(stream, 0, sizeof stream);
    /* Entries 0 and 1 at bits 112 and 121: 200, and 255 with the sign in bit 0. */
    const uint32_t entries = 200 << 1 | (uint32_t)(255 << 1 | 1) << 9;
    for (int i = 0; i < 3; i++)
        stream[14 + i] = (uint8_t)(entries >> 8 * i);
    stream[32] = 0x10; /* indices 0, 1, 0 of 4 bits */
    ASSERT_OK(ns_weights_fwd((ns_bytes){stream, sizeof stream}, symbols, 3, &error));
    assert_int_equal(symbols[0], 200);
    assert_int_equal(symbols[1], -255);
    assert_int_equal(symbols[2], 200);
}

static void test_impossible_sizes_cost_nothing(void **state)
{
    (void)state;
    const ns_weight_order order = {.traversal = NS_WEIGHTS_DEPTH_FIRST,
                                   .ofm_depth = 65536,
                                   .kernel_height = 65536,
                                   .kernel_width = 65536,
                                   .ifm_depth = 65536,
                                   .dilation_y = 1,
                                   .dilation_x = 1,
                                   .stride_y = 1,
                                   .stride_x = 1,
                                   .ifm_bits = 8,
                                   .ofm_block_depth = 8,
                                   .ofm_ublock_depth = 8,
                                   .macs = 128,
                                   .cores = 1};
    const uint8_t byte = 0xff;
    const ns_bytes streams[NS_WEIGHT_STREAMS_MAX] = {{&byte, 1}};
    ns_weights weights;
    ns_arena *arena = ns_arena_new();
    assert_int_equal(ns_weights_decode_u55(&order, streams, arena, &weights, NULL), NS_ERROR_UNSUPPORTED);
    assert_int_equal(ns_weights_decode_u85(&order, streams, arena, &weights, NULL), NS_ERROR_UNSUPPORTED);
    ns_weight_order smaller = order;
    smaller.kernel_height = smaller.kernel_width = 1;
    smaller.ifm_depth = smaller.ofm_depth = 4096;
    ns_error error = {0};
    assert_int_equal(ns_weights_decode_u85(&smaller, streams, arena, &weights, &error), NS_ERROR_FAULT);
    assert_non_null(strstr(error.message, "weights: 1 bytes of streams cannot hold 16777216 weights"));
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams_decode_to_their_weights),
        cmocka_unit_test(test_wrong_lengths_are_faults),
        cmocka_unit_test(test_damaged_streams_are_survived),
        cmocka_unit_test(test_padding_must_be_zero),
        cmocka_unit_test(test_fast_weights_of_nine_bits),
        cmocka_unit_test(test_impossible_sizes_cost_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
