#include "ops/cases.h"
#include "ops/operators.h"

#include "npuscope/suite.h"

#include "ir/interface.h"
#include "support/arena.h"
#include "support/data.h"
#include "support/test.h"

static int count_cases(const ns_aten_operator *op, ns_case_list list)
{
    int count = 0;
    for (int i = 0; op->catalogue && i < op->catalogue->case_count; i++)
        count += op->catalogue->cases[i].list == list;
    return count;
}

/* The cases that the project began with, in their order; operators that came later stand among them. */
static void test_the_seed_list(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int count;
    } expected[] = {{"bmm", 5}, {"exp", 3},     {"reciprocal", 3}, {"mean.dim", 11},
                    {"var", 4}, {"conv1d", 14}, {"gelu", 3}};
    const int expected_count = sizeof expected / sizeof expected[0];
    int next = 0;
    for (int i = 0; i < ns_aten_operator_count && next < expected_count; i++)
        if (strcmp(ns_aten_operators[i]->name, expected[next].name) == 0)
            assert_int_equal(count_cases(ns_aten_operators[i], NS_LIST_SEED), expected[next++].count);
    assert_int_equal(next, expected_count);
}

static void test_86_rows(void **state)
{
    (void)state;
    static const char *const seven[] = {"bmm", "exp", "reciprocal", "mean.dim", "var", "conv1d", "gelu"};
    ns_suite_options options;
    ns_suite_defaults(&options, sizeof options);
    ns_suite_result *result;
    ns_error error;
    options.op_count = 7;
    options.ops = seven;
    ASSERT_OK(ns_suite_list(&options, arena, &result, &error));
    assert_int_equal(result->case_count, 86);
    for (int i = 0; i < result->case_count; i++) {
        const ns_case_result *row = &result->cases[i];
        assert_string_equal(row->target, i % 2 ? "u85" : "u55");
        assert_true(row->settings.qtol == 128 && row->settings.epsilon == 0x1p-16);
        assert_true(row->settings.atol == 1e-3 && row->settings.rtol == 1e-3);
    }
}

static void test_names_are_unique(void **state)
{
    (void)state;
    for (int o = 0; o < ns_aten_operator_count; o++) {
        const ns_catalogue *catalogue = ns_aten_operators[o]->catalogue;
        for (int i = 0; catalogue && i < catalogue->case_count; i++)
            for (int k = 0; k < i; k++)
                assert_false(catalogue->cases[i].list == catalogue->cases[k].list &&
                             strcmp(catalogue->cases[i].name, catalogue->cases[k].name) == 0);
        for (int k = 0; k < o; k++) {
            assert_string_not_equal(ns_aten_operators[o]->name, ns_aten_operators[k]->name);
            assert_string_not_equal(ns_aten_operators[o]->aten, ns_aten_operators[k]->aten);
        }
    }
}

static ns_case_maker build(const ns_aten_operator *op, const ns_catalogue_case *entry, uint64_t seed)
{
    ns_error error;
    ns_case_maker made;
    ASSERT_OK(ns_case_build(op, entry, seed, arena, &made, &error));
    assert_int_equal(made.program->output_count, 1);
    assert_int_equal(made.program->input_count, made.input_count);
    return made;
}

static void test_data_depends_on_seed_and_name_only(void **state)
{
    (void)state;
    const ns_aten_operator *op = ns_aten_find("exp");
    const ns_catalogue_case *cases = op->catalogue->cases;
    const void *once = build(op, &cases[0], 7).inputs[0].data,
               *other = build(op, &cases[1], 7).inputs[0].data;
    const void *again = build(op, &cases[0], 7).inputs[0].data;
    assert_memory_equal(once, again, 10 * sizeof(float));
    assert_memory_not_equal(once, other, 10 * sizeof(float));
    assert_memory_not_equal(once, build(op, &cases[0], 8).inputs[0].data, 10 * sizeof(float));
}

static void test_reciprocal_stays_away_from_zero(void **state)
{
    (void)state;
    const ns_aten_operator *op = ns_aten_find("reciprocal");
    for (int i = 0; i < op->catalogue->case_count; i++)
        for (uint64_t seed = 0; seed < 20; seed++) {
            const ns_tensor input = build(op, &op->catalogue->cases[i], seed).inputs[0];
            for (size_t k = 0; k < ns_tensor_count(&input); k++)
                assert_true(((const float *)input.data)[k] >= 0.1f);
        }
}

static void test_normal_data(void **state)
{
    (void)state;
    ns_random random = {1};
    double sum = 0, squares = 0;
    const int count = 100000;
    for (int i = 0; i < count; i++) {
        const double value = ns_case_normal(&random);
        assert_true(value > -6 && value < 6);
        sum += value;
        squares += value * value;
    }
    /* Four standard errors: 1 / sqrt(count) of the mean, about sqrt(2 / count) of the variance. */
    assert_true(sum / count > -0.0127 && sum / count < 0.0127);
    assert_true(squares / count > 1 - 0.018 && squares / count < 1 + 0.018);
}

/* "test_mean_dim_a16w8_u85_INT_xfail[rank_1]" to "mean.dim" and "rank_1". */
static void split_name(const char *captured, char *op, char *name)
{
    const char *open = strchr(captured, '['), *end = strstr(captured, "_a16w8");
    assert_non_null(open);
    assert_non_null(end);
    sprintf(op, "%.*s", (int)(end - captured - 5), captured + 5);
    sprintf(name, "%.*s", (int)(strlen(open) - 2), open + 1);
    if (strcmp(op, "mean_dim") == 0)
        strcpy(op, "mean.dim");
}

static const ns_catalogue_case *find_case(const ns_aten_operator *op, const char *name)
{
    for (int i = 0; i < op->catalogue->case_count; i++)
        if (op->catalogue->cases[i].list == NS_LIST_EXECUTORCH &&
            strcmp(op->catalogue->cases[i].name, name) == 0)
            return &op->catalogue->cases[i];
    return NULL;
}

static const ns_aten_node *next_computed(const ns_aten_program *program, int *index)
{
    while (*index < program->node_count && program->nodes[*index].kind == NS_ATEN_PARAMETER)
        ++*index;
    return *index < program->node_count ? &program->nodes[(*index)++] : NULL;
}

static void assert_same_attribute(const ns_aten_attribute *a, const ns_aten_attribute *b)
{
    assert_int_equal(a->integer, b->integer);
    assert_true(a->real == b->real);
    assert_int_equal(a->count, b->count);
    for (int i = 0; i < a->count; i++)
        assert_int_equal(a->list[i], b->list[i]);
}

/* Nodes in order, but for the parameters, whose place differs; those are compared through the shapes of
 * what is made from them. */
static void assert_same_program(const ns_aten_program *mine, const ns_aten_program *captured)
{
    for (int m = 0, c = 0;;) {
        const ns_aten_node *a = next_computed(mine, &m), *b = next_computed(captured, &c);
        assert_int_equal(a == NULL, b == NULL);
        if (!a)
            return;
        assert_ptr_equal(a->op, b->op);
        assert_int_equal(a->rank, b->rank);
        assert_memory_equal(a->shape, b->shape, sizeof a->shape);
        for (int i = 0; i < a->input_count; i++)
            assert_int_equal(a->inputs[i] < 0, b->inputs[i] < 0);
        for (int p = 0; a->op && p < a->op->parameter_count; p++)
            assert_same_attribute(&a->attributes[p], &b->attributes[p]);
    }
}

static void assert_captured(const ns_aten_operator *operator_, const ns_catalogue_case *entry,
                            const char *const *names, int count)
{
    bool found = entry->list != NS_LIST_EXECUTORCH;
    for (int i = 0; !found && i < count; i++) {
        char op[256], name[256];
        split_name(names[i], op, name);
        found = strcmp(op, operator_->name) == 0 && strcmp(name, entry->name) == 0;
    }
    if (!found)
        fail_msg("%s %s is none of ExecuTorch's", operator_->name, entry->name);
}

static void test_executorch_cases_are_executorchs(void **state)
{
    (void)state;
    const char *const *names;
    int count;
    ns_error error;
    ASSERT_OK(captured_list(arena, &names, &count, &error));
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        char op[256], name[256];
        split_name(names[i], op, name);
        const ns_aten_operator *found = ns_aten_find(op);
        assert_non_null(found);
        const ns_catalogue_case *entry = find_case(found, name);
        if (!entry)
            fail_msg("%s has no case in the catalogue", names[i]);
        captured_case captured;
        ASSERT_OK(captured_load(names[i], arena, &captured, &error));
        ns_aten_program *decomposed;
        ASSERT_OK(ns_aten_decompose(build(found, entry, 0).program, arena, &decomposed, &error));
        assert_same_program(decomposed, captured.program);
    }
    /* And the other way round: every case of their operators was captured, on one target at least. */
    for (int i = 0; i < count; i++) {
        char op[256], name[256];
        split_name(names[i], op, name);
        const ns_aten_operator *found = ns_aten_find(op);
        for (int c = 0; c < found->catalogue->case_count; c++)
            assert_captured(found, &found->catalogue->cases[c], names, count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_seed_list),
        cmocka_unit_test(test_86_rows),
        cmocka_unit_test(test_names_are_unique),
        cmocka_unit_test(test_data_depends_on_seed_and_name_only),
        cmocka_unit_test(test_reciprocal_stays_away_from_zero),
        cmocka_unit_test(test_normal_data),
        cmocka_unit_test(test_executorch_cases_are_executorchs),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
