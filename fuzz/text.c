/* Fuzz target: the readers of what stands beside a model: .npy arrays, and Vela's debug database. */
#include <stdint.h>
#include <stdlib.h>

#include "formats/npy.h"
#include "npuscope/vela_debug.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_npy(ns_bytes bytes, ns_arena *arena)
{
    ns_error error;
    ns_npy array;
    ns_bytes written;
    if (ns_npy_read(bytes, "fuzz", arena, &array, &error) != NS_OK || array.type == NS_NPY_OBJECT)
        return;
    for (int type = 0; type < NS_DTYPE_COUNT; type++) {
        ns_tensor tensor;
        if (ns_npy_to_tensor(&array, (ns_dtype)type, &tensor, &error) == NS_OK &&
            ns_tensor_count(&tensor) > 0)
            (void)ns_tensor_get(&tensor, ns_tensor_count(&tensor) - 1);
    }
    /* What was read is written, and read again as the same. */
    ns_npy again;
    if (ns_npy_write(&array, arena, &written, &error) == NS_OK &&
        (ns_npy_read(written, "again", arena, &again, &error) != NS_OK || again.count != array.count))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ns_error error;
    ns_vela_debug *debug;
    ns_budget budget;
    ns_budget_open(&budget, (uint64_t)64 << 20, 0, 0);
    ns_arena *arena = ns_arena_new_within(&budget);
    if (size && data[0] == 0x93)
        read_npy((ns_bytes){data, size}, arena);
    else if (ns_vela_debug_read(data, size, arena, &debug, &error) == NS_OK)
        for (size_t word = 0; word < 64; word++)
            (void)ns_vela_debug_find(debug, word);
    ns_arena_free(arena);
    return 0;
}
