/* From the captured float inputs and weights, the native quantiser chooses ExecuTorch's scales, and the same
 * integers for weights, biases and constants. */
#include "support/data.h"
#include "support/test.h"

#include <math.h>

#include "ir/interface.h"
#include "quant/interface.h"

/* The decomposed program before quantisation. */
static ns_aten_program *float_program(const captured_case *c, ns_arena *arena)
{
    ns_error error;
    ns_aten_program *program, *decomposed;
    ASSERT_OK(captured_original(c, arena, &program, &error));
    ASSERT_OK(ns_aten_decompose(program, arena, &decomposed, &error));
    for (int n = 0; n < decomposed->node_count; n++) {
        decomposed->nodes[n].quantisation = (ns_quantisation){.present = false};
        decomposed->nodes[n].quantised = NULL;
    }
    return decomposed;
}

static ns_quantise_options options_of(const char *name)
{
    static const char *const fine[] = {"test_bmm_", "test_exp_", "test_gelu_", "test_reciprocal_"};
    ns_quantise_options options = NS_QUANTISE_DEFAULTS;
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        if (strncmp(name, fine[i], strlen(fine[i])) == 0)
            options.epsilon = 0x1p-16;
    }
    options.per_channel = strstr(name, "per_channel_quant=False") == NULL;
    return options;
}

typedef struct tally {
    size_t scales, integers;
    double worst;
} tally;

/* Parameters stand in another order in captured programs (first), so nodes are matched from the outputs
 * back. */
static void compare_nodes(const captured_case *c, const ns_aten_program *got, int g, int w, tally *t)
{
    const ns_aten_node *ours = &got->nodes[g], *theirs = &c->program->nodes[w];
    if (ours->kind != theirs->kind || ours->op != theirs->op || ours->rank != theirs->rank)
        fail_msg("%s: node %s is %s, ExecuTorch has %s", c->name, ours->name, ns_aten_text(ours),
                 ns_aten_text(theirs));
    for (int i = 0; i < ours->rank; i++)
        assert_int_equal(ours->shape[i], theirs->shape[i]);
    for (int p = 0; ours->op && p < ours->op->parameter_count; p++) {
        const ns_aten_attribute *mine = &ours->attributes[p], *captured = &theirs->attributes[p];
        assert_int_equal(mine->integer, captured->integer);
        assert_true(mine->real == captured->real);
        assert_int_equal(mine->count, captured->count);
        for (int i = 0; i < mine->count; i++)
            assert_int_equal(mine->list[i], captured->list[i]);
    }
    const ns_quantisation *a = &ours->quantisation, *b = &theirs->quantisation;
    assert_true(a->present && b->present);
    assert_int_equal(a->dtype, b->dtype);
    assert_int_equal(a->qmin, b->qmin);
    assert_int_equal(a->qmax, b->qmax);
    assert_int_equal(a->axis, b->axis);
    assert_int_equal(a->count, b->count);
    for (int i = 0; i < a->count; i++) {
        double difference = fabs((double)a->scales[i] / (double)b->scales[i] - 1);
        if (!(difference <= 1e-6))
            fail_msg("%s: %s: scale %d is %.9g, ExecuTorch has %.9g", c->name, ours->name, i,
                     (double)a->scales[i], (double)b->scales[i]);
        t->worst = difference > t->worst ? difference : t->worst;
        t->scales++;
    }
    assert_int_equal(ours->quantised != NULL, theirs->quantised != NULL);
    for (size_t i = 0; ours->quantised && i < ns_aten_count(ours); i++, t->integers++) {
        if (ours->quantised[i] != theirs->quantised[i])
            fail_msg("%s: %s: integer %zu is %d, ExecuTorch has %d", c->name, ours->name, i,
                     ours->quantised[i], theirs->quantised[i]);
    }
    for (int i = 0; i < ours->input_count || i < theirs->input_count; i++) {
        bool present = i < ours->input_count && ours->inputs[i] >= 0;
        assert_int_equal(present, i < theirs->input_count && theirs->inputs[i] >= 0);
        if (present)
            compare_nodes(c, got, ours->inputs[i], theirs->inputs[i], t);
    }
}

static void captured_scales(void **state)
{
    (void)state;
    ns_error error;
    ns_arena *names_arena = ns_arena_new(), *arena = ns_arena_new();
    const char *const *names;
    int count = 0;
    tally t = {0};
    ASSERT_OK(captured_list(names_arena, &names, &count, &error));
    assert_int_equal(count, 127);
    for (int i = 0; i < count; i++) {
        captured_case c;
        ns_arena_reset(arena);
        ASSERT_OK(captured_load(names[i], arena, &c, &error));
        ns_aten_program *program = float_program(&c, arena);
        ns_quantise_options options = options_of(names[i]);
        ASSERT_OK(ns_quantise_program(program, &options, 1, c.inputs, &error));
        assert_int_equal(program->output_count, c.program->output_count);
        for (int k = 0; k < program->output_count; k++)
            compare_nodes(&c, program, program->outputs[k], c.program->outputs[k], &t);
    }
    print_message("%zu scales, worst relative difference %.3g; %zu integers equal\n", t.scales, t.worst,
                  t.integers);
    assert_true(t.scales > 800);
    assert_true(t.integers > 1000);
    ns_arena_free(arena);
    ns_arena_free(names_arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(captured_scales)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
