/* A search keeps, for each kind of input, the trial with the largest error, and of all trials the one
 * farthest from ideal; the second half of the trials starts from these in turn. All trials' results are
 * compared with the stage quantised and with the NPU. */
#include "sweep/internal.h"

#include <math.h>
#include <string.h>

#include "base/system.h"
#include "catalogue/interface.h"
#include "ir/interface.h"
#include "lower/interface.h"
#include "measure/interface.h"
#include "npuscope/eval.h"
#include "ops/cases.h"

static const char *const texts[] = {
#define NS_SEARCH_KIND(NAME, text, what) text,
#include "npuscope/search_kinds.def"
#undef NS_SEARCH_KIND
};

static const char *const whats[] = {
#define NS_SEARCH_KIND(NAME, text, what) what,
#include "npuscope/search_kinds.def"
#undef NS_SEARCH_KIND
};

const char *ns_search_kind_text(ns_search_kind kind)
{
    return texts[kind];
}

const char *ns_search_kind_what(ns_search_kind kind)
{
    return whats[kind];
}

/* The worst inputs of one kind, and how bad they are. */
typedef struct chain {
    ns_tensor *codes;
    ns_search_worst worst; /* found false: none yet */
} chain;

typedef struct search {
    const ns_search_options *options;
    const ns_search_hooks *hooks;
    const ns_aten_program *program;
    ns_graph *graph;
    ns_npu_stream *stream; /* NULL: the NPU does not run */
    ns_search_maker maker;
    ns_tensor *codes; /* of the trial at hand */
    chain chains[NS_SEARCH_COUNT];
    ns_arena *arena, *scratch;
    ns_search_result *result;
} search;

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for a search");
}

static ns_code new_codes(const search *s, ns_tensor **out, ns_error *error)
{
    *out = NS_ARENA_ARRAY(s->arena, (size_t)s->program->input_count, ns_tensor);
    if (!*out)
        return no_memory(error);
    for (int i = 0; i < s->program->input_count; i++) {
        const ns_aten_node *node = &s->program->nodes[s->program->inputs[i]];
        NS_TRY(ns_tensor_new(s->arena, NS_DTYPE_INT16, node->rank, node->shape, &(*out)[i], error));
    }
    return NS_OK;
}

static void copy_codes(const search *s, const ns_tensor *from, ns_tensor *to)
{
    for (int i = 0; i < s->program->input_count; i++)
        memcpy(to[i].data, from[i].data, ns_tensor_count(&from[i]) * sizeof(int16_t));
}

/* Makes the trial at hand the one that `found` tells of. */
static ns_code keep(const search *s, const ns_search_worst *worst, ns_search_found *found, ns_error *error)
{
    ns_tensor *codes = (ns_tensor *)(uintptr_t)found->inputs;
    if (!codes)
        NS_TRY(new_codes(s, &codes, error));
    copy_codes(s, s->codes, codes);
    found->inputs = codes;
    found->worst = *worst;
    return NS_OK;
}

static bool is_worse(const ns_search_worst *a, const ns_search_worst *b)
{
    if (!a->found || !b->found)
        return a->found;
    return a->steps != b->steps ? a->steps > b->steps : a->steps_from_ideal > b->steps_from_ideal;
}

/* Compares eval's result with the best that the scales allow; *worst is the element with the largest error.
 */
static ns_code compare(search *s, const ns_tensor *output, const double *ideal, const double *best,
                       ns_search_worst *worst, ns_error *error)
{
    ns_search_result *r = s->result;
    const ns_quantisation *range = &s->program->nodes[s->program->outputs[0]].quantisation;
    const size_t count = ns_tensor_count(output);
    ns_search_worst farthest = r->worst_from_ideal.worst;
    for (size_t e = 0; e < count; e++) {
        const double got = (double)ns_tensor_get(output, e), exact = ideal[e] / r->output_scale;
        ns_search_worst here = {.found = true,
                                .trial = worst->trial,
                                .kind = worst->kind,
                                .element = e,
                                .ideal = ideal[e],
                                .best = best[e],
                                .got = got * r->output_scale,
                                .steps = fabs(got - nearbyint(best[e] / r->output_scale))};
        here.outside = !(exact >= (double)range->qmin - 0.5 && exact <= (double)range->qmax + 0.5);
        if (!here.outside)
            here.steps_from_ideal = fabs(got - exact);
        double *from_ideal = &r->from_ideal_of[worst->kind];
        *from_ideal = fmax(*from_ideal, here.steps_from_ideal);
        r->beyond += here.outside;
        r->bins[ns_error_bin(here.steps)]++;
        if (is_worse(&here, worst))
            *worst = here;
        if (!farthest.found || here.steps_from_ideal > farthest.steps_from_ideal)
            farthest = here;
    }
    r->elements += count;
    return farthest.trial == worst->trial ? keep(s, &farthest, &r->worst_from_ideal, error) : NS_OK;
}

static ns_code run_npu(search *s, int trial, ns_search_kind kind, const ns_tensor *eval, const double *ideal,
                       ns_error *error)
{
    ns_search_result *r = s->result;
    const ns_npu_options options = {.cpu_mask = s->options->cpu_mask};
    ns_tensor output;
    if (!s->stream)
        return NS_OK;
    NS_TRY(
        ns_npu_run(s->stream, &options, s->codes, s->program->input_count, s->scratch, &output, NULL, error));
    if (ns_tensor_count(&output) != ns_tensor_count(eval))
        return ns_fail(error, NS_ERROR_INTERNAL, "the stream does not give an int16 for each result");
    uint64_t different = 0;
    for (size_t e = 0; e < ns_tensor_count(eval); e++) {
        const double got = (double)ns_tensor_get(&output, e), wanted = (double)ns_tensor_get(eval, e);
        if (got == wanted)
            continue;
        if (different++ || r->differences)
            continue;
        const ns_search_worst first = {.found = true,
                                       .trial = trial,
                                       .kind = kind,
                                       .element = e,
                                       .ideal = ideal[e],
                                       .best = wanted * r->output_scale,
                                       .got = got * r->output_scale,
                                       .steps = fabs(got - wanted)};
        NS_TRY(keep(s, &first, &r->difference, error));
    }
    r->differences += different;
    r->differing_trials += different > 0;
    return NS_OK;
}

/* Runs s->codes. worst->found stays false where the result is left open. */
static ns_code run_codes(search *s, ns_search_worst *worst, ns_error *error)
{
    const ns_aten_program *program = s->program;
    const int result = program->outputs[0];
    const ns_eval_options options = {.cpu_mask = s->options->cpu_mask};
    ns_tensor *reals = NS_ARENA_ARRAY(s->scratch, (size_t)program->input_count, ns_tensor), output;
    if (!reals)
        return no_memory(error);
    double **ideal, **best;
    ns_error problem = {0};
    ns_code code = ns_eval(s->graph, &options, s->codes, program->input_count, s->scratch, &output, &problem);
    if (code == NS_ERROR_UNPREDICTABLE) {
        if (s->result->unpredictable++ == 0 &&
            !(s->result->rule = ns_arena_string(s->arena, problem.message)))
            return no_memory(error);
        return NS_OK;
    }
    if (code != NS_OK)
        return ns_fail(error, code, "%s", problem.message);
    if (ns_tensor_count(&output) != ns_aten_count(&program->nodes[result]))
        return ns_fail(error, NS_ERROR_INTERNAL, "the lowered graph does not give each result");
    if (s->hooks && s->hooks->evaluated)
        s->hooks->evaluated(s->hooks->context, s->codes, &output);
    NS_TRY(ns_search_reals(program, s->codes, s->scratch, reals, error));
    NS_TRY(ns_aten_evaluate(program, NS_ATEN_IDEAL, reals, s->scratch, &ideal, error));
    NS_TRY(run_npu(s, worst->trial, worst->kind, &output, ideal[result], error));
    NS_TRY(ns_aten_evaluate(program, NS_ATEN_QUANTISED, reals, s->scratch, &best, error));
    return compare(s, &output, ideal[result], best[result], worst, error);
}

/* Half of the trials are made of nothing but their kind, in turns; of the others, one round of turns climbs
 * from the worst of each kind, the next one from the input farthest from ideal. */
static ns_code run_trial(search *s, int trial, ns_error *error)
{
    const bool first_half = 2 * trial < s->result->trials;
    const ns_search_found *farthest = &s->result->worst_from_ideal;
    const bool from_farthest = !first_half && trial / NS_SEARCH_CLIMB % 2 && farthest->inputs;
    chain *from = &s->chains[trial % NS_SEARCH_CLIMB];
    ns_search_kind kind = NS_SEARCH_UNIFORM;
    if (!s->options->uniform)
        kind = first_half || !(from_farthest || from->worst.found) ? (ns_search_kind)(trial % NS_SEARCH_CLIMB)
                                                                   : NS_SEARCH_CLIMB;
    ns_search_worst worst = {.trial = trial, .kind = kind};
    const size_t element = from_farthest ? farthest->worst.element : from->worst.element;
    if (kind == NS_SEARCH_CLIMB)
        copy_codes(s, from_farthest ? farthest->inputs : from->codes, s->codes);
    NS_TRY(ns_search_make(&s->maker, kind, element, s->codes, error));
    NS_TRY(run_codes(s, &worst, error));
    s->result->kind_trials[kind]++;
    if (!from_farthest && !is_worse(&from->worst, &worst) && worst.found) {
        from->worst = worst;
        copy_codes(s, s->codes, from->codes);
    }
    if (is_worse(&worst, &s->result->worst_of[kind]))
        s->result->worst_of[kind] = worst;
    return is_worse(&worst, &s->result->worst.worst) ? keep(s, &worst, &s->result->worst, error) : NS_OK;
}

static ns_code trace(const search *s, ns_search_found *found, ns_error *error)
{
    ns_tensor *reals = NS_ARENA_ARRAY(s->scratch, (size_t)s->program->input_count, ns_tensor);
    if (!reals)
        return no_memory(error);
    if (!found->inputs)
        return NS_OK;
    NS_TRY(ns_search_reals(s->program, found->inputs, s->arena, reals, error));
    return ns_trace(s->program, reals, 0, found->worst.element, s->arena, &found->operands,
                    &found->operand_count, error);
}

static ns_code run_trials(search *s, ns_error *error)
{
    for (int trial = 0; trial < s->result->trials; trial++) {
        if (s->options->progress)
            s->options->progress(s->options->context, trial, s->result->trials);
        NS_TRY(run_trial(s, trial, error));
        ns_arena_reset(s->scratch);
    }
    if (!s->result->worst.worst.found)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "the result of all %d trials is left open: %s",
                       s->result->trials, s->result->rule);
    NS_TRY(trace(s, &s->result->worst, error));
    NS_TRY(trace(s, &s->result->worst_from_ideal, error));
    return trace(s, &s->result->difference, error);
}

/* Compiles the graph. What Vela refuses is a reason, not an error. */
static ns_code compile(search *s, const ns_suite_row *row, ns_error *error)
{
    ns_search_result *r = s->result;
    ns_vela_request request = {.graph = r->graph, .graph_size = r->graph_size};
    if (!s->options->vela) {
        r->npu_reason = "Vela was not asked for";
        return NS_OK;
    }
    NS_TRY(ns_accelerator_parse(row->target->accelerator, &request.accelerator, error));
    NS_TRY(ns_vela_compile(s->options->vela, s->options->vela_options, &request, 1, s->arena, error));
    if (request.outcome != NS_VELA_COMPILED) {
        r->npu_reason = ns_arena_format(s->arena, "Vela: %s", request.reason);
        return r->npu_reason ? NS_OK : no_memory(error);
    }
    NS_TRY(ns_npu_load_npz(request.npz, request.npz_size, request.accelerator, s->arena, &s->stream, error));
    if (ns_npu_input_count(s->stream) != s->program->input_count || ns_npu_output_count(s->stream) != 1)
        return ns_fail(
            error, NS_ERROR_INTERNAL, "the stream has %d inputs and %d outputs, the graph %d and 1",
            ns_npu_input_count(s->stream), ns_npu_output_count(s->stream), s->program->input_count);
    return NS_OK;
}

static ns_code prepare(search *s, const ns_suite_row *row, ns_error *error)
{
    const ns_aten_node *output = &s->program->nodes[s->program->outputs[0]];
    if (!(s->result = NS_ARENA_NEW(s->arena, ns_search_result)))
        return no_memory(error);
    ns_search_result *r = s->result;
    *r = (ns_search_result){
        .op = ns_suite_row_op(row),
        .name = ns_suite_row_case(row),
        .target = row->target->name,
        .accelerator = row->target->accelerator,
        .seed = s->options->seed,
        .uniform = s->options->uniform,
        .output_scale = (double)output->quantisation.scales[0],
        .output = {.dtype = NS_DTYPE_INT16, .rank = output->rank},
        .trials = s->options->trials ? s->options->trials : NS_SEARCH_DEFAULT_TRIALS,
        .input_count = s->program->input_count,
    };
    memcpy(r->output.shape, output->shape, (size_t)output->rank * sizeof output->shape[0]);
    s->maker = (ns_search_maker){.program = s->program,
                                 .random = ns_case_random(s->options->seed, "search", ns_suite_row_case(row)),
                                 .scratch = s->scratch};
    NS_TRY(new_codes(s, &s->codes, error));
    for (int i = 0; i < NS_SEARCH_COUNT; i++)
        NS_TRY(new_codes(s, &s->chains[i].codes, error));
    NS_TRY(ns_graph_validate(s->graph, error));
    NS_TRY(ns_graph_write(s->graph, s->arena, &r->graph, &r->graph_size, error));
    return compile(s, row, error);
}

static ns_code check(const ns_aten_program *program, const ns_suite_row *row, ns_error *error)
{
    bool fits = program->output_count == 1 && ns_gradient_known(program);
    for (int i = 0; i < program->input_count; i++)
        fits = fits && program->nodes[program->inputs[i]].quantisation.dtype == NS_DTYPE_INT16;
    return fits ? ns_lower_supported(program, row->target->target, error)
                : ns_fail(error, NS_ERROR_USAGE, "%s is not of sums and products: no search for bad inputs",
                          ns_suite_row_op(row));
}

ns_code ns_search_run_hooked(const ns_search_options *given, const ns_search_hooks *hooks, ns_arena *arena,
                             ns_search_result **out, ns_error *error)
{
    ns_search_options taken;
    const ns_search_options *options = &taken;
    NS_TRY(NS_OPTIONS_TAKE(&taken, given, error));
    const double start = ns_clock_seconds();
    const ns_suite_row *row = NULL;
    ns_aten_program *program = NULL;
    search s = {.options = options, .hooks = hooks, .arena = arena};
    if (options->trials < 0)
        return ns_fail(error, NS_ERROR_USAGE, "%d trials: there must be at least one", options->trials);
    const ns_suite_row_name name = {.catalogue = options->catalogue,
                                    .op = options->op,
                                    .name = options->name,
                                    .target = options->target,
                                    .epsilon = options->epsilon,
                                    .per_channel = -1};
    NS_TRY(ns_suite_find_row(&name, arena, &row, error));
    NS_TRY(ns_suite_quantise_row(row, options->seed, arena, &program, NULL, error));
    NS_TRY(check(program, row, error));
    s.program = program;
    if (!(s.scratch = ns_arena_new_like(arena)))
        return no_memory(error);
    ns_code code = ns_lower(program, row->target->target, &s.graph, error);
    if (code == NS_OK) {
        code = prepare(&s, row, error);
        if (code == NS_OK)
            code = run_trials(&s, error);
        ns_graph_free(s.graph);
    }
    ns_arena_free(s.scratch);
    NS_TRY(code);
    s.result->seconds = ns_clock_seconds() - start;
    *out = s.result;
    return NS_OK;
}

ns_code ns_search_run(const ns_search_options *options, ns_arena *arena, ns_search_result **out,
                      ns_error *error)
{
    return ns_search_run_hooked(options, NULL, arena, out, error);
}
