/* Whole models and what is wrong with them: verdict, operator, cause and the SQNR against float.
 *
 * tests/data/judged.zip, <model>: model.tosa and in<k>.npy, and truth.json by scripts/record-models: found
 * by running PyTorch's quantised graph with one stage after the other made ideal, and by the float model;
 * npuscope has no part in it. Where two stages or causes weigh the same the truth names both. */
#include <math.h>

#include "npuscope/cpu.h"
#include "npuscope/diagnose.h"
#include "support/data.h"
#include "support/test.h"

#define MAX_INPUTS 3
/* What the issue allows a predicted SQNR to be off, in dB. */
#define MOST_DB 4.0

typedef struct judged {
    ns_arena *arena;
    ns_graph *graph;
    json_t *truth;
    ns_diagnose_precision precision;
    const double *real[MAX_INPUTS], *reference; /* where the float model's are given */
    double scale;
} judged;

static bool lists(const json_t *list, const char *text)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) if (strcmp(json_string_value(item), text) == 0) return true;
    return false;
}

/* The reals of a file in codes; of an input `codes` too, as ExecuTorch rounds them. */
static const double *load_reals(const char *name, const char *kind, int index, const char *scales,
                                const judged *model, ns_tensor *codes)
{
    char file[96];
    ns_npy array;
    ns_error error = {0};
    const double scale =
        codes ? json_number_value(json_array_get(json_object_get(model->truth, scales), (size_t)index)) : 1;
    snprintf(file, sizeof file, "judged/%s/%s%d.npy", name, kind, index);
    ASSERT_OK(test_data_array(file, model->arena, &array, &error));
    assert_int_equal(array.type, NS_NPY_FLOAT32);
    double *values = NS_ARENA_ARRAY(model->arena, array.count, double);
    assert_non_null(values);
    for (size_t i = 0; i < array.count; i++) {
        values[i] = (double)((const float *)array.data)[i] / scale;
        if (codes)
            ns_tensor_set(codes, i, (int64_t)fmin(fmax(rint(values[i]), -32767), 32767));
    }
    return values;
}

/* One output: what the float model was given, and what it gives. */
static void load_floats(const char *name, judged *model, ns_tensor *inputs, ns_diagnose_options *options)
{
    const ns_block *block = &model->graph->regions[0].blocks[0];
    ns_error error = {0};
    assert_int_equal(block->output_count, 1);
    for (int i = 0; i < block->input_count; i++) {
        const ns_tensor *declared = &block->tensors[block->inputs[i]].tensor;
        ASSERT_OK(ns_tensor_new(model->arena, declared->dtype, declared->rank, declared->shape, &inputs[i],
                                &error));
        model->real[i] = load_reals(name, "float_in", i, "input_scales", model, &inputs[i]);
    }
    model->reference = load_reals(name, "float_out", 0, NULL, model, NULL);
    model->scale = json_number_value(json_array_get(json_object_get(model->truth, "output_scales"), 0));
    options->real_inputs = model->real;
    options->references = &model->reference;
    options->reference_scales = &model->scale;
}

/* Integers, or floats with the float model's outputs; they lie in `inputs`. */
static ns_diagnose_options load_inputs(const char *name, judged *model, ns_tensor *inputs)
{
    const ns_block *block = &model->graph->regions[0].blocks[0];
    ns_error error = {0};
    char file[96];
    ns_diagnose_options options = {
        .inputs = inputs, .input_count = block->input_count, .samples = 1, .cpu_mask = ns_cpu_detect()};
    assert_in_range(block->input_count, 1, MAX_INPUTS);
    snprintf(file, sizeof file, "judged/%s/float_out0.npy", name);
    if (test_data_has(file)) {
        load_floats(name, model, inputs, &options);
        return options;
    }
    for (int i = 0; i < block->input_count; i++) {
        ns_npy array;
        snprintf(file, sizeof file, "judged/%s/in%d.npy", name, i);
        ASSERT_OK(test_data_array(file, model->arena, &array, &error));
        const ns_tensor *declared = &block->tensors[block->inputs[i]].tensor;
        ASSERT_OK(ns_npy_to_tensor(&array, declared->dtype, &inputs[i], &error));
    }
    return options;
}

static void open_model(const char *name, judged *model)
{
    char file[96];
    ns_error error = {0};
    ns_bytes bytes;
    ns_tensor inputs[MAX_INPUTS];
    *model = (judged){.arena = ns_arena_new()};
    snprintf(file, sizeof file, "judged/%s/model.tosa", name);
    ASSERT_OK(test_data_read(file, model->arena, &bytes, &error));
    ASSERT_OK(ns_graph_read(bytes.data, bytes.size, &model->graph, &error));
    snprintf(file, sizeof file, "judged/%s/truth.json", name);
    ASSERT_OK(test_data_json(file, &model->truth, &error));
    const ns_diagnose_options options = load_inputs(name, model, inputs);
    ASSERT_OK(ns_diagnose_precision_run(model->graph, &options, model->arena, &model->precision, &error));
}

static void close_model(judged *model)
{
    json_decref(model->truth);
    ns_graph_free(model->graph);
    ns_arena_free(model->arena);
}

/* Is one of the blamed what the truth names? The first must be, unless the verdict only suspects. */
static bool operator_is_right(const judged *model)
{
    const ns_diagnose_precision *precision = &model->precision;
    const int count = precision->verdict == NS_DIAGNOSE_SUSPECT ? precision->blame_count : 1;
    for (int i = 0; i < count && i < precision->blame_count; i++)
        if (lists(json_object_get(model->truth, "acceptable_operators"),
                  precision->stages[precision->blame[i].stage].output))
            return true;
    return false;
}

/* What is wrong with the answer, or NULL. */
static const char *fault_of(const judged *model)
{
    const ns_diagnose_precision *precision = &model->precision;
    const bool operator= precision->verdict == NS_DIAGNOSE_OPERATOR;
    if (!lists(json_object_get(model->truth, "acceptable_verdicts"),
               ns_diagnose_verdict_text(precision->verdict)))
        return "verdict";
    if ((operator|| precision->verdict == NS_DIAGNOSE_SUSPECT) && !operator_is_right(model))
        return "operator";
    if (operator&& !lists(json_object_get(model->truth, "acceptable_causes"),
                          ns_diagnose_cause_text(ns_diagnose_cause_family(precision->blame[0].cause))))
        return "cause";
    return NULL;
}

/* With a clipped input the graph's real-valued self is not the float model, with a suspect table or one
 * behind a mask there is none. */
static bool can_foretell(const judged *model)
{
    return !isnan(model->precision.against_float_db) && model->precision.verdict != NS_DIAGNOSE_INPUT &&
           model->precision.verdict != NS_DIAGNOSE_SUSPECT;
}

static void assert_judged(const char *name, const judged *model)
{
    const char *fault = fault_of(model);
    if (fault)
        fail_msg("%s: %s is not the truth's", name, fault);
    const double told = model->precision.against_float_db;
    const double is =
        json_number_value(json_object_get(json_object_get(model->truth, "sqnr_db"), "tosa_vs_fp32"));
    if (can_foretell(model) && !(fabs(told - is) <= MOST_DB))
        fail_msg("%s: told %.1f dB against float, is %.1f", name, told, is);
}

static void verdict_operator_and_cause(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    const char *const *names;
    int count;
    ASSERT_OK(test_data_list("judged", arena, &names, &count, &error));
    assert_in_range(count, 8, 100);
    for (int i = 0; i < count; i++) {
        judged model;
        open_model(names[i], &model);
        assert_judged(names[i], &model);
        close_model(&model);
    }
    ns_arena_free(arena);
}

/* A mend written into the graph brings what was foretold of it, held against the real values of the graph as
 * it was: wider and finer ranges, a table's finer input, a constant with all its bits, two faults in series.
 */
static void mends_are_written(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double gain; /* at least, in dB: the truth's planting is larger by far */
    } mended[] = {{"conv_narrow", 30}, {"mean_default", 10},  {"residual_wide_1", 10},
                  {"silu_wide", 20},   {"series_narrow", 20}, {"stat_pool_small", 20}};
    for (size_t i = 0; i < sizeof mended / sizeof *mended; i++) {
        judged model;
        ns_diagnose_applied applied;
        ns_error error = {0};
        ns_tensor inputs[MAX_INPUTS];
        open_model(mended[i].name, &model);
        const ns_diagnose_options options = load_inputs(mended[i].name, &model, inputs);
        ASSERT_OK(ns_diagnose_apply(model.graph, &options, &model.precision, model.arena, &applied, &error));
        const double told = model.precision.without_faults_db, is = applied.against_float_db;
        if (!(is >= model.precision.against_float_db + mended[i].gain) || is < told - 1)
            fail_msg("%s: %.1f dB became %.1f, foretold %.1f", mended[i].name,
                     model.precision.against_float_db, is, told);
        /* All first mends at once are what was written here: a range each. */
        if (model.precision.blame_count > 1 && fabs(model.precision.all_mended_db - is) > 1)
            fail_msg("%s: %.1f dB together, foretold %.1f", mended[i].name, is,
                     model.precision.all_mended_db);
        ns_graph_free(applied.graph);
        close_model(&model);
    }
}

static void assert_mask(const char *name, const char *table, const char *scores, const char *why)
{
    judged model;
    open_model(name, &model);
    const ns_diagnose_precision *precision = &model.precision;
    assert_int_equal(precision->verdict, NS_DIAGNOSE_OPERATOR);
    assert_int_equal(precision->blame_count, 2);
    assert_string_equal(precision->stages[precision->blame[0].stage].output, table);
    assert_string_equal(precision->stages[precision->blame[1].stage].output, scores);
    assert_int_equal(ns_diagnose_cause_family(precision->blame[1].cause), NS_DIAGNOSE_CAUSE_STEP);
    assert_non_null(strstr(precision->blame[1].why, why));
    assert_true(isnan(precision->against_float_db));
    assert_true(isnan(precision->stages[0].alone_db));
    close_model(&model);
}

/* A mask of -1e4 takes all but 3 of the scores' 18592 codes, a fill of -1e9 all of them: both stages are
 * named, not "suspect". */
static void masks_are_recognised(void **state)
{
    (void)state;
    assert_mask("attention_mask_1e4", "tosa_rescale_default_13", "tosa_rescale_default_9",
                "beside the mask 'b__frozen_param7' only 3.0 of the 18592 codes");
    assert_mask("attention_filled", "tosa_rescale_default_10", "tosa_rescale_default_6",
                "that SELECT puts in: 0.0 of their codes");
}

/* The model again as one who has no float model meets it; without `real_inputs` not its inputs either. */
static void judge_blind(const char *name, judged *model, bool real_inputs, ns_diagnose_precision *out)
{
    ns_tensor inputs[MAX_INPUTS];
    ns_error error = {0};
    ns_diagnose_options options = load_inputs(name, model, inputs);
    options.references = NULL;
    options.reference_scales = NULL;
    if (!real_inputs)
        options.real_inputs = NULL;
    ASSERT_OK(ns_diagnose_precision_run(model->graph, &options, model->arena, out, &error));
}

/* emg_wide: the truth, which knows the float weights, blames the range of the first pointwise convolution
 * (1.87 dB). From the graph alone that is at the end of what the weights' rounding may be: the note says so.
 */
static void what_only_a_reference_tells_is_said(void **state)
{
    (void)state;
    judged model;
    ns_diagnose_precision blind;
    open_model("emg_wide", &model);
    assert_int_equal(model.precision.verdict, NS_DIAGNOSE_OPERATOR);
    judge_blind("emg_wide", &model, true, &blind);
    assert_int_equal(blind.verdict, NS_DIAGNOSE_HEALTHY);
    assert_int_equal(blind.note_count, 1);
    assert_non_null(
        strstr(blind.notes[0], "not told without --reference: whether CONV2D 'tosa_rescale_default_4'"));
    close_model(&model);
}

/* concat_small: weights of 0.2 beside weights of 200 in the same rows are all 0. The file cannot tell whether
 * they were pruned, and says so; with a reference they, and nothing else, explain the distance. */
static void lost_weights_are_told(void **state)
{
    (void)state;
    judged model;
    ns_diagnose_precision blind;
    open_model("concat_small", &model);
    assert_int_equal(model.precision.verdict, NS_DIAGNOSE_WEIGHTS);
    assert_string_equal(model.precision.dither[0].tensor, "aten_convolution_default_weight_ohwi");
    assert_true(model.precision.dither[0].db < 10);
    judge_blind("concat_small", &model, false, &blind);
    assert_int_equal(blind.note_count, 2); /* the other input has 26 codes */
    assert_int_equal(blind.verdict, NS_DIAGNOSE_INPUT);
    assert_non_null(strstr(blind.reason, "the rounding of an input"));
    assert_non_null(strstr(blind.notes[0], "its largest code is 26"));
    assert_non_null(strstr(blind.notes[1], "that read 10 of its 20 input channels, all 0"));
    close_model(&model);
}

/* A reference of another model is none of the weights' doing. */
static void another_model_is_not_the_weights(void **state)
{
    (void)state;
    judged model;
    ns_tensor inputs[MAX_INPUTS];
    ns_diagnose_precision other;
    ns_error error = {0};
    open_model("emg_wide", &model);
    ns_diagnose_options options = load_inputs("emg_wide", &model, inputs);
    const size_t count = ns_tensor_count(
        &model.graph->regions[0].blocks[0].tensors[model.graph->regions[0].blocks[0].outputs[0]].tensor);
    double *reversed = NS_ARENA_ARRAY(model.arena, count, double);
    assert_non_null(reversed);
    for (size_t i = 0; i < count; i++)
        reversed[i] = options.references[0][count - 1 - i];
    const double *references[] = {reversed};
    options.references = references;
    ASSERT_OK(ns_diagnose_precision_run(model.graph, &options, model.arena, &other, &error));
    assert_int_equal(other.verdict, NS_DIAGNOSE_SUSPECT);
    assert_string_equal(other.reason, "the reference is not what this graph computes");
    close_model(&model);
}

/* A multiplier or a bias that is 0.7 of what it should be makes the graph another model. With the float
 * model's outputs the stage is named, and by how much it is off. */
static void a_wrong_scale_is_found(void **state)
{
    (void)state;
    judged model;
    ns_tensor inputs[MAX_INPUTS];
    ns_error error = {0};
    open_model("emg_wide", &model);
    const ns_diagnose_options options = load_inputs("emg_wide", &model, inputs);
    ns_block *block = &model.graph->regions[0].blocks[0];
    for (int i = 0; i < block->operator_count; i++) {
        const ns_operator *op = &block->operators[i];
        const int which = op->op == NS_OP_RESCALE ? 1 : op->op == NS_OP_CONV2D ? 2 : -1;
        if (which < 0)
            continue;
        ns_tensor *constant = &block->tensors[op->inputs[which]].tensor;
        int64_t *kept = NS_ARENA_ARRAY(model.arena, ns_tensor_count(constant), int64_t);
        for (size_t k = 0; k < ns_tensor_count(constant); k++)
            kept[k] = ns_tensor_get(constant, k);
        for (size_t k = 0; k < ns_tensor_count(constant); k++)
            ns_tensor_set(constant, k, (int64_t)(0.7 * (double)kept[k]));
        ns_diagnose_precision told;
        ASSERT_OK(ns_diagnose_precision_run(model.graph, &options, model.arena, &told, &error));
        assert_int_equal(told.verdict, NS_DIAGNOSE_SUSPECT);
        assert_int_equal(told.blame_count, 1);
        assert_int_equal(told.blame[0].cause, NS_DIAGNOSE_CAUSE_SCALE);
        const char *why = told.blame[0].why;
        const double factor = strtod(strstr(why, " times") - 5, NULL),
                     reached = strtod(strstr(why, "be ") + 3, NULL);
        /* A bias has a part of the signal only: its factor is less sure. */
        assert_true(fabs(factor - 1 / 0.7) < (which == 2 ? 0.08 : 0.02));
        assert_true(reached > 50 && reached > told.against_float_db + 10);
        if (which == 2)
            assert_non_null(strstr(why, "its bias"));
        for (size_t k = 0; k < ns_tensor_count(constant); k++)
            ns_tensor_set(constant, k, kept[k]);
    }
    close_model(&model);
}

static void shift_by(ns_block *block, int index, int bits)
{
    ns_tensor *shift = &block->tensors[block->operators[index].inputs[2]].tensor;
    for (size_t k = 0; k < ns_tensor_count(shift); k++)
        ns_tensor_set(shift, k, ns_tensor_get(shift, k) - bits);
}

static int producer_of(const ns_block *block, const char *name)
{
    int i = 0;
    while (!block->operators[i].output_count ||
           strcmp(block->tensors[block->operators[i].outputs[0]].name, name) != 0)
        i++;
    return i;
}

/* Two RESCALEs of the chain give four times what they should, with a ReLU, whose bias does not grow, between:
 * no one of them alone brings the reference near. The first to run is named first. */
static void two_wrong_scales_are_found(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"tosa_rescale_default_3", "tosa_rescale_default_6"},
        {"tosa_rescale_default_3", "tosa_rescale_default_16"},
        {"tosa_rescale_default_8", "tosa_rescale_default_11"},
        {"tosa_rescale_default", "tosa_rescale_default_1"}, /* what the first cuts off hides the second */
    };
    judged model;
    ns_tensor inputs[MAX_INPUTS];
    ns_error error = {0};
    open_model("emg_wide", &model);
    const ns_diagnose_options options = load_inputs("emg_wide", &model, inputs);
    ns_block *block = &model.graph->regions[0].blocks[0];
    for (int i = 0; i < 4; i++) {
        ns_diagnose_precision told;
        for (int k = 0; k < 2; k++)
            shift_by(block, producer_of(block, pairs[i][k]), 2);
        ASSERT_OK(ns_diagnose_precision_run(model.graph, &options, model.arena, &told, &error));
        assert_int_equal(told.verdict, NS_DIAGNOSE_SUSPECT);
        assert_int_equal(told.blame_count, i < 3 ? 2 : 0);
        for (int k = 0; k < told.blame_count; k++) {
            const char *why = told.blame[k].why;
            assert_string_equal(told.stages[told.blame[k].stage].output, pairs[i][k]);
            assert_true(fabs(strtod(strstr(why, "its result ") + 11, NULL) - 0.25) < 0.01);
            assert_non_null(strstr(why, "and the other one too"));
            assert_true(strtod(strstr(why, "be ") + 3, NULL) > 50);
        }
        bool nobody = false;
        for (int k = 0; k < told.note_count; k++)
            nobody = nobody || strstr(told.notes[k], "no operator is named");
        assert_int_equal(nobody, i == 3);
        for (int k = 0; k < 2; k++)
            shift_by(block, producer_of(block, pairs[i][k]), -2);
    }
    close_model(&model);
}

/* A multiplier of 0 leaves nothing: said without a reference, though the graph's real-valued self has it too.
 */
static void a_multiplier_of_zero_is_told(void **state)
{
    (void)state;
    judged model;
    ns_tensor inputs[MAX_INPUTS];
    ns_diagnose_precision told;
    ns_error error = {0};
    open_model("conv_narrow", &model);
    const ns_diagnose_options options = load_inputs("conv_narrow", &model, inputs);
    ns_block *block = &model.graph->regions[0].blocks[0];
    int last = -1;
    for (int i = 0; i < block->operator_count; i++)
        last = block->operators[i].op == NS_OP_RESCALE ? i : last;
    ns_tensor *multiplier = &block->tensors[block->operators[last].inputs[1]].tensor;
    for (size_t k = 0; k < ns_tensor_count(multiplier); k++)
        ns_tensor_set(multiplier, k, 0);
    ASSERT_OK(ns_diagnose_precision_run(model.graph, &options, model.arena, &told, &error));
    assert_int_equal(told.verdict, NS_DIAGNOSE_SUSPECT);
    assert_int_equal(told.blame_count, 1);
    assert_int_equal(told.blame[0].cause, NS_DIAGNOSE_CAUSE_ZERO_MULTIPLIER);
    assert_non_null(strstr(told.blame[0].why, "the multiplier of its RESCALE is 0"));
    close_model(&model);
}

int main(void)
{

    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mends_are_written),           cmocka_unit_test(verdict_operator_and_cause),
        cmocka_unit_test(masks_are_recognised),        cmocka_unit_test(what_only_a_reference_tells_is_said),
        cmocka_unit_test(lost_weights_are_told),       cmocka_unit_test(another_model_is_not_the_weights),
        cmocka_unit_test(a_wrong_scale_is_found),      cmocka_unit_test(two_wrong_scales_are_found),
        cmocka_unit_test(a_multiplier_of_zero_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
