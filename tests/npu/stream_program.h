/* Small command streams written register by register: what operations_u55.c and operations_u85.c share. */
#ifndef NS_TESTS_NPU_STREAM_PROGRAM_H
#define NS_TESTS_NPU_STREAM_PROGRAM_H

#include "support/test.h"

#include "npu/stream/registers.h"
#include "npuscope/cpu.h"
#include "npuscope/npu.h"

#define SCRATCH 1024
#define MAX_WORDS 512

/* A stream in the making, and the memory that it works on. */
typedef struct program {
    uint32_t words[MAX_WORDS];
    int count;
    uint8_t weights[SCRATCH];
    uint8_t scratch[SCRATCH]; /* region 1, before and after the run */
    const ns_npu_table *table;
    uint32_t config, id; /* of the payload: the configuration, and the product */
    bool hazards, check, strict_chip;
    int input_bytes;               /* of the memory, from its begin: the stream's input; 0: all of it */
    int output_base, output_bytes; /* the same of its output */
    bool weights_as_input;         /* the input lies in region 0 */
    int input_region;              /* otherwise; 0: 1 */
    uint64_t fast_scratch;         /* what the device gives of region 2; 0: all */
    ns_npu_statistics statistics;
    ns_error error;
} program;

static inline program *new_program(const ns_npu_table *table, uint32_t config, uint32_t id)
{
    program *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->table = table;
    p->config = config;
    p->id = id;
    return p;
}

static inline void emit(program *p, const ns_npu_entry *entry, int64_t value)
{
    assert_true(p->count + 2 < MAX_WORDS);
    if (entry->form == NS_NPU_CMD0) {
        p->words[p->count++] = entry->id | (uint32_t)(value & 0xffff) << 16;
    } else {
        p->words[p->count++] = entry->id | 1u << 14 | (uint32_t)(value >> 32 & 0xff) << 16;
        p->words[p->count++] = (uint32_t)value;
    }
}

static inline void set(program *p, const char *name, int64_t value)
{
    const ns_npu_table *table = p->table;
    for (int i = 0; i < table->register_count; i++)
        if (strcmp(table->registers[i].name, name) == 0) {
            emit(p, &table->registers[i], value);
            return;
        }
    fail_msg("no register %s", name);
}

static inline void operation(program *p, const char *name, int value)
{
    const ns_npu_table *table = p->table;
    for (int i = 0; i < table->operation_count; i++)
        if (strcmp(table->operations[i].name, name) == 0) {
            emit(p, &table->operations[i], value);
            return;
        }
    fail_msg("no operation %s", name);
}

enum { U8 = 0, S8 = 1, S16 = 2, S32 = 3, S64 = 4 };
static const int bytes_of[] = {1, 1, 2, 4, 8};
static const int size_code_of[] = {0, 0, 1, 2, 3};

/* IFM_PRECISION has the size in bits 3:2, OFM_PRECISION in bits 2:1. */
static inline int ifm_precision(int type)
{
    return (type != U8) | size_code_of[type] << 2;
}

static inline int ofm_precision(int type)
{
    return (type != U8) | size_code_of[type] << 1;
}

static inline void set_map(program *p, const char *map, int type, int height, int width, int depth, int base)
{
    char name[32];
    const struct {
        const char *suffix;
        int64_t value;
    } fields[] = {
        {"REGION", 1},
        {"BASE0", base},
        {"BASE1", 0},
        {"BASE2", 0},
        {"BASE3", 0},
        {"WIDTH0_M1", width - 1},
        {"HEIGHT0_M1", height - 1},
        {"HEIGHT1_M1", height - 1},
        {"STRIDE_Y", width * depth * bytes_of[type]},
        {"STRIDE_X", depth * bytes_of[type]},
        {"STRIDE_C", bytes_of[type]},
        {"ZERO_POINT", 0},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        snprintf(name, sizeof name, "%s_%s", map, fields[i].suffix);
        set(p, name, fields[i].value);
    }
}

static inline void put(program *p, int type, int base, int count, const int *values)
{
    for (int i = 0; i < count; i++)
        memcpy(p->scratch + base + i * bytes_of[type], &values[i], (size_t)bytes_of[type]);
}
#define PUT(p, type, base, ...) \
    put(p, type, base, sizeof((int[]){__VA_ARGS__}) / sizeof(int), (const int[]){__VA_ARGS__})

/* Elements of the stream's input and output. */
static inline int given_of(const program *p)
{
    return p->input_bytes ? p->input_bytes : SCRATCH;
}

static inline int taken_of(const program *p)
{
    return p->output_bytes ? p->output_bytes : SCRATCH;
}

static inline ns_code load_stream(program *p, ns_arena *arena, ns_npu_stream **stream)
{
    uint32_t payload[MAX_WORDS + 8] = {0x31504f43, 0x01, p->config, p->id,
                                       0x02 | (uint32_t)(p->count + 1) << 16};
    memcpy(payload + 5, p->words, (size_t)p->count * 4);
    payload[5 + p->count] = 0xffff0000; /* OP_STOP */
    ns_npu_io io = {.rank = 1,
                    .shape = {given_of(p)},
                    .element_bytes = 1,
                    .region = p->weights_as_input ? 0
                              : p->input_region   ? p->input_region
                                                  : 1};
    ns_npu_io out = {.rank = 1,
                     .shape = {taken_of(p)},
                     .element_bytes = 1,
                     .region = 1,
                     .offset = (uint64_t)p->output_base};
    ns_npu_parts parts = {
        .payload = payload,
        .payload_size = (size_t)(6 + p->count) * 4,
        .weights = p->weights,
        .weights_size = sizeof p->weights,
        .scratch_size = SCRATCH,
        .scratch_fast_size = SCRATCH,
        .input_count = 1,
        .output_count = 1,
        .inputs = &io,
        .outputs = &out,
    };
    return ns_npu_load_parts(&parts, NS_ACCELERATOR_UNKNOWN, arena, stream, &p->error);
}

/* Runs with the instruction sets of `cpu_mask`; `out` has room for the output. */
static inline ns_code run_with(program *p, unsigned cpu_mask, uint8_t *out)
{
    ns_arena *arena = ns_arena_new();
    ns_npu_stream *stream;
    ns_npu_options options = {.hazards = p->hazards,
                              .check = p->check,
                              .strict_chip = p->strict_chip,
                              .fast_scratch = p->fast_scratch,
                              .cpu_mask = cpu_mask};
    ns_tensor output;
    ns_tensor input = {.dtype = NS_DTYPE_INT8, .rank = 1, .shape = {given_of(p)}, .data = p->scratch};
    ns_code code = load_stream(p, arena, &stream);
    if (code == NS_OK)
        code = ns_npu_run(stream, &options, &input, 1, arena, &output, &p->statistics, &p->error);
    if (code == NS_OK)
        memcpy(out, output.data, (size_t)taken_of(p));
    ns_arena_free(arena);
    return code;
}

/* With plain C and with what the processor has: the same. */
static inline ns_code run(program *p)
{
    uint8_t plain[SCRATCH], out[SCRATCH];
    const ns_code expected = run_with(p, 0, plain);
    const uint64_t saturated = p->statistics.saturated;
    const ns_error error = p->error;
    if (expected != NS_OK && expected != NS_ERROR_UNDEFINED)
        return expected;
    const ns_code code = run_with(p, ns_cpu_detect(), out);
    assert_int_equal(code, expected);
    if (code != NS_OK) {
        assert_string_equal(p->error.message, error.message);
        return code;
    }
    assert_memory_equal(out, plain, (size_t)taken_of(p));
    assert_int_equal(p->statistics.saturated, saturated);
    memcpy(p->scratch + p->output_base, out, (size_t)taken_of(p));
    return code;
}

static inline void expect(program *p, int type, int base, int count, const int *values)
{
    if (run(p) != NS_OK)
        fail_msg("%s", p->error.message);
    for (int i = 0; i < count; i++) {
        int32_t value = 0;
        memcpy(&value, p->scratch + base + i * bytes_of[type], (size_t)bytes_of[type]);
        if (type == S8)
            value = (int8_t)value;
        else if (type == S16)
            value = (int16_t)value;
        if (value != values[i])
            fail_msg("element %d is %d, expected %d", i, value, values[i]);
    }
    free(p);
}
#define EXPECT(p, type, base, ...) \
    expect(p, type, base, sizeof((int[]){__VA_ARGS__}) / sizeof(int), (const int[]){__VA_ARGS__})

static inline void expect_failure(program *p, ns_code wanted, const char *part)
{
    ns_code code = run(p);
    if (code != wanted)
        fail_msg("code %s, expected %s: %s", ns_code_name(code), ns_code_name(wanted), p->error.message);
    if (!strstr(p->error.message, part))
        fail_msg("'%s' is not in: %s", part, p->error.message);
    free(p);
}

#endif
