/* Which driver takes a file, and many samples of one model. */
#include "npuscope/model.h"

#include "base/interface.h"
#include "model/driver.h"
#include "npuscope/eval.h"

static const char *const texts[] = {
#define NS_MODEL_FORMAT(name, text, sentence) [NS_MODEL_##name] = text,
#include "npuscope/model_formats.def"
#undef NS_MODEL_FORMAT
};

static const ns_model_driver *const drivers[] = {
    [NS_MODEL_TOSA] = &ns_model_tosa_driver,
    [NS_MODEL_NPZ] = &ns_model_npz_driver,
    [NS_MODEL_TFLITE] = &ns_model_tflite_driver,
    [NS_MODEL_PROGRAM] = &ns_model_program_driver,
};

const char *ns_model_format_text(ns_model_format format)
{
    return format >= 0 && format < NS_MODEL_FORMAT_COUNT ? texts[format] : "?";
}

/* ---- load ---- */

static ns_model *new_model(ns_budget *budget)
{
    ns_arena *arena = ns_arena_new_within(budget);
    ns_model *model = arena ? NS_ARENA_NEW(arena, ns_model) : NULL;
    if (!model) {
        ns_arena_free(arena);
        return NULL;
    }
    model->arena = arena;
    model->budget = budget;
    return model;
}

static ns_code load(ns_model *model, ns_bytes bytes, ns_accelerator accelerator, ns_error *error)
{
    for (int format = 0; format < NS_MODEL_FORMAT_COUNT; format++) {
        if (!drivers[format]->probe(bytes))
            continue;
        model->format = (ns_model_format)format;
        return drivers[format]->load(model, bytes, accelerator, error);
    }
    return ns_fail(error, NS_ERROR_INPUT,
                   "no model: expected a .tosa graph, an .npz or .tflite that Vela has compiled, or a .pte "
                   "program");
}

ns_code ns_model_load(const void *data, size_t size, ns_accelerator accelerator, ns_budget *budget,
                      ns_model **out, ns_error *error)
{
    ns_model *model = new_model(budget);
    if (!model)
        return ns_budget_settle(budget, ns_fail(error, NS_ERROR_MEMORY, "no memory for a model"), error);
    const ns_code code = load(model, (ns_bytes){data, size}, accelerator, error);
    if (code != NS_OK) {
        ns_model_free(model);
        return ns_budget_settle(budget, code, error);
    }
    *out = model;
    return NS_OK;
}

ns_code ns_model_open(const char *path, ns_accelerator accelerator, ns_budget *budget, ns_model **out,
                      ns_error *error)
{
    ns_bytes bytes;
    ns_arena *arena = ns_arena_new_within(budget);
    if (!arena)
        return ns_budget_settle(budget, ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", path), error);
    ns_code code = ns_file_read(path, arena, &bytes, error);
    if (code == NS_OK &&
        (code = ns_model_load(bytes.data, bytes.size, accelerator, budget, out, error)) != NS_OK)
        ns_add_context(error, "%s", path);
    ns_arena_free(arena);
    return ns_budget_settle(budget, code, error);
}

void ns_model_free(ns_model *model)
{
    if (!model)
        return;
    ns_evaluator_free(model->evaluator);
    if (model->graph)
        ns_graph_free(model->graph);
    ns_arena_free(model->arena);
}

/* ---- what it takes and gives ---- */

ns_model_format ns_model_format_of(const ns_model *model)
{
    return model->format;
}

int ns_model_input_count(const ns_model *model)
{
    return model->input_count;
}

int ns_model_output_count(const ns_model *model)
{
    return model->output_count;
}

const ns_model_tensor *ns_model_input(const ns_model *model, int index)
{
    return &model->inputs[index];
}

const ns_model_tensor *ns_model_output(const ns_model *model, int index)
{
    return &model->outputs[index];
}

const ns_graph *ns_model_graph(const ns_model *model)
{
    return model->graph;
}

ns_npu_stream *ns_model_stream(const ns_model *model)
{
    return model->stream;
}

ns_program *ns_model_program(const ns_model *model)
{
    return model->program;
}

ns_code ns_model_inspect(ns_model *model, bool json, ns_arena *arena, const char **text, ns_error *error)
{
    ns_buffer buffer = {.arena = arena};
    NS_TRY(drivers[model->format]->inspect(model, json, &buffer, error));
    ns_buffer_append(&buffer, "", 1);
    if (buffer.failed)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the description");
    *text = (const char *)buffer.data;
    return NS_OK;
}

/* ---- run ---- */

typedef struct sampling {
    ns_model *model;
    const void *const *inputs; /* all samples */
    void **outputs;
    const void **in; /* the sample at hand */
    void **out;
    ns_model_call call;
} sampling;

static ns_code make_room(sampling *s, size_t samples, ns_arena *arena, ns_error *error)
{
    const ns_model *model = s->model;
    s->outputs = NS_ARENA_ARRAY(arena, (size_t)model->output_count, void *);
    s->out = NS_ARENA_ARRAY(arena, (size_t)model->output_count, void *);
    s->in = NS_ARENA_ARRAY(arena, (size_t)model->input_count, const void *);
    if (!s->outputs || !s->out || !s->in)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the model's inputs and outputs");
    for (int i = 0; i < model->output_count; i++) {
        if (!model->outputs[i].is_tensor)
            continue;
        s->outputs[i] = ns_arena_alloc(arena, samples, model->outputs[i].bytes);
        if (!s->outputs[i])
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for output '%s' of %zu samples",
                           model->outputs[i].name, samples);
    }
    return NS_OK;
}

static ns_code run_sample(sampling *s, size_t sample, ns_error *error)
{
    const ns_model *model = s->model;
    for (int i = 0; i < model->input_count; i++)
        s->in[i] = model->inputs[i].is_tensor
                       ? (const uint8_t *)s->inputs[i] + sample * model->inputs[i].bytes
                       : NULL;
    for (int i = 0; i < model->output_count; i++)
        s->out[i] =
            model->outputs[i].is_tensor ? (uint8_t *)s->outputs[i] + sample * model->outputs[i].bytes : NULL;
    ns_arena_reset(s->call.scratch);
    return drivers[model->format]->run(s->model, &s->call, error);
}

static ns_code run_samples(sampling *s, size_t samples, ns_error *error)
{
    for (size_t k = 0; k < samples; k++) {
        const ns_code code = run_sample(s, k, error);
        if (code != NS_OK && samples > 1)
            return ns_add_context(error, "sample %zu", k);
        NS_TRY(code);
    }
    return NS_OK;
}

ns_code ns_model_run(ns_model *model, const ns_model_options *given, const void *const *inputs,
                     size_t samples, ns_arena *arena, const void **outputs, ns_npu_statistics *statistics,
                     ns_error *error)
{
    ns_npu_statistics own = {0};
    ns_model_options taken, *options = &taken;
    NS_TRY(NS_OPTIONS_TAKE(&taken, given, error));
    sampling s = {.model = model, .inputs = inputs};
    if (!statistics)
        statistics = &own;
    *statistics = own;
    NS_TRY(make_room(&s, samples, arena, error));
    s.call = (ns_model_call){.options = options, .inputs = s.in, .outputs = s.out, .statistics = statistics};
    s.call.scratch = ns_arena_new_like(arena);
    if (!s.call.scratch)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a run");
    const ns_model_driver *driver = drivers[model->format];
    if (driver->begin)
        driver->begin(model);
    const bool at_once = driver->run_all && options->threads > 1 && samples > 1 && !options->tap;
    ns_code code = at_once
                       ? driver->run_all(model, options, inputs, samples, s.call.scratch, s.outputs, error)
                       : run_samples(&s, samples, error);
    if (drivers[model->format]->end)
        drivers[model->format]->end(model, options);
    ns_arena_free(s.call.scratch);
    for (int i = 0; code == NS_OK && i < model->output_count; i++)
        outputs[i] = s.outputs[i];
    return ns_budget_settle(options->budget, code, error);
}
