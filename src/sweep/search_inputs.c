/* The provoking kinds look at one result element, drawn at random, and at its derivatives by the inputs: in
 * sums of products the result is linear in each input, so that signs of derivatives lead to its largest
 * value, and a share of that to any value between. */
#include "sweep/internal.h"

#include <math.h>
#include <stdlib.h>

#include "ir/interface.h"
#include "measure/interface.h"

/* Evaluations to find a share of the largest result, and codes that are then turned to come nearer. */
enum { BISECTIONS = 12, TURNS = 64 };

static int64_t range(ns_search_maker *m, int64_t low, int64_t high)
{
    return ns_random_range(&m->random, low, high);
}

static const ns_quantisation *quantisation_of(const ns_search_maker *m, int input)
{
    return &m->program->nodes[m->program->inputs[input]].quantisation;
}

static int16_t clamp(const ns_quantisation *q, double code)
{
    return (int16_t)fmin(fmax(code, (double)q->qmin), (double)q->qmax);
}

ns_code ns_search_reals(const ns_aten_program *program, const ns_tensor *codes, ns_arena *arena,
                        ns_tensor *reals, ns_error *error)
{
    for (int i = 0; i < program->input_count; i++) {
        const double scale = (double)program->nodes[program->inputs[i]].quantisation.scales[0];
        NS_TRY(ns_tensor_new(arena, NS_DTYPE_FP32, codes[i].rank, codes[i].shape, &reals[i], error));
        for (size_t e = 0; e < ns_tensor_count(&codes[i]); e++)
            ((float *)reals[i].data)[e] = (float)(((const int16_t *)codes[i].data)[e] * scale);
    }
    return NS_OK;
}

/* The value of result element `element` and its derivatives by the inputs' codes. */
typedef struct view {
    double result;
    double **slopes; /* by input; each by element */
} view;

static ns_code look(const ns_search_maker *m, ns_aten_mode mode, const ns_tensor *codes, size_t element,
                    view *out, ns_error *error)
{
    ns_tensor *reals = NS_ARENA_ARRAY(m->scratch, (size_t)m->program->input_count, ns_tensor);
    double **values, **gradient;
    out->slopes = NS_ARENA_ARRAY(m->scratch, (size_t)m->program->input_count, double *);
    if (!reals || !out->slopes)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for derivatives");
    NS_TRY(ns_search_reals(m->program, codes, m->scratch, reals, error));
    NS_TRY(ns_aten_evaluate(m->program, mode, reals, m->scratch, &values, error));
    NS_TRY(ns_gradient(m->program, values, element, m->scratch, &gradient, error));
    out->result = values[m->program->outputs[0]][element];
    for (int i = 0; i < m->program->input_count; i++) {
        out->slopes[i] = gradient[m->program->inputs[i]];
        for (size_t e = 0; e < ns_tensor_count(&codes[i]); e++)
            out->slopes[i][e] *= (double)quantisation_of(m, i)->scales[0];
    }
    return NS_OK;
}

static int16_t simple_code(ns_search_maker *m, const ns_quantisation *q, ns_search_kind kind, int64_t level)
{
    switch (kind) {
    case NS_SEARCH_ENDS: {
        const int64_t codes[] = {q->qmin, q->qmax, q->qmin + 1, q->qmax - 1, 0, 1, -1};
        return (int16_t)codes[range(m, 0, 6)];
    }
    case NS_SEARCH_POWERS: {
        const int64_t power = ((int64_t)1 << range(m, 0, 15)) + range(m, -1, 1);
        return clamp(q, (double)(range(m, 0, 1) ? power : -power));
    }
    case NS_SEARCH_FLAT:
        return clamp(q, (double)(level + range(m, -1, 1)));
    default:
        return (int16_t)range(m, q->qmin, q->qmax);
    }
}

static void fill(ns_search_maker *m, ns_search_kind kind, ns_tensor *codes)
{
    for (int i = 0; i < m->program->input_count; i++) {
        const ns_quantisation *q = quantisation_of(m, i);
        const int64_t level = simple_code(m, q, range(m, 0, 1) ? NS_SEARCH_ENDS : NS_SEARCH_UNIFORM, 0);
        for (size_t e = 0; e < ns_tensor_count(&codes[i]); e++)
            ((int16_t *)codes[i].data)[e] = simple_code(m, q, kind, level);
    }
}

/* Each input in turn to the ends that make the element largest, or least for sign -1. */
static ns_code reach(ns_search_maker *m, size_t element, int sign, ns_tensor *codes, ns_error *error)
{
    fill(m, range(m, 0, 1) ? NS_SEARCH_UNIFORM : NS_SEARCH_ENDS, codes);
    for (int i = 0; i < m->program->input_count; i++) {
        const ns_quantisation *q = quantisation_of(m, i);
        view now;
        NS_TRY(look(m, NS_ATEN_IDEAL, codes, element, &now, error));
        for (size_t e = 0; e < ns_tensor_count(&codes[i]); e++)
            if (now.slopes[i][e] != 0)
                ((int16_t *)codes[i].data)[e] = (int16_t)(now.slopes[i][e] * sign > 0 ? q->qmax : q->qmin);
    }
    return NS_OK;
}

typedef struct slope {
    size_t element;
    double value;
} slope;

static int by_size(const void *a_, const void *b_)
{
    const slope *a = a_, *b = b_;
    const double x = fabs(a->value), y = fabs(b->value);
    return x != y ? (x < y) - (x > y) : (a->element > b->element) - (a->element < b->element);
}

/* The elements of one input that the result depends on, steepest first. */
static ns_code collect(const ns_search_maker *m, const double *slopes, size_t count, slope **out,
                       size_t *out_count, ns_error *error)
{
    *out = NS_ARENA_ARRAY(m->scratch, count, slope);
    if (!*out)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for derivatives");
    *out_count = 0;
    for (size_t e = 0; e < count; e++)
        if (slopes[e] != 0)
            (*out)[(*out_count)++] = (slope){e, slopes[e]};
    qsort(*out, *out_count, sizeof **out, by_size);
    return NS_OK;
}

/* Turns codes, from the least steep of `slopes` on, until the result is as near to `target` as they get it.
 */
static void approach(const ns_quantisation *q, const slope *slopes, size_t count, double target,
                     double result, int16_t *codes)
{
    for (size_t i = count; i > 0 && i + TURNS > count; i--) {
        int16_t *code = &codes[slopes[i - 1].element];
        const int16_t turned = clamp(q, *code + nearbyint((target - result) / slopes[i - 1].value));
        result += (turned - *code) * slopes[i - 1].value;
        *code = turned;
    }
}

/* Terms at the ends, each against the sum of those before it; then the sum to zero. */
static ns_code cancel(ns_search_maker *m, size_t element, ns_tensor *codes, ns_error *error)
{
    const int input = (int)range(m, 0, m->program->input_count - 1);
    const ns_quantisation *q = quantisation_of(m, input);
    int16_t *data = codes[input].data;
    slope *slopes;
    size_t count;
    view now;
    fill(m, range(m, 0, 1) ? NS_SEARCH_UNIFORM : NS_SEARCH_ENDS, codes);
    NS_TRY(look(m, NS_ATEN_IDEAL, codes, element, &now, error));
    NS_TRY(collect(m, now.slopes[input], ns_tensor_count(&codes[input]), &slopes, &count, error));
    double sum = now.result;
    for (size_t i = 0; i < count; i++)
        sum -= slopes[i].value * data[slopes[i].element];
    for (size_t i = 0; i < count; i++) {
        const double end = (double)(q->qmax - range(m, 0, 3));
        data[slopes[i].element] = clamp(q, sum * slopes[i].value > 0 ? -end : end);
        sum += slopes[i].value * data[slopes[i].element];
    }
    NS_TRY(look(m, NS_ATEN_IDEAL, codes, element, &now, error));
    approach(q, slopes, count, 0, now.result, data);
    return NS_OK;
}

/* A result at which rounding or saturation decides. */
static double draw_target(ns_search_maker *m)
{
    const ns_quantisation *q = &m->program->nodes[m->program->outputs[0]].quantisation;
    const double end = (double)(range(m, 0, 1) ? q->qmax : q->qmin);
    const double code =
        range(m, 0, 1) ? end + (double)range(m, -2, 2) / 2 : (double)range(m, q->qmin, q->qmax) + 0.5;
    return code * (double)q->scales[0];
}

/* Scales the codes of one input down, until the element's magnitude is just above or below `target`'s. */
static ns_code shrink(ns_search_maker *m, int input, size_t element, double target, ns_tensor *codes,
                      view *now, ns_error *error)
{
    int16_t *data = codes[input].data;
    const size_t count = ns_tensor_count(&codes[input]);
    const int16_t *far = ns_arena_copy(m->scratch, data, count * sizeof *far);
    if (!far)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for codes");
    double low = 0, high = 1;
    for (int i = 0; i < BISECTIONS; i++) {
        const double share = (low + high) / 2;
        for (size_t e = 0; e < count; e++)
            data[e] = clamp(quantisation_of(m, input), nearbyint(far[e] * share));
        NS_TRY(look(m, NS_ATEN_IDEAL, codes, element, now, error));
        if (fabs(now->result) < fabs(target))
            low = share;
        else
            high = share;
    }
    return NS_OK;
}

/* The error of rounded weights is linear in the input as the result is: its derivatives are those of the
 * exact program less those with the weights as they were rounded. Where the result is then beyond the
 * output's range, the input is scaled down; the error shrinks no more than the result does. */
static ns_code weights(ns_search_maker *m, size_t element, ns_tensor *codes, ns_error *error)
{
    const ns_quantisation *output = &m->program->nodes[m->program->outputs[0]].quantisation;
    const double limit = ((double)output->qmax - 1) * (double)output->scales[0];
    const int input = (int)range(m, 0, m->program->input_count - 1), sign = range(m, 0, 1) ? 1 : -1;
    const ns_quantisation *q = quantisation_of(m, input);
    view exact, rounded;
    fill(m, range(m, 0, 1) ? NS_SEARCH_UNIFORM : NS_SEARCH_ENDS, codes);
    NS_TRY(look(m, NS_ATEN_IDEAL, codes, element, &exact, error));
    NS_TRY(look(m, NS_ATEN_QUANTISED, codes, element, &rounded, error));
    for (size_t e = 0; e < ns_tensor_count(&codes[input]); e++) {
        const double push = (exact.slopes[input][e] - rounded.slopes[input][e]) * sign;
        if (push != 0)
            ((int16_t *)codes[input].data)[e] = (int16_t)(push > 0 ? q->qmax : q->qmin);
    }
    NS_TRY(look(m, NS_ATEN_IDEAL, codes, element, &exact, error));
    return fabs(exact.result) <= limit ? NS_OK : shrink(m, input, element, limit, codes, &exact, error);
}

static ns_code edge(ns_search_maker *m, size_t element, ns_tensor *codes, ns_error *error)
{
    const double target = draw_target(m);
    const int input = (int)range(m, 0, m->program->input_count - 1);
    view now;
    NS_TRY(reach(m, element, target > 0 ? 1 : -1, codes, error));
    NS_TRY(shrink(m, input, element, target, codes, &now, error));
    slope *slopes;
    size_t slope_count;
    NS_TRY(collect(m, now.slopes[input], ns_tensor_count(&codes[input]), &slopes, &slope_count, error));
    approach(quantisation_of(m, input), slopes, slope_count, target, now.result, codes[input].data);
    return NS_OK;
}

/* One to eight codes that the element depends on, each by a step, by a power of two, to an end, or negated.
 */
static ns_code climb(ns_search_maker *m, size_t element, ns_tensor *codes, ns_error *error)
{
    const int input = (int)range(m, 0, m->program->input_count - 1);
    const ns_quantisation *q = quantisation_of(m, input);
    slope *slopes;
    size_t count;
    view now;
    NS_TRY(look(m, NS_ATEN_IDEAL, codes, element, &now, error));
    NS_TRY(collect(m, now.slopes[input], ns_tensor_count(&codes[input]), &slopes, &count, error));
    for (int64_t left = range(m, 1, 8); left > 0 && count > 0; left--) {
        int16_t *code = &((int16_t *)codes[input].data)[slopes[range(m, 0, (int64_t)count - 1)].element];
        const int64_t power = (int64_t)1 << range(m, 0, 14);
        const double choices[] = {
            *code + 1.0,     *code - 1.0,     (double)(*code + power), (double)(*code - power),
            (double)q->qmin, (double)q->qmax, -(double)*code};
        *code = clamp(q, choices[range(m, 0, 6)]);
    }
    return NS_OK;
}

ns_code ns_search_make(ns_search_maker *m, ns_search_kind kind, size_t worst, ns_tensor *codes,
                       ns_error *error)
{
    const size_t results = ns_aten_count(&m->program->nodes[m->program->outputs[0]]);
    const size_t element = (size_t)range(m, 0, (int64_t)results - 1);
    switch (kind) {
    case NS_SEARCH_GAIN:
        return reach(m, element, range(m, 0, 1) ? 1 : -1, codes, error);
    case NS_SEARCH_WEIGHTS:
        return weights(m, element, codes, error);
    case NS_SEARCH_CANCEL:
        return cancel(m, element, codes, error);
    case NS_SEARCH_EDGE:
        return edge(m, element, codes, error);
    case NS_SEARCH_CLIMB:
        return climb(m, worst, codes, error);
    default:
        fill(m, kind, codes);
        return NS_OK;
    }
}
