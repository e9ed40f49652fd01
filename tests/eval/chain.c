/* Chains give what operators one by one give: every element of random graphs, and of what cannot be evaluated
 * the message. The ladders of softmax and of LayerNorm are one chain each. */
#include "base/interface.h"
#include "eval/internal.h"
#include "npuscope/eval.h"
#include "support/test.h"

#define GRAPHS 1500
#define LONGEST 40 /* operators beside constants */

static ns_error error;

typedef struct maker {
    ns_graph *graph;
    ns_block *block;
    ns_random random;
    int64_t dims[3];       /* of the elements; a row has dims[2] */
    int live[LONGEST + 8]; /* tensors that operators may read */
    int count;
} maker;

static const ns_tensor *tensor_of(const maker *m, int index)
{
    return &m->block->tensors[index].tensor;
}

static int64_t pick(maker *m, int64_t low, int64_t high)
{
    return ns_random_range(&m->random, low, high);
}

static int add_tensor(maker *m, ns_dtype dtype, int rank, const int64_t *shape)
{
    char name[32];
    int index = 0;
    snprintf(name, sizeof name, "t%d", m->block->tensor_count);
    ASSERT_OK(ns_block_add_tensor(m->graph, m->block, name, dtype, rank, shape, &index, &error));
    return index;
}

static int add_const(maker *m, ns_dtype dtype, int rank, const int64_t *shape, int64_t low, int64_t high)
{
    char name[32];
    int index = 0;
    ns_tensor value;
    snprintf(name, sizeof name, "t%d", m->block->tensor_count);
    ASSERT_OK(ns_tensor_new(m->graph->arena, dtype, rank, shape, &value, &error));
    for (size_t i = 0; i < ns_tensor_count(&value); i++)
        ns_tensor_set(&value, i, pick(m, low, high));
    ASSERT_OK(ns_block_add_const(m->graph, m->block, name, &value, &index, &error));
    return index;
}

static int add_one(maker *m, ns_dtype dtype, int64_t value)
{
    return add_const(m, dtype, 1, (int64_t[]){1}, value, value);
}

static int add_operator(maker *m, ns_op op, const ns_attributes *attributes, int count, const int *inputs,
                        int out)
{
    const ns_operator_parts parts = {op, attributes, count, inputs, 1, &out};
    ASSERT_OK(ns_block_add_operator(m->graph, m->block, &parts, &error));
    return out;
}

static int rescale(maker *m, int in, ns_dtype dtype, int64_t multiplier, int64_t shift, bool per_channel)
{
    const ns_tensor from = *tensor_of(m, in);
    const int64_t channels = per_channel ? from.shape[from.rank - 1] : 1;
    const ns_attributes attributes = {
        .scale32 = true, .rounding_mode = NS_SINGLE_ROUND, .per_channel = per_channel};
    const int64_t least = multiplier == 1 << 30 ? multiplier : multiplier / 2 + 1;
    const int operands[] = {in, add_const(m, NS_DTYPE_INT32, 1, &channels, least, multiplier),
                            add_const(m, NS_DTYPE_INT8, 1, &channels, shift, shift),
                            add_one(m, from.dtype, 0), add_one(m, dtype, 0)};
    return add_operator(m, NS_OP_RESCALE, &attributes, 5, operands,
                        add_tensor(m, dtype, from.rank, from.shape));
}

static int unary(maker *m, ns_op op, const ns_attributes *attributes, int in, ns_dtype dtype)
{
    const ns_tensor from = *tensor_of(m, in);
    return add_operator(m, op, attributes, 1, &in, add_tensor(m, dtype, from.rank, from.shape));
}

static int table(maker *m, int in)
{
    const ns_tensor from = *tensor_of(m, in);
    const int operands[] = {in, add_const(m, NS_DTYPE_INT16, 1, (int64_t[]){513}, -12000, 12000)};
    return add_operator(m, NS_OP_TABLE, NULL, 2, operands,
                        add_tensor(m, NS_DTYPE_INT32, from.rank, from.shape));
}

static int reduce(maker *m, ns_op op, int in)
{
    ns_tensor from = *tensor_of(m, in);
    const ns_attributes attributes = {.axis = from.rank - 1, .nan_mode = NS_NAN_PROPAGATE};
    from.shape[from.rank - 1] = 1;
    return add_operator(m, op, &attributes, 1, &in, add_tensor(m, from.dtype, from.rank, from.shape));
}

/* `op` of a and b, whose shapes broadcast. */
static int binary(maker *m, ns_op op, int a, int b, ns_dtype dtype, int64_t shift)
{
    ns_tensor out = *tensor_of(m, a);
    for (int d = 0; d < out.rank; d++)
        if (out.shape[d] == 1)
            out.shape[d] = tensor_of(m, b)->shape[d];
    int operands[3] = {a, b, -1};
    if (op == NS_OP_MUL)
        operands[2] = add_one(m, NS_DTYPE_INT8, shift);
    return add_operator(m, op, NULL, op == NS_OP_MUL ? 3 : 2, operands,
                        add_tensor(m, dtype, out.rank, out.shape));
}

static int reshape(maker *m, int in)
{
    const ns_tensor from = *tensor_of(m, in);
    const int64_t *s = from.shape;
    const int64_t four[] = {1, s[0], s[1], s[2]}, three[] = {s[0] * s[1], s[2], s[3]};
    const bool is_three = from.rank == 3;
    int shape = 0;
    char name[32];
    snprintf(name, sizeof name, "t%d", m->block->tensor_count);
    ASSERT_OK(ns_block_add_const_shape(m->graph, m->block, name, is_three ? 4 : 3, is_three ? four : three,
                                       &shape, &error));
    return add_operator(m, NS_OP_RESHAPE, NULL, 2, (int[]){in, shape},
                        add_tensor(m, from.dtype, is_three ? 4 : 3, is_three ? four : three));
}

/* Whether b's dims are a's, or 1, or the other way round. */
static bool broadcasts(const ns_tensor *a, const ns_tensor *b)
{
    for (int d = 0; d < a->rank; d++)
        if (a->shape[d] != b->shape[d] && a->shape[d] != 1 && b->shape[d] != 1)
            return false;
    return a->rank == b->rank;
}

/* Something of the type to join with `a`: a constant, or what is there. */
static int partner(maker *m, int a)
{
    ns_tensor of = *tensor_of(m, a);
    for (int k = 0; k < 4; k++) {
        const int b = m->live[pick(m, 0, m->count - 1)];
        if (tensor_of(m, b)->dtype == of.dtype && broadcasts(&of, tensor_of(m, b)))
            return b;
    }
    const int form = (int)pick(m, 0, 3);
    for (int d = 0; d < of.rank; d++)
        if (form == 1 || (form == 2 && d < of.rank - 1) || (form == 3 && d != 1))
            of.shape[d] = 1;
    return add_const(m, of.dtype, of.rank, of.shape, -100, 100);
}

static int of_words(maker *m, int in)
{
    static const ns_op ops[] = {NS_OP_ADD,     NS_OP_SUB,     NS_OP_MUL,
                                NS_OP_MAXIMUM, NS_OP_MINIMUM, NS_OP_BITWISE_XOR};
    const ns_tensor from = *tensor_of(m, in);
    const int64_t zero = 0;
    switch (pick(m, 0, 9)) {
    case 0:
    case 1:
    case 2:
        return rescale(m, in, pick(m, 0, 5) ? NS_DTYPE_INT16 : NS_DTYPE_INT8, INT32_MAX, pick(m, 30, 44),
                       pick(m, 0, 5) == 0);
    case 3:
        return from.shape[from.rank - 1] > 1
                   ? reduce(m, pick(m, 0, 1) ? NS_OP_REDUCE_SUM : NS_OP_REDUCE_MIN, in)
                   : unary(m, NS_OP_CLZ, NULL, in, NS_DTYPE_INT32);
    case 4:
        return pick(m, 0, 3) ? binary(m, NS_OP_MUL, in, in, NS_DTYPE_INT32, pick(m, 20, 40))
                             : unary(m, NS_OP_ABS, NULL, in, NS_DTYPE_INT32);
    case 5: {
        const int flag = binary(m, NS_OP_GREATER, in, partner(m, in), NS_DTYPE_BOOL, 0);
        const ns_tensor shape = *tensor_of(m, flag);
        const int other = add_const(m, NS_DTYPE_INT32, shape.rank, shape.shape, zero, 9);
        return add_operator(m, NS_OP_SELECT, NULL, 3, (int[]){flag, in, other},
                            add_tensor(m, NS_DTYPE_INT32, shape.rank, shape.shape));
    }
    default:
        return binary(m, ops[pick(m, 0, 5)], in, partner(m, in), NS_DTYPE_INT32, 0);
    }
}

/* What an a16w8 graph has for an operator: the forms that eval knows how to fuse, and their neighbours. */
static int quantised(maker *m, int in)
{
    static const ns_op ops[] = {NS_OP_ADD, NS_OP_SUB, NS_OP_MUL};
    const int64_t form = pick(m, 0, 5);
    if (form == 0)
        return rescale(m, table(m, in), NS_DTYPE_INT16, 1 << 30, pick(m, 36, 37), false);
    const int64_t lefts[] = {pick(m, 0, 2) ? 0 : pick(m, -1, 15), pick(m, 0, 2) ? 0 : pick(m, -1, 15)};
    const bool is_scaled = pick(m, 0, 3) == 0;
    const int wide = is_scaled ? rescale(m, in, NS_DTYPE_INT32, INT32_MAX, pick(m, 16, 34), false)
                               : rescale(m, in, NS_DTYPE_INT32, 1 << 30, 30 - lefts[0], false);
    if (form == 1 && tensor_of(m, in)->shape[tensor_of(m, in)->rank - 1] > 1)
        return reduce(m, NS_OP_REDUCE_SUM, wide);
    const int other = is_scaled
                          ? rescale(m, partner(m, in), NS_DTYPE_INT32, INT32_MAX, pick(m, 16, 34), false)
                          : rescale(m, partner(m, in), NS_DTYPE_INT32, 1 << 30, 30 - lefts[1], false);
    const int both = binary(m, ops[pick(m, 0, 2)], wide, pick(m, 0, 5) ? other : wide, NS_DTYPE_INT32, 0);
    if (pick(m, 0, 5) == 0)
        m->live[m->count - 1] = both; /* read by others too */
    return rescale(m, both, NS_DTYPE_INT16, pick(m, 0, 1) ? INT32_MAX : 1 << 30, pick(m, 32, 48), false);
}

static int of_narrow(maker *m, int in)
{
    static uint8_t low[] = {0x18, 0xfc}, high[] = {0xe8, 0x03}; /* -1000, 1000 */
    const ns_tensor from = *tensor_of(m, in);
    const bool is_short = from.dtype == NS_DTYPE_INT16;
    if (is_short && pick(m, 0, 1))
        return quantised(m, in);
    switch (pick(m, 0, 7)) {
    case 0:
        return is_short ? table(m, in) : unary(m, NS_OP_CAST, NULL, in, NS_DTYPE_INT16);
    case 1:
        return is_short ? unary(m, NS_OP_CLAMP,
                                &(ns_attributes){
                                    .min_val = {2, low}, .max_val = {2, high}, .nan_mode = NS_NAN_PROPAGATE},
                                in, NS_DTYPE_INT16)
                        : unary(m, NS_OP_BITWISE_NOT, NULL, in, NS_DTYPE_INT8);
    case 2:
        return from.shape[from.rank - 1] > 1 ? reduce(m, NS_OP_REDUCE_MAX, in)
                                             : unary(m, NS_OP_CAST, NULL, in, NS_DTYPE_INT32);
    case 3:
        return binary(m, NS_OP_MUL, in, partner(m, in), NS_DTYPE_INT32, 0);
    case 4: {
        const int operands[] = {in, add_one(m, from.dtype, 0), add_one(m, from.dtype, 0)};
        return add_operator(m, NS_OP_NEGATE, NULL, 3, operands,
                            add_tensor(m, from.dtype, from.rank, from.shape));
    }
    default:
        return rescale(m, in, NS_DTYPE_INT32, pick(m, 0, 1) ? 1 << 30 : INT32_MAX, pick(m, 19, 33),
                       pick(m, 0, 7) == 0);
    }
}

static void grow(maker *m)
{
    /* The newest more often than the others: long dependences. */
    const int in = m->live[pick(m, 0, 2) ? m->count - 1 : pick(m, 0, m->count - 1)];
    int out;
    if (pick(m, 0, 9) == 0)
        out = reshape(m, in);
    else
        out = tensor_of(m, in)->dtype == NS_DTYPE_INT32 ? of_words(m, in) : of_narrow(m, in);
    m->live[m->count++] = out;
}

/* A convolution of [1, h, w, c] to as many channels, and its RESCALE to int16. */
static int convolution(maker *m, int in)
{
    const ns_tensor from = *tensor_of(m, in);
    const bool is_wide = from.dtype == NS_DTYPE_INT16, is_depthwise = pick(m, 0, 1);
    const ns_dtype sum = is_wide ? NS_DTYPE_INT48 : NS_DTYPE_INT32;
    const int64_t channels = from.shape[3], kernel[] = {pick(m, 0, 1) ? 1 : 3, pick(m, 0, 1) ? 1 : 3};
    const int64_t dense[] = {channels, kernel[0], kernel[1], channels},
                  each[] = {kernel[0], kernel[1], channels, 1};
    const int operands[] = {in, add_const(m, NS_DTYPE_INT8, 4, is_depthwise ? each : dense, -127, 127),
                            add_const(m, sum, 1, &channels, -90000, 90000), add_one(m, from.dtype, 0),
                            add_one(m, NS_DTYPE_INT8, 0)};
    int32_t pad[] = {(int32_t)kernel[0] / 2, (int32_t)kernel[0] / 2, (int32_t)kernel[1] / 2,
                     (int32_t)kernel[1] / 2};
    int32_t ones[] = {1, 1};
    const ns_attributes attributes = {
        .pad = {4, pad}, .stride = {2, ones}, .dilation = {2, ones}, .acc_type = sum};
    const int sums = add_operator(m, is_depthwise ? NS_OP_DEPTHWISE_CONV2D : NS_OP_CONV2D, &attributes, 5,
                                  operands, add_tensor(m, sum, 4, from.shape));
    if (!is_wide)
        return rescale(m, sums, NS_DTYPE_INT16, INT32_MAX, 35, false);
    const bool per_channel = pick(m, 0, 1);
    const int64_t scales = per_channel ? channels : 1;
    const ns_attributes narrow = {.rounding_mode = NS_SINGLE_ROUND, .per_channel = per_channel};
    const int parameters[] = {sums, add_const(m, NS_DTYPE_INT16, 1, &scales, 16000, 32000),
                              add_const(m, NS_DTYPE_INT8, 1, &scales, 24, 27), add_one(m, sum, 0),
                              add_one(m, NS_DTYPE_INT16, 0)};
    return add_operator(m, NS_OP_RESCALE, &narrow, 5, parameters,
                        add_tensor(m, NS_DTYPE_INT16, 4, from.shape));
}

/* MATMUL of [n, h, c] by [n, c, c], a constant, or by what is there where the shapes allow; and its RESCALE.
 */
static int product(maker *m, int in)
{
    const ns_tensor from = *tensor_of(m, in);
    const bool is_wide = from.dtype == NS_DTYPE_INT16;
    const ns_dtype sum = is_wide ? NS_DTYPE_INT48 : NS_DTYPE_INT32;
    const int64_t square[] = {from.shape[0], from.shape[2], from.shape[2]}, one = 1;
    const int by = from.shape[1] == from.shape[2] && pick(m, 0, 1)
                       ? in
                       : add_const(m, from.dtype, 3, square, is_wide ? -32768 : -128, is_wide ? 32767 : 127);
    const int zeros[] = {add_one(m, from.dtype, is_wide ? 0 : 3), add_one(m, from.dtype, is_wide ? 0 : -4)};
    const int sums = add_operator(m, NS_OP_MATMUL, &(ns_attributes){.acc_type = sum}, 4,
                                  (int[]){in, by, zeros[0], zeros[1]}, add_tensor(m, sum, 3, from.shape));
    if (!is_wide)
        return rescale(m, sums, NS_DTYPE_INT16, INT32_MAX, 35, false);
    if (pick(m, 0, 5) == 0)
        m->live[m->count++] = rescale(m, in, NS_DTYPE_INT32, 1 << 30, 30, false);
    const ns_attributes narrow = {.rounding_mode = NS_SINGLE_ROUND};
    const int parameters[] = {sums, add_const(m, NS_DTYPE_INT16, 1, &one, 16000, 32000),
                              add_const(m, NS_DTYPE_INT8, 1, &one, 22, 34), add_one(m, sum, 0),
                              add_one(m, NS_DTYPE_INT16, 0)};
    return add_operator(m, NS_OP_RESCALE, &narrow, 5, parameters,
                        add_tensor(m, NS_DTYPE_INT16, 3, from.shape));
}

/* A random graph; its outputs are some of its tensors and the last. */
static ns_graph *make_graph(uint64_t seed)
{
    maker m = {.random = {seed}};
    ASSERT_OK(ns_graph_new(&m.graph, &error));
    m.block = &m.graph->regions[0].blocks[0];
    static const int64_t rows[] = {1, 2, 3, 40, 300}, columns[] = {1, 3, 16, 37, 200};
    m.dims[0] = pick(&m, 1, 3);
    m.dims[1] = rows[pick(&m, 0, 4)];
    m.dims[2] = columns[pick(&m, 0, 4)];
    const int inputs[] = {add_tensor(&m, NS_DTYPE_INT16, 3, m.dims),
                          add_tensor(&m, NS_DTYPE_INT8, 3, m.dims)};
    m.live[m.count++] = inputs[1];
    m.live[m.count++] = inputs[0];
    if (pick(&m, 0, 1))
        m.live[m.count - 1] = convolution(&m, reshape(&m, inputs[pick(&m, 0, 1)]));
    else if (pick(&m, 0, 1))
        m.live[m.count - 1] = product(&m, inputs[pick(&m, 0, 1)]);
    const int length = (int)pick(&m, 2, LONGEST);
    for (int i = 0; i < length; i++)
        grow(&m);
    int outputs[4], output_count = 0;
    for (int i = 2; i < m.count - 1 && output_count < 3; i++)
        if (pick(&m, 0, 9) == 0)
            outputs[output_count++] = m.live[i];
    outputs[output_count++] = m.live[m.count - 1];
    ASSERT_OK(ns_block_set_inputs(m.graph, m.block, 2, inputs, &error));
    ASSERT_OK(ns_block_set_outputs(m.graph, m.block, output_count, outputs, &error));
    return m.graph;
}

static void fill(ns_graph *graph, ns_tensor *inputs, uint64_t seed)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    ns_random random = {seed};
    for (int i = 0; i < block->input_count; i++) {
        const ns_tensor *declared = &block->tensors[block->inputs[i]].tensor;
        ASSERT_OK(ns_tensor_new(graph->arena, declared->dtype, declared->rank, declared->shape, &inputs[i],
                                &error));
        for (size_t e = 0; e < ns_tensor_count(declared); e++)
            ns_tensor_set(
                &inputs[i], e,
                ns_random_range(&random, ns_dtype_min(declared->dtype), ns_dtype_max(declared->dtype)));
    }
}

static void assert_same(const ns_tensor *a, const ns_tensor *b, uint64_t seed)
{
    for (size_t e = 0; e < ns_tensor_count(a); e++)
        if (ns_tensor_get(a, e) != ns_tensor_get(b, e))
            fail_msg("graph %llu: element %zu is %lld, one by one %lld", (unsigned long long)seed, e,
                     (long long)ns_tensor_get(a, e), (long long)ns_tensor_get(b, e));
}

/* Runs a graph operator by operator and in chains; returns whether it has a result. */
static bool check_graph(ns_graph *graph, uint64_t seed, unsigned cpu_mask)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    ns_arena *arena = ns_arena_new();
    ns_tensor inputs[2], single[4], chained[4];
    ns_error expected = {0}, got = {0};
    fill(graph, inputs, seed);
    const ns_eval_options options[] = {{.cpu_mask = 0, .no_chains = true},
                                       {.cpu_mask = cpu_mask, .threads = (int)(seed % 4)}};
    const ns_code code = ns_eval(graph, &options[0], inputs, block->input_count, arena, single, &expected);
    /* The second run of an evaluator, behind one of other inputs, which may have no result. */
    ns_tensor others[2];
    ns_evaluator *evaluator = NULL;
    fill(graph, others, seed + GRAPHS);
    ASSERT_OK(ns_evaluator_new(graph, &options[1], &evaluator, &error));
    (void)ns_evaluator_run(evaluator, others, block->input_count, arena, chained, &got);
    assert_int_equal(ns_evaluator_run(evaluator, inputs, block->input_count, arena, chained, &got), code);
    ns_evaluator_free(evaluator);
    if (code != NS_OK)
        assert_string_equal(got.message, expected.message);
    for (int i = 0; code == NS_OK && i < block->output_count; i++)
        assert_same(&chained[i], &single[i], seed);
    ns_arena_free(arena);
    return code == NS_OK;
}

/* Links of a graph's chains; those that stand for several operators in `fused`. */
static size_t count_links(const ns_graph *graph, size_t *fused)
{
    const ns_kernels kernels = ns_kernels_get(~0u);
    const ns_block *block = &graph->regions[0].blocks[0];
    ns_arena *arena = ns_arena_new();
    ns_plan plan;
    size_t links = 0;
    ASSERT_OK(ns_plan_make(block, &kernels, arena, &plan, &error));
    for (int i = 0; i < block->operator_count; i++)
        for (int k = 0; plan.at[i] && k < plan.at[i]->link_count; k++) {
            links++;
            *fused += plan.at[i]->links[k].form != NS_LINK_OPERATOR;
        }
    ns_arena_free(arena);
    return links;
}

static void random_graphs(void **state)
{
    (void)state;
    int good = 0, bad = 0;
    size_t links = 0, fused = 0;
    for (uint64_t seed = 1; seed <= GRAPHS; seed++) {
        ns_graph *graph = make_graph(seed);
        ASSERT_OK(ns_graph_validate(graph, &error));
        links += count_links(graph, &fused);
        const bool has_result = check_graph(graph, seed, seed % 4 ? ~0u : 0);
        good += has_result;
        bad += !has_result;
        ns_graph_free(graph);
    }
    print_message("%d graphs with a result, %d without; %zu links, %zu of several operators\n", good, bad,
                  links, fused);
    /* Both kinds, and chains, are really met. */
    assert_true(good > GRAPHS / 4 && bad > GRAPHS / 20 && links > 4 * GRAPHS);
    assert_true(!ns_kernels_get(~0u).fused || fused > GRAPHS);
}

/* Subtract the maximum, exponential, sum, reciprocal, multiply. */
static int softmax(maker *m, int in)
{
    const int most = rescale(m, reduce(m, NS_OP_REDUCE_MAX, in), NS_DTYPE_INT32, 1 << 30, 30, false);
    const int wide = rescale(m, in, NS_DTYPE_INT32, 1 << 30, 30, false);
    const int difference = binary(m, NS_OP_SUB, wide, most, NS_DTYPE_INT32, 0);
    const int power = rescale(m, table(m, rescale(m, difference, NS_DTYPE_INT16, INT32_MAX, 33, false)),
                              NS_DTYPE_INT16, 1 << 30, 37, false);
    const int sum = reduce(m, NS_OP_REDUCE_SUM, rescale(m, power, NS_DTYPE_INT32, 1 << 30, 30, false));
    const int inverse = rescale(m, table(m, rescale(m, sum, NS_DTYPE_INT16, INT32_MAX, 40, false)),
                                NS_DTYPE_INT16, 1 << 30, 37, false);
    const int product = binary(m, NS_OP_MUL, rescale(m, power, NS_DTYPE_INT32, 1 << 30, 30, false),
                               rescale(m, inverse, NS_DTYPE_INT32, 1 << 30, 30, false), NS_DTYPE_INT32, 0);
    return rescale(m, product, NS_DTYPE_INT16, INT32_MAX, 46, false);
}

/* The graph is one chain of so many links; only its output is whole in memory. */
static void check_chain(const maker *m, const ns_kernels *kernels, int links)
{
    ns_arena *arena = ns_arena_new();
    ns_plan plan;
    ASSERT_OK(ns_plan_make(m->block, kernels, arena, &plan, &error));
    const ns_chain *chain = NULL;
    for (int i = 0; i < m->block->operator_count; i++)
        if (plan.at[i]) {
            assert_null(chain);
            chain = plan.at[i];
        }
    assert_non_null(chain);
    assert_int_equal(chain->link_count, links);
    assert_int_equal(chain->before_count, 1);
    assert_int_equal(chain->alias_count, 1);
    assert_int_equal(chain->whole_count, 1);
    assert_int_equal(chain->columns, 70);
    assert_true(chain->slab_rows > 1 && chain->slab_rows < 100);
    ns_arena_free(arena);
}

static void one_chain(void **state)
{
    (void)state;
    maker m = {.random = {1}};
    ASSERT_OK(ns_graph_new(&m.graph, &error));
    m.block = &m.graph->regions[0].blocks[0];
    const int in = add_tensor(&m, NS_DTYPE_INT16, 3, (int64_t[]){2, 50, 70});
    /* A reshape within and at the end, and an addition of one value for each column. */
    int out = softmax(&m, reshape(&m, in));
    const int row = add_const(&m, NS_DTYPE_INT16, 4, (int64_t[]){1, 1, 1, 70}, -9, 9);
    out = binary(&m, NS_OP_ADD, rescale(&m, out, NS_DTYPE_INT32, 1 << 30, 30, false),
                 rescale(&m, row, NS_DTYPE_INT32, 1 << 30, 30, false), NS_DTYPE_INT32, 0);
    out = rescale(&m, reshape(&m, out), NS_DTYPE_INT16, INT32_MAX, 34, false);
    ASSERT_OK(ns_block_set_inputs(m.graph, m.block, 1, &in, &error));
    ASSERT_OK(ns_block_set_outputs(m.graph, m.block, 1, &out, &error));
    const ns_kernels plain = ns_kernels_get(0), all = ns_kernels_get(~0u);
    /* All but the reshapes and the RESCALE of the constant. */
    check_chain(&m, &plain, 19);
    /* MAX, pair, table, sum, RESCALE, table, pair; RESCALE, ADD, RESCALE. */
    if (all.fused)
        check_chain(&m, &all, 10);
    assert_true(check_graph(m.graph, 1, ~0u));
    ns_graph_free(m.graph);
}

typedef struct sampled {
    const ns_tensor *inputs; /* of each sample */
    ns_tensor expected[8];
    size_t failing; /* this one and those behind it have no result; SIZE_MAX: all have one */
    _Atomic size_t seen;
} sampled;

static ns_code take(void *context, size_t sample, ns_arena *arena, ns_tensor *inputs, ns_error *e)
{
    const sampled *s = context;
    (void)arena;
    if (sample >= s->failing)
        return ns_fail(e, NS_ERROR_INPUT, "no sample");
    inputs[0] = s->inputs[sample];
    return NS_OK;
}

static ns_code keep(void *context, size_t sample, const ns_tensor *outputs, ns_error *e)
{
    sampled *s = context;
    (void)e;
    assert_same(&outputs[0], &s->expected[sample], sample);
    s->seen++;
    return NS_OK;
}

/* Every sample is evaluated once, whatever the number of threads; of failing ones the first is told. */
static void samples_in_threads(void **state)
{
    (void)state;
    maker m = {.random = {11}, .dims = {2, 40, 37}};
    ASSERT_OK(ns_graph_new(&m.graph, &error));
    m.block = &m.graph->regions[0].blocks[0];
    const int in = add_tensor(&m, NS_DTYPE_INT16, 3, m.dims);
    const int out = product(&m, in);
    ASSERT_OK(ns_block_set_inputs(m.graph, m.block, 1, &in, &error));
    ASSERT_OK(ns_block_set_outputs(m.graph, m.block, 1, &out, &error));
    ns_tensor inputs[8];
    ns_arena *arena = ns_arena_new();
    sampled s = {.inputs = inputs};
    for (size_t k = 0; k < 8; k++) {
        fill(m.graph, &inputs[k], k + 1);
        ASSERT_OK(ns_eval(m.graph, &(ns_eval_options){.cpu_mask = ~0u}, &inputs[k], 1, arena, &s.expected[k],
                          &error));
    }
    for (int threads = 0; threads < 10; threads++) {
        const ns_eval_options options = {.cpu_mask = ~0u, .threads = threads};
        const ns_eval_samples samples = {8, take, keep, &s};
        s.seen = 0;
        s.failing = SIZE_MAX;
        ASSERT_OK(ns_eval_all(m.graph, &options, &samples, arena, &error));
        assert_int_equal(s.seen, 8);
        s.failing = 3;
        assert_int_equal(ns_eval_all(m.graph, &options, &samples, arena, &error), NS_ERROR_INPUT);
        assert_non_null(strstr(error.message, "sample 3"));
    }
    ns_arena_free(arena);
    ns_graph_free(m.graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_chain), cmocka_unit_test(random_graphs),
                                       cmocka_unit_test(samples_in_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
