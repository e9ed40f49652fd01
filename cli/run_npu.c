/* npuscope run: Vela's command streams, and what each operation of one produced (--tap). */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/interface.h"
#include "formats/interface.h"
#include "npuscope/npu.h"
#include "run.h"

/* ---- tap ---- */

/* An entry of --tap-only: numbers from `low` to `high`, or where that is -1 a tensor's name. */
typedef struct entry {
    long low, high;
    const char *name;
    size_t length;
} entry;

/* Takes the entry at *list off; what is neither a number nor a range is a name. False: none is left. */
static bool next_entry(const char **list, entry *out)
{
    const char *at = *list;
    char *end = NULL;
    if (!at || !*at)
        return false;
    *out = (entry){-1, -1, at, strcspn(at, ",")};
    *list = at + out->length + (at[out->length] == ',');
    if (!isdigit((unsigned char)*at))
        return true;
    const long low = strtol(at, &end, 10);
    const long high = *end == '-' && isdigit((unsigned char)end[1]) ? strtol(end + 1, &end, 10) : low;
    if (end == at + out->length && high >= low) {
        out->low = low;
        out->high = high;
    }
    return true;
}

bool ns_run_tap_wanted(const char *list, int number, const char *tensor)
{
    entry e;
    bool wanted = !list;
    while (next_entry(&list, &e))
        wanted = wanted ||
                 (e.low >= 0 ? number >= e.low && number <= e.high
                             : tensor && strlen(tensor) == e.length && memcmp(tensor, e.name, e.length) == 0);
    return wanted;
}

ns_code ns_run_tap_check(const char *list, bool (*has)(const void *context, const char *name),
                         const void *context, ns_arena *arena, ns_error *error)
{
    entry e;
    const char *whole = list;
    while (next_entry(&list, &e)) {
        const char *name = ns_arena_format(arena, "%.*s", (int)e.length, e.name);
        if (!name)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
        if (e.low < 0 && !has(context, name))
            return ns_fail(
                error, NS_ERROR_USAGE,
                "--tap-only %s: '%s' is no tensor that an operation writes; expected numbers and ranges "
                "such as 3,7-9, or names of tensors (of a stream: with --debug-db)",
                whole, name);
    }
    return NS_OK;
}

static ns_npy_type unsigned_type(ns_npy_type type)
{
    return type == NS_NPY_INT8    ? NS_NPY_UINT8
           : type == NS_NPY_INT16 ? NS_NPY_UINT16
           : type == NS_NPY_INT32 ? NS_NPY_UINT32
                                  : type;
}

/* The operation's name as a part of a file's; with the tensor's that it writes where that is known. */
static void name_file(const ns_npu_tap *tap, const ns_vela_debug_operation *source, char name[120])
{
    snprintf(name, 120, "%.39s%s%.70s", tap->name, source && source->output[0] ? "_" : "",
             source ? source->output : "");
    for (char *c = name; *c; c++)
        *c = isalnum((unsigned char)*c) || *c == '.' || *c == '-' ? *c : '_';
}

static ns_code tap_operation(ns_run_tap *run, const ns_npu_tap *tap, ns_error *error)
{
    char name[120], file[160];
    ns_npy array;
    const ns_vela_debug_operation *source = run->debug ? ns_vela_debug_find(run->debug, tap->word) : NULL;
    name_file(tap, source, name);
    if (run->call)
        snprintf(file, sizeof file, "d%d_%04d_%s.npy", run->call, tap->operation, name);
    else
        snprintf(file, sizeof file, "%04d_%s.npy", tap->operation, name);
    NS_TRY(ns_npy_from_tensor(tap->data, &array, error));
    if (tap->is_unsigned)
        array.type = unsigned_type(array.type);
    const char *path = ns_arena_format(run->arena, "%s/%s", run->settings->tap, file);
    if (!path)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
    NS_TRY(ns_npy_save(&array, path, run->arena, error));
    ns_json *json = &run->json;
    ns_json_object(json, NULL);
    ns_json_integer(json, "call", run->call);
    ns_json_integer(json, "operation", tap->operation);
    ns_json_integer(json, "command", (int64_t)tap->command);
    ns_json_integer(json, "word", (int64_t)tap->word);
    ns_json_text(json, "name", tap->name);
    ns_json_text(json, "file", file);
    if (run->debug) {
        ns_json_text(json, "tensor", source && source->output[0] ? source->output : NULL);
        ns_json_integer(json, "operator", source ? source->index : -1);
    }
    ns_json_integer(json, "region", tap->region);
    ns_json_integer(json, "address", (int64_t)tap->address);
    ns_json_text(json, "type", ns_npy_type_text(array.type));
    ns_json_integers(json, "shape", 3, tap->data->shape);
    ns_json_integer(json, "saturated", tap->saturated);
    ns_run_tap_summary(run->cli, run->settings, json, tap->operation, tap->name, NULL, &array);
    ns_json_end(json);
    return NS_OK;
}

/* Whether the operation's OFM begins in the memory of the output. */
static bool writes_output(const ns_npu_tap *tap, const ns_npu_io *io)
{
    uint64_t bytes = (uint64_t)io->element_bytes;
    for (int d = 0; d < io->rank; d++)
        bytes *= (uint64_t)io->shape[d];
    return tap->region == io->region && tap->address >= io->offset && tap->address < io->offset + bytes;
}

static ns_code take_tap(void *context, const ns_npu_tap *tap, ns_error *error)
{
    ns_run_tap *run = context;
    const ns_vela_debug_operation *source = run->debug ? ns_vela_debug_find(run->debug, tap->word) : NULL;
    if (tap->operation <= run->last)
        run->call++;
    run->last = tap->operation;
    for (int i = 0; run->stream && i < ns_npu_output_count(run->stream); i++)
        if (writes_output(tap, ns_npu_output(run->stream, i)))
            run->writers[i] = tap->operation;
    if (!ns_run_tap_wanted(run->settings->tap_only, tap->operation, source ? source->output : NULL))
        return NS_OK;
    NS_TRY(ns_budget_spend(run->cli->budget, NS_RUN_TAP_FILE_WORK, error));
    ns_code code = tap_operation(run, tap, error);
    ns_arena_reset(run->arena);
    return code;
}

static ns_code write_tap_json(ns_run_tap *run, ns_error *error)
{
    ns_json *json = &run->json;
    ns_bytes bytes;
    const int outputs = run->stream ? ns_npu_output_count(run->stream) : 0;
    ns_json_end(json);
    if (outputs)
        ns_json_array(json, "outputs");
    for (int i = 0; i < outputs; i++) {
        ns_json_object(json, NULL);
        ns_json_integer(json, "output", i);
        ns_json_text(json, "name", ns_npu_output(run->stream, i)->name);
        ns_json_integer(json, "operation", run->writers[i]);
        ns_json_end(json);
    }
    if (outputs)
        ns_json_end(json);
    if (run->between) {
        ns_bytes delegates;
        ns_json_end(&run->between_json);
        ns_json_end(&run->between_json);
        NS_TRY(ns_json_finish(&run->between_json, "tap.json", &delegates, error));
        ns_json_document(json, "delegates", delegates);
    }
    ns_json_end(json);
    const char *path = ns_arena_format(run->cli->arena, "%s/tap.json", run->settings->tap);
    if (!path)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for tap.json");
    NS_TRY(ns_json_finish(json, "tap.json", &bytes, error));
    return ns_file_write(path, bytes, error);
}

/* ---- between delegates ---- */

static ns_code tap_tensors(ns_run_tap *run, const char *kind, int count, const ns_tensor *tensors,
                           ns_error *error)
{
    ns_json_array(&run->between_json, kind);
    for (int i = 0; i < count; i++) {
        ns_npy array;
        char file[48];
        snprintf(file, sizeof file, "d%d_%s%d.npy", run->between, kind, i);
        const char *path = ns_arena_format(run->arena, "%s/%s", run->settings->tap, file);
        if (!path)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
        NS_TRY(ns_budget_spend(run->cli->budget, NS_RUN_TAP_FILE_WORK, error));
        NS_TRY(ns_npy_from_tensor(&tensors[i], &array, error));
        NS_TRY(ns_npy_save(&array, path, run->arena, error));
        ns_json_text(&run->between_json, NULL, file);
    }
    ns_json_end(&run->between_json);
    return NS_OK;
}

ns_code ns_run_tap_delegate(void *context, const ns_program_delegate_call *call, ns_error *error)
{
    ns_run_tap *run = context;
    if (!run->settings->tap)
        return NS_OK;
    if (!run->between_text.arena) {
        run->between_text = (ns_buffer){.arena = run->cli->arena};
        run->between_json = ns_json_begin(&run->between_text, true, 17);
        ns_json_object(&run->between_json, NULL);
        ns_json_array(&run->between_json, "calls");
    }
    if (call->outputs) {
        NS_TRY(tap_tensors(run, "out", call->output_count, call->outputs, error));
        ns_json_end(&run->between_json);
        run->between++;
    } else {
        ns_json_object(&run->between_json, NULL);
        ns_json_integer(&run->between_json, "call", run->between);
        ns_json_integer(&run->between_json, "delegate", call->delegate);
        NS_TRY(tap_tensors(run, "in", call->input_count, call->inputs, error));
    }
    ns_arena_reset(run->arena);
    return NS_OK;
}

static ns_code read_debug(ns_run_tap *tap, ns_error *error)
{
    ns_bytes bytes;
    if (!tap->settings->debug_db)
        return NS_OK;
    NS_TRY(ns_file_read(tap->settings->debug_db, tap->cli->arena, &bytes, error));
    if (ns_vela_debug_read(bytes.data, bytes.size, tap->cli->arena, &tap->debug, error) != NS_OK)
        return ns_add_context(error, "%s", tap->settings->debug_db);
    return NS_OK;
}

/* By an operation of the debug database; NULL: no names are known. */
static bool is_written(const void *debug_, const char *name)
{
    const ns_vela_debug *debug = debug_;
    for (int i = 0; debug && i < debug->operation_count; i++)
        if (strcmp(debug->operations[i].output, name) == 0)
            return true;
    return false;
}

ns_code ns_run_tap_open(ns_run_tap *tap, ns_cli *cli, const ns_run_settings *settings,
                        const ns_npu_stream *stream, ns_npu_options *options, ns_error *error)
{
    *tap = (ns_run_tap){
        .cli = cli, .settings = settings, .text = {.arena = cli->arena}, .last = -1, .stream = stream};
    *options = (ns_npu_options){
        .budget = cli->budget,
        .cpu_mask = settings->cpu_mask,
        .hazards = settings->hazards || settings->check,
        .check = settings->check,
        .strict_chip = settings->strict_chip,
        .message = ns_cli_warn,
        .tap = settings->tap ? take_tap : NULL,
        .context = tap,
    };
    if (settings->debug_db && (!settings->tap || !stream))
        return ns_fail(error, NS_ERROR_USAGE, "--debug-db names the taps of a command stream: --tap DIR");
    if (!settings->tap)
        return NS_OK;
    NS_TRY(read_debug(tap, error));
    NS_TRY(ns_run_tap_check(settings->tap_only, is_written, tap->debug, cli->arena, error));
    NS_TRY(ns_folder_make(settings->tap, error));
    tap->json = ns_json_begin(&tap->text, true, 17);
    tap->json.lines = 2; /* an operation a line */
    ns_run_tap_heading(cli);
    ns_json_object(&tap->json, NULL);
    ns_json_text(&tap->json, "schema", "npuscope/tap/1");
    ns_json_array(&tap->json, "operations");
    const int output_count = stream ? ns_npu_output_count(stream) : 0;
    tap->writers = NS_ARENA_ARRAY(cli->arena, (size_t)output_count, int);
    for (int i = 0; tap->writers && i < output_count; i++)
        tap->writers[i] = -1;
    tap->arena = tap->writers ? ns_arena_new_within(cli->budget) : NULL;
    return tap->arena ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for the tap");
}

ns_code ns_run_tap_close(ns_run_tap *tap, ns_code code, const ns_npu_statistics *statistics, ns_error *error)
{
    ns_arena_free(tap->arena);
    NS_TRY(code);
    if (tap->settings->tap)
        NS_TRY(write_tap_json(tap, error));
    if (statistics->signs || (tap->settings->check && statistics->possible_signs))
        return ns_fail(
            error, NS_ERROR_UNDEFINED,
            "%zu sign%s that the stream is wrong and %zu that it may be (see the warnings); the first: %s",
            statistics->signs, statistics->signs == 1 ? "" : "s", statistics->possible_signs,
            statistics->signs ? statistics->sign : statistics->possible_sign);
    if (statistics->hazards)
        return ns_fail(error, NS_ERROR_UNDEFINED,
                       "%zu hazard%s (see the warnings): waits or block dependencies are missing",
                       statistics->hazards, statistics->hazards == 1 ? "" : "s");
    if (tap->settings->check || tap->settings->hazards)
        fprintf(tap->cli->out, "%s checked, nothing found\n",
                tap->settings->check ? "memory and hazards" : "hazards");
    return NS_OK;
}

ns_code ns_run_accelerator(const ns_run_settings *settings, ns_accelerator *out, ns_error *error)
{
    *out = NS_ACCELERATOR_UNKNOWN;
    return settings->accelerator ? ns_accelerator_parse(settings->accelerator, out, error) : NS_OK;
}

static ns_code run_npz(ns_cli *cli, const ns_run_settings *settings, ns_bytes bytes, int *output_count,
                       ns_run_tensor **outputs, ns_error *error)
{
    ns_accelerator accelerator;
    ns_npu_stream *stream;
    NS_TRY(ns_run_accelerator(settings, &accelerator, error));
    NS_TRY(ns_npu_load_npz(bytes.data, bytes.size, accelerator, cli->arena, &stream, error));
    return ns_run_stream(cli, settings, stream, output_count, outputs, error);
}

const ns_model_kind ns_run_npz_kind = {.name = "Vela npz", .probe = ns_npz_probe, .run = run_npz};
