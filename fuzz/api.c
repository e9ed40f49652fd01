/* Fuzz target: the public API with what does not agree with the file: inputs of other numbers, types, shapes
 * and sizes, a fast scratch that is too small, another accelerator, taps that fail or write other values
 * back.
 *
 * The input: 16 bytes of choices, then a model's file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "npuscope/npuscope.h"

enum { HEAD = 16, MOST = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/* What a call was given beside its file. */
typedef struct trial {
    const uint8_t *head;
    ns_budget *budget;
    ns_arena *arena;
    unsigned taps;
    uint8_t seen;
} trial;

static void check(ns_code code, const ns_error *error)
{
    if (code != NS_OK && !error->message[0])
        abort(); /* a failure says what is wrong */
}

/* ---- taps ---- */

static ns_code touch(trial *t, const ns_tensor *tensor, ns_error *error)
{
    const size_t bytes = ns_tensor_count(tensor) * (size_t)ns_dtype_bytes(tensor->dtype);
    for (size_t i = 0; i < bytes; i++)
        t->seen ^= ((const uint8_t *)tensor->data)[i];
    if (++t->taps != t->head[0])
        return NS_OK;
    memcpy(error->message, "enough", 7);
    return error->code = NS_ERROR_IO;
}

static ns_code eval_tap(void *context, const ns_eval_tap *tap, ns_error *error)
{
    return touch(context, tap->data, error);
}

static ns_code npu_tap(void *context, const ns_npu_tap *tap, ns_error *error)
{
    trial *t = context;
    if (t->head[1] & 1 && t->taps % 2) {
        memset(tap->data->data, t->head[2],
               ns_tensor_count(tap->data) * (size_t)ns_dtype_bytes(tap->data->dtype));
        *tap->store = true;
    }
    return touch(t, tap->data, error);
}

static void hear(void *context, const char *text)
{
    ((trial *)context)->seen ^= (uint8_t)strlen(text);
}

/* ---- inputs ---- */

/* The tensor that is asked for, or one that differs in type, rank or a dim. */
static bool make_tensor(trial *t, int index, ns_dtype dtype, int rank, const int64_t *shape, ns_tensor *out)
{
    ns_error error;
    int64_t dims[NS_MAX_RANK] = {0};
    const uint8_t choice = t->head[3] % 4 == index ? t->head[4] : 0;
    memcpy(dims, shape, (size_t)rank * sizeof *dims);
    if (choice & 1 && rank)
        dims[choice / 16 % rank] += (int64_t)(choice / 64) - 1;
    if (choice & 2)
        rank = choice / 16 % (NS_MAX_RANK + 1);
    for (int i = 0; i < rank; i++)
        dims[i] = dims[i] < 1 ? 1 : dims[i];
    if (choice & 4)
        dtype = (ns_dtype)(1 + choice / 16 % (NS_DTYPE_COUNT - 1));
    if (ns_tensor_new(t->arena, dtype, rank, dims, out, &error) != NS_OK)
        return false;
    const size_t count = ns_tensor_count(out);
    for (size_t k = 0; k < count && ns_dtype_is_integer(dtype); k++) {
        const int64_t low = ns_dtype_min(dtype), high = ns_dtype_max(dtype);
        ns_tensor_set(out, k, k % 3 == 0 ? low + t->head[5] % 2 : k % 3 == 1 ? high : (int64_t)(k % 7));
    }
    return true;
}

/* Now and then one too few or too many. */
static int other_count(const trial *t, int count)
{
    const int off = t->head[6] < 8 ? t->head[6] % 3 - 1 : 0;
    return count + off < 0 || count + off > MOST ? count : count + off;
}

static ns_npu_options npu_options(trial *t)
{
    return (ns_npu_options){.budget = t->budget,
                            .hazards = t->head[1] & 2,
                            .check = t->head[1] & 4,
                            .strict_chip = t->head[1] & 8,
                            .fast_scratch = t->head[1] & 16 ? (uint64_t)16 * t->head[7] : 0,
                            .tap = t->head[1] & 32 ? npu_tap : NULL,
                            .message = hear,
                            .context = t};
}

/* ---- one file of each kind ---- */

static void run_graph(trial *t, const uint8_t *data, size_t size)
{
    ns_error error = {0};
    ns_graph *graph = NULL;
    if (ns_graph_read_within(t->budget, data, size, &graph, &error) != NS_OK)
        return;
    const ns_block *block = &graph->regions[0].blocks[0];
    ns_tensor inputs[MOST + 1] = {0};
    bool ready =
        ns_graph_validate(graph, &error) == NS_OK && block->input_count < MOST && block->output_count < MOST;
    for (int i = 0; ready && i <= block->input_count; i++) {
        const ns_tensor scalar = {.dtype = NS_DTYPE_INT8};
        const ns_tensor *own = i < block->input_count ? &block->tensors[block->inputs[i]].tensor : &scalar;
        ready = make_tensor(t, i, own->dtype, own->rank, own->shape, &inputs[i]);
    }
    ns_tensor outputs[MOST];
    const ns_eval_options options = {.budget = t->budget,
                                     .tap = t->head[1] & 32 ? eval_tap : NULL,
                                     .context = t,
                                     .no_chains = t->head[1] & 64};
    if (ready)
        check(ns_eval(graph, &options, inputs, other_count(t, block->input_count), t->arena, outputs, &error),
              &error);
    ns_graph_free(graph);
}

static void run_stream(trial *t, const uint8_t *data, size_t size)
{
    ns_error error = {0};
    ns_npu_stream *stream = NULL;
    const ns_accelerator accelerator =
        (ns_accelerator)(t->head[8] % 64 < NS_ACCELERATOR_COUNT ? t->head[8] % 64 : NS_ACCELERATOR_UNKNOWN);
    const bool npz = size > 1 && data[0] == 'P';
    const ns_code code = npz ? ns_npu_load_npz(data, size, accelerator, t->arena, &stream, &error)
                             : ns_npu_load_tflite(data, size, accelerator, t->arena, &stream, &error);
    check(code, &error);
    const int count = code == NS_OK ? ns_npu_input_count(stream) : MOST;
    const ns_npu_options options = npu_options(t);
    ns_tensor inputs[MOST + 1] = {0};
    if (count >= MOST || ns_npu_output_count(stream) >= MOST)
        return;
    for (int i = 0; i <= count; i++) {
        const ns_npu_io scalar = {.element_bytes = 1}, *io = i < count ? ns_npu_input(stream, i) : &scalar;
        if (!make_tensor(t, i, ns_dtype_of_size(io->element_bytes), io->rank, io->shape, &inputs[i]))
            return;
    }
    ns_tensor outputs[MOST];
    for (int runs = 0; runs < 2; runs++)
        check(ns_npu_run(stream, &options, inputs, other_count(t, count), t->arena, outputs, NULL, &error),
              &error);
}

static void run_program(trial *t, const uint8_t *data, size_t size)
{
    ns_error error = {0};
    ns_program *program = NULL;
    if (ns_program_read(data, size, NS_ACCELERATOR_UNKNOWN, t->arena, &program, &error) != NS_OK)
        return;
    const int count = ns_program_input_count(program);
    const ns_npu_options options = npu_options(t);
    const void *values[MOST + 1] = {0};
    size_t sizes[MOST + 1] = {0};
    if (count >= MOST || ns_program_output_count(program) >= MOST)
        return;
    for (int i = 0; i < count; i++) {
        const ns_program_tensor *tensor = ns_program_input(program, i);
        sizes[i] = tensor ? tensor->count * (size_t)ns_scalar_bytes(tensor->scalar) : 0;
        if (t->head[3] % 4 == i)
            sizes[i] += (size_t)(t->head[4] % 3) - (sizes[i] > 0);
        uint8_t *bytes = ns_arena_alloc(t->arena, sizes[i], 1);
        for (size_t k = 0; bytes && k < sizes[i]; k++)
            bytes[k] = (uint8_t)(k * t->head[5]);
        if (!(values[i] = bytes))
            return;
    }
    ns_program_tensor outputs[MOST];
    const ns_program_inputs inputs = {.count = other_count(t, count), .data = values, .sizes = sizes};
    for (int runs = 0; runs < 2; runs++)
        check(ns_program_run(program, &options, &inputs, t->arena, outputs, NULL, &error), &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD + 8)
        return 0;
    ns_budget budget;
    ns_budget_open(&budget, (uint64_t)64 << 20, (uint64_t)1 << 22, 0.5);
    trial t = {.head = data, .budget = &budget, .arena = ns_arena_new_within(&budget)};
    const uint8_t *file = data + HEAD;
    size -= HEAD;
    if (memcmp(file + 4, "TOSA", 4) == 0)
        run_graph(&t, file, size);
    else if (memcmp(file + 4, "ET", 2) == 0)
        run_program(&t, file, size);
    else
        run_stream(&t, file, size);
    ns_arena_free(t.arena);
    if (budget.memory != 0)
        abort(); /* the books are closed */
    return 0;
}

/* Three of four change the choices only. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    if (size < HEAD || seed % 4 == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    for (unsigned n = 0; n < 1 + seed / 4 % 3; n++) {
        seed = seed * 1103515245u + 12345u;
        data[seed / 65536 % HEAD] = (uint8_t)(seed / 256);
    }
    return size;
}
