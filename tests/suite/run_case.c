/* Planted faults: the row must name the stage in which the fault was planted. */
#include "suite/internal.h"

#include <math.h>

#include "ir/interface.h"
#include "lower/interface.h"
#include "report/report.h"
#include "support/arena.h"
#include "support/aten.h"
#include "support/row.h"

/* The stages that need no Vela; stage_npu.c has the others. */
#define BEFORE_VELA ((1u << NS_STAGE_VELA) - 1)

static ns_case_result run(const ns_suite_row *row, const ns_stage_hooks *hooks)
{
    ns_case_result result;
    ns_error error;
    const ns_case_options options = {.stages = BEFORE_VELA, .hooks = hooks};
    ASSERT_OK(ns_suite_run_case(row, &options, NULL, NULL, arena, &result, &error));
    return result;
}

static void assert_fault(const ns_case_result *result, ns_stage stage, const char *reason)
{
    assert_int_equal(result->verdict, NS_VERDICT_FAIL);
    assert_string_equal(ns_stage_text(result->at_fault), ns_stage_text(stage));
    if (!strstr(result->reason, reason))
        fail_msg("'%s' is not in: %s", reason, result->reason);
}

static void test_nothing_planted(void **state)
{
    (void)state;
    static const char *const ops[] = {"exp", "bmm", "gelu"}, *const names[] = {"rank2", "rectangular",
                                                                               "rank1"};
    for (int i = 0; i < 3; i++) {
        const ns_suite_row row = test_row(arena, ops[i], names[i], "u85", NAN, NULL);
        const ns_case_result result = run(&row, NULL);
        assert_int_equal(result.verdict, NS_VERDICT_PASS);
        assert_int_equal(result.at_fault, NS_STAGE_IDEAL);
        assert_null(result.reason);
        assert_int_equal(result.stage_count, NS_STAGE_VELA);
        assert_true(result.scale > 0 && result.stages[NS_STAGE_EVAL].sqnr_db > 60);
    }
}

static void test_rejected_with_reason(void **state)
{
    (void)state;
    const ns_suite_row row = test_row(arena, "bmm", "batch10", "u55", NAN, NULL);
    const ns_case_result result = run(&row, NULL);
    assert_int_equal(result.verdict, NS_VERDICT_REJECTED);
    assert_int_equal(result.at_fault, NS_STAGE_IDEAL);
    assert_non_null(strstr(result.reason, "int16"));
    assert_int_equal(result.stages[NS_STAGE_QUANTISED].verdict, NS_VERDICT_PASS);
    assert_int_equal(result.stages[NS_STAGE_EVAL].verdict, NS_VERDICT_REJECTED);
}

/* The output's scale 1 % too small: the largest values no longer fit. */
static ns_code shrink_output_scale(void *context, ns_aten_program *program, ns_error *error)
{
    (void)context;
    (void)error;
    program->nodes[program->outputs[0]].quantisation.scales[0] *= 0.99f;
    return NS_OK;
}

static void test_scale_of_the_quantiser(void **state)
{
    (void)state;
    static const char *const ops[] = {"exp", "bmm"}, *const names[] = {"rank3", "rectangular"};
    for (int i = 0; i < 2; i++) {
        const ns_suite_row row = test_row(arena, ops[i], names[i], "u85", NAN, NULL);
        const ns_case_result result = run(&row, &(ns_stage_hooks){.quantised = shrink_output_scale});
        assert_fault(&result, NS_STAGE_QUANTISED, "differ from ideal");
        /* Both use the same scale, so the lowering is not to blame. */
        assert_int_equal(result.stages[NS_STAGE_EVAL].verdict, NS_VERDICT_PASS);
    }
}

/* The values of the constant that is operand `operand` of the first operator of kind `op`. */
static ns_tensor *operand_of(ns_graph *graph, ns_op op, int operand)
{
    ns_block *block = &graph->regions[0].blocks[0];
    for (int i = 0; i < block->operator_count; i++)
        if (block->operators[i].op == op)
            return &block->tensors[block->operators[i].inputs[operand]].tensor;
    fail_msg("the graph has no %s", ns_op_text(op));
    return NULL;
}

static ns_code grow_table(void *context, ns_aten_program *program, ns_graph **graph, ns_error *error)
{
    (void)context;
    (void)program;
    (void)error;
    ns_tensor *table = operand_of(*graph, NS_OP_TABLE, 1);
    for (size_t i = 0; i < ns_tensor_count(table); i++)
        ns_tensor_set(table, i, (int64_t)((double)ns_tensor_get(table, i) * 0.99));
    return NS_OK;
}

static ns_code grow_multiplier(void *context, ns_aten_program *program, ns_graph **graph, ns_error *error)
{
    (void)context;
    (void)program;
    (void)error;
    ns_tensor *multiplier = operand_of(*graph, NS_OP_RESCALE, 1);
    for (size_t i = 0; i < ns_tensor_count(multiplier); i++)
        ns_tensor_set(multiplier, i, (int64_t)((double)ns_tensor_get(multiplier, i) * 0.99));
    return NS_OK;
}

static void test_scale_of_the_lowering(void **state)
{
    (void)state;
    ns_suite_row row = test_row(arena, "exp", "rank2", "u55", NAN, NULL);
    ns_case_result result = run(&row, &(ns_stage_hooks){.lowered = grow_table});
    assert_fault(&result, NS_STAGE_EVAL, "differ from quantised");
    assert_string_equal(ns_stage_blame(result.at_fault), "lower");
    assert_int_equal(result.stages[NS_STAGE_QUANTISED].verdict, NS_VERDICT_PASS);
    row = test_row(arena, "conv1d", "k3_per_tensor", "u55", NAN, NULL);
    result = run(&row, &(ns_stage_hooks){.lowered = grow_multiplier});
    assert_fault(&result, NS_STAGE_EVAL, "differ from quantised");
}

/* The mean of a square over dim 0. */
static ns_code build_square_mean(const ns_aten_operator *op, const void *parameters, ns_case_maker *maker,
                                 ns_error *error)
{
    (void)op;
    (void)parameters;
    const int64_t shape[] = {8, 8};
    const int dim = 0;
    int x, node;
    NS_TRY(ns_case_input(maker, "x", 2, shape, (ns_case_data){NS_UNIFORM, -1, 2}, &x, error));
    NS_TRY(ns_aten_add_mean(maker->program, x, 1, &dim, true, &node, error));
    NS_TRY(ns_aten_add_reshape(maker->program, node, 1, shape, &node, error));
    return ns_aten_add_output(maker->program, node, error);
}

/* Lowers the program again with each sum over the other dim. */
static ns_code sum_other_axis(void *context, ns_aten_program *program, ns_graph **graph, ns_error *error)
{
    (void)context;
    int changed = 0;
    for (int i = 0; i < program->node_count; i++) {
        ns_aten_node *node = &program->nodes[i];
        const int rank = node->rank;
        if (node->op == &ns_aten_op_sum) {
            static int64_t other;
            ns_aten_attribute *dims = &node->attributes[1];
            assert_int_equal(dims->count, 1);
            changed++;
            other = dims->list[0] == rank - 1 ? rank - 2 : rank - 1;
            dims->list = &other;
        }
        if (rank >= 2 && changed && (node->op == &ns_aten_op_sum || node->op == &ns_aten_op_mul)) {
            const int64_t last = node->shape[rank - 1];
            node->shape[rank - 1] = node->shape[rank - 2];
            node->shape[rank - 2] = last;
        }
    }
    assert_int_equal(changed, 1);
    ns_graph_free(*graph);
    *graph = NULL;
    return ns_lower(program, NS_TARGET_U85, graph, error);
}

/* e^x and x * x: two outputs with scales of their own. */
static ns_code build_two_outputs(const ns_aten_operator *op, const void *parameters, ns_case_maker *maker,
                                 ns_error *error)
{
    (void)op;
    (void)parameters;
    const int64_t shape[] = {3, 5};
    int x, first, second;
    NS_TRY(ns_case_input(maker, "x", 2, shape, (ns_case_data){NS_UNIFORM, -2, 4}, &x, error));
    NS_TRY(ns_aten_add_exp(maker->program, x, &first, error));
    NS_TRY(ns_aten_add_mul(maker->program, x, x, &second, error));
    NS_TRY(ns_aten_add_output(maker->program, first, error));
    return ns_aten_add_output(maker->program, second, error);
}

/* The second output's range ends at half of its largest value. */
static ns_code shrink_second_output(void *context, ns_aten_program *program, ns_error *error)
{
    (void)context;
    (void)error;
    program->nodes[program->outputs[1]].quantisation.scales[0] /= 2;
    return NS_OK;
}

static void test_two_outputs(void **state)
{
    (void)state;
    static const ns_catalogue_case entry = {NS_LIST_SEED, "two", NULL, false};
    static const ns_catalogue catalogue = {.case_count = 1, .cases = &entry, .build = build_two_outputs};
    static const ns_aten_operator operator= {.name = "two", .catalogue = &catalogue};
    const ns_suite_row row = {
        &operator, & entry, ns_suite_target_find("u85"), {128, 1e-3, 1e-3, 0x1p-16, true}};
    ns_case_result result = run(&row, NULL);
    assert_int_equal(result.verdict, NS_VERDICT_PASS);
    assert_int_equal(result.output_count, 2);
    assert_true(result.outputs[0].scale > 1.5 * result.outputs[1].scale); /* e^2 against 4 */
    assert_int_equal(result.outputs[1].tensor.rank, 2);
    result = run(&row, &(ns_stage_hooks){.quantised = shrink_second_output});
    assert_fault(&result, NS_STAGE_QUANTISED, "differ from ideal");
    assert_int_equal(result.stages[NS_STAGE_QUANTISED].worst_output, 1);
    assert_true(result.stages[NS_STAGE_QUANTISED].worst_element < 15);
    assert_true(result.stages[NS_STAGE_QUANTISED].worst_ideal > 2);
}

static void test_wrong_axis(void **state)
{
    (void)state;
    static const ns_catalogue_case entry = {NS_LIST_SEED, "square", NULL, false};
    static const ns_catalogue catalogue = {.case_count = 1, .cases = &entry, .build = build_square_mean};
    static const ns_aten_operator operator= {.name = "mean", .catalogue = &catalogue};
    const ns_suite_row row = {
        &operator, & entry, ns_suite_target_find("u85"), {128, 1e-3, 1e-3, 0x1p-16, true}};
    ns_case_result result = run(&row, NULL);
    assert_int_equal(result.verdict, NS_VERDICT_PASS);
    result = run(&row, &(ns_stage_hooks){.lowered = sum_other_axis});
    assert_fault(&result, NS_STAGE_EVAL, "differ from quantised");
}

static ns_code clear_table(void *context, ns_aten_program *program, ns_graph **graph, ns_error *error)
{
    (void)context;
    (void)program;
    (void)error;
    ns_tensor *table = operand_of(*graph, NS_OP_TABLE, 1);
    for (size_t i = 0; i < ns_tensor_count(table); i++)
        ns_tensor_set(table, i, 0);
    return NS_OK;
}

static void test_all_zeros_fail_whatever_the_tolerance(void **state)
{
    (void)state;
    const ns_suite_row row = test_row(arena, "exp", "rank1", "u55", 1e9, NULL);
    const ns_case_result result = run(&row, &(ns_stage_hooks){.lowered = clear_table});
    assert_int_equal(result.stages[NS_STAGE_EVAL].beyond, 0);
    assert_fault(&result, NS_STAGE_EVAL, "the output is all zeros, that of quantised is not");
}

/* Slopes of 65535 do not fit in int16. */
static ns_code steep_table(void *context, ns_aten_program *program, ns_graph **graph, ns_error *error)
{
    (void)context;
    (void)program;
    (void)error;
    ns_tensor *table = operand_of(*graph, NS_OP_TABLE, 1);
    for (size_t i = 0; i < ns_tensor_count(table); i++)
        ns_tensor_set(table, i, i % 2 ? 32767 : -32768);
    return NS_OK;
}

static void test_unpredictable_fails(void **state)
{
    (void)state;
    const ns_suite_row row = test_row(arena, "exp", "rank1", "u55", 1e9, NULL);
    const ns_case_result result = run(&row, &(ns_stage_hooks){.lowered = steep_table});
    assert_fault(&result, NS_STAGE_EVAL, "unpredictable: ");
    assert_false(result.stages[NS_STAGE_EVAL].measured);
}

static ns_code break_graph(void *context, ns_aten_program *program, ns_graph **graph, ns_error *error)
{
    (void)context;
    (void)program;
    (void)error;
    operand_of(*graph, NS_OP_TABLE, 0)->dtype = NS_DTYPE_INT32;
    return NS_OK;
}

static void test_invalid_graph_fails(void **state)
{
    (void)state;
    const ns_suite_row row = test_row(arena, "exp", "rank1", "u55", NAN, NULL);
    const ns_case_result result = run(&row, &(ns_stage_hooks){.lowered = break_graph});
    assert_fault(&result, NS_STAGE_EVAL, "TABLE");
}

static ns_code refuse_quantised(void *context, ns_aten_program *program, ns_error *error)
{
    (void)context;
    (void)program;
    return ns_fail(error, NS_ERROR_INPUT, "planted");
}

/* Without the stage quantised there is nothing to compare with: later stages are skipped, the row fails. */
static void test_a_stage_without_output(void **state)
{
    (void)state;
    const ns_suite_row row = test_row(arena, "exp", "rank1", "u55", NAN, NULL);
    ns_case_result result;
    ns_error error;
    const ns_case_options options = {.stages = 1u << NS_STAGE_EVAL,
                                     .hooks = &(ns_stage_hooks){.quantised = refuse_quantised}};
    ASSERT_OK(ns_suite_run_case(&row, &options, NULL, NULL, arena, &result, &error));
    assert_fault(&result, NS_STAGE_QUANTISED, "planted");
    assert_int_equal(result.stage_count, 2);
    assert_int_equal(result.stages[1].verdict, NS_VERDICT_SKIPPED);
}

/* The tolerance lets everything pass; the table that is 1 % off does not give what the format could. */
static void test_inaccurate(void **state)
{
    (void)state;
    const ns_suite_row row = test_row(arena, "exp", "rank2", "u55", 1e9, NULL);
    ns_case_result result = run(&row, &(ns_stage_hooks){.lowered = grow_table});
    assert_string_equal(ns_verdict_text(result.verdict), "inaccurate");
    assert_int_equal(result.at_fault, NS_STAGE_IDEAL);
    const ns_stage_result *quantised = &result.stages[NS_STAGE_QUANTISED],
                          *eval = &result.stages[NS_STAGE_EVAL];
    assert_true(eval->max_difference_steps > 32 && quantised->sqnr_db - eval->sqnr_db > 20);
    assert_int_equal(eval->verdict, NS_VERDICT_INACCURATE);
    assert_non_null(strstr(result.reason, "within the tolerance, but "));
    result = run(&row, NULL);
    assert_int_equal(result.verdict, NS_VERDICT_PASS);
}

/* ExecuTorch's own case: gelu of numbers around -10 is less than 1e-10 of a step. */
static void test_nothing_is_left(void **state)
{
    (void)state;
    const ns_suite_row *row = NULL;
    ns_case_result result;
    ns_error error;
    const ns_suite_row_name name = {"executorch", "gelu", "randn_neg_none", "u85", NAN, -1};
    ASSERT_OK(ns_suite_find_row(&name, arena, &row, &error));
    result = run(row, NULL);
    assert_string_equal(ns_verdict_text(result.verdict), "inaccurate");
    assert_non_null(strstr(result.reason, "nothing of the result is left: SQNR 0.0 dB"));
}

/* ---- rows that wait in a file ---- */

static ns_bytes csv_of(const ns_suite_result *result)
{
    ns_error error;
    ns_buffer buffer = {.arena = arena};
    ASSERT_OK(ns_report_csv(result, &buffer, &error));
    return (ns_bytes){buffer.data, buffer.size};
}

static void assert_operands(const ns_stage_result *a, const ns_stage_result *b)
{
    assert_int_equal(a->operand_count, b->operand_count);
    assert_true(!a->operands == !b->operands);
    for (int i = 0; i < a->operand_count; i++) {
        assert_string_equal(a->operands[i].name, b->operands[i].name);
        assert_memory_equal(a->operands[i].values, b->operands[i].values, sizeof a->operands[i].values);
    }
}

/* The same rows as in memory, in any order; where no file can be made too. */
static void test_rows_in_a_file(void **state)
{
    (void)state;
    static const char *const ops[] = {"exp", "bmm", "mean.dim", "gelu"}, *const folders[] = {"/tmp",
                                                                                             "/nowhere"};
    ns_error error;
    ns_suite_result *kept = NULL, *spilled = NULL;
    ns_suite_options options;
    ns_suite_defaults(&options, sizeof options);
    options.ops = ops;
    options.op_count = 4;
    options.catalogue = "executorch"; /* with rows that fail, are rejected and inaccurate */
    options.stages = "ideal,quantised,eval";
    ASSERT_OK(ns_suite_run(&options, arena, &kept, &error));
    const ns_bytes wanted = csv_of(kept);
    options.spill = true;
    for (int f = 0; f < 2; f++) {
        setenv("TMPDIR", folders[f], 1);
        ASSERT_OK(ns_suite_run(&options, arena, &spilled, &error));
        assert_null(spilled->cases);
        const ns_bytes got = csv_of(spilled);
        assert_int_equal(got.size, wanted.size);
        assert_memory_equal(got.data, wanted.data, wanted.size);
        assert_memory_equal(spilled->counts, kept->counts, sizeof kept->counts);
        int findings = 0;
        for (int i = kept->case_count - 1; i >= 0; i--) {
            const ns_case_result *row = ns_suite_case(spilled, i);
            assert_string_equal(row->name, kept->cases[i].name);
            for (int s = 0; s < row->stage_count; s++)
                assert_operands(&row->stages[s], &kept->cases[i].stages[s]);
            assert_true(!ns_suite_finding(spilled, i) == !ns_suite_finding(kept, i));
            findings += ns_suite_finding(spilled, i) != NULL;
        }
        assert_in_range(findings, 1, kept->case_count - 1);
        ASSERT_OK(ns_suite_check(spilled, &error));
        ns_suite_close(spilled);
    }
    unsetenv("TMPDIR");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_planted),
        cmocka_unit_test(test_rejected_with_reason),
        cmocka_unit_test(test_scale_of_the_quantiser),
        cmocka_unit_test(test_scale_of_the_lowering),
        cmocka_unit_test(test_two_outputs),
        cmocka_unit_test(test_wrong_axis),
        cmocka_unit_test(test_all_zeros_fail_whatever_the_tolerance),
        cmocka_unit_test(test_unpredictable_fails),
        cmocka_unit_test(test_invalid_graph_fails),
        cmocka_unit_test(test_a_stage_without_output),
        cmocka_unit_test(test_inaccurate),
        cmocka_unit_test(test_nothing_is_left),
        cmocka_unit_test(test_rows_in_a_file),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
