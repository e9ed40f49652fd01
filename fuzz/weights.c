/* Fuzz target: weight streams of both encoders' formats, for orders that a stream's registers can ask for. */
#include <stdint.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "npu/weights/interface.h"

enum { HEAD = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int macs[] = {32, 64, 128, 256, 512, 1024, 2048}, bits[] = {8, 16, 32};
    if (size < HEAD)
        return 0;
    ns_error error = {0};
    ns_weights weights;
    ns_bytes streams[NS_WEIGHT_STREAMS_MAX] = {0};
    const bool u85 = data[0] & 1;
    const ns_weight_order order = {
        .traversal = (ns_weight_traversal)(data[0] / 2 % 3),
        .ofm_depth = 1 + data[1] + 256 * (data[0] / 64),
        .kernel_height = 1 + data[2] % 8,
        .kernel_width = 1 + data[3] % 8,
        .ifm_depth = 1 + data[4],
        .dilation_y = 1 + data[5] % 2,
        .dilation_x = 1 + data[5] / 2 % 2,
        .stride_y = 1 + data[5] / 4 % 4,
        .stride_x = 1 + data[5] / 16 % 4,
        .ifm_bits = bits[data[6] % 3],
        .ofm_block_depth = 8 * (1 + data[7] % 32),
        .ofm_ublock_depth = 4 << data[8] % 4,
        .macs = macs[data[9] % 7],
        .cores = 1 << data[10] % 3,
        .sparse = u85 && data[11] & 1,
        .fast = u85 && data[11] & 2,
    };
    size_t at = HEAD;
    for (int i = 0; i < NS_WEIGHT_STREAMS_MAX; i++) {
        const size_t share = i + 1 < order.cores ? (size_t)data[12 + i] * 16 : size;
        const size_t length = share < size - at ? share : size - at;
        streams[i] = (ns_bytes){data + at, length};
        at += length;
    }
    ns_budget budget;
    ns_budget_open(&budget, (uint64_t)64 << 20, 0, 0);
    ns_arena *arena = ns_arena_new_within(&budget);
    const ns_code code = u85 ? ns_weights_decode_u85(&order, streams, arena, &weights, &error)
                             : ns_weights_decode_u55(&order, streams, arena, &weights, &error);
    for (size_t i = 0; code == NS_OK && i < weights.count; i++)
        if (weights.values[i] < -256 || weights.values[i] > 256)
            abort();
    if (code != NS_OK && !error.message[0])
        abort();
    ns_arena_free(arena);
    return 0;
}
