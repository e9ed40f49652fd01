/* Fuzz target: the readers of what stands beside a model: .npy arrays, zip files of them, pickles in these,
 * Vela's debug database, and the JSON of an earlier run of the suite. */
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#include "formats/interface.h"
#include "history/interface.h"
#include "mutate.h"
#include "npuscope/vela_debug.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

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

static void read_baseline(ns_bytes bytes, ns_arena *arena)
{
    ns_error error = {0};
    ns_history_run run;
    const ns_suite_baseline *baseline;
    const ns_code code = ns_history_parse_json("fuzz", bytes, arena, &run, &error);
    if (code != NS_OK && !error.message[0])
        abort();
    if (code == NS_OK)
        (void)ns_history_compare("fuzz", &run, &run, arena, &baseline, &error);
}

static void read_debug(ns_bytes bytes, ns_arena *arena)
{
    ns_error error = {0};
    ns_vela_debug *debug;
    const ns_code code = ns_vela_debug_read(bytes.data, bytes.size, arena, &debug, &error);
    if (code != NS_OK && !error.message[0])
        abort();
    for (size_t word = 0; code == NS_OK && word < 64; word++)
        (void)ns_vela_debug_find(debug, word);
}

/* Checksums would stop every change: each member's is made right first, where its record stands whole. */
static void mend_checksums(uint8_t *data, size_t size)
{
    for (size_t at = 0; at + 46 <= size; at++) {
        if (memcmp(data + at, "PK\x01\x02", 4) != 0 || ns_load_u16(data + at + 10) != 0)
            continue;
        const uint64_t local = ns_load_u32(data + at + 42), bytes = ns_load_u32(data + at + 20);
        if (local + 30 > size)
            continue;
        const uint64_t from = local + 30 + ns_load_u16(data + local + 26) + ns_load_u16(data + local + 28);
        if (from <= size && bytes <= size - from)
            ns_store_u32(data + at + 16, (uint32_t)crc32(0, data + from, (uInt)bytes));
    }
}

static void read_zip(ns_bytes bytes, ns_arena *arena)
{
    ns_error error = {0};
    ns_npz npz;
    uint8_t *copy = ns_arena_copy(arena, bytes.data, bytes.size);
    if (!copy)
        return;
    mend_checksums(copy, bytes.size);
    if (ns_npz_read((ns_bytes){copy, bytes.size}, "fuzz", arena, &npz, &error) != NS_OK && !error.message[0])
        abort();
}

static void read_pickle(ns_bytes bytes, ns_arena *arena)
{
    ns_error error = {0};
    const ns_pickle_value *root;
    const ns_code code = ns_pickle_read(bytes, arena, &root, &error);
    if (code != NS_OK && !error.message[0])
        abort();
    for (int i = 0; code == NS_OK && i < 4; i++) {
        const ns_pickle_value *item = ns_pickle_object(root, i);
        (void)ns_pickle_first(ns_pickle_find(item, "scale"), "f4", 4);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const ns_bytes bytes = {data, size};
    ns_budget budget;
    ns_budget_open(&budget, (uint64_t)64 << 20, 0, 0);
    ns_arena *arena = ns_arena_new_within(&budget);
    if (size && data[0] == 0x93)
        read_npy(bytes, arena);
    else if (size && data[0] == 'P')
        read_zip(bytes, arena);
    else if (size && data[0] == 0x80)
        read_pickle(bytes, arena);
    else if (size && data[0] == '{')
        read_baseline(bytes, arena);
    else
        read_debug(bytes, arena);
    ns_arena_free(arena);
    if (budget.memory != 0)
        abort();
    return 0;
}

/* Texts by their words. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return size && data[0] < 0x80 && data[0] != 'P' ? ns_mutate_tokens(data, size, max_size, seed)
                                                    : LLVMFuzzerMutate(data, size, max_size);
}
