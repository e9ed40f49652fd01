#include "stage/interface.h"

#include "npuscope/eval.h"
#include "program/interface.h"

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for a case");
}

static bool all_given(const ns_ladder *ladder, const ns_tensor *tensors)
{
    for (int o = 0; o < ladder->output_count; o++)
        if (!tensors[o].data)
            return false;
    return true;
}

bool ns_given_has(const ns_ladder *ladder, ns_stage stage)
{
    switch (stage) {
    case NS_STAGE_IDEAL:
        return all_given(ladder, ladder->references.floats);
    case NS_STAGE_QUANTISED:
        return all_given(ladder, ladder->references.quantised);
    case NS_STAGE_NPU:
        return true;
    default:
        return ladder->model->model.kind == NS_CASE_TOSA;
    }
}

static ns_code collect(const ns_ladder *ladder, const ns_tensor *tensors, double **out, ns_error *error)
{
    *out = NS_ARENA_ARRAY(ladder->arena, ladder->count, double);
    if (!*out)
        return no_memory(error);
    double *to = *out;
    for (int o = 0; o < ladder->output_count; o++) {
        const ns_case_tensor *known = &ladder->model->model.outputs[o];
        const double scale = known->scale > 0 ? known->scale : 1;
        if (ns_tensor_count(&tensors[o]) != ladder->outputs[o].count)
            return ns_fail(error, NS_ERROR_INPUT, "output %d has %zu elements, expected are %zu", o,
                           ns_tensor_count(&tensors[o]), ladder->outputs[o].count);
        for (size_t i = 0; i < ladder->outputs[o].count; i++)
            *to++ = tensors[o].dtype == NS_DTYPE_FP32
                        ? (double)((const float *)tensors[o].data)[i]
                        : (double)(ns_tensor_get(&tensors[o], i) - known->zero_point) * scale;
    }
    return NS_OK;
}

ns_code ns_given_expected(const ns_ladder *ladder, double **out, ns_error *error)
{
    *out = NULL;
    return all_given(ladder, ladder->references.integers)
               ? collect(ladder, ladder->references.integers, out, error)
               : NS_OK;
}

static ns_code evaluate(ns_ladder *ladder, const ns_graph *graph, double **out, ns_error *error)
{
    const ns_eval_options options = {.cpu_mask = ladder->cpu_mask, .budget = ns_arena_budget(ladder->arena)};
    ns_tensor *results = NS_ARENA_ARRAY(ladder->arena, (size_t)ladder->output_count, ns_tensor);
    if (!results)
        return no_memory(error);
    if (ladder->watch)
        NS_TRY(ladder->watch(ladder->watch_context, graph, error));
    NS_TRY(ns_eval(graph, &options, ladder->integers, ladder->input_count, ladder->arena, results, error));
    ladder->evaluated = results;
    return collect(ladder, results, out, error);
}

static ns_code run_eval(ns_ladder *ladder, ns_stage_output *output, ns_error *error)
{
    const ns_bytes bytes = ladder->model->model.bytes;
    ns_graph *graph = NULL;
    NS_TRY(ns_graph_read_within(ns_arena_budget(ladder->arena), bytes.data, bytes.size, &graph, error));
    const ns_code code = evaluate(ladder, graph, &output->values, error);
    ns_graph_free(graph);
    if (ladder->compile) {
        ladder->request.graph = bytes.data;
        ladder->request.graph_size = bytes.size;
    }
    return code;
}

static ns_code run_stream(ns_ladder *ladder, ns_tensor *results, ns_error *error)
{
    const ns_npu_options options = {.cpu_mask = ladder->cpu_mask, .budget = ns_arena_budget(ladder->arena)};
    ns_npu_statistics statistics = {0};
    NS_TRY(ns_npu_run(ladder->model->stream, &options, ladder->integers, ladder->input_count, ladder->arena,
                      results, &statistics, error));
    ladder->chip_rule = statistics.chip_rule;
    return NS_OK;
}

static ns_code run_program(ns_ladder *ladder, ns_tensor *results, ns_error *error)
{
    const ns_given_model *given = ladder->model;
    const ns_npu_options options = {.cpu_mask = ladder->cpu_mask, .budget = ns_arena_budget(ladder->arena)};
    ns_program_statistics statistics = {0};
    ns_program_tensor *raw = NS_ARENA_ARRAY(ladder->arena, (size_t)ladder->output_count, ns_program_tensor);
    if (!raw)
        return no_memory(error);
    const ns_program_inputs inputs = {ladder->input_count, given->inputs, given->input_sizes};
    NS_TRY(ns_program_run(given->program, &options, &inputs, ladder->arena, raw, &statistics, error));
    ladder->chip_rule = statistics.npu.chip_rule;
    for (int o = 0; o < ladder->output_count; o++) {
        NS_TRY(ns_given_shape(ladder, raw[o].data ? &raw[o] : NULL, &results[o], error));
        results[o].data = ns_arena_alloc(ladder->arena, raw[o].count, (size_t)ns_scalar_bytes(raw[o].scalar));
        if (!results[o].data)
            return no_memory(error);
        ns_program_from_memory_order(&raw[o], results[o].data);
    }
    return NS_OK;
}

static ns_code run_npu(ns_ladder *ladder, ns_stage_output *output, ns_error *error)
{
    ns_tensor *results = NS_ARENA_ARRAY(ladder->arena, (size_t)ladder->output_count, ns_tensor);
    if (!results)
        return no_memory(error);
    if (ladder->model->model.kind == NS_CASE_TOSA)
        NS_TRY(ns_stage_npu_results(ladder, results, error));
    else if (ladder->model->program)
        NS_TRY(run_program(ladder, results, error));
    else
        NS_TRY(run_stream(ladder, results, error));
    return collect(ladder, results, &output->values, error);
}

ns_code ns_given_run(ns_ladder *ladder, ns_stage stage, ns_stage_output *output, ns_error *error)
{
    switch (stage) {
    case NS_STAGE_IDEAL:
        return collect(ladder, ladder->references.floats, &output->values, error);
    case NS_STAGE_QUANTISED:
        return collect(ladder, ladder->references.quantised, &output->values, error);
    case NS_STAGE_EVAL:
        return run_eval(ladder, output, error);
    case NS_STAGE_VELA:
        return ns_stage_vela(ladder, output, error);
    case NS_STAGE_NPU:
        return run_npu(ladder, output, error);
    case NS_STAGE_COUNT:
        break;
    }
    return ns_fail(error, NS_ERROR_INTERNAL, "a stage without a number");
}
