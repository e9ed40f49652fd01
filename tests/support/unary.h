/* What the test of an operator of one operand asks: its exact values, the entries of its table, its rows up
 * to the stage npu, all its codes. */
#ifndef NS_TESTS_UNARY_H
#define NS_TESTS_UNARY_H

#include <math.h>
#include <stdio.h>

#include "ir/interface.h"
#include "lower/interface.h"
#include "npuscope/suite.h"
#include "npuscope/sweep.h"
#include "ops/operators.h"
#include "support/quantised_program.h"
#include "support/test.h"

/* The exact results of `count` values are `expected`, to the last bit. */
static inline void unary_values(const ns_aten_operator *op, const ns_aten_argument *arguments, int count,
                                const float *x, const double *expected)
{
    ns_arena *memory = ns_arena_new();
    ns_aten_program *program;
    ns_error error;
    double **values;
    int input = 0, node = 0;
    const int64_t shape[] = {count};
    ASSERT_OK(ns_aten_program_new(memory, &program, &error));
    ASSERT_OK(ns_aten_add_parameter(program, NULL, 1, shape, x, &input, &error));
    ASSERT_OK(ns_aten_call(program, op, 1, &input, arguments, &node, &error));
    ASSERT_OK(ns_aten_evaluate(program, NS_ATEN_IDEAL, NULL, memory, &values, &error));
    for (int i = 0; i < count; i++)
        if (values[node][i] != expected[i])
            fail_msg("%s(%g) is %a, expected %a", op->name, (double)x[i], values[node][i], expected[i]);
    ns_arena_free(memory);
}

/* The table of the lowered graph has `entries` at `places`. */
static inline void unary_table(const ns_aten_operator *op, const ns_aten_argument *arguments,
                               float input_scale, float output_scale, int count, const int *places,
                               const int *entries)
{
    ns_arena *memory = ns_arena_new();
    ns_aten_program *program;
    ns_graph *graph = NULL;
    ns_error error;
    int input = 0, node = 0;
    ASSERT_OK(ns_aten_program_new(memory, &program, &error));
    ASSERT_OK(ns_aten_add_input(program, "x", 1, (int64_t[]){5}, &input, &error));
    ASSERT_OK(ns_aten_call(program, op, 1, &input, arguments, &node, &error));
    ASSERT_OK(ns_aten_add_output(program, node, &error));
    test_quantise(program, input, input_scale);
    test_quantise(program, node, output_scale);
    ASSERT_OK(ns_lower(program, NS_TARGET_U55, &graph, &error));
    const ns_tensor *table = &graph->regions[0].blocks[0].tensors[0].tensor;
    assert_int_equal(ns_tensor_count(table), 513);
    for (int i = 0; i < count; i++)
        if (ns_tensor_get(table, (size_t)places[i]) != entries[i])
            fail_msg("entry %d of the table of %s is %lld, expected %d", places[i], op->name,
                     (long long)ns_tensor_get(table, (size_t)places[i]), entries[i]);
    ns_graph_free(graph);
    ns_arena_free(memory);
}

/* Skips the test where Vela is not installed. */
static inline ns_vela unary_vela(ns_arena *memory)
{
    ns_error error = {0};
    ns_vela vela;
    if (ns_vela_find(NULL, memory, &vela, &error) != NS_OK) {
        printf("%s\n", error.message);
        ns_arena_free(memory);
        skip();
    }
    return vela;
}

/* Every row of the seed list passes on U55 and U85, the NPU included; where the table is not `accurate`, the
 * NPU at least equals eval. */
static inline void unary_rows(const char *name, bool accurate)
{
    ns_arena *memory = ns_arena_new();
    ns_suite_options options;
    ns_suite_defaults(&options, sizeof options);
    ns_suite_result *result;
    ns_error error;
    unary_vela(memory);
    options.op_count = 1;
    options.ops = &name;
    options.stages = "ideal,quantised,eval,npu";
    ASSERT_OK(ns_suite_run(&options, memory, &result, &error));
    assert_true(result->case_count > 0 && result->case_count % 2 == 0);
    for (int i = 0; i < result->case_count; i++) {
        const ns_case_result *row = &result->cases[i];
        const ns_stage_result *last = &row->stages[row->stage_count - 1];
        if (accurate ? row->verdict != NS_VERDICT_PASS : last->verdict != NS_VERDICT_PASS)
            fail_msg("%s %s on %s: %s", row->op, row->name, row->target, row->reason);
        assert_int_equal(last->stage, NS_STAGE_NPU);
        assert_true(last->measured);
    }
    ns_arena_free(memory);
}

/* All codes with the scales of a case, on U55 and U85: the NPU gives what the evaluator gives, and no code is
 * off by more than `most` steps. */
static inline void unary_sweep(const char *op, const char *name, double most)
{
    ns_arena *memory = ns_arena_new();
    const ns_vela vela = unary_vela(memory);
    static const char *const targets[] = {"u55", "u85"};
    for (int t = 0; t < 2; t++) {
        const ns_sweep_options options = {
            .op = op, .name = name, .target = targets[t], .epsilon = NAN, .vela = &vela};
        ns_sweep_result *result = NULL;
        ns_error error;
        ASSERT_OK(ns_sweep_run(&options, memory, &result, &error));
        assert_int_equal(result->eval.compared + result->eval.out_of_range + result->unpredictable,
                         NS_SWEEP_CODES);
        assert_null(result->npu.reason);
        assert_int_equal(result->npu.compared, result->eval.compared);
        assert_int_equal(result->differences, 0);
        if (result->eval.max_steps > most)
            fail_msg("%s %s: code %d is off by %g steps", op, name, result->eval.worst_code,
                     result->eval.max_steps);
    }
    ns_arena_free(memory);
}

#endif
