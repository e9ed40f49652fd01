/* Programs beyond the captured cases: the scales that ExecuTorch's quantiser chose for them
 * (tests/data/quant_programs.zip, made by scripts/record-quant-programs). */
#include "support/aten.h"
#include "support/test.h"

#include <jansson.h>
#include <math.h>

#include "base/interface.h"
#include "ir/interface.h"
#include "quant/interface.h"
#include "support/data.h"

enum { MAX_VALUES = 16 };

static double normal(ns_random *random)
{
    double total = -6;
    for (int i = 0; i < 12; i++)
        total += ns_random_unit(random);
    return total;
}

/* The same numbers as generate() of the script. */
static void generate(const char *kind, uint64_t seed, float *values, size_t count)
{
    ns_random random = {seed};
    double first = ns_random_unit(&random);
    for (size_t i = 0; i < count; i++) {
        double v = 0;
        if (strcmp(kind, "uniform") == 0)
            v = ns_random_unit(&random);
        else if (strcmp(kind, "normal") == 0)
            v = normal(&random);
        else if (strcmp(kind, "outlier") == 0)
            v = normal(&random) * (i % 37 == 5 ? 40.0 : 1.0);
        else if (strcmp(kind, "constant") == 0)
            v = first - 0.5;
        else if (strcmp(kind, "negative") == 0)
            v = -ns_random_unit(&random) - 0.25;
        else if (strcmp(kind, "tiny") == 0)
            v = normal(&random) * 0.00001;
        else if (strcmp(kind, "large") == 0)
            v = normal(&random) * 1000.0;
        else if (strcmp(kind, "offset") == 0)
            v = normal(&random) + 10.0;
        else if (strcmp(kind, "positive") == 0)
            v = ns_random_unit(&random) + 0.1;
        else if (strcmp(kind, "sparse") == 0)
            v = ns_random_unit(&random) < 0.1 ? normal(&random) : 0;
        else if (strcmp(kind, "weight") == 0)
            v = ns_random_unit(&random) * 0.6 - 0.3;
        else if (strcmp(kind, "zero") != 0)
            fail_msg("kind %s is unknown", kind);
        values[i] = (float)v;
    }
}

static const char *text_of(const json_t *json, const char *key)
{
    return json_string_value(json_object_get(json, key));
}

static int integer_of(const json_t *json, const char *key)
{
    return (int)json_integer_value(json_object_get(json, key));
}

static int shape_of(const json_t *json, const char *key, int64_t *shape)
{
    const json_t *list = json_object_get(json, key);
    for (size_t i = 0; i < json_array_size(list); i++)
        shape[i] = json_integer_value(json_array_get(list, i));
    return (int)json_array_size(list);
}

static int add_data(ns_aten_program *program, ns_arena *arena, const json_t *data)
{
    if (!json_is_object(data))
        return -1;
    ns_error error;
    int64_t shape[NS_MAX_RANK];
    int rank = shape_of(data, "shape", shape), node = 0;
    size_t count = 0;
    ASSERT_OK(ns_shape_count(rank, shape, &count, &error));
    float *values = NS_ARENA_ARRAY(arena, count, float);
    generate(text_of(data, "kind"), (uint64_t)integer_of(data, "seed"), values, count);
    ASSERT_OK(ns_aten_add_parameter(program, NULL, rank, shape, values, &node, &error));
    return node;
}

static int add_step(ns_aten_program *program, ns_arena *arena, const json_t *step, const int *values)
{
    ns_error error;
    const char *op = text_of(step, "op");
    const json_t *from = json_object_get(step, "from");
    int x = values[json_integer_value(json_array_get(from, 0))];
    int y = json_array_size(from) > 1 ? values[json_integer_value(json_array_get(from, 1))] : -1;
    int64_t list[NS_MAX_RANK];
    int dims[NS_MAX_RANK], dim_count = shape_of(step, "dims", list), node = 0;
    bool keepdim = json_is_true(json_object_get(step, "keepdim"));
    for (int i = 0; i < dim_count; i++)
        dims[i] = (int)list[i];
    if (strcmp(op, "conv1d") == 0) {
        int weight = add_data(program, arena, json_object_get(step, "weight"));
        int bias = add_data(program, arena, json_object_get(step, "bias"));
        ASSERT_OK(ns_aten_add_conv1d(
            program,
            &(conv1d_arguments){x, weight, bias, integer_of(step, "stride"), integer_of(step, "padding"),
                                integer_of(step, "dilation"), integer_of(step, "groups")},
            &node, &error));
    } else if (strcmp(op, "bmm") == 0) {
        ASSERT_OK(ns_aten_add_bmm(program, x, y, &node, &error));
    } else if (strcmp(op, "mul") == 0) {
        ASSERT_OK(ns_aten_add_mul(program, x, y, &node, &error));
    } else if (strcmp(op, "sub") == 0) {
        ASSERT_OK(ns_aten_add_sub(program, x, y, &node, &error));
    } else if (strcmp(op, "exp") == 0) {
        ASSERT_OK(ns_aten_add_exp(program, x, &node, &error));
    } else if (strcmp(op, "reciprocal") == 0) {
        ASSERT_OK(ns_aten_add_reciprocal(program, x, &node, &error));
    } else if (strcmp(op, "gelu") == 0) {
        ASSERT_OK(ns_aten_add_gelu(program, x, json_is_true(json_object_get(step, "tanh")), &node, &error));
    } else if (strcmp(op, "mean") == 0) {
        ASSERT_OK(ns_aten_add_mean(program, x, dim_count, dims, keepdim, &node, &error));
    } else if (strcmp(op, "sum") == 0) {
        ASSERT_OK(ns_aten_add_sum(program, x, dim_count, dims, keepdim, &node, &error));
    } else if (strcmp(op, "var") == 0) {
        double correction = json_number_value(json_object_get(step, "correction"));
        ASSERT_OK(ns_aten_add_var(program, x, dim_count, dims, correction, keepdim, &node, &error));
    } else if (strcmp(op, "pad") == 0) {
        static const char *const modes[] = {"constant", "reflect", "replicate", "circular"};
        int mode = 0;
        while (mode < 3 && strcmp(modes[mode], text_of(step, "mode")) != 0)
            mode++;
        shape_of(step, "widths", list);
        ASSERT_OK(ns_aten_add_pad(program, x, (int)list[0], (int)list[1], (ns_pad_mode)mode,
                                  json_number_value(json_object_get(step, "value")), &node, &error));
    } else if (strcmp(op, "reshape") == 0) {
        int rank = shape_of(step, "shape", list);
        ASSERT_OK(ns_aten_add_reshape(program, x, rank, list, &node, &error));
    } else {
        fail_msg("operator %s is unknown", op);
    }
    return node;
}

static ns_aten_program *build(const json_t *json, ns_arena *arena)
{
    ns_error error;
    ns_aten_program *program, *decomposed;
    int values[MAX_VALUES], count = 0;
    ASSERT_OK(ns_aten_program_new(arena, &program, &error));
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(json, "inputs"), i, item)
    {
        int64_t shape[NS_MAX_RANK];
        int rank = shape_of(item, "shape", shape);
        ASSERT_OK(ns_aten_add_input(program, NULL, rank, shape, &values[count++], &error));
    }
    json_array_foreach(json_object_get(json, "steps"), i, item)
    {
        values[count] = add_step(program, arena, item, values);
        count++;
    }
    ASSERT_OK(ns_aten_add_output(program, values[count - 1], &error));
    ASSERT_OK(ns_aten_decompose(program, arena, &decomposed, &error));
    return decomposed;
}

static void quantise(const json_t *json, ns_aten_program *program, ns_arena *arena)
{
    ns_error error;
    int samples = integer_of(json, "samples");
    ns_tensor *tensors = NS_ARENA_ARRAY(arena, (size_t)(samples * program->input_count), ns_tensor);
    for (int s = 0; s < samples; s++) {
        for (int i = 0; i < program->input_count; i++) {
            const json_t *input = json_array_get(json_object_get(json, "inputs"), (size_t)i);
            const ns_aten_node *node = &program->nodes[program->inputs[i]];
            ns_tensor *tensor = &tensors[s * program->input_count + i];
            ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_FP32, node->rank, node->shape, tensor, &error));
            uint64_t seed = (uint64_t)integer_of(input, "seed") + 1000u * (uint64_t)s;
            generate(text_of(input, "kind"), seed, tensor->data, ns_aten_count(node));
        }
    }
    ns_quantise_options options = {.epsilon = json_number_value(json_object_get(json, "epsilon")),
                                   .per_channel = json_is_true(json_object_get(json, "per_channel"))};
    ASSERT_OK(ns_quantise_program(program, &options, samples, tensors, &error));
}

typedef struct tally {
    const char *name;
    const json_t *nodes; /* expected */
    size_t scales, integers, bad;
    double worst;
} tally;

static void compare_scales(const ns_aten_node *node, const json_t *expected, tally *t)
{
    const json_t *scales = json_object_get(expected, "scales");
    assert_true(node->quantisation.present);
    assert_int_equal(node->quantisation.count, json_array_size(scales));
    for (int i = 0; i < node->quantisation.count; i++) {
        double want = json_number_value(json_array_get(scales, (size_t)i));
        double difference = fabs((double)node->quantisation.scales[i] / want - 1);
        t->worst = difference > t->worst ? difference : t->worst;
        t->scales++;
        if (!(difference <= 1e-6)) {
            t->bad++;
            print_message("%s: %s: scale %d is %.9g, ExecuTorch has %.9g\n", t->name, node->name, i,
                          (double)node->quantisation.scales[i], want);
        }
    }
}

static void compare(const ns_aten_program *program, int n, int e, tally *t)
{
    const ns_aten_node *node = &program->nodes[n];
    const json_t *expected = json_array_get(t->nodes, (size_t)e);
    if (strcmp(ns_aten_text(node), text_of(expected, "op")) != 0)
        fail_msg("%s: node %s is %s, ExecuTorch has %s", t->name, node->name, ns_aten_text(node),
                 text_of(expected, "op"));
    int64_t shape[NS_MAX_RANK], dims[NS_MAX_RANK];
    int rank = shape_of(expected, "shape", shape);
    assert_int_equal(node->rank, rank);
    for (int i = 0; i < rank; i++)
        assert_int_equal(node->shape[i], shape[i]);
    if (node->op == &ns_aten_op_sum) {
        /* The quantised graph keeps the caller's negative dims, and none for all. */
        int count = shape_of(expected, "dims", dims), operand_rank = program->nodes[node->inputs[0]].rank;
        assert_int_equal(node->attributes[2].integer, json_is_true(json_object_get(expected, "keepdim")));
        assert_int_equal(node->attributes[1].count, count);
        for (int i = 0; i < count; i++)
            assert_int_equal(node->attributes[1].list[i], dims[i] < 0 ? dims[i] + operand_rank : dims[i]);
    }
    compare_scales(node, expected, t);
    const json_t *sums = json_object_get(expected, "sums");
    if (sums) {
        int64_t plain = 0, weighted = 0;
        for (size_t i = 0; i < ns_aten_count(node); i++) {
            plain += node->quantised[i];
            weighted += node->quantised[i] * (int64_t)(i + 1);
        }
        assert_int_equal(plain, json_integer_value(json_array_get(sums, 0)));
        assert_int_equal(weighted, json_integer_value(json_array_get(sums, 1)));
        t->integers += ns_aten_count(node);
    }
    const json_t *from = json_object_get(expected, "from");
    size_t operands = 0;
    for (int i = 0; i < node->input_count; i++) {
        if (node->inputs[i] < 0)
            continue;
        compare(program, node->inputs[i], (int)json_integer_value(json_array_get(from, operands)), t);
        operands++;
    }
    assert_int_equal(operands, json_array_size(from));
}

static void programs(void **state)
{
    (void)state;
    json_t *list;
    ns_error error;
    ASSERT_OK(test_data_json("quant_programs/programs.json", &list, &error));
    tally t = {0};
    size_t i;
    json_t *json;
    json_array_foreach(list, i, json)
    {
        ns_arena *arena = ns_arena_new();
        const json_t *expected = json_object_get(json, "expected");
        t.name = text_of(json, "name");
        t.nodes = json_object_get(expected, "nodes");
        ns_aten_program *program = build(json, arena);
        quantise(json, program, arena);
        compare(program, program->outputs[0],
                (int)json_integer_value(json_array_get(json_object_get(expected, "outputs"), 0)), &t);
        ns_arena_free(arena);
    }
    print_message("%zu programs, %zu scales, worst relative difference %.3g; %zu integers\n",
                  json_array_size(list), t.scales, t.worst, t.integers);
    assert_int_equal(t.bad, 0);
    assert_true(json_array_size(list) >= 100);
    json_decref(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(programs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
