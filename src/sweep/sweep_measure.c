/* What a sweep's results are measured against, and the measuring. */
#include <math.h>

#include "ir/interface.h"
#include "measure/interface.h"
#include "sweep/internal.h"

ns_code ns_sweep_no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for a sweep");
}

ns_code ns_sweep_widen(const ns_sweep *s, int64_t count, ns_aten_program *out, ns_error *error)
{
    *out = *s->program;
    out->nodes =
        ns_arena_copy(s->arena, s->program->nodes, (size_t)s->program->node_count * sizeof *out->nodes);
    if (!out->nodes)
        return ns_sweep_no_memory(error);
    for (int i = 0; i < out->node_count; i++) {
        out->nodes[i].rank = 1;
        out->nodes[i].shape[0] = count;
    }
    return NS_OK;
}

static ns_code compute_ideal(const ns_sweep *s, ns_arena *arena, const double **out, ns_error *error)
{
    ns_aten_program program;
    ns_tensor input;
    double **values = NULL;
    const int64_t count = NS_SWEEP_CODES;
    NS_TRY(ns_sweep_widen(s, count, &program, error));
    NS_TRY(ns_tensor_new(arena, NS_DTYPE_FP32, 1, &count, &input, error));
    for (int i = 0; i < NS_SWEEP_CODES; i++)
        ((float *)input.data)[i] = (float)((NS_SWEEP_FIRST_CODE + i) * s->result->input_scale);
    NS_TRY(ns_aten_evaluate(&program, NS_ATEN_IDEAL, &input, arena, &values, error));
    *out = values[program.outputs[0]];
    return NS_OK;
}

/* Called with the lock held: rows of one case follow each other, and a second thread waits for the first. */
static ns_code look_up_ideal(ns_sweep *s, ns_sweep_memory *memory, ns_error *error)
{
    for (const ns_sweep_known *k = memory->known; k; k = k->next)
        if (k->case_ == s->row->case_ && k->input_scale == s->result->input_scale) {
            s->result->ideal = k->values;
            return NS_OK;
        }
    ns_sweep_known *added = NS_ARENA_NEW(memory->arena, ns_sweep_known);
    if (!added)
        return ns_sweep_no_memory(error);
    NS_TRY(compute_ideal(s, memory->arena, &s->result->ideal, error));
    *added = (ns_sweep_known){s->row->case_, s->result->input_scale, s->result->ideal, memory->known};
    memory->known = added;
    return NS_OK;
}

ns_code ns_sweep_run_ideal(ns_sweep *s, ns_sweep_memory *memory, ns_error *error)
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

ns_code ns_sweep_measure(const ns_sweep *s, const int16_t *got, ns_sweep_stage *stage, ns_error *error)
{
    const ns_quantisation *range = &s->program->nodes[s->program->outputs[0]].quantisation;
    double *steps = NS_ARENA_ARRAY(s->arena, NS_SWEEP_CODES, double);
    if (!steps)
        return ns_sweep_no_memory(error);
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

void ns_sweep_count_segments(ns_sweep *s)
{
    enum { COARSE = 32 };
    ns_sweep_result *r = s->result;
    for (int k = 0; k < r->segments; k++) {
        bool open = false, coarse = false;
        for (int i = k * NS_SWEEP_BLOCK; i < (k + 1) * NS_SWEEP_BLOCK; i++) {
            open = open || s->undefined[i];
            coarse = coarse || r->eval.steps[i] > COARSE; /* NaN: not compared */
        }
        r->open_segments += open;
        r->clamped_segments += is_end(s->knots[k]) != is_end(s->knots[k + 1]);
        r->coarse_segments += coarse;
    }
}
