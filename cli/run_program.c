/* npuscope run: ExecuTorch programs whose delegates are Ethos-U command streams. */
#include <stdio.h>
#include <string.h>

#include "base/interface.h"
#include "program/interface.h"
#include "run.h"
#include "shared.h"

static ns_code make_output(ns_cli *cli, const ns_program_tensor *tensor, int index, ns_run_tensor *out,
                           ns_error *error)
{
    if (!tensor->data)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "output %d is no tensor: only tensors can be written",
                       index);
    ns_npy *array = NS_ARENA_NEW(cli->arena, ns_npy);
    out->name = ns_arena_format(cli->arena, "out%d", index);
    if (!array || !out->name)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for output %d", index);
    NS_TRY(ns_program_files_describe(tensor, array, error));
    array->data = ns_arena_alloc(cli->arena, tensor->count * array->item_size, 1);
    if (!array->data)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for output %d", index);
    ns_program_from_memory_order(tensor, array->data);
    out->array = array;
    return NS_OK;
}

/* An input's dim, of which the files gave less than its upper bound. */
typedef struct given_dim {
    int64_t bound, given;
} given_dim;

/* The first such dim with this bound, at place `place` of any input (-1: at any place) and not in `taken`. */
static bool find_given(const ns_program *program, const ns_program_files *files, int place, int64_t bound,
                       int taken_count, const given_dim *taken, given_dim *out)
{
    for (int i = 0; i < ns_program_input_count(program); i++) {
        const ns_program_tensor *input = ns_program_input(program, i);
        for (int d = 0; files->shapes[i] && d < input->rank; d++) {
            const given_dim found = {input->shape[d], files->shapes[i][d]};
            bool free = (place < 0 || d == place) && found.bound == bound && found.given < bound;
            for (int t = 0; t < taken_count; t++)
                free = free && (taken[t].bound != found.bound || taken[t].given != found.given);
            *out = found;
            if (free)
                return true;
        }
    }
    return false;
}

/* The dims of a result that were given, for its bounds `whole`: those at the same place in an input, and then
 * those that stand elsewhere and have not been found yet, as after a transposition. The file does not tell
 * which is which. */
static void given_shape(const ns_program *program, const ns_program_files *files, const ns_npy *whole,
                        int64_t *shape)
{
    given_dim taken[NS_MAX_RANK], found;
    int count = 0, same = 0;
    for (int d = 0; d < whole->rank; d++) {
        shape[d] = whole->shape[d];
        if (find_given(program, files, d, whole->shape[d], 0, NULL, &found)) {
            taken[count++] = found;
            shape[d] = found.given;
        }
    }
    same = count;
    for (int d = 0; d < whole->rank; d++)
        if (shape[d] == whole->shape[d] && find_given(program, files, -1, shape[d], same, taken, &found))
            shape[d] = found.given;
}

/* Of dynamic dims only what was given: a program with a delegate runs on the upper bounds. */
static void cut(const ns_program *program, const ns_program_files *files, const ns_program_tensor *result,
                ns_npy *array)
{
    ns_npy whole = *array;
    int64_t index[NS_MAX_RANK] = {0};
    if (!result->dynamic || !ns_program_delegate_count(program))
        return;
    given_shape(program, files, &whole, array->shape);
    array->count = 1;
    for (int d = 0; d < array->rank; d++)
        array->count *= (size_t)array->shape[d];
    for (size_t i = 0; i < array->count; i++) { /* in place: each moves towards the front */
        size_t at = 0;
        for (int d = 0; d < array->rank; d++)
            at = at * (size_t)whole.shape[d] + (size_t)index[d];
        memmove((uint8_t *)array->data + i * array->item_size,
                (const uint8_t *)whole.data + at * array->item_size, array->item_size);
        for (int d = array->rank - 1; d >= 0 && ++index[d] == array->shape[d]; d--)
            index[d] = 0;
    }
}

/* What a bundle expects, beside the outputs. */
static ns_code show_expected(ns_cli *cli, const ns_run_settings *settings, const ns_program *program,
                             ns_run_tensor *outputs, ns_error *error)
{
    for (int i = 0; i < ns_program_output_count(program); i++) {
        const ns_program_tensor *expected = ns_program_case_expected(program, (int)settings->test, i);
        ns_npy array;
        if (!expected)
            continue;
        NS_TRY(ns_program_files_describe(expected, &array, error));
        array.data = ns_arena_alloc(cli->arena, array.count, array.item_size);
        if (!array.data)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for an expected output");
        ns_program_from_memory_order(expected, array.data);
        NS_TRY(ns_run_expected(cli, settings, i, outputs[i].array, &array, error));
    }
    return NS_OK;
}

/* Methods are named where there are several and none is chosen. */
static void tell_methods(const ns_run_settings *settings, const ns_program *program)
{
    if (settings->method || ns_program_method_count(program) < 2)
        return;
    char names[NS_MESSAGE_SIZE] = "";
    size_t used = 0;
    for (int i = 0; i < ns_program_method_count(program) && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s %s", i ? "," : "",
                                 ns_program_method_name(program, i));
    ns_cli_say("npuscope: the program has %d methods:%s; '%s' is run (--method NAME)",
               ns_program_method_count(program), names, ns_program_method(program));
}

static ns_code check_case(const ns_run_settings *settings, const ns_program *program, ns_error *error)
{
    const int count = ns_program_case_count(program);
    if (settings->test == 0 || (settings->test > 0 && settings->test < count))
        return NS_OK;
    return ns_fail(error, NS_ERROR_USAGE, "--case %lld: the file has %d test case%s of method '%s', from 0",
                   (long long)settings->test, count, count == 1 ? "" : "s", ns_program_method(program));
}

static ns_code run(ns_cli *cli, const ns_run_settings *settings, ns_bytes bytes, int *output_count,
                   ns_run_tensor **outputs, ns_error *error)
{
    ns_accelerator accelerator;
    ns_program *program = NULL;
    ns_program_files files;
    NS_TRY(ns_run_accelerator(settings, &accelerator, error));
    NS_TRY(ns_program_read_method(bytes.data, bytes.size, settings->method, accelerator, cli->arena, &program,
                                  error));
    tell_methods(settings, program);
    NS_TRY(check_case(settings, program, error));
    const int input_count = ns_program_input_count(program), count = ns_program_output_count(program);
    ns_program_tensor *results = NS_ARENA_ARRAY(cli->arena, (size_t)count, ns_program_tensor);
    ns_run_tensor *out = NS_ARENA_ARRAY(cli->arena, (size_t)count, ns_run_tensor);
    ns_program_statistics statistics = {0};
    ns_npu_options options;
    ns_run_tap tap;
    if (!results || !out)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its inputs and outputs");
    NS_TRY(ns_program_files_new(program, cli->arena, &files, error));
    files.test = (int)settings->test;
    NS_TRY(ns_program_files_load(cli, &settings->inputs, program, &files, error));
    NS_TRY(ns_run_tap_open(&tap, cli, settings, NULL, &options, error));
    const ns_program_watch watch = {ns_run_tap_delegate, &tap};
    const int64_t *const *shapes = ns_program_delegate_count(program) ? NULL : files.shapes; /* see cut */
    ns_code code = ns_program_run_watched(program, &options,
                                          &(ns_program_inputs){input_count, files.data, files.sizes, shapes},
                                          &watch, cli->arena, results, &statistics, error);
    NS_TRY(ns_run_tap_close(&tap, code, &statistics.npu, error));
    for (int i = 0; i < count; i++) {
        NS_TRY(make_output(cli, &results[i], i, &out[i], error));
        cut(program, &files, &results[i], (ns_npy *)(uintptr_t)out[i].array);
    }
    *output_count = count;
    *outputs = out;
    return settings->inputs.count == 0 && ns_program_case_count(program)
               ? show_expected(cli, settings, program, out, error)
               : NS_OK;
}

const ns_model_kind ns_run_program_kind = {
    .name = "ExecuTorch program", .probe = ns_program_files_probe, .run = run};
