#include "stage/ladder.h"

#include "catalogue/prepare.h"
#include "ir/decompose.h"

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
    ladder->outputs = NS_ARENA_ARRAY(ladder->arena, (size_t)program->output_count, ns_measured);
    if (!ladder->outputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a case");
    for (int o = 0; o < program->output_count; o++) {
        ladder->outputs[o].count = ns_aten_count(&program->nodes[program->outputs[o]]);
        ladder->count += ladder->outputs[o].count;
    }
    return NS_OK;
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
    NS_TRY(ns_accelerator_parse(row->target->accelerator, &ladder->request.accelerator, error));
    ns_case_maker made;
    NS_TRY(ns_case_build(row->operator, row->case_, seed, arena, &made, error));
    ladder->program = made.program;
    ladder->inputs = made.inputs;
    NS_TRY(list_outputs(ladder, error));
    *out = ladder;
    return ns_aten_decompose(ladder->program, arena, &ladder->decomposed, error);
}

ns_code ns_ladder_run(ns_ladder *ladder, ns_stage stage, ns_stage_output *output, ns_error *error)
{
    return run_stage[stage](ladder, output, error);
}
