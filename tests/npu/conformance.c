/* Runs a corpus of compiled TOSA graphs (docs/conformance.md): for each case folder the inputs in<i>.npy, the
 * reference model's outputs out<i>.npy and one <accelerator>*_vela.npz per stream. Prints a line per stream
 * that is not equal in every element and a summary; the exit code is 1 when there is one.
 *
 *   test_npu_conformance FOLDER [ACCELERATOR-PREFIX]...
 *
 * Without arguments: the checked-in corpus in tests/data/conformance, all accelerators that are supported. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/file.h"
#include "formats/npy.h"
#include "npuscope/npu.h"

#define MAX_IO 16

typedef struct corpus_tally {
    int streams, exact, different, failed, rules;
} corpus_tally;

static void count_rule(void *context, const char *text)
{
    if (getenv("NPUSCOPE_HAZARDS"))
        puts(text);
    ++*(int *)context;
}

static ns_code load(const char *folder, const char *file, int index, ns_arena *arena, ns_tensor *out,
                    ns_error *error)
{
    static const ns_dtype dtypes[] = {
        [1] = NS_DTYPE_INT8, [2] = NS_DTYPE_INT16, [4] = NS_DTYPE_INT32, [8] = NS_DTYPE_INT64};
    char path[2048];
    ns_npy array;
    snprintf(path, sizeof path, "%s/%s%d.npy", folder, file, index);
    NS_TRY(ns_npy_load(path, arena, &array, error));
    ns_dtype dtype = array.type == NS_NPY_BOOL ? NS_DTYPE_BOOL
                     : array.item_size <= 8    ? dtypes[array.item_size]
                                               : 0;
    return ns_npy_to_tensor(&array, dtype, out, error);
}

/* The case's inputs that the stream takes: a constant or unused input of the graph is not among them. Vela
 * keeps the graph's order, and element counts tell which are missing. */
static ns_code load_inputs(const ns_npu_stream *stream, const char *folder, ns_arena *arena,
                           ns_tensor *inputs, ns_error *error)
{
    for (int i = 0; i < ns_npu_input_count(stream); i++)
        NS_TRY(load(folder, "in", i, arena, &inputs[i], error));
    return NS_OK;
}

static ns_code run_stream(const char *folder, const char *file, ns_arena *arena, int *rules,
                          int64_t *different, ns_error *error)
{
    char path[2048];
    ns_bytes bytes;
    ns_npu_stream *stream;
    ns_tensor inputs[MAX_IO], outputs[MAX_IO], expected;
    ns_npu_options options = {.cpu_mask = ns_cpu_detect(),
                              .message = count_rule,
                              .context = rules,
                              .hazards = getenv("NPUSCOPE_HAZARDS") != NULL};
    snprintf(path, sizeof path, "%s/%s", folder, file);
    NS_TRY(ns_file_read(path, arena, &bytes, error));
    NS_TRY(ns_npu_load_npz(bytes.data, bytes.size, NS_ACCELERATOR_UNKNOWN, arena, &stream, error));
    if (ns_npu_input_count(stream) > MAX_IO || ns_npu_output_count(stream) > MAX_IO)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "over %d inputs or outputs", MAX_IO);
    NS_TRY(load_inputs(stream, folder, arena, inputs, error));
    NS_TRY(ns_npu_run(stream, &options, inputs, ns_npu_input_count(stream), arena, outputs, NULL, error));
    for (int i = 0; i < ns_npu_output_count(stream); i++) {
        NS_TRY(load(folder, "out", i, arena, &expected, error));
        if (ns_tensor_count(&outputs[i]) != ns_tensor_count(&expected))
            return ns_fail(error, NS_ERROR_MISMATCH, "output %d has %zu elements, want %zu", i,
                           ns_tensor_count(&outputs[i]), ns_tensor_count(&expected));
        for (size_t e = 0; e < ns_tensor_count(&expected); e++)
            *different += ns_tensor_get(&outputs[i], e) != ns_tensor_get(&expected, e);
    }
    return NS_OK;
}

static bool chosen(const char *file, int prefix_count, char **prefixes)
{
    size_t length = strlen(file);
    if (length < 4 || strcmp(file + length - 4, ".npz") != 0)
        return false;
    for (int i = 0; i < prefix_count; i++)
        if (strncmp(file, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return prefix_count == 0;
}

static void run_case(const char *folder, const char *name, int prefix_count, char **prefixes,
                     corpus_tally *tally)
{
    struct dirent **files;
    int count = scandir(folder, &files, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        const char *file = files[i]->d_name;
        if (chosen(file, prefix_count, prefixes)) {
            ns_arena *arena = ns_arena_new();
            ns_error error = {0};
            int64_t different = 0;
            int rules = 0;
            ns_code code = run_stream(folder, file, arena, &rules, &different, &error);
            tally->streams++;
            tally->exact += code == NS_OK && different == 0;
            tally->different += code == NS_OK && different != 0;
            tally->failed += code != NS_OK;
            tally->rules += rules != 0;
            if (code != NS_OK)
                printf("FAILED %s %s: %s\n", name, file, error.message);
            else if (different)
                printf("DIFFERENT %s %s: %lld elements%s\n", name, file, (long long)different,
                       rules ? " (a chip rule struck)" : "");
            ns_arena_free(arena);
        }
        free(files[i]);
    }
    if (count >= 0)
        free(files);
}

int main(int argc, char **argv)
{
    char standard[1024], folder[2048];
    const char *data = getenv("NPUSCOPE_TEST_DATA");
    snprintf(standard, sizeof standard, "%s/conformance", data ? data : "tests/data");
    const char *root = argc > 1 ? argv[1] : standard;
    struct dirent **cases;
    int count = scandir(root, &cases, NULL, alphasort);
    if (count < 0) {
        fprintf(stderr, "cannot read %s\n", root);
        return 2;
    }
    corpus_tally tally = {0};
    for (int i = 0; i < count; i++) {
        if (cases[i]->d_name[0] != '.') {
            snprintf(folder, sizeof folder, "%s/%s", root, cases[i]->d_name);
            run_case(folder, cases[i]->d_name, argc > 2 ? argc - 2 : 0, argv + 2, &tally);
        }
        free(cases[i]);
    }
    free(cases);
    printf("%d streams: %d exact, %d different, %d failed; a chip rule struck in %d\n", tally.streams,
           tally.exact, tally.different, tally.failed, tally.rules);
    return tally.streams > 0 && tally.exact == tally.streams ? 0 : 1;
}
