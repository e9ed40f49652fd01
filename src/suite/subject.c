#include "suite/internal.h"

/* ---- scales ---- */

static void count_scales(const ns_ladder *ladder, ns_case_result *result)
{
    const ns_aten_program *program = ladder->decomposed;
    const float least = (float)ladder->row->settings.epsilon;
    for (int i = 0; program && i < program->node_count; i++) {
        const ns_aten_node *node = &program->nodes[i];
        if (node->kind == NS_ATEN_PARAMETER || !node->quantisation.present || node->quantisation.axis >= 0)
            continue;
        result->scale_count++;
        result->floor_count += node->quantisation.scales[0] == least;
    }
}

/* ---- codes ---- */

/* Codes of 16 bits that were met. */
typedef struct code_set {
    uint64_t bits[(1 << 16) / 64];
} code_set;

static void add_code(code_set *set, int64_t code, ns_suite_codes *out)
{
    const size_t index = (size_t)(code - INT16_MIN);
    const uint64_t bit = (uint64_t)1 << (index % 64);
    if (out->distinct == 0 || code < out->minimum)
        out->minimum = code;
    if (out->distinct == 0 || code > out->maximum)
        out->maximum = code;
    out->distinct += !(set->bits[index / 64] & bit);
    set->bits[index / 64] |= bit;
}

/* Integers of 8 and 16 bits: those are codes of reals. */
static ns_suite_codes count_codes(const ns_tensor *tensors, int count)
{
    ns_suite_codes codes = {0};
    code_set set = {{0}};
    for (int t = 0; tensors && t < count; t++)
        if (tensors[t].data && (tensors[t].dtype == NS_DTYPE_INT16 || tensors[t].dtype == NS_DTYPE_INT8))
            for (size_t i = 0; i < ns_tensor_count(&tensors[t]); i++)
                add_code(&set, ns_tensor_get(&tensors[t], i), &codes);
    return codes;
}

void ns_subject_describe(const ns_ladder *ladder, ns_case_result *result)
{
    count_scales(ladder, result);
    result->input_codes = count_codes(ladder->integers, ladder->input_count);
    result->output_codes = count_codes(ladder->evaluated, ladder->output_count);
}
