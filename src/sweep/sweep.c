/* All codes through one operator. The case's program is widened to one element per code; the evaluator runs
 * it in blocks of one table segment (128 codes), so that a segment whose result the specification leaves open
 * costs only its own codes; Vela compiles the whole of it once. */
#include "sweep/sweep.h"

#include "stage/interface.h"
#include "sweep/internal.h"

#include <string.h>

#include "base/system.h"
#include "catalogue/interface.h"
#include "ir/interface.h"
#include "lower/interface.h"
#include "npuscope/eval.h"
#include "ops/operators.h"

ns_sweep_memory *ns_sweep_memory_new(void)
{
    ns_arena *arena = ns_arena_new();
    ns_sweep_memory *memory = arena ? NS_ARENA_NEW(arena, ns_sweep_memory) : NULL;
    if (!memory) {
        ns_arena_free(arena);
        return NULL;
    }
    memory->arena = arena;
    pthread_mutex_init(&memory->lock, NULL);
    return memory;
}

void ns_sweep_memory_free(ns_sweep_memory *memory)
{
    if (!memory)
        return;
    pthread_mutex_destroy(&memory->lock);
    ns_arena_free(memory->arena);
}

/* Which operators it has decides; the scales of a catalogue case are those of int16. */
static bool is_elementwise(const ns_aten_program *program)
{
    bool fits = program->input_count == 1 && program->output_count == 1;
    for (int i = 0; i < program->node_count; i++) {
        const ns_aten_node *node = &program->nodes[i];
        fits = fits && (node->kind == NS_ATEN_INPUT || (node->kind == NS_ATEN_CALL && node->op->sweepable));
    }
    return fits;
}

bool ns_sweep_fits(const ns_aten_program *program)
{
    bool fits = is_elementwise(program);
    for (int i = 0; i < program->node_count; i++) {
        const ns_quantisation *quantisation = &program->nodes[i].quantisation;
        fits = fits && quantisation->present && quantisation->dtype == NS_DTYPE_INT16;
    }
    return fits;
}

static bool is_swept(const ns_aten_operator *op)
{
    return op->sweepable && op->catalogue;
}

static ns_code lower(const ns_sweep *s, int64_t count, ns_graph **graph, ns_error *error)
{
    ns_aten_program program;
    NS_TRY(ns_sweep_widen(s, count, &program, error));
    NS_TRY(ns_lower(&program, s->row->target->target, graph, error));
    ns_code code = ns_graph_validate(*graph, error);
    if (code != NS_OK)
        ns_graph_free(*graph);
    return code;
}

/* Evaluates the `count` codes from `first` on. */
static ns_code evaluate(const ns_sweep *s, const ns_graph *graph, int first, int64_t count, ns_arena *scratch,
                        ns_error *error)
{
    ns_tensor in, out;
    NS_TRY(ns_tensor_new(scratch, NS_DTYPE_INT16, 1, &count, &in, error));
    for (int64_t i = 0; i < count; i++)
        ((int16_t *)in.data)[i] = (int16_t)(first + i);
    const ns_eval_options options = {.cpu_mask = s->cpu_mask};
    NS_TRY(ns_eval(graph, &options, &in, 1, scratch, &out, error));
    if (out.dtype != NS_DTYPE_INT16 || (int64_t)ns_tensor_count(&out) != count)
        return ns_fail(error, NS_ERROR_INTERNAL, "the lowered graph does not give an int16 for each input");
    memcpy(s->eval + (first - NS_SWEEP_FIRST_CODE), out.data, (size_t)count * sizeof(int16_t));
    return NS_OK;
}

static ns_code evaluate_all(ns_sweep *s, const ns_graph *block, const ns_graph *single, ns_arena *scratch,
                            ns_error *error)
{
    for (int first = NS_SWEEP_FIRST_CODE; first < NS_SWEEP_FIRST_CODE + NS_SWEEP_CODES;
         first += NS_SWEEP_BLOCK) {
        ns_code code = evaluate(s, block, first, NS_SWEEP_BLOCK, scratch, error);
        for (int k = first; code == NS_ERROR_UNPREDICTABLE && k < first + NS_SWEEP_BLOCK; k++) {
            ns_code one = evaluate(s, single, k, 1, scratch, error);
            if (one != NS_OK && one != NS_ERROR_UNPREDICTABLE)
                return one;
            s->undefined[k - NS_SWEEP_FIRST_CODE] = one != NS_OK;
            if (one != NS_OK && !s->result->rule) {
                s->result->rule = ns_arena_string(s->arena, error->message);
                if (!s->result->rule)
                    return ns_sweep_no_memory(error);
            }
            ns_arena_reset(scratch);
        }
        if (code != NS_OK && code != NS_ERROR_UNPREDICTABLE)
            return code;
        ns_arena_reset(scratch);
    }
    return NS_OK;
}

static void find_table(ns_sweep *s, const ns_graph *graph)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    const size_t count = sizeof s->knots / sizeof s->knots[0];
    for (int i = 0; i < block->operator_count; i++) {
        const ns_operator *op = &block->operators[i];
        const ns_tensor *table = op->op == NS_OP_TABLE ? &block->tensors[op->inputs[1]].tensor : NULL;
        if (!table || !table->data || ns_tensor_count(table) != count)
            continue;
        for (size_t k = 0; k < count; k++)
            s->knots[k] = (int16_t)ns_tensor_get(table, k);
        s->result->segments = (int)count - 1;
    }
}

static ns_code run_eval(ns_sweep *s, ns_error *error)
{
    ns_graph *block = NULL, *single = NULL;
    ns_arena *scratch = ns_arena_new_like(s->arena);
    ns_code code = scratch ? lower(s, NS_SWEEP_BLOCK, &block, error) : ns_sweep_no_memory(error);
    if (code == NS_OK) {
        find_table(s, block);
        code = lower(s, 1, &single, error);
        if (code == NS_OK) {
            code = evaluate_all(s, block, single, scratch, error);
            ns_graph_free(single);
        }
        ns_graph_free(block);
    }
    ns_arena_free(scratch);
    return code;
}

static ns_code collect_ranges(ns_sweep *s, ns_error *error)
{
    ns_sweep_result *result = s->result;
    result->ranges = NS_ARENA_ARRAY(s->arena, NS_SWEEP_CODES / 2, ns_sweep_range);
    if (!result->ranges)
        return ns_sweep_no_memory(error);
    for (int i = 0; i < NS_SWEEP_CODES; i++) {
        if (!s->undefined[i])
            continue;
        result->unpredictable++;
        if (i == 0 || !s->undefined[i - 1])
            result->ranges[result->range_count++].first = NS_SWEEP_FIRST_CODE + i;
        result->ranges[result->range_count - 1].last = NS_SWEEP_FIRST_CODE + i;
    }
    return NS_OK;
}

/* The graph of all codes, for Vela. */
static ns_code make_request(ns_sweep *s, ns_error *error)
{
    ns_graph *graph = NULL;
    NS_TRY(ns_accelerator_parse(s->row->target->accelerator, &s->request.accelerator, error));
    s->request.flags = s->row->target->flags;
    NS_TRY(lower(s, NS_SWEEP_CODES, &graph, error));
    ns_code code = ns_graph_write(graph, s->arena, &s->request.graph, &s->request.graph_size, error);
    ns_graph_free(graph);
    return code;
}

/* Runs the compiled stream. What Vela refuses is a reason, not an error. */
static ns_code run_npu(ns_sweep *s, ns_error *error)
{
    const ns_vela_request *request = &s->request;
    if (request->outcome != NS_VELA_COMPILED) {
        s->result->npu.reason = ns_arena_format(s->arena, "Vela: %s", request->reason);
        return s->result->npu.reason ? NS_OK : ns_sweep_no_memory(error);
    }
    ns_tensor in, out;
    const int64_t count = NS_SWEEP_CODES;
    NS_TRY(ns_tensor_new(s->arena, NS_DTYPE_INT16, 1, &count, &in, error));
    for (int i = 0; i < NS_SWEEP_CODES; i++)
        ((int16_t *)in.data)[i] = (int16_t)(NS_SWEEP_FIRST_CODE + i);
    const ns_stage_execution execution = {
        .request = request, .cpu_mask = s->cpu_mask, .input_count = 1, .output_count = 1, .inputs = &in};
    NS_TRY(ns_stage_execute(&execution, s->arena, &out, NULL, error));
    if (out.dtype != NS_DTYPE_INT16 || ns_tensor_count(&out) != NS_SWEEP_CODES)
        return ns_fail(error, NS_ERROR_INTERNAL, "the stream does not give an int16 for each code");
    const int16_t *got = out.data;
    for (int i = 0; i < NS_SWEEP_CODES; i++)
        if (!s->undefined[i] && got[i] != s->eval[i] && s->result->differences++ == 0)
            s->result->first_difference = NS_SWEEP_FIRST_CODE + i;
    return ns_sweep_measure(s, got, &s->result->npu, error);
}

static ns_code allocate(ns_sweep *s, ns_error *error)
{
    s->result = NS_ARENA_NEW(s->arena, ns_sweep_result);
    s->eval = NS_ARENA_ARRAY(s->arena, NS_SWEEP_CODES, int16_t);
    s->undefined = NS_ARENA_ARRAY(s->arena, NS_SWEEP_CODES, bool);
    if (!s->result || !s->eval || !s->undefined)
        return ns_sweep_no_memory(error);
    *s->result = (ns_sweep_result){
        .op = ns_suite_row_op(s->row),
        .name = ns_suite_row_case(s->row),
        .target = s->row->target->name,
        .accelerator = s->row->target->accelerator,
        .input_scale = (double)s->program->nodes[s->program->inputs[0]].quantisation.scales[0],
        .output_scale = (double)s->program->nodes[s->program->outputs[0]].quantisation.scales[0],
        .eval.name = "eval",
        .npu = {.name = "npu", .reason = s->npu ? NULL : "Vela was not asked for"},
    };
    return NS_OK;
}

ns_code ns_sweep_begin(const ns_suite_row *row, const ns_aten_program *program, unsigned cpu_mask, bool npu,
                       ns_sweep_memory *memory, ns_arena *arena, ns_sweep **out, ns_error *error)
{
    if (!ns_sweep_fits(program)) {
        const char *swept = ns_aten_names(is_swept, arena);
        return ns_fail(error, NS_ERROR_USAGE, "%s is not elementwise with one input: a sweep is for %s",
                       ns_suite_row_op(row), swept ? swept : "others");
    }
    NS_TRY(ns_lower_supported(program, row->target->target, error));
    ns_sweep *s = NS_ARENA_NEW(arena, ns_sweep);
    if (!s)
        return ns_sweep_no_memory(error);
    *s = (ns_sweep){.row = row, .program = program, .cpu_mask = cpu_mask, .npu = npu, .arena = arena};
    NS_TRY(allocate(s, error));
    NS_TRY(run_eval(s, error));
    NS_TRY(collect_ranges(s, error));
    NS_TRY(ns_sweep_run_ideal(s, memory, error));
    NS_TRY(ns_sweep_measure(s, s->eval, &s->result->eval, error));
    ns_sweep_count_segments(s);
    if (npu)
        NS_TRY(make_request(s, error));
    *out = s;
    return NS_OK;
}

ns_vela_request *ns_sweep_request(ns_sweep *s)
{
    return s->npu ? &s->request : NULL;
}

ns_code ns_sweep_finish(ns_sweep *s, ns_sweep_result **out, ns_error *error)
{
    if (s->npu)
        NS_TRY(run_npu(s, error));
    *out = s->result;
    return NS_OK;
}

static ns_code find_row(const ns_sweep_options *options, ns_arena *arena, const ns_suite_row **row,
                        ns_error *error)
{
    const ns_suite_row_name name = {.catalogue = options->catalogue,
                                    .op = options->op,
                                    .name = options->name,
                                    .target = options->target,
                                    .epsilon = options->epsilon,
                                    .per_channel = -1};
    return ns_suite_find_row(&name, arena, row, error);
}

ns_code ns_sweep_takes(const ns_sweep_options *given, ns_arena *arena, bool *fits, ns_error *error)
{
    ns_sweep_options taken;
    const ns_sweep_options *options = &taken;
    NS_TRY(NS_OPTIONS_TAKE(&taken, given, error));
    const ns_suite_row *row = NULL;
    ns_aten_program *program = NULL;
    ns_case_maker made;
    NS_TRY(find_row(options, arena, &row, error));
    NS_TRY(ns_case_build(row->operator, row->case_, options->seed, arena, &made, error));
    NS_TRY(ns_aten_decompose(made.program, arena, &program, error));
    *fits = is_elementwise(program);
    return NS_OK;
}

ns_code ns_sweep_run(const ns_sweep_options *given, ns_arena *arena, ns_sweep_result **out, ns_error *error)
{
    ns_sweep_options taken;
    const ns_sweep_options *options = &taken;
    NS_TRY(NS_OPTIONS_TAKE(&taken, given, error));
    const double start = ns_clock_seconds();
    const ns_suite_row *row = NULL;
    ns_aten_program *program = NULL;
    ns_sweep *s = NULL;
    NS_TRY(find_row(options, arena, &row, error));
    NS_TRY(ns_suite_quantise_row(row, options->seed, arena, &program, NULL, error));
    NS_TRY(ns_sweep_begin(row, program, options->cpu_mask, options->vela != NULL, NULL, arena, &s, error));
    if (s->npu)
        NS_TRY(ns_vela_compile(options->vela, options->vela_options, &s->request, 1, arena, error));
    NS_TRY(ns_sweep_finish(s, out, error));
    (*out)->seconds = ns_clock_seconds() - start;
    return NS_OK;
}
