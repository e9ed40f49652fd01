/* A search finds bad inputs that were planted and that as many uniform random ones miss; it is repeatable;
 * and where Vela is installed, the NPU equals the evaluator on all of its trials. */
#include "sweep/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/arena.h"
#include "support/test.h"

enum { TRIALS = 200, PLANTED = 5000 };

static ns_search_options options_of(const char *op, const char *name)
{
    return (ns_search_options){
        .op = op, .name = name, .target = "u85", .epsilon = NAN, .trials = TRIALS, .seed = 1};
}

static ns_search_result *run(const ns_search_options *options, const ns_search_hooks *hooks)
{
    ns_search_result *result = NULL;
    ns_error error = {0};
    ASSERT_OK(ns_search_run_hooked(options, hooks, arena, &result, &error));
    assert_int_equal(result->trials, TRIALS);
    return result;
}

static int64_t code(const ns_tensor *tensor, size_t element)
{
    return ((const int16_t *)tensor->data)[element];
}

static void spoil(ns_tensor *output, size_t element)
{
    ((int16_t *)output->data)[element] =
        (int16_t)(code(output, element) + (code(output, element) > 0 ? -PLANTED : PLANTED));
}

/* An accumulator that is too narrow: sums of more than 9/10 of the largest one come out wrong. */
static void narrow_bmm(void *context, const ns_tensor *inputs, ns_tensor *output)
{
    (void)context;
    const int64_t rows = inputs[0].shape[1], inner = inputs[0].shape[2], columns = inputs[1].shape[2];
    const int64_t limit = inner * 32767 * 32767 / 10 * 9;
    for (size_t e = 0; e < ns_tensor_count(output); e++) {
        const int64_t batch = (int64_t)e / (rows * columns), row = (int64_t)e / columns,
                      column = (int64_t)e % columns;
        int64_t sum = 0;
        for (int64_t k = 0; k < inner; k++)
            sum += code(&inputs[0], (size_t)(row * inner + k)) *
                   code(&inputs[1], (size_t)((batch * inner + k) * columns + column));
        if (llabs(sum) > limit)
            spoil(output, e);
    }
}

/* Terms of the largest size whose sum is all but zero: cancellation. */
static void cancelled_mean(void *context, const ns_tensor *inputs, ns_tensor *output)
{
    (void)context;
    int64_t sum = 0, size = 0;
    const int64_t count = (int64_t)ns_tensor_count(inputs);
    for (int64_t i = 0; i < count; i++) {
        sum += code(inputs, (size_t)i);
        size += llabs(code(inputs, (size_t)i));
    }
    if (llabs(sum) <= count && size > count * 32767 / 10 * 9)
        spoil(output, 0);
}

/* Squares of nearly the largest size, all of them. */
static void narrow_var(void *context, const ns_tensor *inputs, ns_tensor *output)
{
    (void)context;
    int64_t squares = 0;
    const int64_t count = (int64_t)ns_tensor_count(inputs);
    for (int64_t i = 0; i < count; i++)
        squares += code(inputs, (size_t)i) * code(inputs, (size_t)i);
    if (squares > count * 32767 * 32767 / 10 * 9)
        spoil(output, 0);
}

/* Case k5_padding2: three rows of 64 and a kernel of five. Wrong where the fifteen codes under the kernel are
 * all within four of an end. */
static void narrow_conv1d(void *context, const ns_tensor *inputs, ns_tensor *output)
{
    (void)context;
    const int64_t channels = inputs->shape[1], length = inputs->shape[2];
    for (size_t e = 0; e < ns_tensor_count(output); e++) {
        const int64_t batch = (int64_t)e / (output->shape[1] * length), at = (int64_t)e % length;
        bool ends = at >= 2 && at < length - 2;
        for (int64_t c = 0; ends && c < channels; c++)
            for (int64_t k = -2; k <= 2; k++)
                ends =
                    ends && llabs(code(inputs, (size_t)((batch * channels + c) * length + at + k))) > 32762;
        if (ends)
            spoil(output, e);
    }
}

static void test_planted_inputs_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *op, *name;
        void (*plant)(void *context, const ns_tensor *inputs, ns_tensor *output);
    } plants[] = {
        {"bmm", "rectangular", narrow_bmm},
        {"mean.dim", "dims_minus321", cancelled_mean},
        {"var", "rank3_correction0", narrow_var},
        {"conv1d", "k5_padding2_per_channel", narrow_conv1d},
    };
    for (size_t i = 0; i < sizeof plants / sizeof plants[0]; i++) {
        ns_search_options options = options_of(plants[i].op, plants[i].name);
        const ns_search_hooks hooks = {.evaluated = plants[i].plant};
        const ns_search_result *found = run(&options, &hooks);
        if (found->worst.worst.steps < PLANTED - 2)
            fail_msg("%s: nothing worse than %g steps", plants[i].op, found->worst.worst.steps);
        options.uniform = true;
        const ns_search_result *missed = run(&options, &hooks);
        assert_int_equal(missed->kind_trials[NS_SEARCH_UNIFORM], TRIALS);
        if (missed->worst.worst.steps > 2)
            fail_msg("%s: uniform codes find %g steps", plants[i].op, missed->worst.worst.steps);
        /* Nothing planted: the lowering is good to a step, for the worst input too. */
        options.uniform = false;
        assert_true(run(&options, NULL)->worst.worst.steps <= 1);
    }
}

static void test_the_worst_input_is_what_it_says(void **state)
{
    (void)state;
    const ns_search_options options = options_of("bmm", "rectangular");
    const ns_search_result *r = run(&options, NULL), *again = run(&options, NULL);
    assert_int_equal(r->elements, TRIALS * ns_tensor_count(&r->output));
    size_t sum = 0;
    int trials = 0;
    for (int i = 0; i < NS_ERROR_BINS; i++)
        sum += r->bins[i];
    for (int i = 0; i < NS_SEARCH_COUNT; i++) {
        trials += r->kind_trials[i];
        assert_true(r->kind_trials[i] > 0);
        assert_true(r->worst_of[i].steps <= r->worst.worst.steps);
        assert_true(r->from_ideal_of[i] <= r->worst_from_ideal.worst.steps_from_ideal);
    }
    assert_int_equal(sum, r->elements);
    assert_int_equal(trials, TRIALS);
    /* The exact sum over the three products that it names. */
    const ns_search_found *found = &r->worst_from_ideal;
    assert_int_equal(found->operand_count, 2);
    double ideal = 0;
    for (int k = 0; k < 3; k++)
        ideal += found->operands[0].values[k] * found->operands[1].values[k];
    assert_int_equal(found->operands[0].count, 3);
    assert_true(fabs(found->worst.ideal - ideal) < 1e-12);
    assert_true(fabs(fabs(found->worst.got - found->worst.ideal) / r->output_scale -
                     found->worst.steps_from_ideal) < 1e-6);
    /* The same again. */
    assert_int_equal(r->worst.worst.trial, again->worst.worst.trial);
    for (int i = 0; i < r->input_count; i++)
        assert_memory_equal(r->worst.inputs[i].data, again->worst.inputs[i].data,
                            ns_tensor_count(&r->worst.inputs[i]) * sizeof(int16_t));
    assert_memory_equal(r->bins, again->bins, sizeof r->bins);
    ns_search_options other = options;
    other.seed = 2;
    assert_int_not_equal(memcmp(run(&other, NULL)->bins, r->bins, sizeof r->bins), 0);
}

/* How much farther from ideal than as many uniform codes: a sum that is clamped before the mean's own range
 * ends, and int8 weights whose rounding errors add up. */
static void test_farther_than_uniform(void **state)
{
    (void)state;
    static const struct {
        const char *op, *name;
        double factor;
    } cases[] = {{"mean.dim", "rank3_keepdim", 300}, {"conv1d", "k5_stride2_no_bias_per_tensor", 1.4}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ns_search_options options = options_of(cases[i].op, cases[i].name);
        options.seed = 0;
        const ns_search_result *r = run(&options, NULL);
        options.uniform = true;
        const double uniform = run(&options, NULL)->worst_from_ideal.worst.steps_from_ideal;
        const double found = r->worst_from_ideal.worst.steps_from_ideal;
        if (!(found >= cases[i].factor * uniform))
            fail_msg("%s %s: %g steps from ideal, uniform codes %g", cases[i].op, cases[i].name, found,
                     uniform);
        /* The formats' error, not the lowering's. */
        assert_true(r->worst.worst.steps <= 1);
    }
    const ns_search_options options = options_of("conv1d", "k5_padding2_per_channel");
    const ns_search_result *r = run(&options, NULL);
    for (int kind = 0; kind < NS_SEARCH_CLIMB; kind++)
        assert_true(r->from_ideal_of[kind] <= r->from_ideal_of[NS_SEARCH_WEIGHTS]);
}

static void test_refusals(void **state)
{
    (void)state;
    ns_search_result *result = NULL;
    ns_error error = {0};
    ns_search_options options = options_of("exp", "rank1");
    assert_int_equal(ns_search_run(&options, arena, &result, &error), NS_ERROR_USAGE);
    assert_non_null(strstr(error.message, "exp is not of sums and products"));
    options = options_of("bmm", "rectangular");
    options.target = "u55";
    assert_int_equal(ns_search_run(&options, arena, &result, &error), NS_ERROR_UNSUPPORTED);
    options.trials = -1;
    assert_int_equal(ns_search_run(&options, arena, &result, &error), NS_ERROR_USAGE);
}

static void test_npu_equals_eval(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"bmm", "rectangular", "u85"},       {"mean.dim", "dim1_keepdim", "u55"},
        {"mean.dim", "dim1_keepdim", "u85"}, {"var", "rank3_correction0", "u55"},
        {"var", "rank3_correction0", "u85"}, {"conv1d", "k3_stride2_padding1_per_channel", "u55"},
        {"conv1d", "k3_per_tensor", "u85"},
    };
    ns_error error = {0};
    ns_vela vela;
    if (ns_vela_find(NULL, arena, &vela, &error) != NS_OK) {
        printf("%s\n", error.message);
        skip();
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ns_search_options options = options_of(cases[i][0], cases[i][1]);
        options.target = cases[i][2];
        options.vela = &vela;
        const ns_search_result *r = run(&options, NULL);
        assert_null(r->npu_reason);
        assert_true(r->elements > 0);
        assert_int_equal(r->differences, 0);
        assert_int_equal(r->differing_trials, 0);
    }
    ns_search_options options = options_of("var", "rank3_correction0");
    options.vela = &vela;
    const ns_search_result *r = run(&options, &(ns_search_hooks){.evaluated = narrow_var});
    assert_true(r->differences > 0 && r->differences == (uint64_t)r->differing_trials);
    assert_true(r->difference.worst.found && r->difference.worst.steps == PLANTED);
    assert_non_null(r->difference.inputs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_planted_inputs_are_found),
        cmocka_unit_test(test_the_worst_input_is_what_it_says),
        cmocka_unit_test(test_farther_than_uniform),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_npu_equals_eval),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
