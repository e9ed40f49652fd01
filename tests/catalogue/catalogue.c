#include "catalogue/catalogue.h"

#include "npuscope/suite.h"

#include "support/arena.h"
#include "support/captured.h"
#include "support/test.h"

static int count_cases(const ns_catalogue_operator *operator, ns_case_list list)
{
    int count = 0;
    for (int i = 0; i < operator->case_count; i++)
        count += operator->cases[i].list == list;
    return count;
}

static void test_the_seed_list(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int count;
    } expected[] = {{"bmm", 5}, {"exp", 3},     {"reciprocal", 3}, {"mean.dim", 11},
                    {"var", 4}, {"conv1d", 14}, {"gelu", 3}};
    assert_int_equal(ns_catalogue_count, sizeof expected / sizeof expected[0]);
    for (int i = 0; i < ns_catalogue_count; i++) {
        assert_string_equal(ns_catalogue[i]->name, expected[i].name);
        assert_int_equal(count_cases(ns_catalogue[i], NS_LIST_SEED), expected[i].count);
    }
}

static void test_86_rows(void **state)
{
    (void)state;
    ns_suite_options options = ns_suite_defaults();
    ns_suite_result *result;
    ns_error error;
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
    for (int o = 0; o < ns_catalogue_count; o++)
        for (int i = 0; i < ns_catalogue[o]->case_count; i++)
            for (int k = 0; k < i; k++)
                assert_false(ns_catalogue[o]->cases[i].list == ns_catalogue[o]->cases[k].list &&
                             strcmp(ns_catalogue[o]->cases[i].name, ns_catalogue[o]->cases[k].name) == 0);
}

static const ns_catalogue_operator *find_operator(const char *name)
{
    for (int i = 0; i < ns_catalogue_count; i++)
        if (strcmp(ns_catalogue[i]->name, name) == 0)
            return ns_catalogue[i];
    return NULL;
}

static void build(const ns_catalogue_operator *operator, const ns_catalogue_case * entry, uint64_t seed,
                  ns_aten_program **program, ns_tensor *inputs)
{
    ns_error error;
    ns_random random = ns_case_random(seed, operator->name, entry->name);
    ASSERT_OK(ns_aten_program_new(arena, program, &error));
    ASSERT_OK(operator->build(entry->parameters, &random, *program, inputs, &error));
    assert_int_equal((*program)->output_count, 1);
    assert_in_range((*program)->input_count, 1, NS_CASE_MAX_INPUTS);
}

static void test_data_depends_on_seed_and_name_only(void **state)
{
    (void)state;
    const ns_catalogue_operator *operator= find_operator("exp");
    ns_aten_program *program;
    ns_tensor once[NS_CASE_MAX_INPUTS], again[NS_CASE_MAX_INPUTS], other[NS_CASE_MAX_INPUTS];
    build(operator, & operator->cases[0], 7, &program, once);
    build(operator, & operator->cases[1], 7, &program, other);
    build(operator, & operator->cases[0], 7, &program, again);
    assert_memory_equal(once[0].data, again[0].data, 10 * sizeof(float));
    assert_memory_not_equal(once[0].data, other[0].data, 10 * sizeof(float));
    build(operator, & operator->cases[0], 8, &program, other);
    assert_memory_not_equal(once[0].data, other[0].data, 10 * sizeof(float));
}

static void test_reciprocal_stays_away_from_zero(void **state)
{
    (void)state;
    const ns_catalogue_operator *operator= find_operator("reciprocal");
    for (int i = 0; i < operator->case_count; i++)
        for (uint64_t seed = 0; seed < 20; seed++) {
            ns_aten_program *program;
            ns_tensor inputs[NS_CASE_MAX_INPUTS];
            build(operator, & operator->cases[i], seed, &program, inputs);
            for (size_t k = 0; k < ns_tensor_count(&inputs[0]); k++)
                assert_true(((const float *)inputs[0].data)[k] >= 0.1f);
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

static const ns_catalogue_case *find_case(const ns_catalogue_operator *operator, const char * name)
{
    for (int i = 0; i < operator->case_count; i++)
        if (operator->cases[i].list == NS_LIST_EXECUTORCH && strcmp(operator->cases[i].name, name) == 0)
            return &operator->cases[i];
    return NULL;
}

static const ns_aten_node *next_computed(const ns_aten_program *program, int *index)
{
    while (*index < program->node_count && program->nodes[*index].op == NS_ATEN_PARAMETER)
        ++*index;
    return *index < program->node_count ? &program->nodes[(*index)++] : NULL;
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
        assert_int_equal(a->op, b->op);
        assert_int_equal(a->rank, b->rank);
        assert_memory_equal(a->shape, b->shape, sizeof a->shape);
        assert_int_equal(a->stride, b->stride);
        assert_int_equal(a->padding, b->padding);
        assert_int_equal(a->dilation, b->dilation);
        assert_int_equal(a->groups, b->groups);
        assert_int_equal(a->pad_left, b->pad_left);
        assert_int_equal(a->pad_right, b->pad_right);
        assert_int_equal(a->pad_mode, b->pad_mode);
        assert_int_equal(a->tanh_approximation, b->tanh_approximation);
        if (a->op == NS_ATEN_CONV1D)
            assert_int_equal(a->inputs[2] < 0, b->inputs[2] < 0);
    }
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
        const ns_catalogue_operator *operator= find_operator(op);
        assert_non_null(operator);
        const ns_catalogue_case *entry = find_case(operator, name);
        if (!entry)
            fail_msg("%s has no case in the catalogue", names[i]);
        captured_case captured;
        ASSERT_OK(captured_load(names[i], arena, &captured, &error));
        ns_aten_program *program, *decomposed;
        ns_tensor inputs[NS_CASE_MAX_INPUTS];
        build(operator, entry, 0, &program, inputs);
        ASSERT_OK(ns_aten_decompose(program, arena, &decomposed, &error));
        assert_same_program(decomposed, captured.program);
    }
    /* And the other way round: every case was captured, on one target at least. */
    for (int o = 0; o < ns_catalogue_count; o++)
        for (int c = 0; c < ns_catalogue[o]->case_count; c++) {
            const ns_catalogue_case *entry = &ns_catalogue[o]->cases[c];
            bool found = entry->list != NS_LIST_EXECUTORCH;
            for (int i = 0; !found && i < count; i++) {
                char op[256], name[256];
                split_name(names[i], op, name);
                found = strcmp(op, ns_catalogue[o]->name) == 0 && strcmp(name, entry->name) == 0;
            }
            if (!found)
                fail_msg("%s %s is none of ExecuTorch's", ns_catalogue[o]->name, entry->name);
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
