/* Eval: tables of one-operator graphs with the results that the specification gives. */
#ifndef NS_TESTS_EVAL_H
#define NS_TESTS_EVAL_H

#include "npuscope/eval.h"
#include "support/test.h"

/* Element i is values[i % count], so that one value fills a tensor. No values: no tensor. */
typedef struct test_tensor {
    ns_dtype dtype;
    int rank;
    int64_t shape[NS_MAX_RANK];
    size_t count;
    const int64_t *values;
} test_tensor;

#define UNWRAP(...) __VA_ARGS__
#define COUNT_OF(type, ...) (sizeof((type[]){__VA_ARGS__}) / sizeof(type))
/* TENSOR(INT8, (2, 3), 1, 2, 3, 4, 5, 6) */
#define TENSOR(type, dims, ...)                                                                        \
    {                                                                                                  \
        .dtype = NS_DTYPE_##type, .rank = (int)COUNT_OF(int64_t, UNWRAP dims), .shape = {UNWRAP dims}, \
        .count = COUNT_OF(int64_t, __VA_ARGS__), .values = (int64_t[])                                 \
        {                                                                                              \
            __VA_ARGS__                                                                                \
        }                                                                                              \
    }
/* A shape operand: SHAPE(1, 2, 3). */
#define SHAPE(...) TENSOR(SHAPE, (COUNT_OF(int64_t, __VA_ARGS__)), __VA_ARGS__)
/* An attribute that is a list: .pad = LIST(0, 0, 0, 0). */
#define LIST(...)                                                           \
    {                                                                       \
        .count = (int)COUNT_OF(int32_t, __VA_ARGS__), .values = (int32_t[]) \
        {                                                                   \
            __VA_ARGS__                                                     \
        }                                                                   \
    }
#define BYTES(...)                                                     \
    {                                                                  \
        .count = COUNT_OF(uint8_t, __VA_ARGS__), .values = (uint8_t[]) \
        {                                                              \
            __VA_ARGS__                                                \
        }                                                              \
    }

typedef struct test_eval_case {
    const char *name;
    ns_op op;
    ns_attributes attributes;
    test_tensor inputs[5];
    test_tensor output; /* type, shape and expected values */
    const char *fails;  /* not NULL: the message has this text, and names the operator */
    ns_code code;       /* with `fails`; 0 stands for NS_ERROR_UNPREDICTABLE */
} test_eval_case;

/* An input as the evaluator takes it: constants for shapes, else inputs of the graph. */
static inline int test_add_input(ns_graph *graph, ns_block *block, const test_tensor *from, int index,
                                 ns_tensor *value)
{
    static ns_error error;
    int at = 0;
    char name[16];
    snprintf(name, sizeof name, "in%d", index);
    if (from->dtype == NS_DTYPE_SHAPE) {
        ASSERT_OK(ns_block_add_const_shape(graph, block, name, (int)from->count, from->values, &at, &error));
        return at;
    }
    ASSERT_OK(ns_block_add_tensor(graph, block, name, from->dtype, from->rank, from->shape, &at, &error));
    ASSERT_OK(ns_tensor_new(graph->arena, from->dtype, from->rank, from->shape, value, &error));
    for (size_t i = 0; i < ns_tensor_count(value); i++)
        ns_tensor_set(value, i, from->values[i % from->count]);
    return at;
}

static inline void test_eval_check(const test_eval_case *c, const ns_graph *graph, const ns_tensor *inputs,
                                   int input_count, unsigned cpu_mask)
{
    ns_error error;
    ns_arena *arena = ns_arena_new();
    assert_non_null(arena);
    const ns_eval_options options = {.cpu_mask = cpu_mask};
    ns_tensor got;
    ns_code code = ns_eval(graph, &options, inputs, input_count, arena, &got, &error);
    ns_code expected = !c->fails ? NS_OK : c->code ? c->code : NS_ERROR_UNPREDICTABLE;
    if (code != expected)
        fail_msg("%s: code %d, expected %d: %s", c->name, code, expected, code ? error.message : "");
    if (c->fails) {
        char named[64];
        snprintf(named, sizeof named, "(%s) 'out'", ns_op_text(c->op));
        if (!strstr(error.message, c->fails) || !strstr(error.message, named))
            fail_msg("%s: the message is '%s', expected '%s' and '%s'", c->name, error.message, named,
                     c->fails);
    }
    for (size_t i = 0; code == NS_OK && i < ns_tensor_count(&got); i++)
        if (ns_tensor_get(&got, i) != c->output.values[i % c->output.count])
            fail_msg("%s: element %zu is %lld, expected %lld", c->name, i, (long long)ns_tensor_get(&got, i),
                     (long long)c->output.values[i % c->output.count]);
    ns_arena_free(arena);
}

/* Evaluates each case with plain C and with all instruction sets of the machine. */
static inline void test_eval_cases(const test_eval_case *cases, size_t count)
{
    ns_error error;
    for (const test_eval_case *c = cases; c < cases + count; c++) {
        ns_graph *graph = NULL;
        ASSERT_OK(ns_graph_new(&graph, &error));
        ns_block *block = &graph->regions[0].blocks[0];
        int operands[5], graph_inputs[5], operand_count = 0, input_count = 0, out = 0;
        ns_tensor values[5];
        for (; operand_count < 5 && c->inputs[operand_count].values; operand_count++) {
            operands[operand_count] =
                test_add_input(graph, block, &c->inputs[operand_count], operand_count, &values[input_count]);
            if (c->inputs[operand_count].dtype != NS_DTYPE_SHAPE)
                graph_inputs[input_count++] = operands[operand_count];
        }
        ASSERT_OK(ns_block_add_tensor(graph, block, "out", c->output.dtype, c->output.rank, c->output.shape,
                                      &out, &error));
        ASSERT_OK(ns_block_add_operator(
            graph, block, &(ns_operator_parts){c->op, &c->attributes, operand_count, operands, 1, &out},
            &error));
        ASSERT_OK(ns_block_set_inputs(graph, block, input_count, graph_inputs, &error));
        ASSERT_OK(ns_block_set_outputs(graph, block, 1, &out, &error));
        test_eval_check(c, graph, values, input_count, 0);
        test_eval_check(c, graph, values, input_count, ~0u);
        ns_graph_free(graph);
    }
}

/* The whole of a test that is one table named `cases`. */
#define TEST_EVAL_MAIN                                                      \
    static void as_specified(void **state)                                  \
    {                                                                       \
        (void)state;                                                        \
        test_eval_cases(cases, sizeof cases / sizeof *cases);               \
    }                                                                       \
    int main(void)                                                          \
    {                                                                       \
        const struct CMUnitTest tests[] = {cmocka_unit_test(as_specified)}; \
        return cmocka_run_group_tests(tests, NULL, NULL);                   \
    }

#endif
