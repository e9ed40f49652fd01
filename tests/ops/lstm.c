/* lstm, gru, rnn_tanh, rnn_relu: values of PyTorch 2.14.1 in float64 (torch.lstm(..), torch.gru(..), .. of
 * the filling below); what they decompose into computes the same, once for all results; weights that all
 * steps read are copied. */
#include "support/test.h"

#include <math.h>
#include <string.h>

#include "ir/interface.h"
#include "support/aten.h"

enum { T = 3, N = 2, I = 2, H = 2, MOST = 32 };

typedef struct example {
    const ns_aten_operator *op;
    int gates, states, layers;
    bool bidirectional, batch_first, biases;
    double values[3][2]; /* of each result: element 1, the last one */
} example;

static const example examples[] = {
    {&ns_aten_op_lstm,
     4,
     2,
     1,
     false,
     false,
     true,
     {{-0.27293399856298101, -0.144676140150511},
      {-0.1319278428840488, -0.144676140150511},
      {-0.23130990239216001, -0.25129616493925044}}},
    {&ns_aten_op_lstm,
     4,
     2,
     2,
     true,
     true,
     false,
     {{0.036978375632348244, -0.15996037460556795},
      {-0.0008019151431199285, -0.049041075764603294},
      {-0.0015245363150453717, -0.094798993939262513}}},
    {&ns_aten_op_gru,
     3,
     1,
     1,
     false,
     false,
     true,
     {{0.077893161383402937, -0.24004752749688543}, {-0.2416766880837655, -0.24004752749688543}}},
    {&ns_aten_op_gru,
     3,
     1,
     2,
     true,
     true,
     false,
     {{-0.15122433012696082, 0.18124658642863517}, {0.094292895804498775, 0.036904396683742041}}},
    {&ns_aten_op_rnn_tanh,
     1,
     1,
     1,
     false,
     false,
     true,
     {{0.13539392298481448, 0.1570224408698605}, {0.21726720994498855, 0.1570224408698605}}},
    {&ns_aten_op_rnn_tanh,
     1,
     1,
     2,
     true,
     true,
     false,
     {{-0.026980347798803324, 0.10711119884642881}, {0.26961936073498266, -0.13525409563750487}}},
    {&ns_aten_op_rnn_relu,
     1,
     1,
     1,
     false,
     false,
     true,
     {{0.13623046875, 0.41499567031860352}, {0.45518827438354492, 0.41499567031860352}}},
    {&ns_aten_op_rnn_relu, 1, 1, 2, true, true, false, {{0, 0.12828826904296875}, {0.24608075618743896, 0}}},
};

static int leaf(ns_aten_program *program, int rank, const int64_t *shape, int *filled)
{
    ns_error error;
    float values[64];
    int64_t count = 1;
    int node = 0;
    for (int i = 0; i < rank; i++)
        count *= shape[i];
    for (int i = 0; i < count; i++, ++*filled)
        values[i] = (float)((*filled * 37 + 11) % 64 - 32) / 64;
    ASSERT_OK(ns_aten_add_parameter(program, NULL, rank, shape, values, &node, &error));
    return node;
}

/* All results of the call are the program's. */
static void build(const example *e, ns_aten_program *program)
{
    const int directions = e->bidirectional ? 2 : 1;
    const int64_t steps = e->batch_first ? N : T, rows = e->batch_first ? T : N;
    int operands[MOST], count = 0, filled = 0, node = 0;
    ns_error error;
    operands[count++] = leaf(program, 3, (int64_t[]){steps, rows, I}, &filled);
    for (int i = 0; i < e->states; i++)
        operands[count++] = leaf(program, 3, (int64_t[]){e->layers * directions, N, H}, &filled);
    for (int l = 0; l < e->layers * directions; l++) {
        const int64_t inner = l < directions ? I : directions * H;
        operands[count++] = leaf(program, 2, (int64_t[]){e->gates * H, inner}, &filled);
        operands[count++] = leaf(program, 2, (int64_t[]){e->gates * H, H}, &filled);
        for (int b = 0; b < (e->biases ? 2 : 0); b++)
            operands[count++] = leaf(program, 1, (int64_t[]){e->gates * H}, &filled);
    }
    for (int result = 0; result <= e->states; result++) {
        const ns_aten_argument arguments[] = {{"has_biases", NS_BOOL(e->biases)},
                                              {"num_layers", NS_INT(e->layers)},
                                              {"bidirectional", NS_BOOL(e->bidirectional)},
                                              {"batch_first", NS_BOOL(e->batch_first)},
                                              {"result", NS_INT(result)},
                                              {0}};
        ASSERT_OK(ns_aten_call(program, e->op, count, operands, arguments, &node, &error));
        ASSERT_OK(ns_aten_add_output(program, node, &error));
    }
}

static void check(const example *e, const ns_aten_program *program, ns_arena *arena)
{
    ns_error error;
    double **values;
    ASSERT_OK(ns_aten_evaluate(program, NS_ATEN_IDEAL, NULL, arena, &values, &error));
    assert_int_equal(program->output_count, 1 + e->states);
    for (int r = 0; r <= e->states; r++) {
        const size_t count = ns_aten_count(&program->nodes[program->outputs[r]]);
        const double *result = values[program->outputs[r]];
        assert_true(fabs(result[1] - e->values[r][0]) < 1e-12);
        assert_true(fabs(result[count - 1] - e->values[r][1]) < 1e-12);
    }
}

static int count_of(const ns_aten_program *program, const ns_aten_operator *op)
{
    int count = 0;
    for (int i = 0; i < program->node_count; i++)
        count += program->nodes[i].op == op;
    return count;
}

static void test_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        const example *e = &examples[i];
        ns_arena *arena = ns_arena_new();
        ns_aten_program *program, *decomposed;
        ns_error error;
        ASSERT_OK(ns_aten_program_new(arena, &program, &error));
        build(e, program);
        check(e, program, arena);
        ASSERT_OK(ns_aten_decompose(program, arena, &decomposed, &error));
        check(e, decomposed, arena);
        const int cells = T * e->layers * (e->bidirectional ? 2 : 1);
        assert_int_equal(count_of(decomposed, e->op), 0);
        assert_int_equal(count_of(decomposed, &ns_aten_op_linear), 2 * cells);
        /* Each weight has one reader. */
        for (int n = 0; n < decomposed->node_count; n++)
            for (int m = 0; m < n; m++)
                if (decomposed->nodes[n].op == &ns_aten_op_linear &&
                    decomposed->nodes[m].op == &ns_aten_op_linear)
                    assert_true(decomposed->nodes[n].inputs[1] != decomposed->nodes[m].inputs[1]);
        ns_arena_free(arena);
    }
}

static void refused(const int64_t *input, int64_t layers, int64_t result, const char *words)
{
    ns_arena *arena = ns_arena_new();
    ns_aten_program *program;
    ns_error error = {0};
    int filled = 0, node = 0;
    ASSERT_OK(ns_aten_program_new(arena, &program, &error));
    const int operands[4] = {
        leaf(program, 3, input, &filled), leaf(program, 3, (int64_t[]){1, N, H}, &filled),
        leaf(program, 2, (int64_t[]){3 * H, I}, &filled), leaf(program, 2, (int64_t[]){3 * H, H}, &filled)};
    const ns_code code =
        ns_aten_call(program, &ns_aten_op_gru, 4, operands,
                     NS_ARGUMENTS({"has_biases", NS_BOOL(false)}, {"num_layers", NS_INT(layers)},
                                  {"bidirectional", NS_BOOL(false)}, {"batch_first", NS_BOOL(false)},
                                  {"result", NS_INT(result)}),
                     &node, &error);
    assert_int_equal(code, words ? NS_ERROR_INPUT : NS_OK);
    if (words)
        assert_non_null(strstr(error.message, words));
    ns_arena_free(arena);
}

static void test_refused(void **state)
{
    (void)state;
    refused((int64_t[]){T, N, I}, 1, 1, NULL);
    refused((int64_t[]){T, N, I}, 1, 2, "has no result 2");
    refused((int64_t[]){T, N, I}, 2, 0, "the parameters of every layer");
    refused((int64_t[]){T, N + 1, I}, 1, 0, "states [layers * directions, n, h]");
    refused((int64_t[]){T, N, I + 1}, 1, 0, "the parameters of layer 0");
    refused((int64_t[]){T, N, I}, 0, 0, "the parameters of every layer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values), cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
