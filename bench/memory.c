/* Memory of evaluations: bench_memory FILE.tosa.. prints, in MiB, the largest set of tensors that live at
 * once when operators run one by one (inputs and outputs among them, constants not), the most that an
 * evaluator and its inputs and outputs take, what it keeps for the next evaluation; and page faults and time
 * of the first and of a later evaluation. */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "base/interface.h"
#include "npuscope/cpu.h"
#include "npuscope/eval.h"

static ns_error error;

static void must(ns_code code)
{
    if (code == NS_OK)
        return;
    fprintf(stderr, "bench_memory: %s\n", error.message);
    exit(2);
}

/* ---- the live set ---- */

static uint64_t bytes_of(const ns_block *block, int tensor)
{
    const ns_tensor *t = &block->tensors[tensor].tensor;
    return (uint64_t)ns_tensor_count(t) * (uint64_t)ns_dtype_bytes(t->dtype);
}

/* Marks a tensor's last reader: an operator's index, or one behind the last for outputs. */
static void find_last(const ns_block *block, int *last)
{
    for (int t = 0; t < block->tensor_count; t++)
        last[t] = -1;
    for (int o = 0; o < block->operator_count; o++)
        for (int k = 0; k < block->operators[o].input_count; k++)
            if (block->operators[o].inputs[k] >= 0)
                last[block->operators[o].inputs[k]] = o;
    for (int i = 0; i < block->output_count; i++)
        last[block->outputs[i]] = block->operator_count;
}

static bool is_constant(ns_op op)
{
    return op == NS_OP_CONST || op == NS_OP_CONST_SHAPE;
}

static uint64_t largest_live_set(const ns_block *block, ns_arena *arena)
{
    int *last = NS_ARENA_ARRAY(arena, (size_t)block->tensor_count, int);
    bool *is_live = NS_ARENA_ARRAY(arena, (size_t)block->tensor_count, bool);
    uint64_t live = 0, most = 0;
    if (!last || !is_live)
        must(ns_fail(&error, NS_ERROR_MEMORY, "no memory"));
    find_last(block, last);
    for (int i = 0; i < block->input_count; i++) {
        is_live[block->inputs[i]] = true;
        live += bytes_of(block, block->inputs[i]);
    }
    for (int o = 0; o < block->operator_count; o++) {
        const ns_operator *op = &block->operators[o];
        for (int k = 0; k < op->output_count && !is_constant(op->op); k++) {
            is_live[op->outputs[k]] = true;
            live += bytes_of(block, op->outputs[k]);
        }
        most = live > most ? live : most;
        for (int t = 0; t < block->tensor_count; t++)
            if (is_live[t] && last[t] <= o) {
                is_live[t] = false;
                live -= bytes_of(block, t);
            }
    }
    return most;
}

/* ---- evaluations ---- */

typedef struct books {
    uint64_t now, most;
} books;

static void *allocate(void *context, size_t bytes, size_t alignment)
{
    books *b = context;
    b->now += bytes;
    b->most = b->now > b->most ? b->now : b->most;
    return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

static void release(void *context, void *block, size_t bytes)
{
    ((books *)context)->now -= bytes;
    free(block);
}

static ns_tensor *random_inputs(const ns_block *block, ns_arena *arena)
{
    ns_tensor *inputs = NS_ARENA_ARRAY(arena, (size_t)block->input_count + 1, ns_tensor);
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

typedef struct cost {
    long faults;
    double seconds;
} cost;

static cost so_far(void)
{
    struct rusage usage;
    struct timespec t;
    getrusage(RUSAGE_SELF, &usage);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (cost){usage.ru_minflt, (double)t.tv_sec + 1e-9 * (double)t.tv_nsec};
}

/* Evaluates `runs` times within the budget; `costs` of each, which may be NULL. Returns what is kept behind
 * the last. */
static void evaluate(const ns_graph *graph, ns_budget *budget, int runs, cost *costs, const books *b,
                     uint64_t *kept)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    ns_arena *arena = ns_arena_new_within(budget), *results = ns_arena_new_within(budget);
    ns_tensor *inputs = random_inputs(block, arena);
    ns_tensor *outputs = NS_ARENA_ARRAY(arena, (size_t)block->output_count, ns_tensor);
    ns_eval_options options = {.cpu_mask = ~0u, .budget = budget};
    ns_evaluator *evaluator = NULL;
    const uint64_t before = b ? b->now : 0;
    must(ns_evaluator_new(graph, &options, &evaluator, &error));
    for (int run = 0; run < runs; run++) {
        const cost begin = so_far();
        ns_arena_reset(results);
        must(ns_evaluator_run(evaluator, inputs, block->input_count, results, outputs, &error));
        const cost end = so_far();
        if (costs)
            costs[run] = (cost){end.faults - begin.faults, end.seconds - begin.seconds};
    }
    ns_arena_free(results);
    if (kept)
        *kept = b->now - before;
    ns_evaluator_free(evaluator);
    ns_arena_free(arena);
}

static void measure(const char *path)
{
    enum { RUNS = 5 };
    ns_arena *arena = ns_arena_new();
    ns_bytes bytes;
    ns_graph *graph = NULL;
    ns_budget budget;
    books b = {0};
    cost costs[RUNS];
    uint64_t kept = 0;
    must(ns_file_read(path, arena, &bytes, &error));
    must(ns_graph_read(bytes.data, bytes.size, &graph, &error));
    const uint64_t live = largest_live_set(&graph->regions[0].blocks[0], arena);
    ns_budget_open(&budget, 0, UINT64_MAX, 0);
    evaluate(graph, &budget, RUNS, costs, NULL, NULL);
    ns_budget_open(&budget, 0, UINT64_MAX, 0);
    budget.allocator = (ns_allocator){allocate, release, &b};
    evaluate(graph, &budget, 2, NULL, &b, &kept);
    printf("| %s | %.2f | %.2f | %.2f | %ld | %ld | %.2f | %.2f |\n", path, (double)live / 1048576,
           (double)b.most / 1048576, (double)kept / 1048576, costs[0].faults, costs[RUNS - 1].faults,
           costs[0].seconds * 1e3, costs[RUNS - 1].seconds * 1e3);
    ns_graph_free(graph);
    ns_arena_free(arena);
}

int main(int argc, char **argv)
{
    printf("| graph | largest live set, MiB | most taken | kept | page faults, first | fifth | ms, first | "
           "fifth |\n"
           "|---|---|---|---|---|---|---|---|\n");
    for (int i = 1; i < argc; i++)
        measure(argv[i]);
    return 0;
}
