/* Runs any model on raw samples and says what every operator made of the first.
 *
 *   run MODEL SAMPLES IN.raw.. OUT.raw
 *
 * MODEL is a .tosa graph, an .npz or .tflite that Vela has compiled, or a .pte program. Each IN.raw has the
 * elements of SAMPLES samples of one input, one sample behind the other; OUT.raw gets the first output's. */
#include <npuscope/npuscope.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(const char *message)
{
    fprintf(stderr, "%s\n", message);
    return 2;
}

/* All bytes of a file, which the caller frees; NULL where it has another number of them. */
static void *read_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    void *bytes = file ? malloc(size + 1) : NULL;
    const size_t got = bytes ? fread(bytes, 1, size + 1, file) : 0;
    if (file)
        fclose(file);
    if (got == size)
        return bytes;
    free(bytes);
    return NULL;
}

/* Called with each operator's result, which is valid until the callback returns. */
static ns_code show(void *context, const ns_model_tap *tap, ns_error *error)
{
    (void)context;
    (void)error;
    int64_t least = INT64_MAX, most = INT64_MIN;
    const bool integers = ns_dtype_is_integer(tap->data->dtype) && !tap->is_unsigned;
    for (size_t i = 0; integers && i < ns_tensor_count(tap->data); i++) {
        const int64_t value = ns_tensor_get(tap->data, i);
        least = value < least ? value : least;
        most = value > most ? value : most;
    }
    char text[128];
    printf("%3d  %-16s %s", tap->number, tap->name, ns_tensor_describe(tap->data, text, sizeof text));
    if (integers)
        printf("  %lld to %lld", (long long)least, (long long)most);
    puts("");
    return NS_OK;
}

/* Warnings of the run: chip rules, hazards. */
static void warn(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "warning: %s\n", text);
}

int main(int argc, char **argv)
{
    ns_error error;
    ns_model *model = NULL;
    if (argc < 4)
        return fail("usage: run MODEL SAMPLES IN.raw.. OUT.raw");
    const size_t samples = strtoul(argv[2], NULL, 10);
    /* Files may come from strangers: at most 1 GiB, and ten seconds. */
    ns_budget budget;
    ns_budget_open(&budget, (uint64_t)1 << 30, 0, 10);
    if (ns_model_open(argv[1], NS_ACCELERATOR_UNKNOWN, &budget, &model, &error) != NS_OK)
        return fail(error.message);
    const int count = ns_model_input_count(model);
    if (argc != 4 + count || ns_model_output_count(model) < 1)
        return fail("one file for each input, and one for the output");

    const void *inputs[64] = {NULL}, *outputs[64];
    if (count > 64 || ns_model_output_count(model) > 64)
        return fail("more inputs or outputs than this example has room for");
    for (int i = 0; i < count; i++)
        if (!(inputs[i] = read_file(argv[3 + i], samples * ns_model_input(model, i)->bytes)))
            return fail("an input cannot be read, or is not as long as the samples");
    ns_arena *arena = ns_arena_new_within(&budget);
    ns_model_options options = {0};
    options.size = sizeof options;
    options.cpu_mask = ns_cpu_detect();
    options.budget = &budget;
    options.message = warn;

    /* With a tap for the first sample, then all of them: an evaluator that is not watched is faster. */
    options.tap = show;
    ns_code code = ns_model_run(model, &options, inputs, 1, arena, outputs, NULL, &error);
    options.tap = NULL;
    if (code == NS_OK)
        code = ns_model_run(model, &options, inputs, samples, arena, outputs, NULL, &error);
    if (code != NS_OK)
        return fail(error.message);
    FILE *file = fopen(argv[3 + count], "wb");
    const size_t size = samples * ns_model_output(model, 0)->bytes;
    if (!file || fwrite(outputs[0], 1, size, file) != size || fclose(file) != 0)
        return fail("the output cannot be written");
    for (int i = 0; i < count; i++)
        free((void *)(uintptr_t)inputs[i]);
    ns_arena_free(arena);
    ns_model_free(model);
    return 0;
}
