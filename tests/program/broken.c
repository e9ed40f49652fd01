/* Broken programs: each bound of the reader on its own: one number of a program that ExecuTorch wrote is
 * changed, nothing else is wrong with it, and the message says what. Then each prefix of three captured .pte
 * files and of four with many kernels, and 10,000 seeded changes of bytes of each, give an error with a
 * message or run; none crashes, hangs, reads outside (run under the sanitizers) or claims memory out of
 * proportion. */
#include <stdlib.h>
#include <sys/resource.h>

#include "base/bytes.h"
#include "base/interface.h"
#include "npuscope/program.h"
#include "support/data.h"
#include "support/test.h"

static const char *const files[] = {
    "captured/test_exp_a16w8_u55_INT[rank1_rand]",
    "captured/test_bmm_a16w8_u85_INT[rand_diff]",
    "captured/test_conv1d_a16w8_u55_INT[2_1x2x14_st2_per_channel_quant=True]",
    "program/conv",
    "program/index",
    "program/mixed_graph",
    "program/pool",
};

static ns_bytes load(const char *name, ns_arena *arena)
{
    ns_error error = {0};
    ns_bytes file;
    ASSERT_OK(test_data_read(ns_arena_format(arena, "%s/program.pte", name), arena, &file, &error));
    return file;
}

/* Reads and, when that works, runs with zeros. A run gets little work: a changed loop must not take long. */
static ns_code attempt(const uint8_t *data, size_t size, ns_error *error)
{
    ns_arena *arena = ns_arena_new();
    ns_program *program = NULL;
    ns_code code = ns_program_read(data, size, NS_ACCELERATOR_UNKNOWN, arena, &program, error);
    if (code == NS_OK && ns_program_input_count(program) <= 8 && ns_program_output_count(program) <= 8) {
        static const uint8_t zeros[1 << 16];
        const void *inputs[8];
        size_t sizes[8];
        bool fits = true;
        for (int i = 0; i < ns_program_input_count(program); i++) {
            const ns_program_tensor *tensor = ns_program_input(program, i);
            sizes[i] = tensor ? tensor->capacity : 0;
            inputs[i] = zeros;
            fits = fits && sizes[i] <= sizeof zeros;
        }
        ns_program_tensor outputs[8];
        ns_budget budget;
        ns_budget_open(&budget, 0, (uint64_t)1 << 34, 0);
        const ns_npu_options options = {.budget = &budget};
        if (fits)
            code = ns_program_run(program, &options,
                                  &(ns_program_inputs){ns_program_input_count(program), inputs, sizes}, arena,
                                  outputs, NULL, error);
    }
    ns_arena_free(arena);
    if (code != NS_OK) {
        assert_true(error->message[0] != 0);
        assert_int_not_equal(code, NS_ERROR_INTERNAL);
    }
    return code;
}

static void test_prefixes(void **state)
{
    (void)state;
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        ns_arena *arena = ns_arena_new();
        ns_error error = {0};
        const ns_bytes file = load(files[f], arena);
        for (size_t size = 0; size < file.size; size++) {
            /* A block of exactly this size, so that the sanitizer sees the first byte behind it. */
            uint8_t *copy = malloc(size ? size : 1);
            memcpy(copy, file.data, size);
            ns_code code = attempt(copy, size, &error);
            free(copy);
            /* Padding at the end may be cut without harm; nothing before it. */
            if (code == NS_OK)
                assert_true(file.size - size <= 16);
        }
        ns_arena_free(arena);
    }
}

static void test_changes(void **state)
{
    (void)state;
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        ns_arena *arena = ns_arena_new();
        ns_error error = {0};
        const ns_bytes file = load(files[f], arena);
        uint8_t *copy = malloc(file.size);
        ns_random random = {f + 1};
        int refused = 0;
        for (int i = 0; i < 10000; i++) {
            memcpy(copy, file.data, file.size);
            for (int64_t n = ns_random_range(&random, 1, 4); n > 0; n--)
                copy[ns_random_range(&random, 0, (int64_t)file.size - 1)] = (uint8_t)ns_random_u64(&random);
            refused += attempt(copy, file.size, &error) != NS_OK;
        }
        free(copy);
        ns_arena_free(arena);
        /* Most bytes are constants and padding; a good part still is structure. */
        assert_in_range(refused, 500, 9999);
    }
}

/* After the others: none of the 70,000 runs may have claimed, and touched, more than the bounds of a few
 * blocks (NS_PROGRAM_MEMORY_LIMIT each). */
static void test_memory(void **state)
{
    (void)state;
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    assert_in_range(usage.ru_maxrss, 1, 1 << 20); /* KiB */
}

/* ---- each bound on its own ---- */

/* Where the number stands: from the root table, ".N" the table's field N, ">" where an offset leads, "[N]"
 * element N of a vector (four bytes each; the last of a path as wide as the number). A vector is its count.
 */
typedef struct bound {
    const char *file, *path;
    int width;
    uint64_t value;
    const char *message;
} bound;

static size_t step_into(ns_bytes file, char kind, int64_t number, size_t at, size_t width)
{
    if (kind == '>')
        return at + ns_load_u32(file.data + at);
    if (kind == '[')
        return at + 4 + (size_t)number * width;
    const size_t vtable = at - (size_t)(int32_t)ns_load_u32(file.data + at);
    const uint16_t offset = ns_load_u16(file.data + vtable + 4 + 2 * (size_t)number);
    assert_in_range(offset, 4, 0xffff); /* the field is there */
    return at + offset;
}

static size_t find_place(ns_bytes file, const bound *row)
{
    size_t at = ns_load_u32(file.data);
    for (const char *p = row->path; *p;) {
        const char kind = *p++;
        char *end = (char *)p;
        const long number = kind == '>' ? 0 : strtol(p, &end, 10);
        p = *end == ']' ? end + 1 : end;
        at = step_into(file, kind, number, at, *p ? 4 : (size_t)row->width);
        assert_in_range(at, 4, file.size - 4);
    }
    return at;
}

/* Of a path that begins with "@": a byte of the file, for its header. */
static bool is_refused(const bound *row)
{
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_bytes file;
    ns_program *program;
    ASSERT_OK(
        test_data_read(ns_arena_format(arena, "program/%s/program.pte", row->file), arena, &file, &error));
    uint8_t *copy = ns_arena_copy(arena, file.data, file.size);
    const size_t at = *row->path == '@' ? (size_t)atoi(row->path + 1) : find_place(file, row);
    memcpy(copy + at, &row->value, (size_t)row->width);
    ASSERT_OK(ns_program_read(file.data, file.size, NS_ACCELERATOR_UNKNOWN, arena, &program, &error));
    error.message[0] = 0;
    const ns_code code = ns_program_read(copy, file.size, NS_ACCELERATOR_UNKNOWN, arena, &program, &error);
    const bool refused = code != NS_OK && strstr(error.message, row->message);
    if (!refused)
        print_message("%s %s: '%s' is not '%s'\n", row->file, row->path, error.message, row->message);
    ns_arena_free(arena);
    return refused;
}

#define PLAN ".1>[0]>"
#define VALUE(n) PLAN ".2>[" #n "]>.1>"
#define INSTRUCTION(n) PLAN ".5>[0]>.2>[" #n "]>"

static const bound bounds[] = {
    {"add", PLAN ".8>[1]", 8, (uint64_t)1 << 40,
     "planned buffer 1 of 1099511627776 bytes: over 256 MiB in all"},
    {"add", PLAN ".3>[0]", 4, 9, "inputs refer to value 9 of"},
    {"add", PLAN ".4>[0]", 4, UINT32_MAX, "outputs refer to value -1 of"},
    {"add", INSTRUCTION(2) ".0", 1, 4, "instruction 8 of 5 does not exist"},
    {"add", INSTRUCTION(0) ".0", 1, 9, "unknown or empty instruction of kind 9"},
    {"add", INSTRUCTION(0) ".1>.1>", 4, 1, "is called with 1 arguments, expected"},
    {"add", INSTRUCTION(1) ".1>.1>[0]", 4, 9, "arguments refer to value 9 of"},
    {"add", VALUE(0) ".2>", 4, 17, "a tensor of rank 17 (at most 16)"},
    {"add", VALUE(0) ".3>[1]", 1, 0, "the dim order is no permutation of 0 to 2"},
    {"add", VALUE(0) ".3>[1]", 1, 3, "the dim order is no permutation of 0 to 2"},
    {"add", VALUE(0) ".3>", 4, 2, "a dim order of 2 entries for rank 3"},
    {"add", VALUE(0) ".2>[0]", 4, (uint32_t)-1, "value 0: "},
    {"add", VALUE(0) ".6>.0", 4, 9, "planned buffer 9 does not exist (1 to 1 do)"},
    {"add", VALUE(0) ".6>.0", 4, 0, "planned buffer 0 does not exist (1 to 1 do)"},
    {"add", PLAN ".8>[1]", 8, 1, "reach past planned buffer 1 (1 bytes)"},
    {"add", PLAN ".2>[0]>.0", 1, 99, "unknown kind 99"},
    {"pool", VALUE(4) ".0>[0]", 8, 99, "a list refers to value 99 of"},
    {"batch_norm", "@12", 4, 23, "extended header of 23 bytes, expected at least 24"},
    {"batch_norm", "@16", 8, (uint64_t)1 << 20, "the file is cut"},
    {"batch_norm", "@24", 8, (uint64_t)1 << 20, "the file is cut"},
    {"batch_norm", ".4>[0]>.1", 8, (uint64_t)1 << 40, "reaches past the file's"},
    {"batch_norm", VALUE(0) ".5", 4, 99, "constant 99 of"},
    {"dedicated_sram", PLAN ".7>[0]>.1>.1", 4, 99, "segment 99 of 2 does not exist"},
    {"several_delegates_u85_int8", ".4>[2]>.0", 8, (uint64_t)1 << 40, "reaches past the file's"},
};

static void test_each_bound(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++)
        wrong += !is_refused(&bounds[i]);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_bound),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
