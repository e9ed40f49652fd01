#include "stage/interface.h"

#include <math.h>
#include <string.h>

#include "catalogue/interface.h"
#include "ir/interface.h"
#include "recorded/interface.h"

static ns_code (*const run_stage[NS_STAGE_COUNT])(ns_ladder *, ns_stage_output *, ns_error *) = {
#define NS_STAGE(NAME, name, blame, reference) [NS_STAGE_##NAME] = ns_stage_##name,
#include "npuscope/stages.def"
#undef NS_STAGE
};

static ns_code list_outputs(ns_ladder *ladder, ns_error *error)
{
    const ns_aten_program *program = ladder->program;
    if (program->output_count < 1)
        return ns_fail(error, NS_ERROR_INTERNAL, "a case has no output");
    ladder->output_count = program->output_count;
    ladder->input_count = program->input_count;
    ladder->outputs = NS_ARENA_ARRAY(ladder->arena, (size_t)program->output_count, ns_measured);
    ladder->shapes = NS_ARENA_ARRAY(ladder->arena, (size_t)program->output_count, ns_tensor);
    if (!ladder->outputs || !ladder->shapes)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a case");
    for (int o = 0; o < program->output_count; o++) {
        const ns_aten_node *node = &program->nodes[program->outputs[o]];
        ladder->shapes[o] = (ns_tensor){.dtype = node->dtype == NS_DTYPE_FP32 ? NS_DTYPE_INT16 : node->dtype,
                                        .rank = node->rank};
        memcpy(ladder->shapes[o].shape, node->shape, sizeof node->shape);
        ladder->outputs[o].count = ns_aten_count(node);
        ladder->count += ladder->outputs[o].count;
    }
    return NS_OK;
}

/* Each input in double, rounded once. */
static void scale_data(ns_ladder *ladder)
{
    const double factor = ladder->row->settings.data_scale;
    for (int i = 0; factor != 0 && factor != 1 && i < ladder->program->input_count; i++) {
        float *values = ladder->inputs[i].data;
        if (ladder->inputs[i].dtype == NS_DTYPE_FP32)
            for (size_t k = 0; k < ns_tensor_count(&ladder->inputs[i]); k++)
                values[k] = (float)((double)values[k] * factor);
    }
}

static ns_code make_case(ns_ladder *ladder, uint64_t seed, ns_error *error)
{
    ns_case_maker made;
    NS_TRY(ns_case_build(ladder->row->operator, ladder->row->case_, seed, ladder->arena, &made, error));
    ladder->program = made.program;
    ladder->inputs = made.inputs;
    scale_data(ladder);
    return list_outputs(ladder, error);
}

/* With other scales, or for another target, the integers are others. */
static bool is_as_recorded(const ns_suite_row *row, const ns_recorded_settings *recorded)
{
    const ns_suite_settings *settings = &row->settings;
    return row->target->target == recorded->target &&
           (isnan(recorded->epsilon) || settings->epsilon == recorded->epsilon) &&
           settings->per_channel == recorded->per_channel;
}

/* A case of one's own, with what was recorded of its results. */
static ns_code take_recorded(ns_ladder *ladder, ns_error *error)
{
    ns_recorded recorded;
    NS_TRY(ns_recorded_read(ladder->row->files, ladder->arena, &recorded, error));
    ladder->program = recorded.program;
    ladder->inputs = recorded.inputs;
    NS_TRY(list_outputs(ladder, error));
    NS_TRY(ns_case_read_references(ladder->row->files, ladder->output_count, ladder->shapes, ladder->arena,
                                   &ladder->references, error));
    ladder->delegates = is_as_recorded(ladder->row, &recorded.settings) ? recorded.settings.delegates : -1;
    for (int o = 0; !is_as_recorded(ladder->row, &recorded.settings) && o < ladder->output_count; o++)
        ladder->references.quantised[o].data = ladder->references.integers[o].data = NULL;
    return ns_aten_decompose(ladder->program, ladder->arena, &ladder->decomposed, error);
}

/* A float graph with an operator that npuscope lacks leaves the graph that was recorded beside it. */
static ns_code take_given(ns_ladder *ladder, ns_error *error)
{
    ns_error problem = {0}, beside = {0};
    if (ladder->row->files->problem)
        return ns_fail(error, NS_ERROR_INPUT, "%s", ladder->row->files->problem);
    if (ns_case_is_model(ladder->row->files))
        return ns_given_take(ladder, false, error);
    const ns_code code = take_recorded(ladder, &problem);
    if (code == NS_OK)
        return NS_OK;
    if (code == NS_ERROR_UNSUPPORTED && ns_given_take(ladder, true, &beside) == NS_OK) {
        ladder->model->reason = ns_arena_string(ladder->arena, problem.message);
        return ladder->model->reason ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a message");
    }
    return ns_fail(error, beside.code == NS_ERROR_MEMORY ? beside.code : code, "%s", problem.message);
}

ns_code ns_ladder_new(const ns_suite_row *row, uint64_t seed, unsigned cpu_mask, ns_arena *arena,
                      ns_ladder **out, ns_error *error)
{
    ns_ladder *ladder = NS_ARENA_NEW(arena, ns_ladder);
    if (!ladder)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a case");
    ladder->row = row;
    ladder->cpu_mask = cpu_mask;
    ladder->arena = arena;
    ladder->delegates = -1;
    NS_TRY(ns_accelerator_parse(row->target->accelerator, &ladder->request.accelerator, error));
    ladder->request.flags = row->target->flags;
    *out = ladder;
    if (row->files)
        return take_given(ladder, error);
    NS_TRY(make_case(ladder, seed, error));
    return ns_aten_decompose(ladder->program, arena, &ladder->decomposed, error);
}

bool ns_ladder_has(const ns_ladder *ladder, ns_stage stage)
{
    return !ladder->model || ns_given_has(ladder, stage);
}

ns_code ns_ladder_run(ns_ladder *ladder, ns_stage stage, ns_stage_output *output, ns_error *error)
{
    return ladder->model ? ns_given_run(ladder, stage, output, error)
                         : run_stage[stage](ladder, output, error);
}
