/* All codes through one operator. The case's program is widened to one element per code; the evaluator runs
 * it in blocks of one table segment (128 codes), so that a segment whose result the specification leaves open
 * costs only its own codes; Vela compiles the whole of it once. */
#include "sweep/sweep.h"

#include "stage/interface.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "base/system.h"
#include "catalogue/interface.h"
#include "ir/interface.h"
#include "lower/interface.h"
#include "measure/interface.h"
#include "npuscope/eval.h"
#include "ops/operators.h"

enum { BLOCK = 128 };

struct ns_sweep {
    const ns_suite_row *row;
    const ns_aten_program *program; /* of the case, with its scales */
    unsigned cpu_mask;
    bool npu; /* is to run */
    ns_arena *arena;
    ns_sweep_result *result;
    ns_vela_request request;
    int16_t *eval; /* results by code; where undefined[] is set they mean nothing */
    bool *undefined;
    int16_t knots[NS_SWEEP_CODES / BLOCK + 1]; /* of the table; result->segments is 0 without one */
};

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for a sweep");
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

/* The program with `count` elements in the place of the case's shape. */
static ns_code widen(const ns_sweep *s, int64_t count, ns_aten_program *out, ns_error *error)
{
    *out = *s->program;
    out->nodes =
        ns_arena_copy(s->arena, s->program->nodes, (size_t)s->program->node_count * sizeof *out->nodes);
    if (!out->nodes)
        return no_memory(error);
    for (int i = 0; i < out->node_count; i++) {
        out->nodes[i].rank = 1;
        out->nodes[i].shape[0] = count;
    }
    return NS_OK;
}

static ns_code lower(const ns_sweep *s, int64_t count, ns_graph **graph, ns_error *error)
{
    ns_aten_program program;
    NS_TRY(widen(s, count, &program, error));
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
    for (int first = NS_SWEEP_FIRST_CODE; first < NS_SWEEP_FIRST_CODE + NS_SWEEP_CODES; first += BLOCK) {
        ns_code code = evaluate(s, block, first, BLOCK, scratch, error);
        for (int k = first; code == NS_ERROR_UNPREDICTABLE && k < first + BLOCK; k++) {
            ns_code one = evaluate(s, single, k, 1, scratch, error);
            if (one != NS_OK && one != NS_ERROR_UNPREDICTABLE)
                return one;
            s->undefined[k - NS_SWEEP_FIRST_CODE] = one != NS_OK;
            if (one != NS_OK && !s->result->rule) {
                s->result->rule = ns_arena_string(s->arena, error->message);
                if (!s->result->rule)
                    return no_memory(error);
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
    ns_code code = scratch ? lower(s, BLOCK, &block, error) : no_memory(error);
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
        return no_memory(error);
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

static ns_code compute_ideal(const ns_sweep *s, ns_arena *arena, const double **out, ns_error *error)
{
    ns_aten_program program;
    ns_tensor input;
    double **values = NULL;
    const int64_t count = NS_SWEEP_CODES;
    NS_TRY(widen(s, count, &program, error));
    NS_TRY(ns_tensor_new(arena, NS_DTYPE_FP32, 1, &count, &input, error));
    for (int i = 0; i < NS_SWEEP_CODES; i++)
        ((float *)input.data)[i] = (float)((NS_SWEEP_FIRST_CODE + i) * s->result->input_scale);
    NS_TRY(ns_aten_evaluate(&program, NS_ATEN_IDEAL, &input, arena, &values, error));
    *out = values[program.outputs[0]];
    return NS_OK;
}

/* Exact results of one case with one input scale. */
typedef struct known_ideal {
    const ns_catalogue_case *case_;
    double input_scale;
    const double *values;
    struct known_ideal *next;
} known_ideal;

struct ns_sweep_memory {
    pthread_mutex_t lock;
    ns_arena *arena;
    known_ideal *known;
};

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

/* Called with the lock held: rows of one case follow each other, and a second thread waits for the first. */
static ns_code look_up_ideal(ns_sweep *s, ns_sweep_memory *memory, ns_error *error)
{
    for (const known_ideal *k = memory->known; k; k = k->next)
        if (k->case_ == s->row->case_ && k->input_scale == s->result->input_scale) {
            s->result->ideal = k->values;
            return NS_OK;
        }
    known_ideal *added = NS_ARENA_NEW(memory->arena, known_ideal);
    if (!added)
        return no_memory(error);
    NS_TRY(compute_ideal(s, memory->arena, &s->result->ideal, error));
    *added = (known_ideal){s->row->case_, s->result->input_scale, s->result->ideal, memory->known};
    memory->known = added;
    return NS_OK;
}

static ns_code run_ideal(ns_sweep *s, ns_sweep_memory *memory, ns_error *error)
{
    if (!memory)
        return compute_ideal(s, s->arena, &s->result->ideal, error);
    pthread_mutex_lock(&memory->lock);
    const ns_code code = look_up_ideal(s, memory, error);
    pthread_mutex_unlock(&memory->lock);
    return code;
}

static void draw_curve(ns_sweep_stage *stage)
{
    enum { SHARE = NS_SWEEP_CODES / NS_SWEEP_COLUMNS };
    for (int c = 0; c < NS_SWEEP_COLUMNS; c++) {
        double least = NAN, largest = NAN, sum = 0;
        int compared = 0;
        for (int i = c * SHARE; i < (c + 1) * SHARE; i++) {
            if (isnan(stage->steps[i]))
                continue;
            least = fmin(least, stage->steps[i]);
            largest = fmax(largest, stage->steps[i]);
            sum += stage->steps[i];
            compared++;
        }
        stage->least[c] = least;
        stage->largest[c] = largest;
        stage->mean[c] = compared ? sum / compared : NAN;
    }
}

static ns_code measure(const ns_sweep *s, const int16_t *got, ns_sweep_stage *stage, ns_error *error)
{
    const ns_quantisation *range = &s->program->nodes[s->program->outputs[0]].quantisation;
    double *steps = NS_ARENA_ARRAY(s->arena, NS_SWEEP_CODES, double);
    if (!steps)
        return no_memory(error);
    double sum = 0;
    for (int i = 0; i < NS_SWEEP_CODES; i++) {
        const double value = got[i] * s->result->output_scale,
                     ideal = s->result->ideal[i] / s->result->output_scale;
        const bool outside = !(ideal >= (double)range->qmin - 0.5 && ideal <= (double)range->qmax + 0.5);
        steps[i] = s->undefined[i] || outside ? NAN : fabs(got[i] - ideal);
        stage->out_of_range += outside && !s->undefined[i];
        if (s->undefined[i] || outside)
            continue;
        stage->compared++;
        sum += steps[i];
        stage->bins[ns_error_bin(steps[i])]++;
        stage->saturated += got[i] <= range->qmin || got[i] >= range->qmax;
        if (stage->compared == 1 || steps[i] > stage->max_steps) {
            stage->max_steps = steps[i];
            stage->worst_code = NS_SWEEP_FIRST_CODE + i;
            stage->worst_input = (double)(float)(stage->worst_code * s->result->input_scale);
            stage->worst_ideal = s->result->ideal[i];
            stage->worst_got = value;
        }
    }
    stage->mean_steps = stage->compared ? sum / (double)stage->compared : 0;
    stage->steps = steps;
    draw_curve(stage);
    return NS_OK;
}

static bool is_end(int16_t knot)
{
    return knot == INT16_MAX || knot <= -INT16_MAX;
}

/* After eval is measured. */
static void count_segments(ns_sweep *s)
{
    enum { COARSE = 32 };
    ns_sweep_result *r = s->result;
    for (int k = 0; k < r->segments; k++) {
        bool open = false, coarse = false;
        for (int i = k * BLOCK; i < (k + 1) * BLOCK; i++) {
            open = open || s->undefined[i];
            coarse = coarse || r->eval.steps[i] > COARSE; /* NaN: not compared */
        }
        r->open_segments += open;
        r->clamped_segments += is_end(s->knots[k]) != is_end(s->knots[k + 1]);
        r->coarse_segments += coarse;
    }
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
        return s->result->npu.reason ? NS_OK : no_memory(error);
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
    return measure(s, got, &s->result->npu, error);
}

static ns_code allocate(ns_sweep *s, ns_error *error)
{
    s->result = NS_ARENA_NEW(s->arena, ns_sweep_result);
    s->eval = NS_ARENA_ARRAY(s->arena, NS_SWEEP_CODES, int16_t);
    s->undefined = NS_ARENA_ARRAY(s->arena, NS_SWEEP_CODES, bool);
    if (!s->result || !s->eval || !s->undefined)
        return no_memory(error);
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
        return no_memory(error);
    *s = (ns_sweep){.row = row, .program = program, .cpu_mask = cpu_mask, .npu = npu, .arena = arena};
    NS_TRY(allocate(s, error));
    NS_TRY(run_eval(s, error));
    NS_TRY(collect_ranges(s, error));
    NS_TRY(run_ideal(s, memory, error));
    NS_TRY(measure(s, s->eval, &s->result->eval, error));
    count_segments(s);
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

ns_code ns_sweep_takes(const ns_sweep_options *options, ns_arena *arena, bool *fits, ns_error *error)
{
    const ns_suite_row *row = NULL;
    ns_aten_program *program = NULL;
    ns_case_maker made;
    NS_TRY(find_row(options, arena, &row, error));
    NS_TRY(ns_case_build(row->operator, row->case_, options->seed, arena, &made, error));
    NS_TRY(ns_aten_decompose(made.program, arena, &program, error));
    *fits = is_elementwise(program);
    return NS_OK;
}

ns_code ns_sweep_run(const ns_sweep_options *options, ns_arena *arena, ns_sweep_result **out, ns_error *error)
{
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
