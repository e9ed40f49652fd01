/* Time of eval on graphs of useful size, with every instruction set and in plain C. Exit code 1: with an
 * instruction set a graph takes longer than without it.
 *   bench_eval                   the graphs that are built here: a16w8 layers as ExecuTorch lowers them
 *   bench_eval GRAPH.tosa...     graphs from files
 *   bench_eval --write FOLDER    writes the graphs and their inputs, for peers.py
 *   bench_eval --json [GRAPH..]  the same as JSON, with the limits of the machine, for peers.py
 * Each figure is the least CPU time of several runs on random inputs; evaluation only, without reading files.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/interface.h"
#include "formats/interface.h"
#include "npuscope/cpu.h"
#include "npuscope/eval.h"

#define RUNS_LEAST 3
#define SECONDS_LEAST 0.2

static ns_error error;

static void must(ns_code code)
{
    if (code != NS_OK) {
        fprintf(stderr, "bench_eval: %s\n", error.message);
        exit(ns_code_exit(code));
    }
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- graphs ---- */

typedef struct builder {
    ns_graph *graph;
    ns_block *block;
    ns_random random;
    int names;
} builder;

static const char *fresh_name(builder *b, char *text, size_t size)
{
    snprintf(text, size, "t%d", b->names++);
    return text;
}

static int add_tensor(builder *b, ns_dtype dtype, int rank, const int64_t *shape)
{
    char name[32];
    int index = -1;
    must(ns_block_add_tensor(b->graph, b->block, fresh_name(b, name, sizeof name), dtype, rank, shape, &index,
                             &error));
    return index;
}

/* A constant of random values in [low, high]. */
static int add_const(builder *b, ns_dtype dtype, int rank, const int64_t *shape, int64_t low, int64_t high)
{
    char name[32];
    int index = -1;
    ns_tensor value;
    must(ns_tensor_new(b->graph->arena, dtype, rank, shape, &value, &error));
    for (size_t i = 0; i < ns_tensor_count(&value); i++)
        ns_tensor_set(&value, i, ns_random_range(&b->random, low, high));
    must(ns_block_add_const(b->graph, b->block, fresh_name(b, name, sizeof name), &value, &index, &error));
    return index;
}

static int add_scalar(builder *b, ns_dtype dtype, int64_t value)
{
    return add_const(b, dtype, 1, (int64_t[]){1}, value, value);
}

static void add_operator(builder *b, ns_op op, const ns_attributes *attributes, int count, const int *inputs,
                         int out)
{
    must(ns_block_add_operator(b->graph, b->block,
                               &(ns_operator_parts){op, attributes, count, inputs, 1, &out}, &error));
}

/* RESCALE of tensor `in`, a scale of about 2^-`shift`. */
static int add_rescale(builder *b, int in, ns_dtype dtype, int shift)
{
    ns_tensor from = b->block->tensors[in].tensor;
    bool wide = from.dtype != NS_DTYPE_INT48;
    int multiplier = add_scalar(b, wide ? NS_DTYPE_INT32 : NS_DTYPE_INT16, wide ? 1431655765 : 21845);
    int shifts = add_scalar(b, NS_DTYPE_INT8, shift + (wide ? 31 : 15));
    int zero_in = add_scalar(b, from.dtype, 0), zero_out = add_scalar(b, dtype, 0);
    int out = add_tensor(b, dtype, from.rank, from.shape);
    ns_attributes attributes = {.scale32 = wide, .rounding_mode = NS_SINGLE_ROUND};
    add_operator(b, NS_OP_RESCALE, &attributes, 5, (int[]){in, multiplier, shifts, zero_in, zero_out}, out);
    return out;
}

/* RESCALE by 2^-`right`, as ExecuTorch writes it: of int16 to int32 by 1, behind a TABLE by 2^-7. */
static int add_power(builder *b, int in, ns_dtype dtype, int right)
{
    ns_tensor from = b->block->tensors[in].tensor;
    const int inputs[] = {in, add_scalar(b, NS_DTYPE_INT32, 1 << 30),
                          add_scalar(b, NS_DTYPE_INT8, 30 + right), add_scalar(b, from.dtype, 0),
                          add_scalar(b, dtype, 0)};
    int out = add_tensor(b, dtype, from.rank, from.shape);
    ns_attributes attributes = {.scale32 = true, .rounding_mode = NS_SINGLE_ROUND};
    add_operator(b, NS_OP_RESCALE, &attributes, 5, inputs, out);
    return out;
}

static int add_table(builder *b, int in)
{
    ns_tensor from = b->block->tensors[in].tensor;
    int table = add_const(b, NS_DTYPE_INT16, 1, (int64_t[]){513}, -16000, 16000);
    int out = add_tensor(b, NS_DTYPE_INT32, from.rank, from.shape);
    add_operator(b, NS_OP_TABLE, &(ns_attributes){0}, 2, (int[]){in, table}, out);
    return out;
}

/* A convolution of the kind `op` with a per-tensor RESCALE to int16. */
static int add_conv(builder *b, ns_op op, int in, int64_t channels, int kernel_y, int kernel_x)
{
    ns_tensor from = b->block->tensors[in].tensor;
    bool depthwise = op == NS_OP_DEPTHWISE_CONV2D;
    int64_t dense[] = {channels, kernel_y, kernel_x, from.shape[3]};
    int64_t each[] = {kernel_y, kernel_x, from.shape[3], 1};
    int weight = add_const(b, NS_DTYPE_INT8, 4, depthwise ? each : dense, -127, 127);
    int bias = add_const(b, NS_DTYPE_INT48, 1, &channels, -1000000, 1000000);
    int zero_in = add_scalar(b, NS_DTYPE_INT16, 0), zero_weight = add_scalar(b, NS_DTYPE_INT8, 0);
    int64_t shape[] = {from.shape[0], from.shape[1], from.shape[2], channels};
    int out = add_tensor(b, NS_DTYPE_INT48, 4, shape);
    int32_t pad[] = {kernel_y / 2, kernel_y / 2, kernel_x / 2, kernel_x / 2}, ones[] = {1, 1};
    ns_attributes attributes = {
        .pad = {4, pad}, .stride = {2, ones}, .dilation = {2, ones}, .acc_type = NS_DTYPE_INT48};
    add_operator(b, op, &attributes, 5, (int[]){in, weight, bias, zero_in, zero_weight}, out);
    return add_rescale(b, out, NS_DTYPE_INT16, 16);
}

static int build_conv2d(builder *b)
{
    return add_conv(b, NS_OP_CONV2D, add_tensor(b, NS_DTYPE_INT16, 4, (int64_t[]){1, 56, 56, 64}), 64, 3, 3);
}
static int build_conv1d(builder *b)
{
    return add_conv(b, NS_OP_CONV2D, add_tensor(b, NS_DTYPE_INT16, 4, (int64_t[]){1, 1, 4096, 64}), 64, 1, 5);
}
static int build_depthwise(builder *b)
{
    return add_conv(b, NS_OP_DEPTHWISE_CONV2D, add_tensor(b, NS_DTYPE_INT16, 4, (int64_t[]){1, 56, 56, 128}),
                    128, 3, 3);
}
static int build_linear(builder *b)
{
    return add_conv(b, NS_OP_CONV2D, add_tensor(b, NS_DTYPE_INT16, 4, (int64_t[]){256, 1, 1, 1024}), 1024, 1,
                    1);
}

static int build_bmm(builder *b)
{
    int64_t shape[] = {8, 256, 256};
    int left = add_tensor(b, NS_DTYPE_INT16, 3, shape), right = add_tensor(b, NS_DTYPE_INT16, 3, shape);
    int zero = add_scalar(b, NS_DTYPE_INT16, 0), out = add_tensor(b, NS_DTYPE_INT48, 3, shape);
    add_operator(b, NS_OP_MATMUL, &(ns_attributes){0}, 4, (int[]){left, right, zero, zero}, out);
    return add_rescale(b, out, NS_DTYPE_INT16, 23);
}

static int build_table(builder *b)
{
    return add_power(b, add_table(b, add_tensor(b, NS_DTYPE_INT16, 1, (int64_t[]){1 << 20})), NS_DTYPE_INT16,
                     7);
}

/* Row by row: subtract the maximum, exponential table, sum, reciprocal table, multiply. */
static int build_softmax(builder *b)
{
    int64_t shape[] = {8, 512, 512}, column[] = {8, 512, 1};
    int in = add_tensor(b, NS_DTYPE_INT16, 3, shape), most = add_tensor(b, NS_DTYPE_INT16, 3, column);
    ns_attributes axis = {.axis = 2, .nan_mode = NS_NAN_PROPAGATE};
    add_operator(b, NS_OP_REDUCE_MAX, &axis, 1, &in, most);
    int difference = add_tensor(b, NS_DTYPE_INT32, 3, shape);
    int both[] = {add_power(b, in, NS_DTYPE_INT32, 0), add_power(b, most, NS_DTYPE_INT32, 0)};
    add_operator(b, NS_OP_SUB, &(ns_attributes){0}, 2, both, difference);
    int exponential =
        add_power(b, add_table(b, add_rescale(b, difference, NS_DTYPE_INT16, 2)), NS_DTYPE_INT16, 7);
    int wide = add_power(b, exponential, NS_DTYPE_INT32, 0), sum = add_tensor(b, NS_DTYPE_INT32, 3, column);
    add_operator(b, NS_OP_REDUCE_SUM, &axis, 1, &wide, sum);
    int inverse = add_power(b, add_table(b, add_rescale(b, sum, NS_DTYPE_INT16, 9)), NS_DTYPE_INT16, 7);
    int factors[] = {add_power(b, exponential, NS_DTYPE_INT32, 0), add_power(b, inverse, NS_DTYPE_INT32, 0),
                     add_scalar(b, NS_DTYPE_INT8, 0)};
    int product = add_tensor(b, NS_DTYPE_INT32, 3, shape);
    add_operator(b, NS_OP_MUL, &(ns_attributes){0}, 3, factors, product);
    return add_rescale(b, product, NS_DTYPE_INT16, 15);
}

/* products: of int16 by int8, as the kernels make them (int16 by int16 is two). elements: of an elementwise
 * graph. */
static const struct {
    const char *name;
    double macs;
    int inputs;
    int (*build)(builder *);
    double products, elements;
} graphs[] = {
    {"conv2d 3x3 64->64, 56x56", 115.6e6, 1, build_conv2d, 115.6e6, 0},
    {"conv1d k5 64->64, length 4096", 83.9e6, 1, build_conv1d, 83.9e6, 0},
    {"depthwise 3x3, 128 channels, 56x56", 3.61e6, 1, build_depthwise, 3.61e6, 0},
    {"linear 1024x1024, 256 rows", 268.4e6, 1, build_linear, 268.4e6, 0},
    {"bmm 8 x 256^3, int16 x int16", 134.2e6, 2, build_bmm, 268.4e6, 0},
    {"table and rescale, 1 M elements", 0, 1, build_table, 0, 1 << 20},
    {"softmax 8x512x512", 0, 1, build_softmax, 0, 1 << 21},
};

static ns_graph *build(size_t which)
{
    builder b = {.random = {which + 1}};
    must(ns_graph_new(&b.graph, &error));
    b.block = &b.graph->regions[0].blocks[0];
    int out = graphs[which].build(&b);
    int inputs[2] = {-1, -1}, count = 0;
    /* The inputs are the tensors that are neither constants nor results. */
    for (int t = 0; t < b.block->tensor_count; t++) {
        bool is_result = b.block->tensors[t].tensor.data != NULL;
        for (int o = 0; !is_result && o < b.block->operator_count; o++)
            is_result = b.block->operators[o].outputs[0] == t;
        if (!is_result && count < 2)
            inputs[count++] = t;
    }
    must(ns_block_set_inputs(b.graph, b.block, count, inputs, &error));
    must(ns_block_set_outputs(b.graph, b.block, 1, &out, &error));
    must(ns_graph_validate(b.graph, &error));
    return b.graph;
}

/* ---- timing ---- */

static ns_tensor *random_inputs(const ns_block *block, ns_arena *arena)
{
    ns_tensor *inputs = NS_ARENA_ARRAY(arena, (size_t)block->input_count, ns_tensor);
    ns_random random = {1};
    if (!inputs)
        must(ns_fail(&error, NS_ERROR_MEMORY, "no memory for inputs"));
    for (int i = 0; i < block->input_count; i++) {
        const ns_tensor *declared = &block->tensors[block->inputs[i]].tensor;
        must(ns_tensor_new(arena, declared->dtype, declared->rank, declared->shape, &inputs[i], &error));
        for (size_t e = 0; e < ns_tensor_count(declared); e++)
            ns_tensor_set(&inputs[i], e, ns_random_range(&random, -30000, 30000));
    }
    return inputs;
}

static double evaluate(const ns_graph *graph, unsigned cpu_mask)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    ns_arena *arena = ns_arena_new(), *results = ns_arena_new();
    ns_tensor *inputs = random_inputs(block, arena);
    ns_tensor *outputs = NS_ARENA_ARRAY(arena, (size_t)block->output_count, ns_tensor);
    ns_eval_options options = {.cpu_mask = cpu_mask};
    ns_evaluator *evaluator = NULL;
    must(ns_evaluator_new(graph, &options, &evaluator, &error));
    double best = 1e9, total = 0;
    for (int run = 0; run < RUNS_LEAST || total < SECONDS_LEAST; run++) {
        ns_arena_reset(results);
        double before = cpu_seconds();
        must(ns_evaluator_run(evaluator, inputs, block->input_count, results, outputs, &error));
        double taken = cpu_seconds() - before;
        total += taken;
        best = taken < best ? taken : best;
    }
    ns_evaluator_free(evaluator);
    ns_arena_free(results);
    ns_arena_free(arena);
    return best;
}

/* A level of instruction sets: all that the machine has up to one of them. */
typedef struct level {
    const char *name;
    unsigned mask;
} level;

static int find_levels(level levels[static 8])
{
    int count = 0;
    unsigned mask = 0;
    levels[count++] = (level){"plain C", 0};
    for (int i = 0; i < 7; i++)
        if (ns_cpu_detect() & 1u << i)
            levels[count++] = (level){ns_cpu_text(1u << i), mask |= 1u << i};
    return count;
}

/* Slower than a lower level by more than this is a fault; measured again before it is called one. */
#define TOLERANCE 1.15
static int slower_levels;

static double evaluate_level(const ns_graph *graph, const char *name, const level *now, const level *below,
                             double lower)
{
    double taken = evaluate(graph, now->mask);
    for (int again = 0; again < 3 && below && taken > lower * TOLERANCE; again++) {
        const double fresh = evaluate(graph, below->mask);
        lower = fresh < lower ? fresh : lower;
        taken = evaluate(graph, now->mask);
    }
    if (below && taken > lower * TOLERANCE) {
        fprintf(stderr, "%s: %s takes %.2f times what %s takes\n", name, now->name, taken / lower,
                below->name);
        slower_levels++;
    }
    return taken;
}

/* ---- limits of the machine ---- */

#if defined(__x86_64__)
#include <immintrin.h>

/* Products a second: vpmaddwd and vpaddd alone, twelve sums in registers, as the AVX2 kernels have them. */
__attribute__((target("avx2"))) static double multiply_limit(void)
{
    enum { SUMS = 12, ROUNDS = 1 << 15 };
    double best = 1e9;
    for (int again = 0; again < 500; again++) {
        __m256i sums[SUMS], a = _mm256_set1_epi16(3);
        const __m256i b = _mm256_set1_epi16(5);
        for (int i = 0; i < SUMS; i++)
            sums[i] = _mm256_setzero_si256();
        const double before = cpu_seconds();
        for (int k = 0; k < ROUNDS; k++) {
#pragma GCC unroll 12
            for (int i = 0; i < SUMS; i++) {
                __asm__ volatile("" : "+x"(a)); /* or one product would do for all sums */
                sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(a, b));
            }
        }
        for (int i = 0; i < SUMS; i++)
            __asm__ volatile("" ::"x"(sums[i]));
        const double taken = cpu_seconds() - before;
        best = taken < best ? taken : best;
    }
    return 16.0 * SUMS * ROUNDS / best;
}

static bool has_multiply_limit(void)
{
    return ns_cpu_detect() & NS_CPU_AVX2;
}
#else
static double multiply_limit(void)
{
    return 0;
}

static bool has_multiply_limit(void)
{
    return false;
}
#endif

/* Bytes a second that a copy of `size` bytes reads and writes together. */
static double copy_limit(size_t size)
{
    char *from = malloc(size), *to = malloc(size);
    double best = 1e9;
    if (!from || !to)
        must(ns_fail(&error, NS_ERROR_MEMORY, "no memory for a copy"));
    memset(from, 1, size);
    memset(to, 2, size);
    const size_t rounds = ((size_t)64 << 20) / size;
    for (int again = 0; again < 20; again++) {
        const double before = cpu_seconds();
        for (size_t k = 0; k < rounds; k++) {
            memcpy(to, from, size);
            __asm__ volatile("" ::"r"(to) : "memory");
        }
        const double taken = cpu_seconds() - before;
        best = taken < best ? taken : best;
    }
    free(from);
    free(to);
    return 2.0 * (double)(size * rounds) / best;
}

static ns_json *json; /* NULL: text is printed */

static void print_limits(void)
{
    ns_json_object(json, "limits");
    if (has_multiply_limit())
        ns_json_real(json, "products_per_second", multiply_limit());
    ns_json_real(json, "copy_bytes_per_second_256K", copy_limit((size_t)256 << 10));
    ns_json_real(json, "copy_bytes_per_second_32M", copy_limit((size_t)32 << 20));
    ns_json_end(json);
}

static void write_row(const char *name, int which, int count, const level *levels, const double *taken)
{
    ns_json_object(json, NULL);
    ns_json_text(json, "name", name);
    ns_json_real(json, "macs", which < 0 ? 0 : graphs[which].macs);
    ns_json_real(json, "products", which < 0 ? 0 : graphs[which].products);
    ns_json_real(json, "elements", which < 0 ? 0 : graphs[which].elements);
    ns_json_array(json, "levels");
    for (int i = 0; i < count; i++) {
        ns_json_object(json, NULL);
        ns_json_text(json, "instructions", levels[i].name);
        ns_json_real(json, "seconds", taken[i]);
        ns_json_end(json);
    }
    ns_json_end(json);
    ns_json_end(json);
}

/* `which`: of the graphs that are built here; -1: from a file. */
static void measure(const char *name, int which, const ns_graph *graph)
{
    const double macs = which < 0 ? 0 : graphs[which].macs;
    level levels[8];
    const int count = find_levels(levels);
    double taken[8];
    for (int i = 0; i < count; i++)
        taken[i] = evaluate_level(graph, name, &levels[i], i ? &levels[i - 1] : NULL, i ? taken[i - 1] : 0);
    const double fast = taken[count - 1];
    if (json) {
        write_row(name, which, count, levels, taken);
        return;
    }
    printf("%-36s %9.3f ms", name, fast * 1e3);
    if (macs > 0)
        printf("  %6.1f GMAC/s", macs / fast * 1e-9);
    for (int i = count - 2; i >= 0; i--)
        printf("  %s %9.3f ms, %5.1f times", levels[i].name, taken[i] * 1e3, taken[i] / fast);
    printf("\n");
    fflush(stdout);
}

/* FOLDER/<index>/graph.tosa and in<k>.npy; names.txt has a line for each graph: its title, its output and its
 * inputs. */
static void write_graphs(const char *folder)
{
    ns_arena *arena = ns_arena_new();
    ns_buffer names = {.arena = arena};
    for (size_t i = 0; i < sizeof graphs / sizeof *graphs; i++) {
        ns_graph *graph = build(i);
        const ns_block *block = &graph->regions[0].blocks[0];
        ns_bytes bytes;
        const void *data = NULL;
        must(ns_graph_write(graph, arena, &data, &bytes.size, &error));
        bytes.data = data;
        must(ns_folder_make(ns_arena_format(arena, "%s/%zu", folder, i), &error));
        must(ns_file_write(ns_arena_format(arena, "%s/%zu/graph.tosa", folder, i), bytes, &error));
        const ns_tensor *inputs = random_inputs(block, arena);
        for (int k = 0; k < block->input_count; k++) {
            ns_npy array;
            must(ns_npy_from_tensor(&inputs[k], &array, &error));
            must(ns_npy_save(&array, ns_arena_format(arena, "%s/%zu/in%d.npy", folder, i, k), arena, &error));
        }
        ns_buffer_format(&names, "%s|%s", graphs[i].name, block->tensors[block->outputs[0]].name);
        for (int k = 0; k < block->input_count; k++)
            ns_buffer_format(&names, "|%s", block->tensors[block->inputs[k]].name);
        ns_buffer_format(&names, "\n");
        ns_graph_free(graph);
    }
    must(ns_file_write(ns_arena_format(arena, "%s/names.txt", folder), (ns_bytes){names.data, names.size},
                       &error));
    ns_arena_free(arena);
}

static void measure_file(const char *path)
{
    ns_arena *arena = ns_arena_new();
    ns_bytes bytes;
    ns_graph *graph = NULL;
    must(ns_file_read(path, arena, &bytes, &error));
    must(ns_graph_read(bytes.data, bytes.size, &graph, &error));
    const char *slash = strrchr(path, '/');
    measure(slash ? slash + 1 : path, -1, graph);
    ns_graph_free(graph);
    ns_arena_free(arena);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--write") == 0) {
        write_graphs(argv[2]);
        return 0;
    }
    ns_arena *text = ns_arena_new();
    ns_buffer buffer = {.arena = text};
    ns_json document = ns_json_begin(&buffer, true, 6);
    const int first = argc > 1 && strcmp(argv[1], "--json") == 0 ? 2 : 1;
    if (first == 2) {
        json = &document;
        ns_json_object(json, NULL);
        ns_json_text(json, "schema", "npuscope/bench/1");
        print_limits();
        ns_json_array(json, "graphs");
    }
    for (int i = first; i < argc; i++)
        measure_file(argv[i]);
    for (size_t i = 0; argc == first && i < sizeof graphs / sizeof *graphs; i++) {
        ns_graph *graph = build(i);
        measure(graphs[i].name, (int)i, graph);
        ns_graph_free(graph);
    }
    if (json) {
        ns_bytes bytes;
        ns_json_end(json);
        ns_json_integer(json, "slower_levels", slower_levels);
        ns_json_end(json);
        must(ns_json_finish(json, "the bench", &bytes, &error));
        fwrite(bytes.data, 1, bytes.size, stdout);
    }
    ns_arena_free(text);
    return slower_levels != 0;
}
