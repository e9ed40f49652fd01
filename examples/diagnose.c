/* Says which operator of a TOSA graph loses precision, why, and what mends it.
 *
 *   diagnose MODEL.tosa SAMPLES IN.raw.. */
#include <npuscope/npuscope.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *message)
{
    fprintf(stderr, "%s\n", message);
    return 2;
}

static void show(const ns_diagnose_precision *found)
{
    printf("%s: %s\n", ns_diagnose_verdict_text(found->verdict), found->reason);
    printf("against float %.1f dB, without the faults %.1f dB\n", found->against_float_db,
           found->without_faults_db);
    for (int i = 0; i < found->blame_count; i++) {
        const ns_diagnose_blame *blame = &found->blame[i];
        const ns_diagnose_stage *stage = &found->stages[blame->stage];
        printf("operator %d %s '%s' costs %.1f dB: %s\n", stage->operator_index, stage->op, stage->output,
               blame->gain_db, blame->why);
        for (int k = 0; k < blame->mend_count; k++)
            printf("  mend: %s; then %.1f dB\n", blame->mends[k].text, blame->mends[k].mended_db);
    }
}

/* `samples` of one input: a tensor of the graph with data of its own, aligned as tensors want it. */
static ns_code read_input(const char *path, size_t samples, ns_arena *arena, ns_tensor *tensor,
                          ns_error *error)
{
    const size_t size = samples * ns_tensor_count(tensor) * (size_t)ns_dtype_bytes(tensor->dtype);
    FILE *file = fopen(path, "rb");
    tensor->data = ns_arena_alloc(arena, size + 1, 1);
    const size_t got = file && tensor->data ? fread(tensor->data, 1, size + 1, file) : 0;
    if (file)
        fclose(file);
    return got == size ? NS_OK : ns_fail(error, NS_ERROR_INPUT, "%s: not %zu bytes", path, size);
}

int main(int argc, char **argv)
{
    ns_error error;
    ns_model *model = NULL;
    if (argc < 4)
        return fail("usage: diagnose MODEL.tosa SAMPLES IN.raw..");
    if (ns_model_open(argv[1], NS_ACCELERATOR_UNKNOWN, NULL, &model, &error) != NS_OK)
        return fail(error.message);
    const ns_graph *graph = ns_model_graph(model);
    if (!graph)
        return fail("not a .tosa graph");
    const ns_block *block = &graph->regions[0].blocks[0];
    if (block->input_count != argc - 3 || block->input_count > 16)
        return fail("one file for each input");

    ns_arena *arena = ns_arena_new();
    ns_tensor inputs[16];
    for (int i = 0; i < block->input_count; i++) {
        inputs[i] = block->tensors[block->inputs[i]].tensor;
        if (read_input(argv[3 + i], strtoul(argv[2], NULL, 10), arena, &inputs[i], &error) != NS_OK)
            return fail(error.message);
    }
    ns_diagnose_options options = {0};
    options.size = sizeof options;
    options.inputs = inputs;
    options.input_count = block->input_count;
    options.samples = atoi(argv[2]);
    options.cpu_mask = ns_cpu_detect();
    ns_diagnose_precision found;
    if (ns_diagnose_precision_run(graph, &options, arena, &found, &error) != NS_OK)
        return fail(error.message);
    show(&found);
    const int status = ns_diagnose_verdict_fails(found.verdict);
    ns_arena_free(arena);
    ns_model_free(model);
    return status;
}
