#include "suite/internal.h"

#include <math.h>
#include <string.h>

#include "base/system.h"
#include "measure/interface.h"
#include "stage/interface.h"

struct ns_case_run {
    ns_ladder *ladder;
    ns_arena *arena;
    double *outputs[NS_STAGE_COUNT]; /* NULL: none yet */
    int configuration_count;         /* of ns_suite_case_configurations */
    ns_vela_request *configurations;
    ns_case_result *result;   /* as far as the stages have been run */
    unsigned stages;          /* that are reported */
    ns_case_details *details; /* NULL: not wanted */
    ns_sweep *sweep;          /* after the stage eval, where details are wanted and it fits */
    const char *release;      /* of Vela; NULL: it does not run */
    bool tabled;              /* ns_why_look */
    bool blocked;             /* no further stage can run */
    double seconds;
};

/* A stage that gives no output: the target does not take the case, or something is wrong. */
static ns_code refuse(ns_case_run *run, bool rejected, const ns_error *problem, ns_stage_result *result,
                      ns_error *error)
{
    result->verdict = rejected ? NS_VERDICT_REJECTED : NS_VERDICT_FAIL;
    result->reason = problem->code == NS_ERROR_UNPREDICTABLE
                         ? ns_arena_format(run->arena, "unpredictable: %s", problem->message)
                         : ns_arena_string(run->arena, problem->message);
    return result->reason ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a reason");
}

static ns_code do_stage(ns_case_run *run, ns_stage_result *result, ns_error *error)
{
    ns_error problem = {0};
    ns_stage_output output = {0};
    const double start = ns_clock_seconds();
    const ns_code code = ns_ladder_run(run->ladder, result->stage, &output, &problem);
    result->seconds = ns_clock_seconds() - start;
    if (ns_code_ends_run(code))
        return ns_fail(error, code, "%s: %s", ns_stage_text(result->stage), problem.message);
    if (code != NS_OK)
        return refuse(run, output.rejected, &problem, result, error);
    run->outputs[result->stage] = output.values;
    if (output.values) {
        NS_TRY(ns_judge(&(ns_judging){run->ladder, run->outputs, run->arena}, result, error));
        return run->tabled && result->stage == NS_STAGE_EVAL && result->verdict == NS_VERDICT_FAIL
                   ? ns_why_table(run->ladder, run->arena, result, error)
                   : NS_OK;
    }
    result->verdict = NS_VERDICT_PASS;
    return NS_OK;
}

static ns_code describe(const ns_case_run *run, ns_case_result *result, ns_error *error)
{
    const ns_ladder *ladder = run->ladder;
    if (!ladder)
        return NS_OK;
    const double *ideal = run->outputs[NS_STAGE_IDEAL];
    ns_suite_output *outputs = NS_ARENA_ARRAY(run->arena, (size_t)ladder->output_count, ns_suite_output);
    if (!outputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a result");
    for (int o = 0; o < ladder->output_count; o++) {
        outputs[o].scale = ladder->model && !(ladder->outputs[o].scale > 0) ? NAN : ladder->outputs[o].scale;
        outputs[o].tensor = ladder->shapes[o];
    }
    result->output = outputs[0].tensor;
    result->scale = outputs[0].scale;
    result->output_count = ladder->output_count;
    result->outputs = ladder->output_count > 1 ? outputs : NULL;
    if (ladder->parts) {
        result->part_count = ladder->parts->split.count;
        result->off_count = ladder->parts->split.off_count;
        result->off = ladder->parts->split.off;
    }
    result->note = ladder->model ? ladder->model->reason : NULL;
    if (!ns_ladder_has(ladder, NS_STAGE_VELA)) /* the stream says what it is for */
        result->target = result->accelerator = ns_accelerator_text(ladder->request.accelerator);
    result->minimum = ideal && ladder->count > 0 ? INFINITY : 0;
    result->maximum = ideal && ladder->count > 0 ? -INFINITY : 0;
    for (size_t i = 0; ideal && i < ladder->count; i++) {
        result->minimum = fmin(result->minimum, ideal[i]);
        result->maximum = fmax(result->maximum, ideal[i]);
    }
    return NS_OK;
}

/* Whether a stage was compared with another and judged. */
static bool is_judged(const ns_case_result *result)
{
    for (int i = 0; i < result->stage_count; i++)
        if (result->stages[i].verdict == NS_VERDICT_PASS &&
            ns_stage_reference(result->stages[i].stage) != result->stages[i].stage)
            return true;
    return false;
}

/* The first stage that failed decides, and so does one that the target rejects. A stage that was measured and
 * not judged says nothing, unless no other was. */
static void conclude(ns_case_result *result)
{
    const bool judged = is_judged(result);
    result->verdict = NS_VERDICT_PASS;
    result->at_fault = NS_STAGE_IDEAL;
    for (int i = 0; i < result->stage_count; i++) {
        const ns_stage_result *stage = &result->stages[i];
        const bool decides = stage->verdict != NS_VERDICT_PASS && stage->verdict != NS_VERDICT_SKIPPED;
        if (stage->verdict == NS_VERDICT_PASS || (!decides && result->verdict != NS_VERDICT_PASS))
            continue;
        if (stage->verdict == NS_VERDICT_SKIPPED && stage->measured && judged)
            continue;
        result->verdict = stage->verdict;
        result->reason = stage->reason;
        if (stage->verdict == NS_VERDICT_FAIL)
            result->at_fault = stage->stage;
        if (decides)
            return;
    }
}

/* A row that passes may still be far from what its format could do, or have lost its result. */
static const char *why_inaccurate(const ns_case_run *run, const ns_stage_result *quantised,
                                  const ns_stage_result *eval)
{
    if (quantised && ns_is_inaccurate(quantised, eval))
        return ns_arena_format(
            run->arena,
            "within the tolerance, but %.4g steps and %.3g dB from quantised, which has %.3g dB "
            "(limits: %d steps, %d dB)",
            eval->max_difference_steps, quantised->sqnr_db - eval->sqnr_db, quantised->sqnr_db,
            NS_INACCURATE_STEPS, NS_INACCURATE_DB);
    if (ns_is_lost(eval))
        return ns_arena_format(
            run->arena,
            "within the tolerance, but nothing of the result is left: SQNR %.1f dB (limit %d dB): "
            "its scales are too coarse for its values",
            eval->sqnr_db, NS_LOST_DB);
    return NULL;
}

static void find_inaccurate(ns_case_run *run)
{
    ns_stage_result *quantised = NULL, *eval = NULL;
    ns_case_result *result = run->result;
    for (int i = 0; i < result->stage_count; i++) {
        if (result->stages[i].stage == NS_STAGE_QUANTISED)
            quantised = &result->stages[i];
        if (result->stages[i].stage == NS_STAGE_EVAL)
            eval = &result->stages[i];
    }
    const char *why =
        result->verdict == NS_VERDICT_PASS && eval ? why_inaccurate(run, quantised, eval) : NULL;
    if (!why)
        return;
    result->verdict = eval->verdict = NS_VERDICT_INACCURATE;
    result->reason = eval->reason = why;
}

/* Runs the stages [first, end) that are selected or that a selected one needs. */
static ns_code run_stages(ns_case_run *run, int first, int end, ns_error *error)
{
    ns_case_result *result = run->result;
    for (int i = first; i < end && run->stages >> i; i++) {
        ns_stage_result stage = {.stage = (ns_stage)i, .verdict = NS_VERDICT_SKIPPED};
        if (!ns_ladder_has(run->ladder, stage.stage))
            continue;
        if (!run->blocked)
            NS_TRY(do_stage(run, &stage, error));
        else
            stage.reason = "an earlier stage gave no output";
        const bool stops = !stage.measured && stage.verdict != NS_VERDICT_PASS;
        /* A stage that was not asked for shows only when the others cannot go on without it. */
        if (run->stages >> i & 1 || (!run->blocked && stops))
            result->stages[result->stage_count++] = stage;
        run->blocked = run->blocked || stops;
    }
    return NS_OK;
}

static ns_code new_run(const ns_suite_row *row, const ns_case_options *options, ns_arena *arena,
                       ns_case_run **out, ns_error *error)
{
    ns_case_run *run = *out = NS_ARENA_NEW(arena, ns_case_run);
    if (!run || !(run->result = NS_ARENA_NEW(arena, ns_case_result)))
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a case");
    run->arena = arena;
    run->stages = options->stages;
    run->release = options->release;
    run->details = options->details ? NS_ARENA_NEW(arena, ns_case_details) : NULL;
    *run->result = (ns_case_result){.op = ns_suite_row_op(row),
                                    .name = ns_suite_row_case(row),
                                    .where = row->files ? row->files->where : NULL,
                                    .target = row->target->name,
                                    .accelerator = row->target->accelerator,
                                    .settings = row->settings,
                                    .seed = options->seed,
                                    .details = run->details,
                                    .stages = NS_ARENA_ARRAY(arena, NS_STAGE_COUNT, ns_stage_result)};
    if (!run->result->stages || (options->details && !run->details))
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a result");
    return NS_OK;
}

/* Those of a part beside those of the parts before it. */
static ns_code add_defects(const ns_case_run *run, const ns_graph *graph, ns_error *error)
{
    ns_case_result *result = run->result;
    const ns_defect *met = NULL;
    int count = 0;
    NS_TRY(ns_defects_met(graph, ns_accelerator_family(run->ladder->request.accelerator), run->release,
                          run->arena, &met, &count, error));
    ns_defect *all = NS_ARENA_ARRAY(run->arena, (size_t)(result->defect_count + count), ns_defect);
    if (!all)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for known defects");
    for (int i = 0; i < result->defect_count; i++)
        all[i] = result->defects[i];
    for (int i = 0; i < count; i++)
        all[result->defect_count++] = met[i];
    result->defects = all;
    return NS_OK;
}

static ns_code look_at_graph(void *context, const ns_graph *graph, ns_error *error)
{
    ns_case_run *run = context;
    ns_why_look(run->ladder, graph, &run->tabled);
    if (run->release)
        NS_TRY(add_defects(run, graph, error));
    return run->details && run->details->node_count == 0
               ? ns_details_draw_graph(graph, run->arena, run->details, error)
               : NS_OK;
}

/* A sweep that goes wrong is no fault of the case. */
static ns_code note_sweep(ns_case_run *run, ns_code code, const ns_error *problem, ns_error *error)
{
    if (code == NS_OK)
        return NS_OK;
    run->sweep = NULL;
    run->details->sweep_problem = ns_arena_string(run->arena, problem->message);
    if (ns_code_ends_run(code))
        return ns_fail(error, code, "%s", problem->message);
    if (!run->details->sweep_problem)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a sweep");
    return NS_OK;
}

static ns_code begin_sweep(ns_case_run *run, const ns_case_options *options, ns_error *error)
{
    const ns_ladder *ladder = run->ladder;
    ns_error problem = {0};
    if (!ladder->row->operator|| run->details->node_count == 0 || !ns_sweep_fits(ladder->decomposed))
        return NS_OK;
    const ns_code code = ns_sweep_begin(ladder->row, ladder->decomposed, ladder->cpu_mask, ladder->compile,
                                        options->sweeps, run->arena, &run->sweep, &problem);
    return note_sweep(run, code, &problem, error);
}

/* A case of one's own that cannot be read is its row's result. */
static ns_code new_ladder(ns_case_run *run, const ns_suite_row *row, const ns_case_options *options,
                          ns_error *error)
{
    ns_error problem = {0};
    ns_code code = ns_ladder_new(row, options->seed, options->cpu_mask, run->arena, &run->ladder, &problem);
    if (code != NS_OK && ns_arena_budget(run->arena))
        code = ns_budget_settle(ns_arena_budget(run->arena), code, &problem);
    if (code == NS_OK)
        return NS_OK;
    if (!row->files || code == NS_ERROR_MEMORY)
        return ns_fail(error, code, "%s", problem.message);
    run->ladder = NULL;
    run->blocked = true;
    run->result->verdict = NS_VERDICT_INVALID;
    run->result->reason = ns_arena_string(run->arena, problem.message);
    return run->result->reason ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a message");
}

ns_code ns_suite_case_begin(const ns_suite_row *row, const ns_case_options *options, ns_arena *arena,
                            ns_case_run **out, ns_error *error)
{
    const double start = ns_clock_seconds();
    NS_TRY(new_run(row, options, arena, out, error));
    ns_case_run *run = *out;
    NS_TRY(new_ladder(run, row, options, error));
    if (!run->ladder)
        return NS_OK;
    run->ladder->hooks = options->hooks;
    run->ladder->compile = (options->stages & NS_STAGES_COMPILED) != 0;
    run->ladder->watch = look_at_graph;
    run->ladder->watch_context = run;
    NS_TRY(run_stages(run, 0, NS_STAGE_VELA, error));
    run->seconds = ns_clock_seconds() - start;
    return options->details ? begin_sweep(run, options, error) : NS_OK;
}

ns_vela_request *ns_suite_sweep_request(ns_case_run *run)
{
    return run->sweep ? ns_sweep_request(run->sweep) : NULL;
}

ns_vela_request *ns_suite_case_request(ns_case_run *run, int index)
{
    const bool wanted = !run->blocked && run->stages & NS_STAGES_COMPILED;
    return wanted && ns_ladder_has(run->ladder, NS_STAGE_VELA) ? ns_ladder_request(run->ladder, index) : NULL;
}

static ns_code finish_details(ns_case_run *run, ns_error *error)
{
    ns_error problem = {0};
    ns_sweep_result *swept = NULL;
    if (run->ladder->request.outcome == NS_VELA_COMPILED)
        NS_TRY(ns_details_print_stream(&run->ladder->request, run->arena, run->details, error));
    if (run->sweep)
        NS_TRY(note_sweep(run, ns_sweep_finish(run->sweep, &swept, &problem), &problem, error));
    run->details->sweep = run->sweep ? swept : NULL;
    return NS_OK;
}

ns_code ns_suite_case_finish(ns_case_run *run, ns_case_result **result, ns_error *error)
{
    const double start = ns_clock_seconds();
    *result = run->result;
    if (!run->ladder)
        return NS_OK;
    NS_TRY(run_stages(run, NS_STAGE_VELA, NS_STAGE_COUNT, error));
    if (run->details)
        NS_TRY(finish_details(run, error));
    NS_TRY(describe(run, run->result, error));
    const ns_judging judging = {run->ladder, run->outputs, run->arena};
    ns_judge_recorded(&judging, run->result);
    ns_judge_limits(&judging, run->result);
    ns_subject_describe(run->ladder, run->result);
    conclude(run->result);
    find_inaccurate(run);
    run->result->seconds = run->seconds + ns_clock_seconds() - start;
    return NS_OK;
}

ns_code ns_suite_case_configurations(ns_case_run *run, ns_vela_request **requests, int *count,
                                     ns_error *error)
{
    *requests = NULL;
    *count = 0;
    if (run->result->verdict != NS_VERDICT_FAIL || run->result->at_fault != NS_STAGE_NPU ||
        !run->ladder->request.graph)
        return NS_OK;
    NS_TRY(ns_configurations_list(run->ladder, requests, count, error));
    run->configurations = *requests;
    run->configuration_count = *count;
    return NS_OK;
}

ns_code ns_suite_case_diagnose(ns_case_run *run, ns_error *error)
{
    if (run->configuration_count == 0)
        return NS_OK;
    return ns_configurations_judge(run->ladder, run->configurations, run->configuration_count, run->result,
                                   error);
}

ns_code ns_suite_run_case(const ns_suite_row *row, const ns_case_options *options, const ns_vela *vela,
                          const ns_vela_options *vela_options, ns_arena *arena, ns_case_result *result,
                          ns_error *error)
{
    ns_case_run *run = NULL;
    NS_TRY(ns_suite_case_begin(row, options, arena, &run, error));
    ns_vela_request *request;
    for (int i = 0; (request = ns_suite_case_request(run, i)) != NULL; i++) {
        if (!vela)
            return ns_fail(error, NS_ERROR_TOOL_MISSING, "the stages need Vela");
        NS_TRY(ns_vela_compile(vela, vela_options, request, 1, arena, error));
    }
    ns_case_result *finished = NULL;
    NS_TRY(ns_suite_case_finish(run, &finished, error));
    int count = 0;
    NS_TRY(ns_suite_case_configurations(run, &request, &count, error));
    if (count)
        NS_TRY(ns_vela_compile(vela, vela_options, request, count, arena, error));
    NS_TRY(ns_suite_case_diagnose(run, error));
    *result = *finished;
    return NS_OK;
}
