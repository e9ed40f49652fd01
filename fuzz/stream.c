/* Fuzz target: a command stream in its parts, with sizes, regions and inputs that need not agree with it. The
 * mutator changes a command's parameter, a register's address, or puts one command in another's place, so
 * that what it makes is a stream still.
 *
 * The input: 32 bytes of head (below), the payload, and the weights. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "npu/watch/interface.h"
#include "npuscope/npu.h"

enum { HEAD = 32, PREAMBLE = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

static ns_code touch(void *context, const ns_npu_tap *tap, ns_error *error)
{
    (void)error;
    const size_t bytes = ns_tensor_count(tap->data) * (size_t)ns_dtype_bytes(tap->data->dtype);
    for (size_t i = 0; i < bytes; i++)
        *(uint8_t *)context ^= ((const uint8_t *)tap->data->data)[i];
    return NS_OK;
}

static void hear(void *context, const char *text)
{
    *(uint8_t *)context ^= (uint8_t)strlen(text);
}

/* One input or output of the head's 8 bytes: region, element bytes, elements / 16, offset / 16. */
static ns_npu_io io_of(const uint8_t *head)
{
    static const int sizes[] = {1, 2, 4, 8};
    return (ns_npu_io){.rank = 1,
                       .shape = {1 + 16 * (int64_t)ns_load_u16(head + 2)},
                       .element_bytes = sizes[head[1] % 4],
                       .region = head[0] % 9,
                       .offset = (uint64_t)16 * ns_load_u16(head + 4)};
}

static void run(ns_npu_stream *stream, const uint8_t *head, ns_budget *budget, ns_arena *arena)
{
    ns_error error;
    uint8_t seen = 0;
    ns_tensor input, output;
    const ns_npu_io *io = ns_npu_input(stream, 0);
    const int64_t count = io->shape[0] + (head[7] % 8 == 7); /* now and then one too many */
    const ns_npu_options options = {.budget = budget,
                                    .hazards = true,
                                    .check = true,
                                    .strict_chip = head[7] & 64,
                                    .fast_scratch = (uint64_t)256 * head[15],
                                    .tap = touch,
                                    .message = hear,
                                    .context = &seen};
    if (ns_tensor_new(arena, ns_dtype_of_size(io->element_bytes), 1, &count, &input, &error) == NS_OK)
        (void)ns_npu_run(stream, &options, &input, 1, arena, &output, NULL, &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD)
        return 0;
    ns_error error = {0};
    ns_budget budget;
    ns_budget_open(&budget, (uint64_t)64 << 20, (uint64_t)1 << 23, 0.5);
    ns_arena *arena = ns_arena_new_within(&budget);
    const ns_npu_io input = io_of(data), output = io_of(data + 8);
    const size_t payload =
        (size_t)4 * ns_load_u32(data + 16) < size - HEAD ? (size_t)4 * ns_load_u32(data + 16) : size - HEAD;
    const ns_npu_parts parts = {.payload = data + HEAD,
                                .payload_size = payload,
                                .weights = data + HEAD + payload,
                                .weights_size = size - HEAD - payload,
                                .scratch_size = (uint64_t)16 * ns_load_u32(data + 20),
                                .scratch_fast_size = (uint64_t)16 * ns_load_u32(data + 24),
                                .input_count = 1,
                                .output_count = 1,
                                .inputs = &input,
                                .outputs = &output};
    ns_npu_stream *stream = NULL;
    ns_buffer text = {.arena = arena};
    if (ns_npu_load_parts(&parts, NS_ACCELERATOR_UNKNOWN, arena, &stream, &error) == NS_OK) {
        (void)ns_npu_inspect_text(stream, &text, &error);
        run(stream, data, &budget, arena);
    } else if (!error.message[0]) {
        abort();
    }
    ns_arena_free(arena);
    if (budget.memory != 0)
        abort();
    return 0;
}

/* One word of the commands, by what it is: a parameter in the upper half, or 32 bits of an address. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static const uint32_t telling[] = {0, 1, 2, 15, 16, 17, 255, 256, 0x7fff, 0x8000, 0xffff, 0xfff0};
    const size_t words = size > HEAD + PREAMBLE ? (size - HEAD - PREAMBLE) / 4 : 0;
    if (seed % 4 == 0 || words < 2)
        return LLVMFuzzerMutate(data, size, max_size);
    for (unsigned n = 0; n < 1 + seed / 4 % 3; n++) {
        seed = seed * 1103515245u + 12345u;
        uint8_t *word = data + HEAD + PREAMBLE + 4 * (seed / 65536 % words);
        const uint8_t *other = data + HEAD + PREAMBLE + 4 * (seed / 1024 % words);
        const uint32_t value = telling[seed / 256 % (sizeof telling / sizeof *telling)];
        const unsigned kind = seed / 16 % 4;
        if (kind == 0)
            ns_store_u16(word + 2, (uint16_t)value);
        else if (kind == 1)
            ns_store_u16(word + 2, (uint16_t)(ns_load_u16(word + 2) + value));
        else if (kind == 2)
            memmove(word, other, 4);
        else
            ns_store_u32(word, ns_load_u32(word) + (seed & 1 ? value : 0u - value));
    }
    return size;
}
