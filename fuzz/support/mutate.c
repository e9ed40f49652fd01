#include "mutate.h"

#include <string.h>

#include "base/bytes.h"
#include "base/interface.h"

static ns_random random_state = {.state = 1};

void ns_mutate_seed(uint64_t seed)
{
    random_state.state = seed;
}

static size_t below(size_t limit)
{
    return limit ? (size_t)(ns_random_u64(&random_state) % limit) : 0;
}

/* One change: a bit, a byte, a number of 2 or 4 bytes that tells something, or a run that moves, goes or
 * comes. */
static size_t change(uint8_t *data, size_t size, size_t max_size)
{
    static const uint32_t telling[] = {
        0, 1, 2, 4, 7, 8, 16, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff};
    const uint32_t value = telling[below(sizeof telling / sizeof *telling)];
    const size_t at = below(size), run = 1 + below(size - at < 32 ? size - at : 32);
    switch (below(7)) {
    case 0:
        data[at] ^= (uint8_t)(1u << below(8));
        break;
    case 1:
        data[at] = (uint8_t)ns_random_u64(&random_state);
        break;
    case 2:
        if (size - at >= 2)
            ns_store_u16(data + at, (uint16_t)value);
        break;
    case 3:
        if (size / 4)
            ns_store_u32(data + 4 * below(size / 4), value);
        break;
    case 4:
        if (size / 4) {
            uint8_t *word = data + 4 * below(size / 4);
            ns_store_u32(word, ns_load_u32(word) + (below(2) ? value : 0u - value));
        }
        break;
    case 5:
        memmove(data + at, data + below(size - run + 1), run);
        break;
    default:
        if (below(4) == 0 && size > run) {
            memmove(data + at, data + at + run, size - at - run);
            return size - run;
        }
        if (below(4) == 0 && size + run <= max_size) {
            memmove(data + at + run, data + at, size - at);
            return size + run;
        }
        data[at] = (uint8_t)value;
    }
    return size;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
    for (size_t n = 1 + below(4); n && size; n--)
        size = change(data, size, max_size);
    return size;
}
