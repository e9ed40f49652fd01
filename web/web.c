/* What the page of web/page.html asks of npuscope: one call each, from the bytes of files to a JSON text.
 *
 * The page's JavaScript frees what it is given with free(). Nothing is kept between calls. */
#include <stdlib.h>
#include <string.h>

#include "base/interface.h"
#include "formats/interface.h"
#include "npuscope/diagnose.h"
#include "npuscope/eval.h"
#include "report/interface.h"

#define MOST_INPUTS 16

/* Values of a result that the page shows. */
#define SHOWN 64

typedef struct request {
    ns_arena *arena;
    ns_budget budget;
    ns_graph *graph;
    int count; /* inputs: samples one behind the other */
    int samples;
    ns_tensor inputs[MOST_INPUTS];
} request;

/* ---- inputs ---- */

/* The array's samples in the type that the graph declares. */
static ns_code take_input(request *r, int index, ns_bytes file, ns_error *error)
{
    const ns_block *block = &r->graph->regions[0].blocks[0];
    const ns_tensor *declared = &block->tensors[block->inputs[index]].tensor;
    const size_t one = ns_tensor_count(declared);
    ns_npy array;
    ns_tensor given;
    NS_TRY(ns_npy_read(file, "an input", r->arena, &array, error));
    NS_TRY(ns_npy_to_tensor(&array, declared->dtype, &given, error));
    const size_t count = ns_tensor_count(&given);
    if (one == 0 || count % one != 0 || (index > 0 && count / one != (size_t)r->samples))
        return ns_fail(error, NS_ERROR_INPUT, "input %d has %zu elements; the graph takes %zu a sample",
                       index, count, one);
    r->samples = (int)(count / one);
    r->inputs[index] = *declared;
    r->inputs[index].data = given.data;
    return NS_OK;
}

static ns_code open_graph(request *r, ns_bytes model, ns_error *error)
{
    ns_budget_open(&r->budget, (uint64_t)1 << 30, 0, 0);
    r->arena = ns_arena_new_within(&r->budget);
    if (!r->arena)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory");
    NS_TRY(ns_graph_read_within(&r->budget, model.data, model.size, &r->graph, error));
    return ns_graph_validate(r->graph, error);
}

/* `inputs`: the .npy files one behind the other. */
static ns_code open_inputs(request *r, const uint8_t *inputs, const int *sizes, int count, ns_error *error)
{
    const ns_block *block = &r->graph->regions[0].blocks[0];
    r->samples = 1;
    if (count != block->input_count || count > MOST_INPUTS)
        return ns_fail(error, NS_ERROR_INPUT, "the graph has %d inputs, %d files were given",
                       block->input_count, count);
    for (int i = 0; i < count; i++) {
        NS_TRY(take_input(r, i, (ns_bytes){inputs, (size_t)sizes[i]}, error));
        inputs += sizes[i];
    }
    r->count = count;
    return NS_OK;
}

/* ---- answers ---- */

static ns_code take_text(request *r, ns_bytes bytes, const char **out, ns_error *error)
{
    *out = ns_arena_format(r->arena, "%.*s", (int)bytes.size, (const char *)bytes.data);
    return *out ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for an answer");
}

static ns_code inspect(request *r, const char **out, ns_error *error)
{
    return ns_graph_print_json(r->graph, r->arena, out, error);
}

static void add_output(ns_json *json, const ns_graph_tensor *declared, const ns_tensor *result)
{
    const size_t count = ns_tensor_count(result);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum = sum * 31 + (uint64_t)ns_tensor_get(result, i);
    ns_json_object(json, NULL);
    ns_json_text(json, "name", declared->name);
    ns_json_text(json, "type", ns_dtype_text(result->dtype));
    ns_json_integers(json, "shape", result->rank, result->shape);
    ns_json_integer(json, "checksum", (int64_t)(sum >> 12)); /* below 2^53: JavaScript keeps it */
    ns_json_array(json, "first");
    for (size_t i = 0; i < count && i < SHOWN; i++)
        ns_json_integer(json, NULL, ns_tensor_get(result, i));
    ns_json_end(json);
    ns_json_end(json);
}

/* The first sample. */
static ns_code run(request *r, const char **out, ns_error *error)
{
    const ns_block *block = &r->graph->regions[0].blocks[0];
    const ns_eval_options options = {.size = sizeof options, .cpu_mask = 0, .budget = &r->budget};
    ns_tensor *outputs = NS_ARENA_ARRAY(r->arena, (size_t)block->output_count + 1, ns_tensor);
    ns_buffer text = {.arena = r->arena};
    ns_bytes bytes;
    if (!outputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for outputs");
    NS_TRY(ns_eval(r->graph, &options, r->inputs, r->count, r->arena, outputs, error));
    ns_json json = ns_json_begin(&text, false, 17);
    ns_json_object(&json, NULL);
    ns_json_array(&json, "outputs");
    for (int i = 0; i < block->output_count; i++)
        add_output(&json, &block->tensors[block->outputs[i]], &outputs[i]);
    ns_json_end(&json);
    ns_json_end(&json);
    NS_TRY(ns_json_finish(&json, "the outputs", &bytes, error));
    return take_text(r, bytes, out, error);
}

static ns_code diagnose(request *r, const char **out, ns_error *error)
{
    const ns_diagnose_options options = {.size = sizeof options,
                                         .inputs = r->inputs,
                                         .input_count = r->count,
                                         .samples = r->samples,
                                         .threads = 1};
    ns_diagnose_precision precision;
    ns_bytes bytes;
    NS_TRY(ns_diagnose_precision_run(r->graph, &options, r->arena, &precision, error));
    const ns_diagnose_result result = {
        .model = "model.tosa", .region = r->graph->regions[0].name, .precision = &precision};
    NS_TRY(ns_report_diagnose_json(&result, r->arena, &bytes, error));
    return take_text(r, bytes, out, error);
}

static ns_code answer(request *r, int what, const char **out, ns_error *error)
{
    return what == 1 ? run(r, out, error) : what == 2 ? diagnose(r, out, error) : inspect(r, out, error);
}

/* `what`: 0 inspect, 1 run, 2 diagnose. The text is JSON, or "!" and what is wrong; NULL: no memory. */
char *npuscope_web(int what, const uint8_t *model, int model_size, const uint8_t *inputs, const int *sizes,
                   int count);
char *npuscope_web(int what, const uint8_t *model, int model_size, const uint8_t *inputs, const int *sizes,
                   int count)
{
    request r = {0};
    ns_error error;
    const char *text = NULL;
    ns_code code = open_graph(&r, (ns_bytes){model, (size_t)model_size}, &error);
    if (code == NS_OK && what != 0)
        code = open_inputs(&r, inputs, sizes, count, &error);
    if (code == NS_OK)
        code = answer(&r, what, &text, &error);
    const char *said = code == NS_OK ? text : error.message;
    char *given = malloc(strlen(said) + 2);
    if (given)
        strcat(strcpy(given, code == NS_OK ? "" : "!"), said);
    ns_graph_free(r.graph);
    ns_arena_free(r.arena);
    return given;
}
