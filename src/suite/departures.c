#include "suite/departures.h"

#include <math.h>

#include "stage/given_take.h"

/* What was recorded of output `o` for a stage; without data: nothing. */
static const ns_tensor *recorded_output(const ns_ladder *ladder, ns_stage stage, int o)
{
    const ns_case_references *references = &ladder->references;
    return stage == NS_STAGE_IDEAL       ? &references->floats[o]
           : stage == NS_STAGE_QUANTISED ? &references->quantised[o]
                                         : &references->integers[o];
}

static double recorded_value(const ns_ladder *ladder, int o, const ns_tensor *tensor, size_t element,
                             double scale)
{
    const int64_t zero_point = ladder->model ? ladder->model->model.outputs[o].zero_point : 0;
    return tensor->dtype == NS_DTYPE_FP32 ? (double)((const float *)tensor->data)[element]
                                          : (double)(ns_tensor_get(tensor, element) - zero_point) * scale;
}

/* Two NaN or two infinities are the same. */
static bool is_same(const ns_ladder *ladder, ns_stage stage, double scale, double got, double recorded)
{
    if (got == recorded || (isnan(got) && isnan(recorded)))
        return true;
    if (stage == NS_STAGE_IDEAL)
        return fabs(got - recorded) <= ns_harness_tolerance(&ladder->row->settings, 0, recorded);
    return stage == NS_STAGE_QUANTISED && fabs(nearbyint(got / scale) - nearbyint(recorded / scale)) <= 1;
}

void ns_find_departures(const ns_ladder *ladder, const double *values, ns_stage_result *result)
{
    if (!ladder->references.floats)
        return;
    for (int o = 0; o < ladder->output_count; o++) {
        const ns_tensor *recorded = recorded_output(ladder, result->stage, o);
        const double scale = ladder->outputs[o].scale > 0 ? ladder->outputs[o].scale : 1;
        for (size_t i = 0; recorded->data && i < ladder->outputs[o].count; i++) {
            const double wanted = recorded_value(ladder, o, recorded, i, scale);
            const double difference = fabs(values[i] - wanted) / scale;
            result->recorded++;
            result->departing += !is_same(ladder, result->stage, scale, values[i], wanted);
            if (difference > result->most_departing)
                result->most_departing = difference;
        }
        values += ladder->outputs[o].count;
    }
}
