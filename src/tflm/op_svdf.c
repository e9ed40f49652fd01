/* SVDF: a filter over features and one over time, with a state of the last results.
 * Source: micro/kernels/svdf.cc, svdf_common.cc. Integers only; the state is a variable tensor that the
 * operator writes. */
#include "tflm/internal.h"

enum { INPUT, FEATURE, TIME, BIAS, STATE };

typedef struct svdf {
    size_t batches, inputs, filters, units, rank, memory;
    ns_fixed_scale feature_scale, time_scale;
} svdf;

static ns_code set(const ns_tflm_call *call, svdf *out, ns_error *error)
{
    const ns_tflite_tensor *input = call->inputs[INPUT]->tensor, *feature = call->inputs[FEATURE]->tensor,
                           *time = call->inputs[TIME]->tensor, *state = call->inputs[STATE]->tensor,
                           *output = call->outputs[0]->tensor;
    int32_t rank;
    NS_TRY(ns_tflite_option_i32(call->operator, 0, 0, &rank, error));
    if (input->rank != 2 || feature->rank != 2 || time->rank != 2 || rank < 1 || !(output->scale > 0) ||
        !(state->scale > 0))
        return ns_tflm_refuse_shapes(call, error);
    *out = (svdf){.batches = (size_t)input->shape[0],
                  .inputs = (size_t)input->shape[1],
                  .filters = (size_t)feature->shape[0],
                  .rank = (size_t)rank,
                  .memory = (size_t)time->shape[1]};
    out->units = out->filters / out->rank;
    const ns_tflm_value *bias = call->inputs[BIAS];
    if (out->units * out->rank != out->filters || (size_t)feature->shape[1] != out->inputs ||
        (size_t)time->shape[0] != out->filters || out->memory < 1 ||
        call->inputs[STATE]->count != out->batches * out->filters * out->memory ||
        call->outputs[0]->count != out->batches * out->units || (bias && bias->count != out->units))
        return ns_tflm_refuse_shapes(call, error);
    /* In double, as the package of October 2026 does; the source named above has floats. */
    out->feature_scale = ns_fixed_scale_of(input->scale * feature->scale / state->scale);
    out->time_scale = ns_fixed_scale_of(state->scale * time->scale / output->scale);
    return NS_OK;
}

/* The state moves on by one step of time; the results of the features take the last place of each filter. */
static void feed_state(const svdf *s, const ns_tflm_call *call, const int32_t *input, const int32_t *feature,
                       int32_t *state)
{
    const ns_tflm_value *kept = call->inputs[STATE];
    const int32_t low = ns_tflm_least(ns_tflm_type(kept)), high = ns_tflm_greatest(ns_tflm_type(kept));
    const int32_t zero = (int32_t)call->inputs[INPUT]->tensor->zero_point;
    memmove(state, state + 1, (kept->count - 1) * sizeof *state);
    for (size_t b = 0; b < s->batches; b++)
        for (size_t f = 0; f < s->filters; f++) {
            int32_t sum = 0;
            for (size_t i = 0; i < s->inputs; i++)
                sum += feature[f * s->inputs + i] * (input[b * s->inputs + i] - zero);
            const int32_t code = ns_tflm_clamp(ns_fixed_multiply(sum, s->feature_scale), low, high);
            state[((b * s->filters) + f) * s->memory + s->memory - 1] =
                (int32_t)kept->tensor->zero_point + code;
        }
    for (size_t i = 0; i < kept->count; i++)
        ns_tflm_store(kept, i, state[i]);
}

static int32_t dot_time(const svdf *s, const int32_t *time, const int32_t *state, int32_t zero, size_t filter)
{
    int32_t sum = 0;
    for (size_t m = 0; m < s->memory; m++)
        sum = (int32_t)((uint32_t)sum + (uint32_t)(time[filter * s->memory + m] * (state[m] - zero)));
    return sum;
}

static ns_code give_results(const svdf *s, ns_tflm_call *call, const int32_t *time, const int32_t *state,
                            ns_error *error)
{
    const ns_tflm_value *bias = call->inputs[BIAS], *output = call->outputs[0];
    const int32_t zero = (int32_t)call->inputs[STATE]->tensor->zero_point;
    int32_t *biases = NULL;
    if (bias)
        NS_TRY(ns_tflm_load(call, bias, &biases, error));
    for (size_t b = 0; b < s->batches; b++)
        for (size_t u = 0; u < s->units; u++) {
            uint32_t sum = biases ? (uint32_t)biases[u] : 0;
            for (size_t r = 0; r < s->rank; r++) {
                const size_t f = u * s->rank + r;
                sum += (uint32_t)dot_time(s, time, state + (b * s->filters + f) * s->memory, zero, f);
            }
            const int64_t code =
                (int64_t)ns_fixed_multiply((int32_t)sum, s->time_scale) + output->tensor->zero_point;
            ns_tflm_store(output, b * s->units + u,
                          (int32_t)(code < INT8_MIN   ? INT8_MIN
                                    : code > INT8_MAX ? INT8_MAX
                                                      : code));
        }
    return NS_OK;
}

/* Options in schema.fbs: 0 rank, 1 activation, which TFLite Micro's integer kernel does not read. */
ns_code ns_tflm_svdf(ns_tflm_call *call, ns_error *error)
{
    svdf s;
    int32_t *input, *feature, *time, *state;
    const ns_tflite_type kept = ns_tflm_type(call->inputs[STATE]);
    if (ns_tflm_type(call->inputs[INPUT]) != NS_TFLITE_INT8 ||
        ns_tflm_type(call->inputs[FEATURE]) != NS_TFLITE_INT8 || kept != ns_tflm_type(call->inputs[TIME]) ||
        (kept != NS_TFLITE_INT8 && kept != NS_TFLITE_INT16) ||
        ns_tflm_type(call->outputs[0]) != NS_TFLITE_INT8)
        return ns_tflm_refuse_types(call, error);
    NS_TRY(set(call, &s, error));
    NS_TRY(ns_budget_spend(call->budget, (uint64_t)s.batches * s.filters * (s.inputs + s.memory), error));
    NS_TRY(ns_tflm_load(call, call->inputs[INPUT], &input, error));
    NS_TRY(ns_tflm_load(call, call->inputs[FEATURE], &feature, error));
    NS_TRY(ns_tflm_load(call, call->inputs[TIME], &time, error));
    NS_TRY(ns_tflm_load(call, call->inputs[STATE], &state, error));
    if (call->inputs[STATE]->count == 0)
        return ns_tflm_refuse_shapes(call, error);
    feed_state(&s, call, input, feature, state);
    NS_TRY(ns_tflm_load(call, call->inputs[STATE], &state, error)); /* as its type holds it */
    return give_results(&s, call, time, state, error);
}
