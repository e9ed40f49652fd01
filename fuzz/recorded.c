/* Fuzz target: cases of one's own (`suite --cases`, `lower --from`): case.json with what it names, or a
 * recorded float graph with its parameters and inputs, decomposed, quantised and lowered for each target.
 *
 * The input: the files of a case, each its name with a NUL, four bytes of length, and its bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "ir/interface.h"
#include "lower/interface.h"
#include "mutate.h"
#include "quant/interface.h"
#include "recorded/interface.h"

enum { FILES = 32, NAME = 48 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/* The next file; false at the end, or where the rest is none. */
static bool next_file(ns_bytes bytes, size_t *at, ns_zip_member *out)
{
    const uint8_t *name = bytes.data + *at;
    const size_t left = bytes.size - *at, most = left < NAME ? left : NAME;
    const uint8_t *end = most ? memchr(name, 0, most) : NULL;
    const size_t length = end ? (size_t)(end - name) + 1 : 0;
    if (!end || left - length < 4)
        return false;
    const size_t size = ns_load_u32(end + 1), rest = left - length - 4;
    *out = (ns_zip_member){.name = (const char *)name, .bytes = {end + 5, size < rest ? size : rest}};
    *at += length + 4 + out->bytes.size;
    return true;
}

static void check(ns_code code, const ns_error *error)
{
    if (code != NS_OK && !error->message[0])
        abort(); /* a failure says what is wrong */
}

static void read_model(const ns_case_files *files, ns_arena *arena)
{
    ns_error error = {0};
    ns_case_model model;
    const ns_code code = ns_case_model_read(files, arena, &model, &error);
    check(code, &error);
    const int64_t shape[] = {2, 3};
    for (int i = 0; code == NS_OK && i < model.input_count; i++) {
        ns_tensor values;
        check(ns_case_input_values(files, &model.inputs[i], NS_DTYPE_INT16, 2, shape, arena, &values, &error),
              &error);
    }
}

static void lower(const ns_aten_program *program)
{
    for (int target = 0; target < NS_TARGET_COUNT; target++) {
        ns_error error = {0};
        ns_graph *graph = NULL;
        const ns_code code = ns_lower(program, (ns_target)target, &graph, &error);
        check(code, &error);
        if (code == NS_OK && ns_graph_validate(graph, &error) == NS_ERROR_INTERNAL)
            abort();
        if (code == NS_OK)
            ns_graph_free(graph);
    }
}

static void read_recorded(const ns_case_files *files, ns_arena *arena)
{
    ns_error error = {0};
    ns_recorded recorded;
    ns_recorded_settings settings;
    ns_aten_program *program = NULL;
    const ns_quantise_options quantise = NS_QUANTISE_DEFAULTS;
    check(ns_recorded_read_settings(files, arena, &settings, &error), &error);
    ns_code code = ns_recorded_read(files, arena, &recorded, &error);
    if (code == NS_OK)
        code = ns_aten_decompose(recorded.program, arena, &program, &error);
    if (code == NS_OK)
        code = ns_quantise_program(program, &quantise, 1, recorded.inputs, &error);
    check(code, &error);
    if (code == NS_OK)
        lower(program);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ns_budget budget;
    ns_zip_member members[FILES];
    ns_case_files files = {.name = "case", .where = "fuzz", .zipped = true, .members = members};
    for (size_t at = 0;
         files.member_count < FILES && next_file((ns_bytes){data, size}, &at, &members[files.member_count]);)
        files.member_count++;
    ns_budget_open(&budget, (uint64_t)64 << 20, (uint64_t)1 << 22, 0.5);
    ns_arena *arena = ns_arena_new_within(&budget);
    if (ns_case_is_model(&files))
        read_model(&files, arena);
    else
        read_recorded(&files, arena);
    ns_arena_free(arena);
    if (budget.memory != 0)
        abort(); /* the books are closed */
    return 0;
}

/* One file changes, by its words where it is text; the others stay. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    ns_zip_member member;
    size_t at = 0, count = 0, chosen = 0;
    while (next_file((ns_bytes){data, size}, &at, &member))
        if (seed / 16 % ++count == 0)
            chosen = (size_t)(member.bytes.data - data);
    if (!count)
        return ns_mutate_tokens(data, size, max_size, seed);
    const size_t length = ns_load_u32(data + chosen - 4), rest = size - chosen;
    const size_t old = length < rest ? length : rest, tail = rest - old;
    uint8_t *work = old && size < max_size ? malloc(max_size - (size - old)) : NULL;
    if (!work)
        return size;
    memcpy(work, data + chosen, old);
    const size_t now = ns_mutate_tokens(work, old, max_size - (size - old), seed);
    memmove(data + chosen + now, data + chosen + old, tail);
    memcpy(data + chosen, work, now);
    ns_store_u32(data + chosen - 4, (uint32_t)now);
    free(work);
    return chosen + now + tail;
}
